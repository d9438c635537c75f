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


import argparse
import unittest

from osc_image_ext.commands import image_options


class TestStores(unittest.TestCase):
    def parse(self, *arguments: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser(exit_on_error=False)
        image_options.add_targets(parser)
        image_options.add_timeout(parser)
        return parser.parse_args(arguments)

    def test_several_are_kept_in_order(self) -> None:
        parsed = self.parse('--store', 'b', '--store', 'a')
        self.assertEqual(['b', 'a'], parsed.store)

    def test_nothing_is_wanted_unless_said(self) -> None:
        parsed = self.parse()
        self.assertIsNone(parsed.store)
        self.assertFalse(parsed.all_stores)
        self.assertIsNone(parsed.allow_failure)
        self.assertIsNone(parsed.timeout)

    def test_failure(self) -> None:
        self.assertIs(True, self.parse('--allow-failure').allow_failure)
        self.assertIs(False, self.parse('--disallow-failure').allow_failure)

    def test_what_excludes_each_other(self) -> None:
        for options in (
            ['--store', 'a', '--all-stores'],
            ['--allow-failure', '--disallow-failure'],
        ):
            with self.assertRaises(argparse.ArgumentError):
                self.parse(*options)


class TestSize(unittest.TestCase):
    def test_a_positive_number(self) -> None:
        self.assertEqual(5, image_options.parse_size('5'))

    def test_anything_else(self) -> None:
        for text in ('0', '-1', '1.5', 'x', ''):
            with self.assertRaises(argparse.ArgumentTypeError):
                image_options.parse_size(text)


class TestTimeout(unittest.TestCase):
    def parse(self, text: str) -> int:
        parser = argparse.ArgumentParser(exit_on_error=False)
        image_options.add_timeout(parser)
        parsed: int = parser.parse_args(['--timeout', text]).timeout
        return parsed

    def test_seconds(self) -> None:
        for seconds in (0, 5, 99_999_999):
            self.assertEqual(seconds, self.parse(str(seconds)))

    def test_anything_else(self) -> None:
        for text in ('', 'x', '1.5', '9' * 9, '9' * 400, '9' * 5000):
            with self.assertRaisesRegex(
                argparse.ArgumentError, 'is not a valid number of seconds'
            ):
                self.parse(text)
