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

import bz2
import io
import lzma
import os
import tracemalloc
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.image import compression
from osc_image_ext.image import decompression
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams
from tests.fixtures import compressed
from tests.fixtures import doubles

DATA = os.urandom(1000) + bytes(3 * streams.BLOCK_SIZE) + os.urandom(70_000)


class DecompressionTestCase(unittest.TestCase):
    def opened(
        self,
        packed: bytes | io.BytesIO,
        name: str = 'auto',
        size: int | None = None,
    ) -> _source.Source:
        if isinstance(packed, bytes):
            packed = io.BytesIO(packed)
        file: Any = io.BufferedReader(packed, 1000)
        length = len(packed.getvalue())
        source = _source.Source(file, 'disk.img', length)
        return decompression.decompress(source, name, size)

    def body(
        self, source: _source.Source, **options: Any
    ) -> streams.VerboseFileWrapper:
        return streams.VerboseFileWrapper(
            source.file,
            source.name,
            source.size,
            origin=source.origin,
            hold_last=source.checked_at_end,
            **options,
        )

    def unpacked(self, *args: Any, **options: Any) -> bytes:
        return b''.join(self.body(self.opened(*args, **options)))

    def failed(self, packed: bytes, name: str = 'auto') -> str:
        with self.assertRaises(exceptions.SourceError) as caught:
            self.unpacked(packed, name)
        return str(caught.exception)


