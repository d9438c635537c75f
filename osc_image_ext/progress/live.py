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

"""One live line on a terminal, drawn by rich."""

import time
from typing import Any, Self, TextIO

from rich import progress_bar
from rich import table
from rich import text as _text

from osc_image_ext import text
from osc_image_ext.progress import base
from osc_image_ext.progress import meter
from osc_image_ext.progress import region
from osc_image_ext.progress import units

# A shorter bar shows no more than the percentage.
_MIN_BAR_WIDTH = 8


class LiveDisplay(base.Display):
    """Phase, bar, bytes of total, percentage, rate and remaining time.

    On a narrow terminal the bar is omitted first, then the rate. If the total
    is not known, the bar is a moving mark, and the time is the elapsed time. A
    wait has the server's message instead of bytes and rate. If the server
    reports the position, there is a message instead of the rate: it reports
    so rarely that a rate would be wrong most of the time. The bytes sent of a
    source that is decompressed, and their rate, follow the rate of the source.

    :param width: columns; those of the terminal unless given.
    """

    def __init__(
        self,
        stream: TextIO,
        clock: meter.Clock = time.monotonic,
        width: int | None = None,
        unit: units.Unit = units.format_bytes,
    ) -> None:
        super().__init__(0.1, clock, unit)
        self._region = region.LiveRegion(stream, width)

    def __enter__(self) -> Self:
        self._region.__enter__()
        return super().__enter__()

    def tick(self) -> None:
        self.meter.sample()
        if self.meter.name:
            self._region.draw(
                make_line(
                    self.meter,
                    self.unit,
                    self._region.width,
                    self._region.encoding,
                )
            )

    def finish(self) -> None:
        self.tick()

    def __exit__(self, *raised: Any) -> None:
        try:
            super().__exit__(*raised)
        finally:
            self._region.__exit__()


def make_line(
    now: meter.Meter, unit: units.Unit, width: int, encoding: str
) -> table.Table:
    """Lay out one line that fits into a width."""
    if now.server_reported:
        fields = _reported_fields(now, unit)
    elif now.counting:
        fields = _counted_fields(now, unit)
    else:
        fields = _waiting_fields(now, width, encoding)
    fields = {
        name: text.encodable(value, encoding)
        for name, value in fields.items()
        if value
    }
    if _free_columns(fields, width) <= _MIN_BAR_WIDTH:
        fields.pop('sent_rate', None)
    whole = _free_columns(fields, width) >= 0
    for dispensable in ('sent', 'rate', 'data', 'time'):
        if _free_columns(fields, width) >= 0:
            break
        fields.pop(dispensable, None)
    cells: list[_text.Text | progress_bar.ProgressBar] = [
        _text.Text(value, no_wrap=True) for value in fields.values()
    ]
    free = _free_columns(fields, width)
    if whole and free > _MIN_BAR_WIDTH:
        cells.insert(1, _make_bar(now, free - 1))
    line = table.Table.grid(padding=(0, 1), pad_edge=False)
    line.add_row(*cells)
    return line


def _make_bar(now: meter.Meter, width: int) -> progress_bar.ProgressBar:
    indeterminate = now.server_reported and not now.position
    return progress_bar.ProgressBar(
        None if indeterminate else now.total,
        now.position,
        width=width,
        # Colours that every terminal has: rich's defaults turn grey.
        style='dim',
        complete_style='cyan',
        finished_style='green',
        pulse_style='cyan',
    )


def _counted_fields(now: meter.Meter, unit: units.Unit) -> dict[str, str]:
    """Return the fields of a transfer that the client counts."""
    return {
        'phase': f'{now.name:9}',
        'data': unit(now.position, now.total),
        'part': '' if now.fraction is None else f'{now.fraction:4.0%}',
        'rate': f'{unit(now.rate):>9}/s',
        'sent': '' if now.sent is None else f'> {unit(now.sent)}',
        'sent_rate': '' if now.sent is None else f'{unit(now.sent_rate)}/s',
        'time': f'{units.format_duration(_seconds(now)):>5}',
    }


def _reported_fields(now: meter.Meter, unit: units.Unit) -> dict[str, str]:
    """Return the fields of a transfer that the server reports."""
    counted = _counted_fields(now, unit)
    heard = now.position > 0
    return {
        'phase': counted['phase'],
        'data': counted['data'] if heard else '',
        'part': counted['part'] if heard else '',
        'rate': now.message,
        'time': f'{units.format_duration(now.elapsed):>5}',
    }


def _waiting_fields(
    now: meter.Meter, width: int, encoding: str
) -> dict[str, str]:
    """Return the fields of a wait, the message truncated to fit."""
    fields = {
        'phase': f'{now.name:10}',
        'data': '',
        'time': f'{units.format_duration(now.elapsed):>5}',
    }
    columns = max(_free_columns(fields, width), 0)
    return {**fields, 'data': shorten(now.message, columns, encoding).plain}


def shorten(value: str, columns: int, encoding: str) -> _text.Text:
    """Return text that takes at most so many columns."""
    shortened = _text.Text(text.encodable(value, encoding), no_wrap=True)
    has_ellipsis = encoding.startswith('utf')
    shortened.truncate(
        columns, overflow='ellipsis' if has_ellipsis else 'crop'
    )
    return shortened


def _seconds(now: meter.Meter) -> float:
    """Return the remaining time, or else the elapsed time."""
    return now.eta or now.elapsed


def _free_columns(fields: dict[str, str], width: int) -> int:
    """Return the number of free columns."""
    taken = sum(_text.Text(value).cell_len + 1 for value in fields.values())
    # A margin for characters that are wider than rich believes: the terminal
    # cuts what is too long.
    return width - 2 - taken
