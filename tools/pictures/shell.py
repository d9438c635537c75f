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

"""A shell on a terminal of its own, to which commands are typed."""

from collections.abc import Callable, Mapping
import pathlib
import re
import time

import fixtures
from pyte import screens

from tests.fixtures import terminal

# Without the line editor of bash, whose echo depends on the terminal.
_BASH = ('bash', '--norc', '--noprofile', '--noediting', '-i')
_PROMPT, _CONTINUATION = '$ ', '> '
_CTRL_C = '\x03'

_TIMEOUT = 300.0
# Seconds between two looks at the screen.
_INTERVAL = 0.02


class Shell(fixtures.Fixture):
    """A shell, and what is on its terminal.

    :param environ: environment of the commands.
    :param folder: directory in which they run.
    :param columns: width of the terminal.
    """

    def __init__(
        self, environ: Mapping[str, str], folder: pathlib.Path, columns: int
    ) -> None:
        super().__init__()
        self._environ = dict(environ) | {
            'PS1': _PROMPT,
            'PS2': _CONTINUATION,
            'LC_ALL': 'C.UTF-8',
            'TERM': 'xterm',
        }
        self._folder = folder
        self._columns = columns

    def _setUp(self) -> None:
        self._terminal = self.useFixture(
            terminal.Terminal(self._columns, height=60)
        )
        self._terminal.start(_BASH, self._environ, self._folder)
        self.wait_for_prompt()

    def run(self, *lines: str) -> None:
        """Type a command, and wait until it has finished.

        :param lines: its lines; all but the last end with a backslash.
        """
        self.start(*lines)
        self.wait_for_prompt()

    def start(self, *lines: str) -> None:
        """Type a command."""
        self._type(lines[0])
        for line in lines[1:]:
            self._wait(lambda: self._ends_with(_CONTINUATION))
            self._type(line)

    def interrupt(self) -> None:
        """Press Ctrl-C, and wait until the command has finished."""
        self._terminal.type(_CTRL_C)
        self._wait(lambda: b'^C' in self._terminal.written)
        self.wait_for_prompt()

    def wait_for_prompt(self) -> None:
        """Wait until a command has finished."""
        self._wait(lambda: self._ends_with(_PROMPT))

    def wait_for(self, pattern: str) -> None:
        """Wait until a line on the screen matches a regular expression."""
        self._wait(
            lambda: any(
                re.search(pattern, line) for line in self._terminal.lines
            )
        )

    def expect(self, *patterns: str) -> list[list[screens.Char]]:
        """Return the screen, which must have these regular expressions.

        :raises RuntimeError: if it has not.
        """
        text = '\n'.join(self._terminal.lines)
        for pattern in patterns:
            if not re.search(pattern, text, re.MULTILINE):
                raise RuntimeError(f'There is no {pattern!r} in:\n{text}')
        return self._terminal.read_screen()

    def _type(self, line: str) -> None:
        """Type a line, and wait for its echo, so that its prompt is past."""
        echo = len(self._terminal.written) + len(line) + len('\r\n')
        self._terminal.type(f'{line}\n')
        self._wait(lambda: len(self._terminal.written) >= echo)

    def _ends_with(self, prompt: str) -> bool:
        return self._terminal.written.endswith(prompt.encode())

    def _wait(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while not is_so():
            if time.monotonic() > deadline:
                text = '\n'.join(self._terminal.lines)
                raise RuntimeError(f'This remains on the screen:\n{text}')
            time.sleep(_INTERVAL)
