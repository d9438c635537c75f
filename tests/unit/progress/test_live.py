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
import errno
import gettext
import logging
import os
import pathlib
import re
from typing import Any
import unittest
from unittest import mock

from rich import cells

from osc_image_ext import i18n
from osc_image_ext.progress import live
from osc_image_ext.progress import units
from tests.fixtures import doubles

MIB = 1024**2
# What a transfer may look like: total, position.
STATES = (
    (0, 0),
    (100 * MIB, 0),
    (100 * MIB, 50 * MIB),
    (100 * MIB, 100 * MIB),
    (5000 * 1024**4, 1),
    (None, 0),
    (None, 999 * MIB),
)
BAR = '[━╸╺]+'


class LiveTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(
            mock.patch.dict(os.environ, {'TERM': 'xterm'}, clear=True)
        )
        self.clock = doubles.FakeClock()
        self.stream = doubles.Terminal()

    def display(self, width: int | None = 80) -> live.LiveDisplay:
        display = live.LiveDisplay(self.stream, self.clock, width)
        display._thread = mock.Mock()  # the tests are the clock
        return display

    def lines(self) -> list[str]:
        """Return all that was drawn, each frame a line, without colours."""
        text = re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]', '', self.stream.getvalue())
        return [line for line in re.split(r'[\r\n]+', text) if line.strip()]

    def drawn(
        self,
        width: int = 80,
        total: int | None = 100 * MIB,
        position: int = 50 * MIB,
        phase: str = 'uploading',
        sent: int | None = None,
    ) -> str:
        """Draw one moment, 5 seconds after the start; return the line."""
        self.stream = doubles.Terminal()
        with self.display(width) as display:
            display.phase(phase)
            display.started(total)
            self.clock.advance(5)
            display.moved(position, sent)
            display.tick()
            return self.lines()[-1].rstrip()


class TestDecompressed(LiveTestCase):
    def test_what_is_sent_follows_the_rate(self) -> None:
        self.assertRegex(
            self.drawn(100, sent=200 * MIB),
            rf'^uploading {BAR}  50.0/100.0 MiB  50%  10.0 MiB/s '
            r'> 200.0 MiB 40.0 MiB/s  0:05$',
        )

    def test_its_rate_gives_way_to_the_bar(self) -> None:
        self.assertRegex(
            self.drawn(80, sent=200 * MIB),
            rf'^uploading {BAR}  50.0/100.0 MiB  50%  10.0 MiB/s '
            r'> 200.0 MiB  0:05$',
        )

    def test_it_is_omitted_first(self) -> None:
        self.assertRegex(
            self.drawn(56, sent=200 * MIB),
            r'^uploading  50.0/100.0 MiB  50%  10.0 MiB/s  0:05$',
        )


class TestCursor(LiveTestCase):
    def test_it_stays_visible(self) -> None:
        """Ctrl-Z or SIGKILL would leave the terminal without one."""
        with self.display() as display:
            display.phase('uploading')
            display.started(100)
            display.tick()
        self.assertNotIn('\x1b[?25l', self.stream.getvalue())

    def test_it_stands_where_all_that_follows_can_be_erased(self) -> None:
        """However many lines a terminal has made of one."""
        with self.display() as display:
            display.phase('uploading')
            display.tick()
            self.assertTrue(self.stream.getvalue().endswith('\r'))
            drawn = len(self.stream.getvalue())
            display.tick()
        self.assertTrue(
            self.stream.getvalue()[drawn:].startswith(
                '\x1b[K\x1b[C\x1b[J\r\x1b[?7luploading'
            )
        )

    def test_the_terminal_wraps_nothing_meanwhile(self) -> None:
        """It may become narrower between the layout and the drawing."""
        with self.display() as display:
            display.phase('uploading')
            display.tick()
            drawn = self.stream.getvalue()
        off, on = '\x1b[?7l', '\x1b[?7h'
        self.assertLess(drawn.index(off), drawn.index('uploading'))
        self.assertLess(drawn.index('uploading'), drawn.index(on))
        self.assertGreater(drawn.rindex(on), drawn.rindex(off))


