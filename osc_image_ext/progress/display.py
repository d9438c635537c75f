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

"""Choosing the display: live lines, plain lines, or nothing at all."""

import contextlib
import os
from typing import TextIO

from osc_image_ext import listener
from osc_image_ext import text
from osc_image_ext.progress import plain
from osc_image_ext.progress import units

# Environment variables by which rich decides that a terminal cannot redraw.
_PLAIN = {
    'TERM': ('dumb', 'unknown'),
    'TTY_COMPATIBLE': ('0',),
    'COLUMNS': ('0',),
}


def make_display(
    enabled: bool,
    stream: TextIO | None,
    title: str,
    unit: units.Unit = units.format_bytes,
) -> contextlib.AbstractContextManager[listener.ProgressListener]:
    """Return a context manager that draws; entered, it is the listener.

    :param enabled: whether progress was asked for.
    :param stream: stderr, None if that is closed; stdout is for data.
    :param title: what is transferred.
    :param unit: formats what is counted.
    """
    if not enabled or stream is None:
        return contextlib.nullcontext(listener.NULL)
    if stream.isatty() and _can_redraw():
        # rich takes a while to import, and is needed here only.
        from osc_image_ext.progress import live

        return live.LiveDisplay(stream, unit=unit)
    return plain.PlainDisplay(stream, text.printable(title), unit=unit)


def make_board(
    stream: TextIO | None,
) -> contextlib.AbstractContextManager[listener.ProgressBoard]:
    """Return a context manager that draws several transfers of bytes.

    :param stream: stderr, None if that is closed.
    """
    if stream is None:
        return contextlib.nullcontext(listener.NULL_BOARD)
    if stream.isatty() and _can_redraw():
        from osc_image_ext.progress import live_board

        return live_board.LiveBoard(stream)
    return contextlib.nullcontext(plain.PlainBoard(stream))


def _can_redraw() -> bool:
    """Return whether a live line works on the terminal."""
    return not any(
        os.environ.get(name) in values for name, values in _PLAIN.items()
    )
