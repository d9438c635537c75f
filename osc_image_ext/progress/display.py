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
_LINE_INTERVAL = 5.0
_LINE_FRACTION = 0.1
# What rich takes for terminals that cannot move their cursor.
_DUMB = ('dumb', 'unknown')


def make_display(
    wanted: bool,
    stream: TextIO | None,
    title: str,
    unit: units.Unit = units.format_bytes,
) -> contextlib.AbstractContextManager[listener.ProgressListener]:
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
            return  # it ended before anything was transferred
        if kind:
            failed = issubclass(kind, Exception)
            self.meter.phase(_('failed') if failed else _('interrupted'))
        self.finish()

    def _run(self) -> None:
        while not self._done.wait(self._interval):
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
        unit: units.Unit = units.format_bytes,
    ) -> None:
        super().__init__(0.5, clock, unit)
        self._stream = stream
        self._title = title
        self._last_report = (0.0, 0.0)
        self._last_status = ''

    def started(self, total: int | None) -> None:
        super().started(total)
        self._last_report = (0.0, 0.0)
        self._write_line(
            self.meter.name
            if total is None
            else f'{self.meter.name} {self.unit(total)}'
        )

    def _write_line(self, text: str) -> None:
        # Nobody may be reading any more, which must not end the transfer.
        try:
            self._stream.write(f'{self._title}: {text}\n')
            self._stream.flush()
        except OSError:
            _redirect_to_devnull(self._stream)

    def tick(self) -> None:
        now = self.meter
        if not now.name:
            return
        if now.server_reported or not now.counting:
            self._write_status()
            return
        now.sample()
        fraction = now.fraction or 0.0
        seconds, part = self._last_report
        if (
            now.elapsed - seconds < _LINE_INTERVAL
            and part + _LINE_FRACTION > fraction
        ):
            return
        self._last_report = (now.elapsed, fraction)
        told = [f'{now.name} {self.unit(now.position, now.total)}']
        if now.fraction is not None:
            told.append(f'{now.fraction:.0%}')
        told.append(f'{self.unit(now.rate)}/s')
        if now.eta:
            told.append(_('%s left') % units.format_duration(now.eta))
        self._write_line(', '.join(told))

    def _write_status(self) -> None:
        """Tell what is waited for: soon if it is new, or every 5 s."""
        now = self.meter
        told = [now.name, now.message]
        if now.counting and now.position:
            told.insert(1, self.unit(now.position, now.total))
        words = ', '.join(filter(None, told))
        if (
            now.elapsed - self._last_report[0] >= _LINE_INTERVAL
            or words != self._last_status
        ):
            self._last_report = (now.elapsed, 0.0)
            self._last_status = words
            self._write_line(f'{words}, {units.format_duration(now.elapsed)}')

    def finish(self) -> None:
        now = self.meter
        took = units.format_duration(now.elapsed)
        indeterminate = now.total is None and not now.position
        if indeterminate or not now.counting:
            self._write_line(
                _('%(phase)s in %(time)s') % {'phase': now.name, 'time': took}
            )
            return
        self._write_line(
            _('%(phase)s, %(data)s in %(time)s, %(rate)s/s')
            % {
                'phase': ', '.join(filter(None, (now.name, now.message))),
                'data': self.unit(now.position),
                'time': took,
                'rate': self.unit(now.average),
            }
        )


def _redirect_to_devnull(stream: TextIO) -> None:
    """Let a stream that is broken go to nowhere.

    What is left in its buffer would otherwise fail once more when Python
    exits, and make that the exit status (see SIGPIPE in Python's library
    reference, module signal).
    """
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
