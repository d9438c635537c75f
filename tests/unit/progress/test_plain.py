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
from typing import TextIO
import unittest
from unittest import mock

from osc_image_ext.progress import base
from osc_image_ext.progress import display
from osc_image_ext.progress import plain
from osc_image_ext.progress import units
from tests.fixtures import doubles

MIB = 1024**2


class PlainTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.stream = io.StringIO()
        self.plain = self.on(self.stream)

    def on(self, stream: TextIO) -> plain.PlainDisplay:
        made = plain.PlainDisplay(stream, 'disk.img', self.clock)
        made._thread = mock.Mock()  # the tests are the clock
        return made

    def start(self, total: int | None) -> None:
        self.plain.phase('uploading')
        self.plain.started(total)

    def after(self, seconds: float, position: int) -> None:
        self.clock.advance(seconds)
        self.plain.moved(position)
        self.plain.tick()

    def assertLines(self, *lines: str) -> None:
        expected = ''.join(f'disk.img: {line}\n' for line in lines)
        self.assertEqual(expected, self.stream.getvalue())


class TestPlainDisplay(PlainTestCase):
    def test_a_transfer_from_start_to_end(self) -> None:
        with self.plain:
            self.start(40 * MIB)
            for second in range(1, 5):
                self.after(1, second * 10 * MIB)
            self.plain.phase('verified')
        self.assertLines(
            'uploading 40.0 MiB',
            'uploading 10.0/40.0 MiB, 25%, 10.0 MiB/s, 0:03 left',
            'uploading 20.0/40.0 MiB, 50%, 10.0 MiB/s, 0:02 left',
            'uploading 30.0/40.0 MiB, 75%, 10.0 MiB/s, 0:01 left',
            'uploading 40.0/40.0 MiB, 100%, 10.0 MiB/s',
            'verified, 40.0 MiB in 0:04, 10.0 MiB/s',
        )

    def test_what_is_sent_of_decompressed_data(self) -> None:
        with self.plain:
            self.start(40 * MIB)
            self.clock.advance(1)
            self.plain.moved(10 * MIB, 30 * MIB)
            self.plain.tick()
            self.plain.phase('verified')
        self.assertLines(
            'uploading 40.0 MiB',
            'uploading 10.0/40.0 MiB, 25%, 10.0 MiB/s, 30.0 MiB sent at '
            '30.0 MiB/s, 0:03 left',
            'verified, 10.0 MiB in 0:01, 10.0 MiB/s, 30.0 MiB sent',
        )

    def test_a_fast_one_is_told_every_10_percent(self) -> None:
        self.start(200)
        for position in range(1, 201):
            self.after(0.01, position)
        self.assertIn(len(self.stream.getvalue().splitlines()), (10, 11))

    def test_a_slow_one_is_told_every_5_seconds(self) -> None:
        self.start(1000 * MIB)
        for second in range(1, 11):
            self.after(1, second * MIB)
        self.assertLines(
            'uploading 1.0 GiB',
            'uploading 0.0/1.0 GiB, 0%, 1.0 MiB/s, 16:35 left',
            'uploading 0.0/1.0 GiB, 1%, 1.0 MiB/s, 16:30 left',
        )

    def test_nothing_is_told_in_between(self) -> None:
        self.start(100 * MIB)
        for _ in range(9):
            self.after(0.5, 9 * MIB)
        self.assertLines('uploading 100.0 MiB')

    def test_an_unknown_total(self) -> None:
        with self.plain:
            self.start(None)
            self.after(5, 50 * MIB)
            self.plain.phase('storing')
            self.after(5, 50 * MIB)
        self.assertLines(
            'uploading',
            'uploading 50.0 MiB, 10.0 MiB/s',
            'storing 50.0 MiB, 5.0 MiB/s',
            'storing, 50.0 MiB in 0:10, 5.0 MiB/s',
        )

    def test_a_stall_is_seen(self) -> None:
        self.start(100)
        self.after(5, 50)
        self.after(10, 50)
        self.after(5, 50)
        self.assertLines(
            'uploading 100 B',
            'uploading  50/100 B, 50%, 10 B/s, 0:05 left',
            'uploading  50/100 B, 50%, 3 B/s, 0:15 left',
            'uploading  50/100 B, 50%, 0 B/s',
        )

    def test_no_data(self) -> None:
        with self.plain:
            self.start(0)
        self.assertLines('uploading 0 B', 'uploading in 0:00')

    def test_a_start_in_the_middle(self) -> None:
        with self.plain:
            self.plain.phase('receiving')
            self.plain.started(100, 50)
            self.after(1, 55)
            self.after(4, 60)
            self.plain.phase('active')
        self.assertLines(
            'receiving  50/100 B',
            'receiving  60/100 B, 60%, 2 B/s, 0:20 left',
            'active, 60 B in 0:05, 2 B/s',
        )

    def test_no_title(self) -> None:
        untitled = plain.PlainDisplay(self.stream, '', self.clock)
        untitled.phase('uploading')
        untitled.started(5)
        self.assertEqual('uploading 5 B\n', self.stream.getvalue())

    def test_a_new_start_is_told(self) -> None:
        self.start(100)
        self.after(5, 50)
        self.start(100)
        self.after(4, 9)
        self.after(1, 20)
        self.assertLines(
            'uploading 100 B',
            'uploading  50/100 B, 50%, 10 B/s, 0:05 left',
            'uploading 100 B',
            'uploading  20/100 B, 20%, 4 B/s, 0:20 left',
        )

    def test_servers_are_counted_as_such(self) -> None:
        self.plain.unit = units.format_servers
        with self.plain:
            self.start(200)
            self.after(10, 50)
            self.after(10, 100)
        self.assertLines(
            'uploading 200 servers',
            'uploading  50/200 servers, 25%, 5 servers/s, 0:30 left',
            'uploading 100/200 servers, 50%, 5 servers/s, 0:20 left',
            'uploading, 100 servers in 0:20, 5 servers/s',
        )

    def test_what_is_counted_can_be_told(self) -> None:
        environ = {'TERM': 'xterm'}
        for stream in (io.StringIO(), doubles.Terminal()):
            with mock.patch.dict(os.environ, environ):
                made = display.make_display(
                    True, stream, 'node-1', units.format_servers
                )
            assert isinstance(made, base.Display)
            self.assertIs(units.format_servers, made.unit)

    def test_a_failure_and_an_interruption_end_the_lines(self) -> None:
        for error, expected in (
            (ValueError(), 'failed'),
            (KeyboardInterrupt(), 'interrupted'),
        ):
            with self.subTest(expected):
                self.stream = io.StringIO()
                self.plain = self.on(self.stream)
                with contextlib.suppress(BaseException), self.plain:
                    self.start(100)
                    self.clock.advance(2)
                    self.plain.moved(50)
                    raise error
                self.assertLines(
                    'uploading 100 B', f'{expected}, 50 B in 0:02, 25 B/s'
                )

    def test_nothing_steers_a_terminal(self) -> None:
        with self.plain:
            self.start(100)
            self.after(5, 100)
        for character in '\r\x1b\b':
            self.assertNotIn(character, self.stream.getvalue())

    def test_each_line_is_flushed(self) -> None:
        stream = mock.Mock(spec=io.StringIO)
        self.plain = self.on(stream)
        self.start(100)
        stream.write.assert_called_once_with('disk.img: uploading 100 B\n')
        stream.flush.assert_called_once_with()

    def test_nothing_is_told_before_there_is_something_to_tell(self) -> None:
        self.clock.advance(60)
        self.plain.tick()
        self.assertLines()


