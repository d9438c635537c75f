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

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from osc_image_ext.image import sparse

_UNIT = 64 * 1024


class SparseTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = folder / 'file'
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT)
        self.addCleanup(os.close, self.descriptor)


class TestWriteAll(SparseTestCase):
    def test_short_writes(self) -> None:
        real = os.write

        def write(descriptor: int, data: memoryview) -> int:
            return real(descriptor, data[:3])

        with mock.patch.object(os, 'write', side_effect=write):
            sparse.write_all(self.descriptor, b'0123456789')
        self.assertEqual(b'0123456789', self.path.read_bytes())


class TestWrite(SparseTestCase):
    def write(self, data: bytes, size: int) -> int:
        """Write data in blocks; return the bytes that were really written."""
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        with mock.patch.object(os, 'write', side_effect=os.write) as write:
            for start in range(0, len(data), size):
                sparse.write(
                    self.descriptor, data[start : start + size], start
                )
        self.assertEqual(len(data), os.lseek(self.descriptor, 0, os.SEEK_CUR))
        os.ftruncate(self.descriptor, len(data))
        self.assertEqual(data, self.path.read_bytes())
        return sum(len(call.args[1]) for call in write.call_args_list)

    def test_data_and_holes(self) -> None:
        hole = bytes(3 * _UNIT)
        for data, written in (
            (b'', 0),
            (b'a', 1),
            (hole, 0),
            (b'a' + hole, _UNIT),
            (hole + b'a', 1),
            (b'a' * _UNIT + hole + b'b', _UNIT + 1),
            (hole[1:] + b'a', _UNIT),
            (b'a' * 3 * _UNIT, 3 * _UNIT),
        ):
            for size in (_UNIT, 5 * _UNIT):
                with self.subTest(data[:2], length=len(data), size=size):
                    self.assertEqual(written, self.write(data, size))

    def test_holes_are_aligned(self) -> None:
        """The file system has no others."""
        rest = bytes(2 * _UNIT) + b'b'
        sparse.write(self.descriptor, b'a', 0)
        with mock.patch.object(os, 'write', side_effect=os.write) as write:
            sparse.write(self.descriptor, rest, 1)
        ((_descriptor, written), _options) = write.call_args
        self.assertEqual(b'\0b', written)
        self.assertEqual(b'a' + rest, self.path.read_bytes())

    def test_blocks_of_any_size(self) -> None:
        data = b'a' * 1000 + bytes(2 * _UNIT) + b'b' * 1000 + bytes(_UNIT)
        for size in (7919, 50_000, 100_001):
            with self.subTest(size=size):
                self.assertLess(self.write(data, size), len(data))