class TestFormats(DecompressionTestCase):
    def test_each_is_decompressed(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            for chosen in ('auto', name):
                for data in (DATA, b'1', b''):
                    with self.subTest(name, chosen=chosen, size=len(data)):
                        packed = compress(data)
                        self.assertEqual(data, self.unpacked(packed, chosen))

    def test_any_size_near_that_of_a_block(self) -> None:
        """A decompressor may have output left without any input."""
        for name, compress in compressed.COMPRESS.items():
            for size in range(streams.BLOCK_SIZE - 2, streams.BLOCK_SIZE + 3):
                with self.subTest(name, size=size):
                    data = DATA[:size]
                    self.assertEqual(data, self.unpacked(compress(data)))

    def test_several_members(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            with self.subTest(name):
                packed = compress(DATA) + compress(b'') + compress(b'more')
                self.assertEqual(DATA + b'more', self.unpacked(packed))

    def test_zeros_between_members(self) -> None:
        for name in ('gzip', 'xz'):
            member = compressed.COMPRESS[name](b'data')
            for count in (4, 4000):
                packed = member + bytes(count) + member + bytes(count)
                self.assertEqual(b'datadata', self.unpacked(packed))

    def test_zstd_frames_to_skip(self) -> None:
        skipped = b'\x50*M\x18\4\0\0\0what'
        packed = skipped + compressed.zstd_stream(DATA) + skipped
        self.assertEqual(DATA, self.unpacked(packed))

    def test_pieces_of_any_size(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            for most in (1, 7, 5000):
                with self.subTest(name, most=most):
                    data = DATA[:5000]
                    packed = doubles.ShortReader(compress(data), most)
                    self.assertEqual(data, self.unpacked(packed))

    def test_plain_data_is_left_alone(self) -> None:
        for data in (DATA, b'12345', b'BZ', b'1'):
            source = self.opened(data)
            self.assertEqual(len(data), source.size)
            self.assertIsNone(source.origin)
            self.assertEqual(data, b''.join(self.body(source)))

    def test_a_pipe_that_begins_with_one_byte(self) -> None:
        packed = compressed.COMPRESS['xz'](DATA)
        self.assertEqual(DATA, self.unpacked(doubles.ShortReader(packed, 1)))


class TestDamage(DecompressionTestCase):
    def test_an_early_end(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            packed = compress(DATA)
            for end in (7, len(packed) // 2, len(packed) - 1):
                with self.subTest(name, end=end):
                    self.assertEqual(
                        f'Cannot decompress disk.img ({name}): the data '
                        'ends early.',
                        self.failed(packed[:end]),
                    )

    def test_an_early_end_of_another_member(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            packed = compress(DATA) + compress(DATA)[:50]
            with self.subTest(name):
                self.assertIn('ends early', self.failed(packed))

    def test_trailing_garbage(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            for garbage in (b'garbage' * 10, b'\0garbage' * 10, b'x'):
                with self.subTest(name, garbage=garbage):
                    self.assertRegex(
                        self.failed(compress(DATA) + garbage),
                        r': (other data follows the compressed data|the data '
                        r'ends early)\.$',
                    )

    def test_another_format(self) -> None:
        for name in compressed.COMPRESS:
            for data in (b'plain data', b'p'):
                with self.subTest(name, data=data):
                    self.assertIn(f'({name})', self.failed(data, name))

    def test_a_changed_byte(self) -> None:
        for name in ('gzip', 'bzip2', 'xz'):
            packed = bytearray(compressed.COMPRESS[name](DATA))
            packed[len(packed) // 2] ^= 1
            with self.subTest(name):
                self.failed(bytes(packed))

    def test_all_is_never_sent(self) -> None:
        """Not even if the size is known: Glance would have all of it."""
        for name, compress in compressed.COMPRESS.items():
            packed = compress(DATA) + b'garbage' * 10
            sent = 0
            with self.subTest(name):
                with self.assertRaises(exceptions.SourceError):
                    for block in self.body(
                        self.opened(packed, size=len(DATA))
                    ):
                        sent += len(block)
                self.assertLess(sent, len(DATA))

    def test_too_much_memory(self) -> None:
        with mock.patch.object(compression, '_MAX_MEMORY', 1024**2):
            packed = lzma.compress(b'data')
            self.assertIn('emory', self.failed(packed))

    def test_a_disk_that_fails(self) -> None:
        packed = compressed.COMPRESS['gzip'](DATA)
        error = OSError(5, 'Input/output error')
        source = self.opened(doubles.FailingReader(packed[:2000], error))
        with self.assertRaisesRegex(
            exceptions.SourceError, '^Reading disk.img failed: Input/output'
        ):
            list(self.body(source))


class TestRestart(DecompressionTestCase):
    def test_it_starts_from_the_beginning(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            body = self.body(self.opened(compress(DATA) + compress(b'more')))
            next(iter(body))
            for _ in range(2):
                with self.subTest(name):
                    self.assertEqual(DATA + b'more', b''.join(body))

    def test_what_can_be_read_once_stays_so(self) -> None:
        packed = doubles.NonSeekableReader(compressed.COMPRESS['xz'](DATA))
        self.assertFalse(self.body(self.opened(packed)).rewindable)


class TestProgress(DecompressionTestCase):
    def test_it_is_that_of_the_source(self) -> None:
        packed = compressed.COMPRESS['gzip'](os.urandom(5_000_000))
        listener = doubles.RecordingListener()
        list(self.body(self.opened(packed), listener=listener))
        self.assertEqual([len(packed)], listener.heard('started'))
        self.assertEqual(len(packed), listener.heard('moved')[-1])
        self.assertEqual(5_000_000, listener.heard('sent')[-1])
        self.assertGreater(len(set(listener.heard('moved'))), 3)


class TestMemory(DecompressionTestCase):
    def test_it_does_not_grow(self) -> None:
        """300 MB of zeros are some KB, which come in one piece."""
        zeros = bytes(1024**2)
        packers: dict[str, Any] = {
            'bzip2': bz2.BZ2Compressor(),
            'zstd': compressed.zstd.ZstdCompressor(),
        }
        for name, packer in packers.items():
            packed = b''.join(packer.compress(zeros) for _ in range(300))
            packed += packer.flush()
            source = self.opened(packed)
            tracemalloc.start()
            self.addCleanup(tracemalloc.stop)
            size = sum(len(block) for block in self.body(source))
            _current, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            with self.subTest(name):
                self.assertEqual(300 * 1024**2, size)
                self.assertLess(peak, 16 * 1024**2)


class TestMissingPackage(unittest.TestCase):
    def test_it_is_named(self) -> None:
        name = compressed.zstd.__name__
        with mock.patch.dict('sys.modules', {name: None}):
            with self.assertRaisesRegex(
                exceptions.SourceError,
                rf'package {name}\. .*pip install osc-image-ext\[zstd\]',
            ):
                compression.get_format('zstd')

    def test_other_formats_do_not_need_it(self) -> None:
        with mock.patch.dict('sys.modules', {compressed.zstd.__name__: None}):
            for name in ('gzip', 'bzip2', 'xz'):
                compression.get_format(name)
