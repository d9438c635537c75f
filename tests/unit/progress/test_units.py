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

from osc_image_ext.progress import units

KIB = 1024
MIB = 1024**2
GIB = 1024**3


class TestData(unittest.TestCase):
    def test_the_unit_fits_the_number(self) -> None:
        for number, expected in (
            (0, '0 B'),
            (0.4, '0 B'),
            (1, '1 B'),
            (999, '999 B'),
            (1000, '1.0 KiB'),
            (KIB, '1.0 KiB'),
            (1.5 * MIB, '1.5 MiB'),
            (999 * MIB, '999.0 MiB'),
            (1000 * MIB, '1.0 GiB'),
            (5 * GIB, '5.0 GiB'),
            (3 * 1024**4, '3.0 TiB'),
            (2 * 1024**5, '2.0 PiB'),
            (5000 * 1024**5, '5000.0 PiB'),
        ):
            with self.subTest(number):
                self.assertEqual(expected, units.format_bytes(number))

    def test_a_part_is_told_in_the_unit_of_the_whole(self) -> None:
        for number, of, expected in (
            (0, 0, '0/0 B'),
            (5, 512, '  5/512 B'),
            (1.5 * MIB, 512 * MIB, '  1.5/512.0 MiB'),
            (512 * MIB, 512 * MIB, '512.0/512.0 MiB'),
            (KIB, 5 * GIB, '0.0/5.0 GiB'),
        ):
            with self.subTest(expected):
                self.assertEqual(expected, units.format_bytes(number, of))

    def test_a_part_of_a_whole_never_changes_its_width(self) -> None:
        for of in (7, 999, 64 * KIB, 700 * MIB, 8 * GIB):
            widths = {
                len(units.format_bytes(of * part // 100, of))
                for part in range(101)
            }
            self.assertEqual(1, len(widths))

    def test_a_number_that_is_rounded_up_stays_below_1000(self) -> None:
        self.assertEqual('1.0 KiB', units.format_bytes(999.7))
        self.assertEqual('1.0 MiB', units.format_bytes(999.97 * KIB))


class TestServers(unittest.TestCase):
    def test_a_number(self) -> None:
        for number, expected in (
            (0, '0 servers'),
            (200, '200 servers'),
            (3.25, '3.2 servers'),
            (12.0, '12 servers'),
        ):
            with self.subTest(number):
                self.assertEqual(expected, units.format_servers(number))

    def test_a_part_is_as_wide_as_the_whole(self) -> None:
        self.assertEqual('  7/120 servers', units.format_servers(7, 120))
        self.assertEqual('120/120 servers', units.format_servers(120, 120))


class TestDuration(unittest.TestCase):
    def test_hours_are_told_where_there_are_some(self) -> None:
        for seconds, expected in (
            (0, '0:00'),
            (0.4, '0:00'),
            (9, '0:09'),
            (59.6, '1:00'),
            (754, '12:34'),
            (3599.6, '1:00:00'),
            (3723, '1:02:03'),
            (360_000, '100:00:00'),
        ):
            with self.subTest(seconds):
                self.assertEqual(expected, units.format_duration(seconds))
