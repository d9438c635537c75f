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

"""Signals that end a command once what it has begun is done."""

from collections.abc import Iterator
import contextlib
import signal
import threading
from types import FrameType

# Windows has no SIGHUP.
_SIGNALS = [
    getattr(signal, name)
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP')
    if hasattr(signal, name)
]


class StopEvent(threading.Event):
    """Set by a signal."""

    #: the exit status that the signal would have caused, 0 without one
    status = 0

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Be set by a first signal; a second one ends the command at once."""
        if self.is_set():
            raise KeyboardInterrupt
        self.status = 128 + number
        self.set()


@contextlib.contextmanager
def set_on_signal(stop: StopEvent) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP set an event, and raise nothing.

    An exception could come in the middle of whatever the block does. A signal
    that is ignored (nohup) stays ignored.
    """
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) != signal.SIG_IGN
    }
    for number in before:
        signal.signal(number, stop.handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
