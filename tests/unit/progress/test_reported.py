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

"""How it looks when a server counts, and reports now and then."""

import io
import unittest

from osc_image_ext.progress import plain
from tests.fixtures import doubles
from tests.unit.progress import test_live

MIB = 1024**2


class TestLive(test_live.LiveTestCase):
    def server_reported(
        self, position: int = 0, width: int = 80, total: int | None = 100 * MIB
    ) -> str:
        with self.display(width) as drawn:
            drawn.phase('importing')
            drawn.started(total)
            drawn.phase('importing', 'to fast (1 of 2)')
            self.clock.advance(65)
            drawn.moved(position)
            drawn.tick()
        return self.lines()[-1]

    def test_nothing_is_counted_before_the_first_report(self) -> None:
        self.assertRegex(
            self.server_reported(),
            rf'^importing {test_live.BAR} to fast \(1 of 2\)  1:05$',
        )

    def test_a_report_has_no_rate(self) -> None:
        self.assertRegex(
            self.server_reported(50 * MIB),
            rf'^importing {test_live.BAR}  50.0/100.0 MiB  50% '
            r'to fast \(1 of 2\)  1:05$',
        )

    def test_an_unknown_total(self) -> None:
        self.assertRegex(
            self.server_reported(50 * MIB, total=None),
            rf'^importing {test_live.BAR} 50.0 MiB to fast \(1 of 2\)  1:05$',
        )

    def test_a_narrow_terminal(self) -> None:
        for width in range(20, 100):
            self.stream = doubles.Terminal()
            self.assertLess(len(self.server_reported(50 * MIB, width)), width)


class TestPlain(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.stream = io.StringIO()
        self.display = plain.PlainDisplay(self.stream, 'disk', self.clock)
        self.display.phase('importing')

    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()

    def test_reports(self) -> None:
        self.display.started(100 * MIB)
        self.display.phase('importing', 'to fast')
        self.display.tick()
        self.clock.advance(1)
        self.display.tick()
        self.display.moved(50 * MIB)
        self.display.tick()
        self.clock.advance(5)
        self.display.tick()
        self.display.moved(100 * MIB)
        self.display.phase('active', 'verified')
        self.display.finish()
        self.assertEqual(
            [
                'disk: importing 100.0 MiB',
                'disk: importing, to fast, 0:00',
                'disk: importing,  50.0/100.0 MiB, to fast, 0:01',
                'disk: importing,  50.0/100.0 MiB, to fast, 0:06',
                'disk: active, verified, 100.0 MiB in 0:06, 16.7 MiB/s',
            ],
            self.lines(),
        )

    def test_an_end_before_anything_was_counted(self) -> None:
        self.display.started(None)
        self.clock.advance(3)
        self.display.phase('failed')
        self.display.finish()
        self.assertEqual(
            ['disk: importing', 'disk: failed in 0:03'], self.lines()
        )
