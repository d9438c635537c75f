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

import pathlib
import tempfile
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import existing_file
from tests.fixtures import doubles
from tests.fixtures import downloads

_DATA = b'some data'


class TestRequireEqual(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = folder / 'disk.img'
        self.listener = doubles.RecordingListener()

    def check(self, data: bytes, **attributes: object) -> None:
        self.path.write_bytes(data)
        image = downloads.Source(_DATA).image(**attributes)
        existing_file.require_equal(str(self.path), image, self.listener)

    def test_equal(self) -> None:
        self.check(_DATA)
        self.check(_DATA, hash_algo=None)
        self.check(_DATA, size=None)
        self.assertIn(('phase', 'comparing'), self.listener.events)
        self.assertIn(('moved', len(_DATA)), self.listener.events)

    def test_different(self) -> None:
        for data, attributes in (
            (b'Some data', {}),
            (_DATA[1:], {}),
            (_DATA + b'x', {}),
            (b'', {}),
            (_DATA, {'hash_algo': None, 'checksum': None}),
        ):
            with (
                self.subTest(data, attributes=attributes),
                self.assertRaisesRegex(
                    exceptions.TargetError,
                    f'^{self.path} exists already, and does not have the ch',
                ),
            ):
                self.check(data, **attributes)

    def test_it_cannot_be_read(self) -> None:
        with self.assertRaisesRegex(
            exceptions.TargetError, '^Cannot read /: Is a directory.$'
        ):
            existing_file.require_equal('/', doubles.image(), self.listener)

    def test_algorithm_is_not_available(self) -> None:
        with self.assertRaises(exceptions.UnsupportedAlgorithm):
            self.check(_DATA, hash_algo='crc32c')
