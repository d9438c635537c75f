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

"""Drawing a transfer: a live line, plain lines, or nothing at all."""

import abc
import contextlib
import os
import threading
import time
from types import TracebackType
from typing import Self, TextIO

from osc_image_ext import listener
from osc_image_ext.i18n import _
from osc_image_ext.progress import meter
from osc_image_ext.progress import units

# A plain line each so many seconds, or for so much of the whole.
_SECONDS = 5.0
_FRACTION = 0.1
# What rich takes for terminals that cannot move their cursor.
_DUMB = ('dumb', 'unknown')


def make_display(
    wanted: bool,
    stream: TextIO | None,
    title: str,
    unit: units.Unit = units.data,
) -> contextlib.AbstractContextManager[listener.TransferListener]:
    """Return what draws on this stream; entered, it is the listener.

    :param wanted: whether progress was asked for.
    :param stream: stderr, None if that is closed: stdout belongs to the data.
    :param title: what is transferred, fit for a terminal.
    :param unit: what the listener is told the number of.
    """
    if not wanted or stream is None:
        return contextlib.nullcontext(listener.NULL)
    if stream.isatty() and os.environ.get('TERM') not in _DUMB:
        # rich takes a while to import, and not every start needs it.
        from osc_image_ext.progress import live

        return live.LiveDisplay(stream, unit=unit)
    return PlainDisplay(stream, title, unit=unit)


class Display(abc.ABC):
    """A listener that is drawn by a clock of its own while it is entered.

    The transfer's thread only stores what it tells; a thread draws, so that a
    stalled transfer is seen to stall. Every way out of the context draws once
    more and ends the line.

    :param interval: seconds between two drawings.
    :param clock: returns seconds, monotonic.
    :param unit: what the listener is told the number of.
    """

    def __init__(
        self,
        interval: float,
        clock: meter.Clock = time.monotonic,
        unit: units.Unit = units.data,
    ) -> None:
        self.meter = meter.Meter(clock)
        self.unit = unit
        self._interval = interval
        self._over = threading.Event()
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
        self._over.set()
        self._thread.join()
        if not self.meter.name:
            return  # it ended before anything was transferred
        if kind:
            failed = issubclass(kind, Exception)
            self.meter.phase(_('failed') if failed else _('interrupted'))
        self.finish()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            self.tick()

    def started(self, total: int | None) -> None:
        self.meter.started(total)

    def moved(self, position: int) -> None:
        self.meter.moved(position)

    def phase(self, name: str, message: str = '') -> None:
        self.meter.phase(name, message)

    @abc.abstractmethod
    def tick(self) -> None:
        """Draw, if there is something to draw; called again and again."""

    @abc.abstractmethod
    def finish(self) -> None:
        """Draw the end; called once."""


class PlainDisplay(Display):
    """Lines for a log: at the start, every 5 s or 10 %, and at the end.

    :param title: begins each line.
    """

    def __init__(
        self,
        stream: TextIO,
        title: str,
        clock: meter.Clock = time.monotonic,
        unit: units.Unit = units.data,
    ) -> None:
        super().__init__(0.5, clock, unit)
        self._stream = stream
        self._title = title
        self._told = (0.0, 0.0)
        self._words = ''

    def started(self, total: int | None) -> None:
        super().started(total)
        self._told = (0.0, 0.0)
        self._say(
            self.meter.name
            if total is None
            else f'{self.meter.name} {self.unit(total)}'
        )

    def _say(self, text: str) -> None:
        # Nobody may be reading any more, which must not end the transfer.
        try:
            self._stream.write(f'{self._title}: {text}\n')
            self._stream.flush()
        except OSError:
            _silence(self._stream)

    def tick(self) -> None:
        now = self.meter
        if not now.name:
            return
        if now.reported or not now.counting:
            self._tell_words()
            return
        now.sample()
        fraction = now.fraction or 0.0
        seconds, part = self._told
        if now.elapsed - seconds < _SECONDS and part + _FRACTION > fraction:
            return
        self._told = (now.elapsed, fraction)
        told = [f'{now.name} {self.unit(now.position, now.total)}']
        if now.fraction is not None:
            told.append(f'{now.fraction:.0%}')
        told.append(f'{self.unit(now.rate)}/s')
        if now.left:
            told.append(_('%s left') % units.duration(now.left))
        self._say(', '.join(told))

    def _tell_words(self) -> None:
        """Tell what is waited for: soon if it is new, or every 5 s."""
        now = self.meter
        told = [now.name, now.message]
        if now.counting and now.position:
            told.insert(1, self.unit(now.position, now.total))
        words = ', '.join(filter(None, told))
        if now.elapsed - self._told[0] >= _SECONDS or words != self._words:
            self._told = (now.elapsed, 0.0)
            self._words = words
            self._say(f'{words}, {units.duration(now.elapsed)}')

    def finish(self) -> None:
        now = self.meter
        took = units.duration(now.elapsed)
        unheard = now.total is None and not now.position
        if unheard or not now.counting:
            self._say(
                _('%(phase)s in %(time)s') % {'phase': now.name, 'time': took}
            )
            return
        self._say(
            _('%(phase)s, %(data)s in %(time)s, %(rate)s/s')
            % {
                'phase': ', '.join(filter(None, (now.name, now.message))),
                'data': self.unit(now.position),
                'time': took,
                'rate': self.unit(now.average),
            }
        )


def _silence(stream: TextIO) -> None:
    """Let a stream that is broken go to nowhere.

    What is left in its buffer would otherwise fail once more when Python
    exits, and make that the exit status (see SIGPIPE in Python's library
    reference, module signal).
    """
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
