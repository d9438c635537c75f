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
"""Images that are not uploaded because they are there already."""

import hashlib

from tests.fixtures import compressed
from tests.functional import base
from tests.functional import fetch_base


class IdenticalTest(fetch_base.FetchTest):
    def setUp(self) -> None:
        super().setUp()
        self.command = (
            *('image', 'create', '-f', 'value', '-c', 'id', self.name),
            '--skip-identical',
        )

    def create_first(self, *options: str) -> str:
        """Create an image; return its ID."""
        result = self.openstack(
            *(*self.command, '--file', str(self.file), *options)
        )
        self.proxy.seen.clear()
        return result.stdout.strip()

    def run_again(
        self, *options: str, data: bytes | None = None
    ) -> base.Result:
        result = self.run_openstack(*self.command, *options, data=data)
        self.assertEqual(0, result.status)
        return result

    def assert_unchanged(self, image_id: str, result: base.Result) -> None:
        self.assertEqual(f'{image_id}\n', result.stdout)
        self.assertEqual(
            f'Image {image_id} is unchanged: it has the same data already.\n',
            result.stderr,
        )
        self.assertEqual([], self.proxy.requests('POST'))
        self.assertEqual([], self.proxy.requests('PUT'))

    def assert_uploaded(self) -> None:
        self.assertEqual(1, len(self.proxy.requests('PUT')))
        self.assertEqual(2, len(self.images()))

    @base.cases(upload=(), imported=('--import', '--wait'))
    def test_file(self, *options: str) -> None:
        image_id = self.create_first()
        result = self.run_again('--file', str(self.file), *options)
        self.assert_unchanged(image_id, result)

    def test_fetched(self) -> None:
        image_id = self.create_first()
        result = self.run_again('--fetch', self.publish())
        self.assert_unchanged(image_id, result)
        self.assertEqual(1, len(self.publisher.requests))

    def test_published_checksum_is_enough(self) -> None:
        """The rest of the data is not fetched then."""
        image_id = self.create_first()
        sha512 = hashlib.sha512(self.data).hexdigest()
        result = self.run_again(
            '--fetch', self.publish(), '--checksum', f'sha512:{sha512}'
        )
        self.assert_unchanged(image_id, result)

    def test_decompressed(self) -> None:
        image_id = self.create_first()
        packed = compressed.COMPRESS['gzip'](self.data)
        self.file.write_bytes(packed)
        result = self.run_again(
            '--file', str(self.file), '--decompress', 'auto'
        )
        self.assert_unchanged(image_id, result)

    @base.cases(
        data=(b'x' * fetch_base.SIZE,),
        size=(b'x',),
    )
    def test_other(self, data: bytes) -> None:
        self.create_first()
        self.file.write_bytes(data)
        result = self.run_again('--file', str(self.file))
        self.assertEqual('', result.stderr)
        self.assert_uploaded()

    @base.cases(
        disk_format=('--disk-format', 'ploop'),
        container_format=('--container-format', 'ova'),
        project=('--project', 'demo'),
        id=('--id', '0badc0de-0000-4000-8000-000000000013'),
    )
    def test_other_attribute(self, *options: str) -> None:
        self.create_first()
        self.run_again('--file', str(self.file), *options)
        self.assert_uploaded()

    def test_pipe(self) -> None:
        self.create_first()
        result = self.run_again(data=self.data)
        self.assertIn(
            'Standard input can be read only once, so it is not compared',
            result.stderr,
        )
        self.assert_uploaded()

    def test_pipe_without_such_an_image(self) -> None:
        result = self.run_again(data=self.data)
        self.assertNotIn('only once', result.stderr)

    def test_no_data(self) -> None:
        error = self.refused('--skip-identical')
        self.assertIn('--skip-identical requires image data', error)

    def test_progress(self) -> None:
        self.create_first()
        result = self.run_again('--file', str(self.file), '--progress')
        lines = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: comparing 3.0 MiB', lines[0])
        self.assert_starts(f'{self.name}: unchanged, 3.0 MiB in ', lines[-1])
