#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Warnings about trouble that lasts: one line a minute."""

from collections.abc import Callable
import threading
import time

from oslo_log import log as logging

_INTERVAL = 60.0


class LimitedLog:
    """Logs a warning, unless it has just done so."""

    def __init__(
        self,
        logger: logging.BaseLoggerAdapter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._clock = clock
        self._next = -float('inf')
        self._lock = threading.Lock()

    def warning(self, message: str, *values: object) -> None:
        """Log a message with its values."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return
            self._next = now + _INTERVAL
        self._logger.warning(message, *values)
