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

import unittest

from osc_image_ext.progress import meter
from tests.fixtures import doubles


class TestMeter(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.meter = meter.Meter(self.clock)

    def run_for(self, seconds: int, speed: int) -> None:
        """Move at so many bytes a second, seen twice a second."""
        for _ in range(2 * seconds):
            self.clock.advance(0.5)
            self.meter.moved(self.meter.position + speed // 2)
            self.meter.sample()

    def test_nothing_has_happened_at_first(self) -> None:
        now = self.meter
        self.assertEqual('', now.name)
        self.assertEqual(0, now.position)
        self.assertEqual(0, now.rate)
        self.assertEqual(0, now.average)
        self.assertEqual(0, now.elapsed)
        self.assertIsNone(now.fraction)
        self.assertIsNone(now.eta)

    def test_a_phase_has_a_name(self) -> None:
        self.meter.phase('storing')
        self.assertEqual('storing', self.meter.name)

    def test_elapsed_is_the_time_since_the_start(self) -> None:
        self.clock.advance(100)
        self.meter.started(10)
        self.clock.advance(7.5)
        self.assertEqual(7.5, self.meter.elapsed)

    def test_fraction_of_a_known_total(self) -> None:
        self.meter.started(200)
        for position, expected in ((0, 0), (50, 0.25), (200, 1), (300, 1)):
            self.meter.moved(position)
            self.assertEqual(expected, self.meter.fraction)

    def test_what_was_moved_before_the_start_has_no_rate(self) -> None:
        self.meter.started(10_000, 5000)
        self.assertEqual((5000, 0), (self.meter.position, self.meter.rate))
        self.run_for(5, 100)
        self.assertAlmostEqual(100, self.meter.rate)
        self.assertAlmostEqual(100, self.meter.average)
        self.meter.moved(0)
        self.assertEqual(0, self.meter.average)

    def test_nothing_to_move_is_done_from_the_start(self) -> None:
        self.meter.started(0)
        self.assertEqual(1, self.meter.fraction)
        self.assertIsNone(self.meter.eta)

    def test_the_rate_of_an_even_transfer(self) -> None:
        self.meter.started(10_000)
        for seconds in (1, 5, 30):
            self.run_for(seconds, 100)
            self.assertAlmostEqual(100, self.meter.rate)
        self.assertAlmostEqual(100, self.meter.average)
        self.assertAlmostEqual((10_000 - 3600) / 100, self.meter.eta or 0)

    def test_the_rate_is_that_of_the_last_seconds(self) -> None:
        self.meter.started(None)
        self.run_for(60, 1000)
        self.run_for(11, 100)
        self.assertAlmostEqual(100, self.meter.rate)
        self.assertGreater(self.meter.average, 800)

    def test_what_is_sent_has_a_rate_of_its_own(self) -> None:
        self.meter.started(10_000)
        self.assertIsNone(self.meter.sent)
        for _ in range(60):
            self.clock.advance(0.5)
            self.meter.moved(
                self.meter.position + 50, (self.meter.sent or 0) + 150
            )
            self.meter.sample()
        self.assertAlmostEqual(100, self.meter.rate)
        self.assertAlmostEqual(300, self.meter.sent_rate)
        self.meter.started(10_000)
        self.assertIsNone(self.meter.sent)

    def test_a_stall_is_seen(self) -> None:
        self.meter.started(10_000)
        self.run_for(20, 100)
        self.run_for(5, 0)
        self.assertAlmostEqual(50, self.meter.rate, delta=5)
        self.run_for(6, 0)
        self.assertEqual(0, self.meter.rate)
        self.assertIsNone(self.meter.eta)

    def test_the_rate_falls_between_two_samples(self) -> None:
        self.meter.started(None)
        self.run_for(10, 100)
        self.clock.advance(10)
        self.assertAlmostEqual(50, self.meter.rate)

    def test_a_gap_between_samples_keeps_one_to_compare_with(self) -> None:
        self.meter.started(None)
        self.run_for(2, 100)
        self.clock.advance(1000)
        self.meter.moved(10_200)
        self.meter.sample()
        self.assertAlmostEqual(10, self.meter.rate, delta=0.2)

    def test_samples_do_not_pile_up(self) -> None:
        self.meter.started(None)
        self.run_for(1000, 100)
        self.assertLess(len(self.meter._samples), 25)

    def test_a_new_start_forgets_what_was_before(self) -> None:
        self.meter.started(100)
        self.meter.phase('uploading')
        self.run_for(5, 10)
        self.meter.started(300)
        self.assertEqual(0, self.meter.position)
        self.assertEqual(0, self.meter.elapsed)
        self.assertEqual(0, self.meter.rate)
        self.assertEqual('uploading', self.meter.name)
        self.run_for(1, 10)
        self.assertAlmostEqual(10, self.meter.rate)
        self.assertAlmostEqual(29, self.meter.eta or 0)

    def test_a_position_that_goes_back_is_no_negative_rate(self) -> None:
        self.meter.started(1000)
        self.run_for(20, 10)
        self.meter.moved(0)
        self.assertEqual(0, self.meter.rate)

    def test_no_time_at_all_divides_by_nothing(self) -> None:
        self.meter.started(100)
        self.meter.moved(50)
        self.meter.sample()
        self.assertGreater(self.meter.rate, 0)
        self.assertGreater(self.meter.average, 0)
        self.assertGreaterEqual(self.meter.eta or 0, 0)

    def test_nothing_is_left_at_the_end(self) -> None:
        self.meter.started(100)
        self.run_for(10, 10)
        self.assertEqual(0, self.meter.eta)

    def test_what_was_there_before_counts_for_no_rate(self) -> None:
        self.meter.started(1000, 500)
        self.assertEqual(0, self.meter.rate)
        for second in range(1, 6):
            self.clock.advance(1)
            self.meter.moved(500 + second * 10)
            self.meter.sample()
        self.assertAlmostEqual(10, self.meter.rate)
        self.assertAlmostEqual(10, self.meter.average)
        self.assertEqual(0.55, self.meter.fraction)
