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

"""What is uploaded is what was given, whole, with nothing added."""

import base64
import filecmp
import json
import os
import threading

from tests.functional import base


class UploadTest(base.FunctionalTest):
    """Uploads that nothing disturbs, to a Glance with several stores."""

    def test_file(self) -> None:
        source = self.source(5 * 1024**2 + 3)
        shown = self.openstack(
            'image', 'create', '--file', str(source), self.name, '-f', 'json'
        ).json
        image = self.image()
        self.assertEqual('active', shown['status'])
        self.assertEqual(image.id, shown['id'])
        self.assertEqual(source.read_bytes(), self.stored(image))

    def test_columns_are_those_of_image_show(self) -> None:
        source = self.source(10)
        created = self.openstack(
            'image', 'create', '--file', str(source), self.name, '-f', 'json'
        ).json
        shown = self.openstack('image', 'show', self.name, '-f', 'json').json
        self.assertEqual(shown, created)

    def test_attributes(self) -> None:
        source = self.source(10)
        self.openstack(
            *('image', 'create', '--file', str(source), self.name),
            *('--disk-format', 'raw', '--container-format', 'bare'),
            *('--min-disk', '1', '--min-ram', '2', '--private', '--protected'),
            *('--tag', 'a', '--tag', 'b', '--property', 'os_distro=debian'),
            *('--project', 'demo'),
            *('--id', f'0badc0de-0000-4000-8000-{os.getpid():012x}'),
        )
        image = self.image()
        self.assertEqual('raw', image.disk_format)
        self.assertEqual((1, 2), (image.min_disk, image.min_ram))
        self.assertEqual('private', image.visibility)
        self.assertTrue(image.is_protected)
        self.assertEqual(['a', 'b'], sorted(image.tags))
        self.assertEqual('debian', image.os_distro)
        self.assertNotEqual(self.glance.get_project_id(), image.owner)
        self.assert_starts('0badc0de', image.id)

    def test_no_property_but_the_users(self) -> None:
        source = self.source(10)
        odd = {'data': 'x', 'filename': 'y=z', 'properties': '', 'size ': 'ß'}
        options = [f'--property={key}={value}' for key, value in odd.items()]
        self.openstack(
            'image', 'create', '--file', str(source), self.name, *options
        )
        properties = self.image().properties
        ours = {k: v for k, v in properties.items() if k != 'stores'}
        self.assertEqual(odd, ours)

    def test_name_that_is_a_path_is_a_name(self) -> None:
        self.name = str(self.source(10))
        self.openstack('image', 'create', self.name)
        self.assertEqual('queued', self.image().status)

    def test_names_in_any_script(self) -> None:
        self.name = f'изображение 图片 ⛁ {self.name}'
        source = self.source(10, 'ディスク.img')
        shown = self.openstack(
            'image', 'create', '--file', str(source), self.name, '-f', 'json'
        ).json
        self.assertEqual(self.name, shown['name'])
        self.assertEqual(source.read_bytes(), self.stored(self.image()))

    def test_empty_file(self) -> None:
        source = self.source(0)
        self.openstack('image', 'create', '--file', str(source), self.name)
        image = self.image()
        self.assertEqual(('active', 0), (image.status, image.size))

    def test_sparse_file(self) -> None:
        source = self.folder / 'sparse'
        with source.open('wb') as file:
            file.write(b'head')
            file.truncate(20 * 1024**2)
        self.openstack('image', 'create', '--file', str(source), self.name)
        self.assertEqual(source.read_bytes(), self.stored(self.image()))

    def test_size_is_announced(self) -> None:
        proxy = self.proxied()
        source = self.source(100)
        self.openstack('image', 'create', '--file', str(source), self.name)
        (put,) = proxy.requests('PUT')
        self.assertEqual('100', put.headers['X-OpenStack-Image-Size'])
        self.assertEqual('100', put.headers['Content-Length'])

    def test_fifo(self) -> None:
        fifo = self.folder / 'fifo'
        os.mkfifo(fifo)
        data = os.urandom(3 * 1024**2)
        writer = threading.Thread(target=fifo.write_bytes, args=(data,))
        writer.start()
        self.openstack('image', 'create', '--file', str(fifo), self.name)
        writer.join()
        self.assertEqual(data, self.stored(self.image()))

    def test_signed(self) -> None:
        """Glance has no key manager here: it refuses, and is quoted."""
        key = self.folder / 'key.pem'
        key.write_bytes(base.private_key())
        proxy = self.proxied()
        process = self.at_prompt(
            *('image', 'create', '--file', str(self.source(10)), self.name),
            *('--sign-key-path', str(key), '--sign-cert-id', 'no-such'),
        )
        result = self.finish(process)
        self.assertEqual(1, result.status)
        self.assertIn('ignature verification failed', result.stderr)
        self.assertEqual([], self.images())
        (post,) = proxy.requests('POST')
        record = json.loads(post.content)
        self.assertEqual('no-such', record['img_signature_certificate_uuid'])
        self.assertEqual(256, len(base64.b64decode(record['img_signature'])))

    def test_from_volume_is_cores(self) -> None:
        error = self.failing('image', 'create', '--volume', 'v', self.name)
        # This cloud has no Cinder; its name in the error is the SDK's.
        self.assertRegex(error, 'block-storage|volumev3')


class SingleStoreUploadTest(base.FunctionalTest):
    """A Glance with one store, which has no name."""

    region = 'single'

    def test_file(self) -> None:
        source = self.source(5 * 1024**2 + 3)
        self.openstack('image', 'create', '--file', str(source), self.name)
        image = self.image()
        self.assertEqual('active', image.status)
        self.assertEqual(source.read_bytes(), self.stored(image))
        self.assertNotIn('stores', image.properties)


class LargeUploadTest(base.FunctionalTest):
    def test_more_than_4_gib(self) -> None:
        source = self.folder / 'large'
        with source.open('wb') as file:
            file.truncate(4 * 1024**3)
            file.seek(0, os.SEEK_END)
            file.write(b'the end')
        process = self.start(
            'image', 'create', '--file', str(source), self.name
        )
        process.wait(600)  # a disk that others use, too
        self.assertEqual(0, self.finish(process).status)
        image = self.image()
        self.assertEqual(4 * 1024**3 + 7, image.size)
        stored = self.cloud.stored(self.region, image.id)
        self.assertTrue(filecmp.cmp(source, stored, shallow=False))
