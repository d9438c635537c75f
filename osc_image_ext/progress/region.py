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

"""The lines at the bottom of a terminal that are drawn again and again."""

from collections.abc import Iterable
import contextlib
import itertools
import logging
from typing import Any, Self, TextIO

from rich import console as _console
from rich import control
from rich import file_proxy
from rich import segment


def _make_control(sequence: str) -> segment.Segment:
    """Return a control sequence that rich has no name for."""
    return segment.Segment(sequence, control=[(segment.ControlType.CLEAR,)])


# EL, CUF, ED of ECMA-48: the line of the cursor, and all below. tmux keeps
# for its history what ED erases from the first column of the first line on.
_ERASE_BELOW = _make_control('\x1b[K\x1b[C\x1b[J\r')
# DECAWM of the VT100: whether what is too long for a line goes on in the next.
_WRAP_OFF = _make_control('\x1b[?7l')
_WRAP_ON = _make_control('\x1b[?7h')


class LiveRegion(_console.RenderHook):
    """A context in which lines are redrawn in place.

    What is logged meanwhile appears above them. A terminal that was closed
    must not end what is drawn, so no method raises for that.

    Between two drawings the cursor is at the beginning of the first line, as
    that of git. If a terminal becomes narrower, it may wrap the lines, and
    nobody can know into how many; but the cursor keeps its place in the text,
    and everything from there on is erased before the next drawing. rich's own
    Live leaves the cursor at the end, and then what was wrapped remains.

    :param stream: a terminal that can redraw.
    :param width: columns; those of the terminal unless given.
    """

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        self._stream = stream
        self._handlers: list[logging.StreamHandler[TextIO]] = []
        self._renderable: _console.RenderableType | None = None
        self._console = _console.Console(
            file=stream,
            width=width,
            # FORCE_COLOR, if empty, would else make it a file.
            force_terminal=True,
        )

    @property
    def width(self) -> int:
        """Columns of the terminal as it is now."""
        return self._console.width

    @property
    def encoding(self) -> str:
        """Encoding of the terminal, in lower case."""
        return self._console.encoding

    def __enter__(self) -> Self:
        self._console.push_render_hook(self)
        # Logged lines would otherwise be written into the live lines.
        above = file_proxy.FileProxy(self._console, self._stream)
        for handler in logging.getLogger().handlers:
            if (
                isinstance(handler, logging.StreamHandler)
                and handler.stream is self._stream
            ):
                handler.setStream(above)
                self._handlers.append(handler)
        return self

    def draw(self, renderable: _console.RenderableType) -> None:
        """Draw this in place of what was drawn before."""
        self._renderable = renderable
        with contextlib.suppress(OSError):
            self._console.print(control.Control())

    def write_above(self, line: str) -> None:
        """Write a line that stays, above those that are redrawn."""
        with contextlib.suppress(OSError):
            self._console.print(
                line, markup=False, highlight=False, soft_wrap=True
            )

    def process_renderables(
        self, renderables: list[_console.ConsoleRenderable]
    ) -> list[_console.ConsoleRenderable]:
        """Add the lines to what rich is about to print."""
        lines = self._render_lines()
        up = [(segment.ControlType.CURSOR_UP, len(lines) - 1)]
        return [
            segment.Segments([_ERASE_BELOW]),
            *renderables,
            segment.Segments([_WRAP_OFF, *_join(lines), _WRAP_ON]),
            control.Control(
                segment.ControlType.CARRIAGE_RETURN,
                *(up if len(lines) > 1 else ()),
            ),
        ]

    def _render_lines(self) -> list[list[segment.Segment]]:
        """Return as many of the lines as the terminal has."""
        if self._renderable is None:
            return []
        lines = self._console.render_lines(self._renderable, pad=False)
        height = self._console.height
        if len(lines) > height:
            lines[height - 1 :] = [[segment.Segment('...')]]
        return lines

    def __exit__(self, *raised: Any) -> None:
        for handler in self._handlers:
            handler.setStream(self._stream)
        self._console.pop_render_hook()
        if self._renderable is not None:
            with contextlib.suppress(OSError):
                self._console.print(
                    segment.Segments([_ERASE_BELOW]), self._renderable, end=''
                )


def _join(
    lines: Iterable[Iterable[segment.Segment]],
) -> list[segment.Segment]:
    """Return the segments of lines, without the end of the last one."""
    ended = ((*line, segment.Segment.line()) for line in lines)
    return list(itertools.chain.from_iterable(ended))[:-1]