class TestEncoding(LiveTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.stream = doubles.AsciiTerminal()

    def test_the_bar(self) -> None:
        with self.display() as display:
            display.phase('uploading')
            display.started(100 * MIB)
            display.moved(50 * MIB)
            display.tick()
            self.assertRegex(
                self.lines()[-1], '^uploading [- ]{20,}  50.0/100.0'
            )
        self.assertTrue(self.stream.getvalue().isascii())

    def test_columns_are_those_of_escape_sequences(self) -> None:
        for width in range(20, 100):
            for message in ('', 'größer', 'größer ' * 20):
                self.stream = doubles.AsciiTerminal()
                with self.display(width) as display:
                    display.phase('prüfen', message)
                    display.tick()
                    line = self.lines()[-1].rstrip()
                self.assertTrue(line.isascii(), line)
                self.assertLess(len(line), width, line)


class TestColors(LiveTestCase):
    COLOR = r'\x1b\[[\d;]*3\d'

    def test_a_terminal_gets_colors(self) -> None:
        self.drawn()
        self.assertRegex(self.stream.getvalue(), self.COLOR)

    def test_not_if_they_are_not_wanted(self) -> None:
        os.environ['NO_COLOR'] = '1'
        for total in (100 * MIB, None):
            self.drawn(total=total)
            self.assertNotRegex(self.stream.getvalue(), self.COLOR)

    def test_that_they_are_not_forced_makes_no_log_of_a_terminal(self) -> None:
        os.environ['FORCE_COLOR'] = ''
        self.assertRegex(self.drawn(), f'^uploading {BAR}  50.0/100.0 MiB')


class TestLine(LiveTestCase):
    def test_all_fits_into_80_columns(self) -> None:
        line = self.drawn()
        self.assertRegex(
            line,
            f'^uploading {BAR}  50.0/100.0 MiB  50%  10.0 MiB/s  0:05$',
        )

    def test_servers_are_counted_as_such(self) -> None:
        with self.display() as display:
            display.unit = units.format_servers
            display.phase('uploading')
            display.started(200)
            self.clock.advance(5)
            display.moved(50)
            display.tick()
            line = self.lines()[-1].rstrip()
        self.assertRegex(
            line,
            f'^uploading {BAR}  50/200 servers  25% 10 servers/s  0:15$',
        )

    def test_the_bar_is_as_long_as_there_is_room(self) -> None:
        for width in (70, 80, 200):
            line = self.drawn(width)
            self.assertEqual(width - 3, cells.cell_len(line))

    def test_the_bar_is_the_first_to_go(self) -> None:
        self.assertEqual(
            'uploading  50.0/100.0 MiB  50%  10.0 MiB/s  0:05',
            self.drawn(54),
        )

    def test_the_rate_goes_next(self) -> None:
        self.assertEqual(
            'uploading  50.0/100.0 MiB  50%  0:05', self.drawn(40)
        )

    def test_phase_and_percentage_are_the_last(self) -> None:
        self.assertEqual('uploading  50%  0:05', self.drawn(23))
        self.assertEqual('uploading  50%', self.drawn(20))

    def test_an_unknown_total_has_a_mark_that_moves(self) -> None:
        line = self.drawn(total=None)
        self.assertRegex(line, f'^uploading {BAR} 50.0 MiB  10.0 MiB/s  0:05$')
        self.assertEqual(
            'uploading 50.0 MiB  10.0 MiB/s  0:05', self.drawn(40, None)
        )
        self.assertEqual('uploading  0:05', self.drawn(20, None))

    def test_the_time_is_that_elapsed_when_none_is_left(self) -> None:
        line = self.drawn(position=100 * MIB, phase='storing')
        self.assertRegex(line, '^storing .* 100% .* 0:05$')

    def test_it_is_one_line_and_never_wider_than_the_terminal(self) -> None:
        for width in (200, 80, 60, 50, 40, 30, 20, 10):
            for total, position in STATES:
                for phase in ('uploading', 'interrupted', '正在上传图像文件'):
                    with self.subTest(
                        width=width, total=total, at=position, phase=phase
                    ):
                        line = self.drawn(width, total, position, phase)
                        self.assertLessEqual(cells.cell_len(line), width)
                        self.assertEqual(1, self.stream.getvalue().count('\n'))
                        self.assertNotIn('\x1b[1A', self.stream.getvalue())

    def test_phases_in_german_are_legible(self) -> None:
        german = gettext.translation(
            'osc_image_ext',
            pathlib.Path(i18n.__file__).parent / 'locale',
            languages=['de'],
        )
        for phase in (
            *('uploading', 'downloading', 'importing', 'queued', 'comparing'),
            *('failed', 'interrupted', 'waiting for the import', 'stalled'),
        ):
            name = german.gettext(phase)
            with self.subTest(name):
                self.assertNotEqual(phase, name)
                self.assertRegex(
                    self.drawn(80, phase=name),
                    f'^{name} +{BAR} +50.0/100.0 MiB  50%  10.0 MiB/s  0:05$',
                )
                self.assertRegex(
                    self.drawn(40, phase=name), f'^{name} .*50%.* 0:05$'
                )

    def test_the_terminal_is_asked_for_its_columns_each_time(self) -> None:
        with self.display(None) as display:
            display.phase('uploading')
            for columns in (40, 60):
                os.environ['COLUMNS'] = str(columns)
                display.tick()
                self.assertLess(cells.cell_len(self.lines()[-1]), columns)

    def test_without_colours_the_bar_shows_how_far_it_is(self) -> None:
        os.environ['NO_COLOR'] = '1'
        line = self.drawn()
        bar = re.search(f'({BAR}) *  50.0/100.0', line)
        assert bar
        self.assertAlmostEqual(17, len(bar[1]), delta=3)


class TestTransfer(LiveTestCase):
    def test_nothing_is_drawn_before_anything_is_told(self) -> None:
        with self.display() as display:
            display.tick()
        self.assertEqual([], self.lines())

    def test_frames_replace_each_other(self) -> None:
        with self.display() as display:
            display.phase('uploading')
            display.started(100)
            for position in (0, 50, 100):
                self.clock.advance(1)
                display.moved(position)
                display.tick()
            self.assertNotIn('\n', self.stream.getvalue())
        self.assertEqual(1, self.stream.getvalue().count('\n'))

    def test_a_new_start_goes_back(self) -> None:
        with self.display() as display:
            for position in (90, 10):
                display.phase('uploading')
                display.started(100)
                display.moved(position)
                display.tick()
        self.assertIn(' 90% ', self.lines()[0])
        self.assertIn(' 10% ', self.lines()[1])

    def test_every_way_out_ends_the_line(self) -> None:
        for error, expected in (
            (None, 'verified'),
            (ValueError(), 'failed'),
            (KeyboardInterrupt(), 'interrupted'),
        ):
            with self.subTest(expected):
                self.stream = doubles.Terminal()
                display = self.display()
                with contextlib.suppress(BaseException), display:
                    display.phase('uploading')
                    display.started(100)
                    display.tick()
                    display.moved(100)
                    display.phase('verified')
                    if error:
                        raise error
                self.assertTrue(self.lines()[-1].startswith(expected))
                self.assertTrue(self.stream.getvalue().endswith('\n'))


class TestLogging(LiveTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.handler = logging.StreamHandler(self.stream)
        root = logging.getLogger()
        self.enterContext(mock.patch.object(root, 'handlers', [self.handler]))

    def test_what_is_logged_stands_above_the_line(self) -> None:
        with self.display() as display:
            display.phase('uploading')
            display.tick()
            logging.getLogger('a.library').warning('It happened.')
            self.assertTrue(self.lines()[-1].startswith('uploading'))
        self.assertIn('It happened.', self.lines())
        self.assertEqual(2, self.stream.getvalue().count('\n'))

    def test_the_log_goes_where_it_went_afterwards(self) -> None:
        for error in (None, ValueError()):
            with contextlib.suppress(ValueError), self.display():
                if error:
                    raise error
            self.assertIs(self.stream, self.handler.stream)

    def test_a_log_elsewhere_is_left_alone(self) -> None:
        elsewhere: Any = doubles.Terminal()
        self.handler.setStream(elsewhere)
        with self.display():
            self.assertIs(elsewhere, self.handler.stream)


class TestLostTerminal(LiveTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.handler = logging.StreamHandler(self.stream)
        root = logging.getLogger()
        self.enterContext(mock.patch.object(root, 'handlers', [self.handler]))

    def lose(self) -> None:
        error = OSError(errno.EIO, 'Input/output error')
        self.enterContext(
            mock.patch.object(self.stream, 'write', side_effect=error)
        )

    def test_it_is_no_error_from_the_start(self) -> None:
        self.lose()
        with self.display() as display:
            display.phase('uploading')
            display.started(100)
            display.tick()
        self.assertIs(self.stream, self.handler.stream)

    def test_it_is_no_error_later_on(self) -> None:
        with self.display() as display:
            display.phase('uploading')
            display.started(100)
            display.tick()
            self.lose()
            display.moved(50)
            display.tick()
        self.assertIs(self.stream, self.handler.stream)

    def test_it_hides_no_other_error(self) -> None:
        error = ValueError()
        with (
            self.assertRaises(ValueError) as caught,
            self.display() as display,
        ):
            display.phase('uploading')
            self.lose()
            raise error
        self.assertIs(error, caught.exception)
        self.assertIs(self.stream, self.handler.stream)


class TestWait(LiveTestCase):
    """A wait without bytes."""

    def waited(
        self, message: str = '', width: int = 80, phase: str = 'processing'
    ) -> str:
        """Draw a wait 65 seconds after its beginning; return the line."""
        self.stream = doubles.Terminal()
        with self.display(width) as display:
            display.phase(phase, message)
            self.clock.advance(65)
            display.tick()
            return self.lines()[-1].rstrip()

    def test_phase_message_and_time_elapsed(self) -> None:
        self.assertRegex(
            self.waited('Copied 5 MiB'),
            f'^processing {BAR} Copied 5 MiB  1:05$',
        )

    def test_no_message(self) -> None:
        self.assertRegex(
            self.waited(phase='pending'), f'^pending    {BAR}  1:05$'
        )

    def test_the_message_goes_with_its_phase(self) -> None:
        with self.display() as display:
            display.phase('processing', 'Copied 5 MiB')
            display.phase('success')
            display.tick()
        self.assertNotIn('Copied', self.lines()[-1])

    def test_a_long_message_is_cut(self) -> None:
        line = self.waited('Copied 5 MiB and more ' * 9)
        self.assertRegex(line, r'^processing Copied .*…  1:05$')
        self.assertLess(cells.cell_len(line), 80)

    def test_it_fits_into_any_width(self) -> None:
        for width in range(13, 100):
            for message in ('', 'Copied 5 MiB', '日本' * 40):
                line = self.waited(message, width)
                self.assertLess(cells.cell_len(line), width, line)
                self.assertIn('proc', line)

    def test_bytes_that_follow_are_shown(self) -> None:
        with self.display() as display:
            display.phase('staging', 'Copied 5 MiB')
            display.started(100 * MIB)
            display.tick()
        self.assertIn('0.0/100.0 MiB', self.lines()[-1])
        self.assertNotIn('Copied', self.lines()[-1])