class TestLostStream(PlainTestCase):
    def test_it_is_no_error_of_the_transfer(self) -> None:
        self.plain = self.on(doubles.LostTerminal())
        with self.plain:
            self.start(100)
            self.after(5, 50)
            self.start(100)

    def test_nothing_is_left_to_fail_when_the_stream_is_closed(self) -> None:
        read, write = os.pipe()
        os.close(read)
        with open(write, 'w') as stream:
            self.plain = self.on(stream)
            with self.plain:
                self.start(100)


class TestPlainWait(unittest.TestCase):
    """A wait without bytes."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.stream = io.StringIO()
        self.display = plain.PlainDisplay(self.stream, 'task', self.clock)

    def ticks(self, seconds: float) -> list[str]:
        """Let time pass by half seconds; return the lines told in it."""
        before = len(self.stream.getvalue())
        for _ in range(int(2 * seconds)):
            self.clock.advance(0.5)
            self.display.tick()
        return self.stream.getvalue()[before:].splitlines()

    def test_what_is_new_is_told_soon(self) -> None:
        self.display.phase('pending')
        self.assertEqual(['task: pending, 0:00'], self.ticks(1))
        self.display.phase('processing')
        self.assertEqual(['task: processing, 0:02'], self.ticks(1))
        self.display.phase('processing', 'Copied 5 MiB')
        self.assertEqual(
            ['task: processing, Copied 5 MiB, 0:02'], self.ticks(1)
        )

    def test_what_is_not_is_told_every_five_seconds(self) -> None:
        self.display.phase('processing')
        self.assertEqual(
            [f'task: processing, 0:{s:02}' for s in (0, 6, 10, 16)],
            self.ticks(16),
        )

    def test_nothing_is_told_before_there_is_something(self) -> None:
        self.assertEqual([], self.ticks(20))

    def test_its_end_has_the_time_it_took(self) -> None:
        self.display.phase('processing')
        self.clock.advance(65)
        self.display.phase('success')
        self.display.finish()
        self.assertEqual('task: success in 1:05\n', self.stream.getvalue())

    def test_bytes_that_follow_are_told(self) -> None:
        self.display.phase('staging')
        self.display.started(10 * MIB)
        self.assertEqual('task: staging 10.0 MiB\n', self.stream.getvalue())
        self.assertIn('0.0/10.0 MiB', self.ticks(6)[0])


class TestPlainBoard(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.stream = io.StringIO()
        self.board = plain.PlainBoard(self.stream, self.clock)

    def test_each_line_has_its_title(self) -> None:
        rows = [self.board.get_row(key, f'disk-{key}') for key in 'ab']
        for row in rows:
            row.phase('receiving')
            row.started(100 * MIB, 20 * MIB)
        self.clock.advance(5)
        rows[0].moved(70 * MIB)
        self.board.refresh()
        rows[0].phase('active')
        self.board.finish('a')
        self.assertEqual(
            [
                'disk-a: receiving  20.0/100.0 MiB',
                'disk-b: receiving  20.0/100.0 MiB',
                'disk-a: receiving  70.0/100.0 MiB, 70%, 10.0 MiB/s, 0:03 '
                'left',
                'disk-b: receiving  20.0/100.0 MiB, 20%, 0 B/s',
                'disk-a: active, 70.0 MiB in 0:05, 10.0 MiB/s',
            ],
            self.stream.getvalue().splitlines(),
        )

    def test_a_row_is_new_once(self) -> None:
        row = self.board.get_row('a', 'disk')
        self.assertIs(row, self.board.get_row('a', 'disk'))
        row.phase('waiting')
        self.board.finish('a')
        self.assertIsNot(row, self.board.get_row('a', 'disk'))

    def test_titles_are_fit_for_a_terminal(self) -> None:
        self.board.get_row('a', '\x1b[2J').phase('waiting')
        self.board.refresh()
        self.assertEqual('\\x1b[2J: waiting, 0:00\n', self.stream.getvalue())
