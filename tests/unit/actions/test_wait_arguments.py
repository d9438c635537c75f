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

from osc_image_ext import exceptions
from osc_image_ext.actions import wait_arguments
from osc_image_ext.image import tasks


def parse(**given: object) -> tasks.WaitOptions:
    options = {'wait': False, 'progress': False, 'timeout': None, **given}
    return wait_arguments.wait_options(argparse.Namespace(**options))


class TestWatchOptions(unittest.TestCase):
    def parse(self, watch: bool, timeout: int | None) -> tasks.WaitOptions:
        return wait_arguments.watch_options(
            argparse.Namespace(watch=watch, timeout=timeout)
        )

    def test_values(self) -> None:
        wait = self.parse(True, 5)
        self.assertEqual((True, 5), (wait.enabled, wait.timeout))
        self.assertFalse(self.parse(False, None).enabled)

    def test_a_timeout_needs_something_to_watch(self) -> None:
        with self.assertRaisesRegex(exceptions.Error, 'requires --watch'):
            self.parse(False, 0)


class TestWaitOptions(unittest.TestCase):
    def test_what_enables_waiting(self) -> None:
        for given, enabled, timeout in (
            ({}, False, None),
            ({'wait': True}, True, None),
            ({'progress': True, 'timeout': 5}, True, 5),
            ({'wait': True, 'timeout': 0}, True, 0),
        ):
            with self.subTest(given):
                wait = parse(**given)
                self.assertEqual(
                    (enabled, timeout), (wait.enabled, wait.timeout)
                )

    def test_a_timeout_needs_something_to_wait_for(self) -> None:
        for timeout in (0, 3):
            with self.assertRaisesRegex(exceptions.Error, 'requires --wait'):
                parse(timeout=timeout)
