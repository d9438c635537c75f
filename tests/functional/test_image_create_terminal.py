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

"""The progress of an upload on terminals of several kinds."""

import subprocess

from tests.fixtures import faults
from tests.fixtures import terminal
from tests.fixtures import tmux
from tests.functional import base

_SIZE = 6 * 1024**2


class TerminalTest(base.FunctionalTest):
    """Has an upload that stops in the middle until it is released."""

    def setUp(self) -> None:
        super().setUp()
        self.stall = faults.Stall(_SIZE // 2)
        self.addCleanup(self.stall.released.set)
        self.proxied().inject('PUT', '/file', self.stall)
        self.file = self.source(_SIZE)
        self.command = (
            *('image', 'create', '--progress', self.name),
            *('--file', str(self.file), '-f', 'value', '-c', 'status'),
        )

    def wait_for_line(
        self, screen: terminal.Terminal | tmux.Tmux, columns: int
    ) -> None:
        """Wait until the screen has one line that fits into its width."""

        def fits() -> bool:
            lines = screen.lines
            if len(lines) != 1:
                return False
            if columns < 80:  # there is no room for a bar
                return '━' not in lines[0] and len(lines[0]) < columns
            return len(lines[0]) == columns - 3

        self.wait_for(fits)

    def test_resize(self) -> None:
        screen = self.on_terminal(*self.command)
        for columns in (80, 40, 120):
            screen.resize(columns)
            self.wait_for_line(screen, columns)
        self.stall.released.set()
        self.assertEqual(0, screen.wait())
        for lines in screen.screens:
            self.assertLessEqual(len(lines), 1, lines)
        self.assert_starts('verified', screen.lines[0])

    def test_resize_of_a_terminal_that_wraps(self) -> None:
        screen = self.useFixture(
            tmux.Tmux([base.OPENSTACK, *self.command], self.environ)
        )
        for columns in (80, 40, 120, 30, 80):  # wide enough for the end
            screen.resize(columns)
            self.wait_for_line(screen, columns)
        self.stall.released.set()
        self.wait_for(lambda: 'status 0' in screen.lines)
        progress, *output = screen.lines
        self.assert_starts('verified', progress)
        self.assertEqual(['active', 'status 0'], output)
        # tmux keeps some of what it has wrapped, but not each drawing.
        self.assertLess(len(screen.history), 10, screen.history)

    def test_script(self) -> None:
        self.stall.released.set()
        typescript = self.folder / 'typescript'
        words = ' '.join((base.OPENSTACK, *self.command))
        subprocess.run(
            ['script', '-qec', words, str(typescript)],
            env=self.environ | {'TERM': 'xterm', 'NO_COLOR': '1'},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )
        written = typescript.read_bytes()
        self.assertNotRegex(written, rb'\x1b\[[\d;]*3\d')  # a color
        screen = self.useFixture(terminal.Terminal())
        screen.show(written)
        self.assertTrue(
            any(line.startswith('verified  ━') for line in screen.lines),
            screen.lines,
        )
        self.assertIn('active', screen.lines)

    def test_ascii(self) -> None:
        self.environ |= {
            'LC_ALL': 'C',
            'PYTHONCOERCECLOCALE': '0',
            'PYTHONIOENCODING': 'ascii',  # tox sets it to UTF-8
            'PYTHONUTF8': '0',
        }
        screen = self.on_terminal(*self.command)
        self.wait_for(lambda: screen.lines)
        self.stall.released.set()
        self.assertEqual(0, screen.wait())
        self.assertTrue(screen.written.isascii())
        for lines in screen.screens:
            self.assertLessEqual(len(lines), 1, lines)
        self.assertRegex(
            screen.lines[0],
            r'^verified  -{20,} 6\.0/6\.0 MiB 100% .* \d:\d\d$',
        )
