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

import io
import os
import pathlib
import tempfile
from typing import Any
import unittest

from osc_image_ext.image import compressed_size
from osc_image_ext.image import source as _source
from tests.fixtures import compressed

DATA = os.urandom(300_000) + bytes(5_000_000)
SKIPPED = b'\x5f*M\x18\4\0\0\0what'
xz, zstd = compressed.COMPRESS['xz'], compressed.COMPRESS['zstd']


class TestSize(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder) / 'disk'

    def found(
        self, packed: bytes, name: str = 'auto', start: int = 0
    ) -> int | None:
        self.path.write_bytes(packed)
        with _source.open_file(str(self.path), None) as source:
            source.file.seek(start)
            here = _source.Source(
                source.file, source.name, len(packed) - start
            )
            size = compressed_size.find(here, name)
            self.assertEqual(start, source.file.tell())
            return size

    def test_what_says_it(self) -> None:
        for packed, size in (
            (xz(DATA), len(DATA)),
            (xz(b''), 0),
            (xz(DATA) + xz(b'') + xz(b'more'), len(DATA) + 4),
            (zstd(DATA), len(DATA)),
            (zstd(b''), 0),
            (zstd(b'x' * 200), 200),
            (zstd(b'x' * 60_000), 60_000),
            (zstd(DATA) + SKIPPED + zstd(b'more'), len(DATA) + 4),
            (SKIPPED + zstd(DATA), len(DATA)),
        ):
            for name in ('auto', 'zstd' if packed[1:4] != b'7zX' else 'xz'):
                with self.subTest(size, name=name):
                    self.assertEqual(size, self.found(packed, name))

    def test_what_does_not(self) -> None:
        for packed in (
            compressed.COMPRESS['gzip'](DATA),
            compressed.COMPRESS['bzip2'](DATA),
            compressed.zstd_stream(DATA),
            zstd(DATA) + compressed.zstd_stream(DATA),
            b'plain data',
            b'',
        ):
            self.assertIsNone(self.found(packed))

    def test_damaged_data(self) -> None:
        for packed in (xz(DATA), zstd(DATA)):
            for damaged in (
                packed[:-1],
                packed[: len(packed) // 2],
                packed[:7],
                packed + b'garbage' * 3,
                packed + packed[4:],
            ):
                with self.subTest(packed[:4], size=len(damaged)):
                    self.assertIsNone(self.found(damaged))

    def test_another_format_than_said(self) -> None:
        self.assertIsNone(self.found(xz(DATA), 'zstd'))
        self.assertIsNone(self.found(zstd(DATA), 'xz'))

    def test_data_that_begins_within_a_file(self) -> None:
        for pack in (xz, zstd):
            self.assertEqual(
                len(DATA), self.found(b'head' + pack(DATA), start=4)
            )

    def test_a_source_that_is_no_file(self) -> None:
        file: Any = io.BufferedReader(io.BytesIO(xz(DATA)))
        source = _source.Source(file, 'disk.img', len(xz(DATA)))
        self.assertIsNone(compressed_size.find(source, 'auto'))
