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

import hashlib
import pathlib
import tempfile
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import checksums

SHA256 = hashlib.sha256(b'disk').hexdigest()
OTHER = hashlib.sha256(b'other').hexdigest()
SHA512 = hashlib.sha512(b'disk').hexdigest()
MD5 = hashlib.md5(b'disk').hexdigest()


class TestValue(unittest.TestCase):
    def test_an_algorithm_and_a_value(self) -> None:
        for text in (f'sha256:{SHA256}', f'SHA256:{SHA256.upper()}'):
            self.assertEqual(
                checksums.Checksum('sha256', SHA256),
                checksums.parse_value(text),
            )

    def test_another_text_is_the_place_of_a_list(self) -> None:
        for text in (
            'SHA256SUMS',
            'https://example.org/SHA256SUMS',
            './sha256:00',
            f'sha256={SHA256}',
            '',
        ):
            self.assertIsNone(checksums.parse_value(text))

    def test_an_unknown_algorithm(self) -> None:
        for name in ('crc32', 'shake_128'):
            with self.assertRaisesRegex(
                exceptions.SourceError, f'algorithm {name} is not supported'
            ):
                checksums.parse_value(f'{name}:00')

    def test_a_value_of_another_length(self) -> None:
        with self.assertRaisesRegex(
            exceptions.SourceError, 'sha256 has 64 digits'
        ):
            checksums.parse_value(f'sha256:{MD5}')


class TestList(unittest.TestCase):
    def find(self, text: str, name: str = 'disk.img') -> checksums.Checksum:
        return checksums.find(text, name, 'SHA256SUMS')

    def test_the_lines_that_programs_write(self) -> None:
        for line in (
            f'{SHA256}  disk.img',
            f'{SHA256} *disk.img',
            f'{SHA256} disk.img',
            f'{SHA256}\tdisk.img',
            f'{SHA256}  ./images/disk.img',
            f'{SHA256.upper()}  disk.img\r',
            f'SHA256 (disk.img) = {SHA256}',
            f'SHA256(disk.img)= {SHA256}',
            f'SHA2-256(disk.img)= {SHA256}',
        ):
            with self.subTest(line):
                text = f'# a list\n{OTHER}  other.img\n\n{line}\n'
                self.assertEqual(
                    checksums.Checksum('sha256', SHA256), self.find(text)
                )

    def test_a_value_alone(self) -> None:
        self.assertEqual(SHA256, self.find(f'{SHA256}\n').value)

    def test_escaped_names(self) -> None:
        for line in (
            f'\\{SHA256}  a\\\\b\\nc',
            f'\\SHA256 (a\\\\b\\nc) = {SHA256}',
        ):
            self.assertEqual(SHA256, self.find(line, 'a\\b\nc').value)

    def test_names_that_are_not_escaped(self) -> None:
        text = f'{SHA256}  a\\nb'
        self.assertEqual(SHA256, self.find(text, 'a\\nb').value)

    def test_a_signed_list(self) -> None:
        text = (
            '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n'
            f'# disk.img: 4 bytes\nSHA256 (disk.img) = {SHA256}\n'
            '-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCAAdFiEE\n'
            '-----END PGP SIGNATURE-----\n'
        )
        self.assertEqual(SHA256, self.find(text).value)

    def test_the_longest_of_several_algorithms(self) -> None:
        text = f'{MD5}  disk.img\n{SHA512}  disk.img\n{SHA256}  disk.img'
        self.assertEqual(checksums.Checksum('sha512', SHA512), self.find(text))

    def test_names_that_only_look_alike(self) -> None:
        for name in ('disk.img.xz', 'mydisk.img', 'Disk.img', 'disk'):
            with self.assertRaisesRegex(
                exceptions.SourceError,
                '^SHA256SUMS has no checksum for disk.img.$',
            ):
                self.find(f'{SHA256}  {name}')

    def test_lines_that_are_no_checksums(self) -> None:
        for line in (
            f'{SHA256[:-1]}  disk.img',
            f'{SHA256}disk.img',
            f'WHAT (disk.img) = {SHA256}',
            f'SHA512 (disk.img) = {SHA256}',
            '<html>',
        ):
            with self.subTest(line):
                with self.assertRaises(exceptions.SourceError):
                    self.find(line)

    def test_contradicting_lines(self) -> None:
        with self.assertRaisesRegex(exceptions.SourceError, 'has several'):
            self.find(f'{SHA256}  a/disk.img\n{OTHER}  b/disk.img')

    def test_the_same_line_twice(self) -> None:
        line = f'{SHA256}  disk.img\n'
        self.assertEqual(SHA256, self.find(line * 2).value)

    def test_a_source_without_a_name(self) -> None:
        self.assertEqual(SHA256, self.find(f'{SHA256}  disk.img', '').value)
        with self.assertRaisesRegex(exceptions.SourceError, 'has several'):
            self.find(f'{SHA256}  disk.img\n{OTHER}  other.img', '')
        with self.assertRaisesRegex(exceptions.SourceError, 'for the data'):
            self.find('', '')


class TestFile(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder) / 'SHA256SUMS'

    def test_it_is_read(self) -> None:
        self.path.write_bytes(f'{SHA256}  disk.img\n\xff'.encode('latin-1'))
        self.assertEqual(
            SHA256, checksums.read(str(self.path), 'disk.img').value
        )

    def test_there_is_none(self) -> None:
        with self.assertRaisesRegex(
            exceptions.SourceError, f'^Cannot read {self.path}: No such'
        ):
            checksums.read(str(self.path), 'disk.img')
