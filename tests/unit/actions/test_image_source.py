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
import hashlib
import io
import pathlib
import tempfile
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.actions import image_source
from osc_image_ext.commands import image_options
from osc_image_ext.image import checksums
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from tests.fixtures import compressed
from tests.fixtures import doubles

DATA = bytes(range(250)) * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


def options(*arguments: str) -> image_source.SourceOptions:
    parser = argparse.ArgumentParser()
    parser.add_argument('--file', dest='filename')
    image_options.add_size(parser)
    image_options.add_source_options(parser)
    return image_source.source_options(parser.parse_args(arguments))


class TestOptions(unittest.TestCase):
    def test_a_value_is_a_checksum_and_other_text_a_list(self) -> None:
        for text, expected in (
            (f'sha256:{SHA256}', checksums.Checksum('sha256', SHA256)),
            ('SHA256SUMS', 'SHA256SUMS'),
        ):
            self.assertEqual(expected, options('--checksum', text).checksum)

    def test_nothing(self) -> None:
        self.assertEqual(image_source.SourceOptions(), options())

    def test_what_is_not_valid(self) -> None:
        for arguments, words in (
            (['--fetch', 'ftp://h/x'], 'requires an http or https URL'),
            (['--fetch', ''], 'requires an http or https URL'),
            (['--fetch', 'http://h/x', '--file', ''], 'used with --file'),
            (['--checksum', 'sha256:00'], 'has 64 digits'),
        ):
            with self.subTest(arguments):
                with self.assertRaisesRegex(exceptions.Error, words):
                    options(*arguments)

    def test_a_package_is_missed_before_anything_is_read(self) -> None:
        with mock.patch.dict('sys.modules', {compressed.zstd.__name__: None}):
            with self.assertRaisesRegex(exceptions.Error, 'pip install'):
                options('--decompress', 'zstd')


class TestOpen(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )

    def opened(self, data: bytes, *arguments: str) -> _source.Source:
        path = self.folder / 'disk.img'
        path.write_bytes(data)
        source = self.enterContext(
            image_source.require_source(
                options('--file', str(path), *arguments)
            )
        )
        self.body = upload.make_body(
            source, doubles.RecordingListener(), ('', '')
        )
        return source

    def test_the_checksum_is_that_of_the_compressed_data(self) -> None:
        packed = compressed.COMPRESS['xz'](DATA)
        value = hashlib.sha256(packed).hexdigest()
        source = self.opened(
            *(packed, '--checksum', f'sha256:{value}'),
            *('--decompress', 'auto'),
        )
        self.assertEqual(len(DATA), source.size)
        # The image has another one.
        self.assertEqual({}, source.published)
        for _ in range(2):
            self.assertEqual(DATA, b''.join(self.body))

    def test_a_wrong_checksum_of_compressed_data(self) -> None:
        """All members are whole, and the last block is held back."""
        packed = compressed.COMPRESS['gzip'](DATA)
        self.opened(
            *(packed, '--checksum', f'sha256:{SHA256}'),
            *('--decompress', 'auto', '--size', str(len(DATA))),
        )
        sent = 0
        with self.assertRaises(exceptions.ChecksumError):
            for block in self.body:
                sent += len(block)
        self.assertLess(sent, len(DATA))

    def test_the_size_is_that_of_the_image(self) -> None:
        packed = compressed.COMPRESS['gzip'](DATA)
        arguments = ('--decompress', 'gzip', '--size', str(len(DATA)))
        self.assertEqual(len(DATA), self.opened(packed, *arguments).size)
        self.assertEqual(DATA, b''.join(self.body))

    def test_another_size_than_that_of_the_image(self) -> None:
        for name in ('xz', 'zstd'):
            packed = compressed.COMPRESS[name](DATA)
            with self.assertRaisesRegex(
                exceptions.SourceError, f'is {len(DATA)} bytes long'
            ):
                self.opened(packed, '--decompress', 'auto', '--size', '5')

    def test_another_size_than_that_of_plain_data(self) -> None:
        with self.assertRaisesRegex(exceptions.SourceError, 'bytes long'):
            self.opened(DATA, '--decompress', 'auto', '--size', '5')

    def test_an_empty_checksum(self) -> None:
        """As with an unset variable: not without a comparison by accident."""
        with self.assertRaisesRegex(exceptions.SourceError, "Cannot read ''"):
            self.opened(DATA, '--checksum', '')

    def test_the_list_has_the_name_of_the_file(self) -> None:
        sums = self.folder / 'SHA256SUMS'
        sums.write_text(f'{SHA256}  disk.img\n{"0" * 64}  other.img\n')
        source = self.opened(DATA, '--checksum', str(sums))
        self.assertEqual({'sha256': SHA256}, source.published)
        self.assertEqual(DATA, b''.join(self.body))


class TestFormat(unittest.TestCase):
    def source(self) -> _source.Source:
        file: Any = io.BufferedReader(io.BytesIO(b'QFI\xfb\0\0\0\3' * 9999))
        return _source.Source(file, 'disk.img', 8 * 9999)

    def test_a_contradiction_is_warned_of(self) -> None:
        with self.assertLogs(image_source.LOG) as logged:
            image_source.warn_of_format_mismatch(self.source(), 'raw', 'bare')
        self.assertIn('looks like qcow2', logged.output[0])

    def test_compressed_data_is_pointed_out(self) -> None:
        for name, compress in compressed.COMPRESS.items():
            file: Any = io.BufferedReader(io.BytesIO(compress(DATA)))
            source = _source.Source(file, 'disk.img', None)
            for disk_format in ('raw', 'qcow2'):
                with self.assertLogs(image_source.LOG) as logged:
                    image_source.warn_of_format_mismatch(
                        source, disk_format, 'bare'
                    )
                self.assertEqual(1, len(logged.output))
                self.assertIn(
                    f'looks like {name}-compressed', logged.output[0]
                )
            for formats in ((None, 'bare'), ('raw', 'compressed')):
                with self.assertNoLogs(image_source.LOG):
                    image_source.warn_of_format_mismatch(source, *formats)

    def test_what_cannot_be_told_is_not(self) -> None:
        for formats in ((None, 'bare'), ('raw', 'ova'), ('qcow2', 'bare')):
            with self.assertNoLogs(image_source.LOG):
                image_source.warn_of_format_mismatch(self.source(), *formats)

    def test_no_digest(self) -> None:
        with self.assertLogs(image_source.LOG) as logged:
            image_source.warn_unverified(
                upload.UploadResult(doubles.image(), None)
            )
        self.assertIn(doubles.IMAGE_ID, logged.output[0])

    def test_a_digest(self) -> None:
        with self.assertNoLogs(image_source.LOG):
            image_source.warn_unverified(
                upload.UploadResult(doubles.image(), 'sha512')
            )
