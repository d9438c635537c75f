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

from osc_image_ext.commands import upload_options


class TestSize(unittest.TestCase):
    def test_a_positive_number(self) -> None:
        self.assertEqual(5, upload_options.size('5'))

    def test_anything_else(self) -> None:
        for text in ('0', '-1', '1.5', 'x', ''):
            with self.assertRaises(argparse.ArgumentTypeError):
                upload_options.size(text)
