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

"""Bytes, servers and seconds as people read them."""

from typing import Protocol

from osc_image_ext.i18n import ngettext

_UNITS = ('B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB')


class Unit(Protocol):
    """One of :func:`format_bytes` and :func:`format_servers`."""

    def __call__(self, number: float, of: int | None = None) -> str: ...


def _scale(number: float) -> int:
    """Return the power of 1024 that leaves a number below 1000, rounded."""
    power = 0
    while round(number, 1) >= 999.5 and power < len(_UNITS) - 1:
        number /= 1024
        power += 1
    return power


def format_bytes(number: float, of: int | None = None) -> str:
    """Return bytes in the unit that fits them, such as ``1.5 GiB``.

    :param of: a total in bytes; both are then in its unit, the first padded
        to the width of the second: ``  1.5/512.0 MiB``.
    """
    power = _scale(number if of is None else of)
    digits = 1 if power else 0
    text = f'{number / 1024**power:.{digits}f}'
    if of is not None:
        total = f'{of / 1024**power:.{digits}f}'
        text = f'{text:>{len(total)}}/{total}'
    return f'{text} {_UNITS[power]}'


def format_servers(number: float, of: int | None = None) -> str:
    """Return a number of servers, or of servers a second.

    :param of: a total, for ``  7/120 servers``.
    """
    text = f'{number:.0f}' if number == int(number) else f'{number:.1f}'
    if of is not None:
        text = f'{text:>{len(str(of))}}/{of}'
    count = number if of is None else of
    # The forms depend on a whole number; 0.5 servers is a plural.
    # Translators: %s is a number, may have a decimal point or be 7/120.
    form = 1 if count == 1 else 2
    return ngettext('%s server', '%s servers', form) % text


def format_duration(seconds: float) -> str:
    """Return seconds as ``0:09``, ``12:34`` or ``1:02:03``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours}:{minutes:02}:{rest:02}'
    return f'{minutes}:{rest:02}'
