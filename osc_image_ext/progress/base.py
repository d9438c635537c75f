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

"""What all displays have in common."""

import abc
import threading
import time
from types import TracebackType
from typing import Self

from osc_image_ext.i18n import _
from osc_image_ext.progress import meter
from osc_image_ext.progress import units


class Display(abc.ABC):
    """A listener that is drawn at intervals while its context is entered.

    The working thread only stores what it reports; another thread draws, so
    that a stalled transfer is seen to stall. Every way out of the context
    draws once more and ends the line.

    :param interval: seconds between two drawings.
    :param clock: returns seconds, monotonic.
    :param unit: formats what is counted.
    """

    def __init__(
        self,
        interval: float,
        clock: meter.Clock = time.monotonic,
        unit: units.Unit = units.format_bytes,
    ) -> None:
        self.meter = meter.Meter(clock)
        self.unit = unit
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
        if not self.meter.name:
            return  # nothing has been reported
        if kind:
            failed = issubclass(kind, Exception)
            self.meter.phase(_('failed') if failed else _('interrupted'))
        self.finish()

    def _run(self) -> None:
        while not self._done.wait(self._interval):
            self.tick()

    def started(self, total: int | None, position: int = 0) -> None:
        self.meter.started(total, position)

    def moved(self, position: int, sent: int | None = None) -> None:
        self.meter.moved(position, sent)

    def phase(self, name: str, message: str = '') -> None:
        self.meter.phase(name, message)

    @abc.abstractmethod
    def tick(self) -> None:
        """Draw, if there is something to draw; called at each interval."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Draw the end; called once."""
