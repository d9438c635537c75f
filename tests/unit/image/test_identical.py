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
import io
from typing import Any
import unittest

from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext.image import identical
from osc_image_ext.image import source as _source
from tests.fixtures import doubles

DATA = bytes(range(250)) * 10_000
ATTRS = {'name': 'disk', 'disk_format': 'raw', 'container_format': 'bare'}
SHA512 = hashlib.sha512(DATA).hexdigest()


def stored(**attributes: Any) -> _image.Image:
    """Return an image that has the data."""
    return doubles.image(
        **{
            **ATTRS,
            'owner_id': 'project',
            'size': len(DATA),
            'hash_algo': 'sha512',
            'hash_value': SHA512,
            'checksum': hashlib.md5(DATA).hexdigest(),
            **attributes,
        }
    )


class TestFind(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        logged = self.enterContext(self.assertLogs(identical.LOG))
        identical.LOG.warning('the first')
        self.log = logged.records

    def find(
        self,
        *images: _image.Image,
        data: io.BytesIO | None = None,
        attrs: dict[str, Any] | None = None,
        **options: Any,
    ) -> str | None:
        """Return the ID of the image that is found."""
        self.proxy = doubles.proxy(images=list(images))
        self.proxy.get_project_id.return_value = 'project'
        self.data = data or io.BytesIO(DATA)
        file: Any = io.BufferedReader(self.data)
        source = _source.Source(
            file, 'disk.img', **{'size': len(DATA), **options}
        )
        found = identical.find(
            self.proxy,
            {**ATTRS, **(attrs or {})},
            source,
            self.listener,
            doubles.RecordedSleep(),
        )
        self.left = file.read() if file.seekable() else b''
        return str(found.id) if found else None

    def test_the_same_data(self) -> None:
        self.assertEqual(doubles.IMAGE_ID, self.find(stored()))
        self.assertEqual(
            f'Image {doubles.IMAGE_ID} is unchanged: it has the same data '
            'already.',
            self.log[-1].getMessage(),
        )
        self.assertEqual('unchanged', self.listener.heard('phase')[-1])

    def test_the_first_of_several(self) -> None:
        other = stored(id='1', hash_value=SHA512[::-1])
        self.assertEqual('2', self.find(other, stored(id='2'), stored()))

    def test_md5_if_there_is_nothing_else(self) -> None:
        for value, found in ((None, doubles.IMAGE_ID), ('0' * 32, None)):
            changed = {'checksum': value} if value else {}
            image = stored(hash_algo=None, hash_value=None, **changed)
            self.assertEqual(found, self.find(image))

    def test_an_algorithm_that_this_python_does_not_have(self) -> None:
        image = stored(hash_algo='what', hash_value='0')
        self.assertEqual(doubles.IMAGE_ID, self.find(image))

    def test_other_images(self) -> None:
        for attributes in (
            {'name': 'Disk'},
            {'disk_format': 'qcow2'},
            {'container_format': 'ova'},
            {'owner_id': 'another'},
            {'status': 'deactivated'},
            {'size': 5},
            {'hash_value': SHA512[::-1], 'checksum': '0' * 32},
        ):
            with self.subTest(attributes):
                self.assertIsNone(self.find(stored(**attributes)))
                self.assertEqual(DATA, self.left)

    def test_an_image_without_checksums(self) -> None:
        image = stored(hash_algo=None, hash_value=None, checksum=None)
        self.assertIsNone(self.find(image))

    def test_an_id_and_a_project(self) -> None:
        other = {'owner_id': 'theirs', 'id': 'x'}
        self.assertIsNone(self.find(stored(), attrs=other))
        self.assertEqual('x', self.find(stored(**other), attrs=other))

    def test_nothing_is_read_if_there_is_no_such_image(self) -> None:
        self.assertIsNone(self.find())
        self.assertEqual([], self.listener.events)

    def test_an_unknown_size(self) -> None:
        self.assertEqual(doubles.IMAGE_ID, self.find(stored(), size=None))

    def test_a_published_checksum_is_enough(self) -> None:
        """Nothing is read, whether it is that of the image or another."""
        for value, found in (
            (SHA512, doubles.IMAGE_ID),
            (SHA512[::-1], None),
        ):
            published = {'sha512': value}
            self.assertEqual(found, self.find(stored(), published=published))
            self.assertEqual([], self.listener.heard('started'))

    def test_no_published_checksum_may_differ(self) -> None:
        image = stored(checksum='0' * 32)
        published = {'md5': '0' * 32}
        self.assertEqual(
            doubles.IMAGE_ID, self.find(image, published=published)
        )
        published['sha512'] = SHA512[::-1]
        self.assertIsNone(self.find(image, published=published))

    def test_a_published_checksum_that_glance_does_not_have(self) -> None:
        published = {'sha256': 'whatever'}
        found = self.find(stored(), published=published)
        self.assertEqual(doubles.IMAGE_ID, found)

    def test_a_pipe(self) -> None:
        pipe = doubles.NonSeekableReader(DATA)
        self.assertIsNone(self.find(stored(), data=pipe))
        self.assertIn('can be read only once', self.log[-1].getMessage())
        self.assertEqual([], self.listener.events)

    def test_a_source_that_breaks_off(self) -> None:
        class Interrupted(io.BytesIO):
            def readinto(self, buffer: Any) -> int:
                raise exceptions.SourceInterrupted('It broke off.')

        self.proxy = doubles.proxy(images=[stored()])
        self.proxy.get_project_id.return_value = 'project'
        file: Any = io.BufferedReader(Interrupted(DATA))
        source = _source.Source(file, 'disk.img', len(DATA))
        self.assertIsNone(
            identical.find(self.proxy, ATTRS, source, self.listener)
        )
        self.assertEqual(
            'It broke off. It is not compared.', self.log[-1].getMessage()
        )
