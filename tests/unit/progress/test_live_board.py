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


import os
import re
import unittest
from unittest import mock

from rich import cells

from osc_image_ext.progress import live_board
from tests.fixtures import doubles

MIB = 1024**2


class TestLiveBoard(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(
            mock.patch.dict(os.environ, {'TERM': 'xterm'}, clear=True)
        )
        self.clock = doubles.FakeClock()
        self.stream = doubles.Terminal()

    def drawn(self, width: int, *titles: str) -> list[str]:
        """Draw a row for each title; return the lines."""
        self.stream = doubles.Terminal()
        with live_board.LiveBoard(self.stream, self.clock, width) as board:
            for title in titles:
                row = board.get_row(title, title)
                row.phase('receiving')
                row.started(100 * MIB, 50 * MIB)
            board.refresh()
            return self.lines()

    def lines(self) -> list[str]:
        text = re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '', self.stream.getvalue())
        return [line for line in re.split(r'[\r\n]+', text) if line.strip()]

    def test_a_line_for_each(self) -> None:
        for line, title in zip(
            self.drawn(90, 'disk', 'a-longer-name'),
            ('disk          ', 'a-longer-name '),
            strict=True,
        ):
            self.assertRegex(
                line,
                f'^{title}receiving [━╸╺]{{8,}}  50.0/100.0 MiB  50% '
                ' +0 B/s  0:00',
            )
            self.assertEqual(87, cells.cell_len(line.rstrip()))

    def test_they_fit_into_any_width(self) -> None:
        for width in (20, 40, 60, 80, 200):
            for title in ('disk', 'x' * 300, '画像' * 100, '\x1b[2J\n'):
                lines = self.drawn(width, title, 'b')
                self.assertEqual(2, len(lines))
                for line in lines:
                    self.assertLessEqual(cells.cell_len(line.rstrip()), width)

    def test_what_has_ended_stays_above(self) -> None:
        with live_board.LiveBoard(self.stream, self.clock, 80) as board:
            for key in 'ab':
                board.get_row(key, f'[red]disk-{key}').phase('receiving')
            board.refresh()
            board.get_row('a', '').phase('active')
            board.finish('a')
            board.refresh()
        text = '\n'.join(self.lines())
        self.assertIn('[red]disk-a: active in 0:00', text)
        self.assertTrue(self.lines()[-1].startswith('[red]disk-b receiving'))

    def test_nothing_follows_the_last_one(self) -> None:
        with live_board.LiveBoard(self.stream, self.clock, 80) as board:
            board.get_row('a', 'disk').phase('active')
            board.refresh()
            board.finish('a')
            board.refresh()
        self.assertEqual(1, self.stream.getvalue().count('\n'))

    def test_the_cursor_goes_back_to_the_first_line(self) -> None:
        with live_board.LiveBoard(self.stream, self.clock, 80) as board:
            for key in 'abc':
                board.get_row(key, key).phase('receiving')
            board.refresh()
            self.assertTrue(self.stream.getvalue().endswith('\r\x1b[2A'))

    def test_more_lines_than_the_terminal_has(self) -> None:
        os.environ['LINES'] = '10'
        with live_board.LiveBoard(self.stream, self.clock, 80) as board:
            for number in range(30):
                board.get_row(str(number), str(number)).phase('receiving')
            board.refresh()
            lines = self.lines()
            self.assertEqual(10, len(lines))
            self.assertEqual('...', lines[-1].strip())
        self.assertEqual(30, len(self.lines()[10:]))

    def test_titles_are_fit_for_a_terminal(self) -> None:
        with live_board.LiveBoard(self.stream, self.clock, 80) as board:
            board.get_row('a', 'x\x1b]0;title\x07y').phase('receiving')
            board.refresh()
            board.finish('a')
        lines = self.lines()
        for line in (lines[0], lines[-1]):
            self.assertIn(r'x\x1b]0;title\x07y', line)

    def test_a_terminal_that_was_closed(self) -> None:
        stream = doubles.LostTerminal()
        with live_board.LiveBoard(stream, self.clock, 80) as board:
            board.get_row('a', 'disk').phase('receiving')
            board.refresh()
            board.finish('a')
