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

"""Live lines on a terminal, one for each of several transfers."""

import time
from typing import Any, Self, TextIO

from rich import console as _console
from rich import table

from osc_image_ext import text
from osc_image_ext.progress import live
from osc_image_ext.progress import meter
from osc_image_ext.progress import plain
from osc_image_ext.progress import region
from osc_image_ext.progress import units

# A title takes at most this part of the width.
_TITLE_FRACTION = 3


class LiveBoard:
    """A title and a live line for each transfer; see :mod:`live`.

    What has ended is written above the live lines, as a plain line. Of more
    lines than the terminal has, rich shows the first.

    :param width: columns; those of the terminal unless given.
    """

    def __init__(
        self,
        stream: TextIO,
        clock: meter.Clock = time.monotonic,
        width: int | None = None,
    ) -> None:
        self._clock = clock
        self._region = region.LiveRegion(stream, width)
        self._rows: dict[str, tuple[str, meter.Meter]] = {}

    def __enter__(self) -> Self:
        self._region.__enter__()
        return self

    def get_row(self, key: str, title: str) -> meter.Meter:
        if key not in self._rows:
            row = meter.Meter(self._clock)
            self._rows[key] = (text.printable(title), row)
        return self._rows[key][1]

    def finish(self, key: str) -> None:
        title, row = self._rows.pop(key)
        end = plain.format_end(row, units.format_bytes)
        self._region.write_above(f'{title}: {end}')

    def refresh(self) -> None:
        for _title, row in self._rows.values():
            row.sample()
        self._region.draw(self._lay_out())

    def __exit__(self, *raised: Any) -> None:
        self._region.__exit__()

    def _lay_out(self) -> _console.RenderableType:
        if not self._rows:
            return _console.Group()  # an empty table takes a line
        width, encoding = self._region.width, self._region.encoding
        titles = [
            live.shorten(title, width // _TITLE_FRACTION, encoding)
            for title, _row in self._rows.values()
        ]
        title_width = max(title.cell_len for title in titles)
        lines = table.Table.grid(padding=(0, 1), pad_edge=False)
        for title, (_title, row) in zip(
            titles, self._rows.values(), strict=True
        ):
            title.truncate(title_width, pad=True)
            line = live.make_line(
                row, units.format_bytes, width - title_width - 1, encoding
            )
            lines.add_row(title, line)
        return lines
