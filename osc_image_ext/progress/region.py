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

"""The lines at the bottom of a terminal that rich draws again and again."""

import contextlib
import logging
from typing import Any, Self, TextIO

from rich import console as _console
from rich import file_proxy
from rich import live as _live


class LiveRegion:
    """A context in which lines are redrawn in place.

    What is logged meanwhile appears above them. A terminal that was closed
    must not end what is drawn, so no method raises for that.

    :param width: columns; those of the terminal unless given.
    """

    def __init__(self, stream: TextIO, width: int | None = None) -> None:
        self._stream = stream
        self._handlers: list[logging.StreamHandler[TextIO]] = []
        self._live = _live.Live(
            console=_console.Console(file=stream, width=width),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @property
    def width(self) -> int:
        """Columns of the terminal as it is now."""
        return self._live.console.width

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            self._live.start()
            # rich hides the cursor, and Ctrl-Z or SIGKILL would leave it so.
            self._live.console.show_cursor(True)
        # Logged lines would otherwise be written into the live lines.
        above = file_proxy.FileProxy(self._live.console, self._stream)
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
        with contextlib.suppress(OSError):
            self._live.update(renderable, refresh=True)

    def write_above(self, line: str) -> None:
        """Write a line that stays, above those that are redrawn."""
        with contextlib.suppress(OSError):
            self._live.console.print(
                line, markup=False, highlight=False, soft_wrap=True
            )

    def __exit__(self, *raised: Any) -> None:
        # Shows the cursor again, even after another Ctrl-C.
        for handler in self._handlers:
            handler.setStream(self._stream)
        with contextlib.suppress(OSError):
            self._live.stop()
