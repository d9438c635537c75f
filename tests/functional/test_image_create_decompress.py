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
"""Image data that is decompressed while it is uploaded."""

import os
import subprocess

from tests.fixtures import compressed
from tests.fixtures import publisher
from tests.functional import base
from tests.functional import fetch_base

# What compresses somewhat, so that progress in both is seen.
_PROGRAMS = {
    'gzip': ('gzip', '-c'),
    'bzip2': ('bzip2', '-c'),
    'xz': ('xz', '-c', '-T2', '--block-size=1MiB'),
    'zstd': ('zstd', '-q', '-c'),
}


class PackedTest(fetch_base.FetchTest):
    def pack(self, name: str) -> str:
        """Return the path of the data compressed by the program itself."""
        path = self.folder / f'disk.img.{name}'
        with path.open('wb') as packed:
            subprocess.run(
                [*_PROGRAMS[name], str(self.file)], stdout=packed, check=True
            )
        return str(path)

    def announced(self) -> str | None:
        """Return the size that Glance was told."""
        (put,) = self.proxy.requests('PUT')
        return put.headers.get('X-OpenStack-Image-Size')


class DecompressTest(PackedTest):
    @base.cases(
        gzip=('gzip', None),
        bzip2=('bzip2', None),
        xz=('xz', str(fetch_base.SIZE)),
        zstd=('zstd', str(fetch_base.SIZE)),
    )
    def test_file(self, name: str, announced: str | None) -> None:
        self.openstack(
            *(*self.create, '--file', self.pack(name)),
            *('--decompress', 'auto'),
        )
        self.assert_active()
        self.assertEqual(announced, self.announced())

    @base.cases(auto=('auto',), named=('xz',))
    def test_fetched(self, name: str) -> None:
        packed = compressed.COMPRESS['xz'](self.data)
        self.publisher.inject(publisher.Cut(fetch_base.HALF))
        url = self.publisher.publish('disk.img.xz', packed)
        result = self.fetch(url, '--decompress', name)
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_standard_input(self) -> None:
        packed = compressed.COMPRESS['zstd'](self.data)
        size = str(len(self.data))
        result = self.run_openstack(
            *(*self.create, '--decompress', 'zstd', '--size', size),
            data=packed,
        )
        self.assertEqual(0, result.status)
        self.assert_active()
        self.assertEqual(size, self.announced())

    def test_import(self) -> None:
        self.openstack(
            *(*self.create, '--file', self.pack('gzip')),
            *('--decompress', 'auto', '--import', '--wait'),
        )
        self.assert_active()

    def test_plain_data(self) -> None:
        self.openstack(
            *(*self.create, '--file', str(self.file)),
            *('--decompress', 'auto'),
        )
        self.assert_active()

    def test_checksum_is_that_of_the_compressed_data(self) -> None:
        packed = compressed.COMPRESS['gzip'](self.data)
        url = self.publisher.publish('disk.img.gz', packed)
        sums = subprocess.run(
            ['sha256sum'], input=packed, capture_output=True, check=True
        ).stdout.replace(b' -', b' disk.img.gz')
        options = ('--checksum', self.publisher.publish('SUMS', sums))
        self.openstack(
            *self.create, '--fetch', url, '--decompress', 'auto', *options
        )
        self.assert_active()

    def test_progress(self) -> None:
        self.data = os.urandom(1000) + bytes(fetch_base.SIZE)
        self.file.write_bytes(self.data)
        result = self.run_openstack(
            *(*self.create, '--file', self.pack('gzip')),
            *('--decompress', 'auto', '--progress'),
        )
        first, *_, last = result.stderr.splitlines()
        self.assertRegex(first, r': uploading 4.\d KiB$')
        self.assertRegex(last, r': verified, 4.\d KiB in .*, 3.0 MiB sent$')


class DamagedTest(PackedTest):
    """Nothing is left, not even if the size is announced and right."""

    def damaged(self, packed: bytes, *options: str) -> str:
        self.file.write_bytes(packed)
        error = self.failing(
            *(*self.create, '--file', str(self.file)),
            *('--decompress', 'auto', *options),
        )
        self.assert_nothing_left()
        return error

    @base.cases(size_is_known=('xz',), chunks=('gzip',))
    def test_early_end(self, name: str) -> None:
        packed = compressed.COMPRESS[name](self.data)
        self.assertRegex(
            self.damaged(packed[:-100]),
            rf'^Cannot decompress {self.file} \({name}\): the data ends '
            r'early. Image \S+ was deleted.$',
        )

    @base.cases(bzip2=('bzip2',), zstd=('zstd',))
    def test_trailing_garbage(self, name: str) -> None:
        packed = compressed.COMPRESS[name](self.data) + b'garbage' * 10
        options = ('--size', str(len(self.data)))
        self.assertIn('other data follows', self.damaged(packed, *options))
        (put,) = self.proxy.requests('PUT')
        self.assertLess(put.body, len(self.data))

    def test_other_format_than_said(self) -> None:
        error = self.refused('--file', str(self.file), '--decompress', 'xz')
        self.assertIn('(xz)', error)

    def test_other_size_than_said(self) -> None:
        path = self.pack('xz')
        options = ('--decompress', 'xz', '--size', '5')
        self.assertEqual(
            f'{path} is {len(self.data)} bytes long, but --size is 5.',
            self.refused('--file', path, *options),
        )


class NotDecompressedTest(PackedTest):
    def test_pointed_out(self) -> None:
        path = self.pack('xz')
        result = self.run_openstack(*self.create, '--file', path)
        self.assertEqual(
            (
                0,
                f'{path} looks like xz-compressed data, which Glance stores '
                'as it is. To store it decompressed, use --decompress auto.\n',
            ),
            (result.status, result.stderr),
        )

    def test_meant_to_be_compressed(self) -> None:
        self.queued(container_format='compressed')
        self.openstack('image', 'upload', self.name, '--file', self.pack('xz'))
