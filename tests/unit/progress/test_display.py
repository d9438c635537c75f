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

import contextlib
import io
import os
import subprocess
import sys
from typing import TextIO
import unittest
from unittest import mock

from osc_image_ext import listener
from osc_image_ext.progress import display
from osc_image_ext.progress import live
from osc_image_ext.progress import live_board
from osc_image_ext.progress import plain
from tests.fixtures import doubles

MIB = 1024**2


class TestMakeDisplay(unittest.TestCase):
    def made(
        self, stream: TextIO, wanted: bool = True, term: str | None = 'xterm'
    ) -> contextlib.AbstractContextManager[listener.ProgressListener]:
        environ = {} if term is None else {'TERM': term}
        with mock.patch.dict(os.environ, environ):
            if term is None:
                os.environ.pop('TERM', None)
            return display.make_display(wanted, stream, 'disk.img')

    def test_a_terminal_gets_a_live_line(self) -> None:
        for term in ('xterm', 'linux', '', None):
            with self.subTest(term=term):
                made = self.made(doubles.Terminal(), term=term)
                self.assertIsInstance(made, live.LiveDisplay)

    def test_a_dumb_terminal_gets_plain_lines(self) -> None:
        made = self.made(doubles.Terminal(), term='dumb')
        self.assertIsInstance(made, plain.PlainDisplay)

    def test_a_terminal_that_rich_takes_for_dumb_gets_plain_lines(
        self,
    ) -> None:
        made = self.made(doubles.Terminal(), term='unknown')
        self.assertIsInstance(made, plain.PlainDisplay)

    def test_a_terminal_that_cannot_redraw_gets_plain_lines(self) -> None:
        for name in ('TTY_COMPATIBLE', 'COLUMNS'):
            with mock.patch.dict(os.environ, {name: '0'}):
                made = self.made(doubles.Terminal())
            self.assertIsInstance(made, plain.PlainDisplay)

    def test_a_log_gets_plain_lines(self) -> None:
        self.assertIsInstance(self.made(io.StringIO()), plain.PlainDisplay)

    def test_a_stream_that_is_closed_gets_nothing(self) -> None:
        with display.make_display(True, None, 'disk.img') as made:
            self.assertIsInstance(made, listener.NullListener)

    def test_nothing_is_drawn_unless_wanted(self) -> None:
        for stream in (doubles.Terminal(), io.StringIO()):
            with self.made(stream, wanted=False) as made:
                self.assertIsInstance(made, listener.NullListener)
                made.started(10)
                made.moved(10)
                made.phase('storing')
            self.assertEqual('', stream.getvalue())

    def test_rich_is_imported_for_a_live_line_only(self) -> None:
        code = (
            'import io, sys\n'
            'from osc_image_ext.progress import display\n'
            'class Terminal(io.StringIO):\n'
            '    def isatty(self): return True\n'
            'display.make_display(False, Terminal(), "")\n'
            'display.make_display(True, io.StringIO(), "")\n'
            'assert "rich" not in sys.modules\n'
            'display.make_display(True, Terminal(), "")\n'
            'assert "rich" in sys.modules\n'
        )
        subprocess.run(
            [sys.executable, '-c', code],
            env={**os.environ, 'TERM': 'xterm'},
            check=True,
        )


class TestMakeBoard(unittest.TestCase):
    def test_where_it_is_drawn(self) -> None:
        with mock.patch.dict(os.environ, {'TERM': 'xterm'}, clear=True):
            made = display.make_board(doubles.Terminal())
            self.assertIsInstance(made, live_board.LiveBoard)
        with mock.patch.dict(os.environ, {'TERM': 'dumb'}, clear=True):
            with display.make_board(doubles.Terminal()) as board:
                self.assertIsInstance(board, plain.PlainBoard)
        with display.make_board(io.StringIO()) as board:
            self.assertIsInstance(board, plain.PlainBoard)

    def test_nowhere(self) -> None:
        with display.make_board(None) as board:
            board.get_row('a', 'disk').phase('waiting')
            board.refresh()
            board.finish('a')
