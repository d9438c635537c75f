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
"""Image data that is compared with what its publisher has published."""

import hashlib
from typing import Any

from tests.fixtures import faults
from tests.fixtures import publisher
from tests.functional import base
from tests.functional import fetch_base


class ChecksumTest(fetch_base.FetchTest):
    def setUp(self) -> None:
        super().setUp()
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.value = f'sha256:{self.sha256}'
        self.wrong = f'sha256:{hashlib.sha256(b"").hexdigest()}'

    def write_list(self, line: str) -> str:
        path = self.folder / 'SHA256SUMS'
        path.write_text(f'{line}\n')
        return str(path)


class RightDataTest(ChecksumTest):
    def test_fetched(self) -> None:
        self.openstack(
            *(*self.create, '--fetch', self.publish()),
            *('--checksum', self.value),
        )
        self.assert_active()

    def test_file(self) -> None:
        self.openstack(
            *(*self.create, '--file', str(self.file)),
            *('--checksum', f'MD5:{hashlib.md5(self.data).hexdigest()}'),
        )
        self.assert_active()

    def test_standard_input(self) -> None:
        result = self.run_openstack(
            *self.create, '--checksum', self.value, data=self.data
        )
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_list_in_a_file(self) -> None:
        sums = self.write_list(f'{self.sha256} *{self.file.name}')
        self.openstack(
            *self.create, '--file', str(self.file), '--checksum', sums
        )
        self.assert_active()

    def test_list_on_a_web_server(self) -> None:
        line = f'SHA256 (disk.img) = {self.sha256}\n'
        sums = self.publisher.publish('SUMS', line.encode())
        self.openstack(
            *(*self.create, '--fetch', self.publish()),
            *('--checksum', sums),
        )
        self.assert_active()

    def test_resumed(self) -> None:
        self.publisher.inject(publisher.Cut(fetch_base.HALF))
        result = self.fetch(self.publish(), '--checksum', self.value)
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_started_again(self) -> None:
        self.publisher.inject(publisher.Cut(fetch_base.HALF))
        url = self.publish(ranges=False)
        result = self.fetch(url, '--checksum', self.value)
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_sent_again(self) -> None:
        expired = faults.Answer(401, faults.When.AFTER)
        self.proxy.inject('PUT', '/file', expired)
        # Glance's own algorithm, so that one digest is compared at both ends.
        value = f'sha512:{hashlib.sha512(self.data).hexdigest()}'
        self.openstack(
            *(*self.create, '--file', str(self.file)),
            *('--checksum', value),
        )
        self.assert_active()


class WrongDataTest(ChecksumTest):
    """The image never becomes usable, and nothing is left of it."""

    def assert_rejected(self, result: base.Result, name: str) -> None:
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assertRegex(
            result.stderr.splitlines()[-1],
            rf'^The checksum of {name} is wrong: expected sha256 [0-9a-f]+, '
            r'but its data has [0-9a-f]+. Image \S+ was deleted.$',
        )
        self.assert_nothing_left()
        # Glance did not get all of it, so that it never was active.
        for put in self.proxy.requests('PUT'):
            self.assertLess(put.body, len(self.data))

    @base.cases(
        size_is_known=({}, ()),
        chunks=({'chunked': True}, ()),
        kept=({}, ('--keep-failed',)),
        public=({}, ('--public', '--protected')),
        imported=({}, ('--import', '--wait')),
        imported_and_kept=({}, ('--import', '--keep-failed')),
    )
    def test_fetched(self, published: Any, options: tuple[str, ...]) -> None:
        self.publisher.inject(faults.Flip(fetch_base.SIZE - 1))
        url = self.publish(**published)
        result = self.fetch(url, '--checksum', self.value, *options)
        self.assert_rejected(result, url)

    def test_file(self) -> None:
        result = self.run_openstack(
            *(*self.create, '--file', str(self.file)),
            *('--checksum', self.wrong),
        )
        self.assert_rejected(result, str(self.file))

    def test_standard_input(self) -> None:
        result = self.run_openstack(
            *self.create, '--checksum', self.wrong, data=self.data
        )
        self.assert_rejected(result, 'Standard input')

    @base.cases(upload=('upload',), stage=('stage',))
    def test_existing_image(self, command: str) -> None:
        image = self.queued()
        error = self.failing(
            *('image', command, self.name, '--file', str(self.file)),
            *('--checksum', self.wrong),
        )
        self.assertIn(f'Image {image.id} was not deleted.', error)
        self.wait_for(lambda: self.image().status == 'queued')
        self.assertEqual({}, self.kept(image.id))


class RefusedTest(ChecksumTest):
    """Nothing is created."""

    def refuse(self, checksum: str) -> str:
        return self.refused('--file', str(self.file), '--checksum', checksum)

    def test_no_line_for_the_file(self) -> None:
        sums = self.write_list(f'{self.sha256}  other.img')
        self.assertEqual(
            f'{sums} has no checksum for disk.img.', self.refuse(sums)
        )

    def test_list_that_a_web_server_does_not_have(self) -> None:
        url = f'{self.publisher.url}/SUMS'
        self.assertIn('404', self.refuse(url))

    def test_no_data(self) -> None:
        self.assertIn(
            '--checksum requires image data',
            self.refused('--checksum', self.value),
        )
