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

"""Plain lines, for logs and for terminals without cursor control."""

import contextlib
import os
import time
from typing import TextIO

from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.progress import base
from osc_image_ext.progress import meter
from osc_image_ext.progress import units

# A line is due after so many seconds, or so much of the whole.
_LINE_INTERVAL = 5.0
_LINE_FRACTION = 0.1


class PlainDisplay(base.Display):
    """Lines at the start, every 5 s or 10 %, and at the end.

    :param title: the start of each line, printable.
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

    def started(self, total: int | None, position: int = 0) -> None:
        super().started(total, position)
        now = self.meter
        fraction = now.fraction if position else None
        self._last_report = (0.0, fraction or 0.0)
        fields = [now.name]
        if position:
            fields.append(self.unit(position, total))
        elif total is not None:
            fields.append(self.unit(total))
        self._write_line(' '.join(fields))

    def _write_line(self, line: str) -> None:
        # A closed pipe or a full disk must not end the transfer.
        try:
            title = f'{self._title}: ' if self._title else ''
            self._stream.write(f'{title}{line}\n')
            self._stream.flush()
        except OSError:
            redirect_to_devnull(self._stream)

    def tick(self) -> None:
        now = self.meter
        if not now.name:
            return
        if now.server_reported or not now.counting:
            self._write_status()
            return
        now.sample()
        fraction = now.fraction or 0.0
        seconds, last_fraction = self._last_report
        if (
            now.elapsed - seconds < _LINE_INTERVAL
            and fraction < last_fraction + _LINE_FRACTION
        ):
            return
        self._last_report = (now.elapsed, fraction)
        fields = [f'{now.name} {self.unit(now.position, now.total)}']
        if now.fraction is not None:
            fields.append(f'{now.fraction:.0%}')
        fields.append(f'{self.unit(now.rate)}/s')
        if now.sent is not None:
            fields.append(
                _('%(data)s sent at %(rate)s/s')
                % {
                    'data': self.unit(now.sent),
                    'rate': self.unit(now.sent_rate),
                }
            )
        if now.eta:
            # Translators: remaining time, such as 12:34.
            fields.append(_('%s left') % units.format_duration(now.eta))
        self._write_line(', '.join(fields))

    def _write_status(self) -> None:
        """Write what the server reports: soon if it is new, or every 5 s."""
        now = self.meter
        fields = [now.name, now.message]
        if now.counting and now.position:
            fields.insert(1, self.unit(now.position, now.total))
        status = ', '.join(filter(None, fields))
        elapsed = now.elapsed
        is_due = elapsed - self._last_report[0] >= _LINE_INTERVAL
        if is_due or status != self._last_status:
            self._last_report = (elapsed, 0.0)
            self._last_status = status
            self._write_line(f'{status}, {units.format_duration(elapsed)}')

    def finish(self) -> None:
        self._write_line(format_end(self.meter, self.unit))


class PlainBoard:
    """Plain lines about several transfers, each with its title."""

    def __init__(
        self, stream: TextIO, clock: meter.Clock = time.monotonic
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._rows: dict[str, PlainDisplay] = {}

    def get_row(self, key: str, title: str) -> PlainDisplay:
        if key not in self._rows:
            self._rows[key] = PlainDisplay(
                self._stream, text.printable(title), self._clock
            )
        return self._rows[key]

    def finish(self, key: str) -> None:
        self._rows.pop(key).finish()

    def refresh(self) -> None:
        for row in self._rows.values():
            row.tick()


def format_end(now: meter.Meter, unit: units.Unit) -> str:
    """Return a line about a transfer that has ended."""
    duration = units.format_duration(now.elapsed)
    if not (now.counting and now.position):
        # Translators: a phase that is over, such as "verified", and its time.
        return _('%(phase)s in %(time)s') % {
            'phase': now.name,
            'time': duration,
        }
    # Translators: such as: verified, 1.5 GiB in 0:12, 128.0 MiB/s.
    line = _('%(phase)s, %(data)s in %(time)s, %(rate)s/s') % {
        'phase': ', '.join(filter(None, (now.name, now.message))),
        'data': unit(now.position),
        'time': duration,
        'rate': unit(now.average),
    }
    if now.sent is None:
        return line
    # Translators: such as 1.5 GiB, of data that is decompressed.
    sent = _('%s sent') % unit(now.sent)
    return f'{line}, {sent}'


def redirect_to_devnull(stream: TextIO) -> None:
    """Discard what is written to a broken stream from now on.

    What is left in its buffer would otherwise fail once more when Python
    exits, and change the exit status (see SIGPIPE in Python's library
    reference, module signal).
    """
    with contextlib.suppress(OSError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, stream.fileno())
        os.close(devnull)
