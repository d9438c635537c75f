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

"""Copies from one real cloud to another, disturbed on either side.

Each test ends with the bytes that the other store holds, or with nothing.
"""

import functools
import os
from typing import Any, cast

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from tests.fixtures import faults
from tests.fixtures import faulty_proxy
from tests.functional import base

_PUT = ('PUT', '/file')
_GET = ('GET', '/file')
_SIZE = 3 * 1024**2


class CopyTest(base.FunctionalTest):
    """From the cloud ``multi`` to the cloud ``single``."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self._delete_copies)

    @functools.cached_property
    def other(self) -> _proxy.Proxy:
        """The other cloud's image proxy, past any faulty one."""
        return cast(_proxy.Proxy, base.connection('single').image)

    def upload(self, **attrs: Any) -> _image.Image:
        """Return a new image of the cloud, with data."""
        self.data = os.urandom(attrs.pop('size', _SIZE))
        return self.glance.create_image(
            attrs.pop('name', self.name),
            data=self.data,
            **{'disk_format': 'raw', 'container_format': 'bare', **attrs},
        )

    def proxied_other(self) -> faulty_proxy.FaultyProxy:
        """Put a proxy between the command and the other cloud's Glance."""
        proxy = self.useFixture(
            faulty_proxy.FaultyProxy(self.cloud.image_url('single'))
        )
        self.reconfigure('single', image_endpoint_override=proxy.url)
        return proxy

    def copies(self) -> list[_image.Image]:
        """Return the test's images in the other cloud."""
        return [
            image
            for image in self.other.images()
            if str(image.name).startswith(self.name)
        ]

    def assert_copied(self) -> _image.Image:
        """Check that the other cloud has the data; return the copy."""
        (copy,) = self.copies()
        self.assertEqual('active', copy.status)
        stored = self.cloud.stored('single', copy.id).read_bytes()
        self.assertEqual(self.data, stored)
        return copy

    def copy(self, *options: str) -> base.Result:
        return self.run_openstack(
            *('image', 'copy', '--to-cloud', 'single', '-f', 'json'),
            *(options or (self.name,)),
        )

    def _delete_copies(self) -> None:
        for image in self.copies():
            if image.is_protected:
                self.other.update_image(image, is_protected=False)
            self.other.delete_image(image)


class PlainCopyTest(CopyTest):
    def test_image(self) -> None:
        image = self.upload(
            min_disk=3,
            tags=['lts'],
            is_protected=True,
            visibility='public',
            hw_cpu_cores='2',
            img_signature_hash_method='SHA-256',
        )
        result = self.copy()
        copy = self.assert_copied()
        self.assertEqual(0, result.status)
        self.assertEqual(
            [
                {
                    'ID': image.id,
                    'Name': self.name,
                    'Result': 'copied',
                    'Copy ID': copy.id,
                    'Reason': '',
                }
            ],
            result.json,
        )
        self.assertRegex(
            result.stderr,
            'Properties not copied to image .*: img_signature_hash_method',
        )
        shown = self.other.get(f'/images/{copy.id}').json()
        self.assertEqual('2', shown['hw_cpu_cores'])
        self.assertEqual(['lts'], shown['tags'])
        self.assertEqual(
            (3, True, 'private', 'raw'),
            (
                *(copy.min_disk, copy.is_protected, copy.visibility),
                copy.disk_format,
            ),
        )

    def test_second_run_copies_nothing(self) -> None:
        self.upload()
        self.copy()
        proxy = self.proxied_other()
        result = self.copy()
        self.assertEqual(0, result.status)
        self.assertEqual('unchanged', result.json[0]['Result'])
        self.assertEqual(self.assert_copied().id, result.json[0]['Copy ID'])
        self.assertEqual([], proxy.requests('POST'))

    def test_several(self) -> None:
        names = [f'{self.name}-{number}' for number in range(3)]
        images = [self.upload(name=name) for name in names]
        for image in images:
            self.addCleanup(self.glance.delete_image, image)
        proxy = self.proxied_other()
        proxy.inject(*_PUT, faults.Answer(413))
        result = self.copy(*names, '--workers', '1', '--progress')
        self.assertEqual(1, result.status)
        self.assertEqual(
            ['failed', 'copied', 'copied'],
            [row['Result'] for row in result.json],
        )
        self.assertIn('413', result.json[0]['Reason'])
        self.assertIn('was deleted', result.json[0]['Reason'])
        self.assertEqual(
            set(names[1:]), {image.name for image in self.copies()}
        )
        self.assertIn('1 of 3 images were not copied.', result.stderr)

    def test_region_name_and_visibility(self) -> None:
        self.upload()
        self.reconfigure(regions=['multi', 'single'])
        result = self.run_openstack(
            *('image', 'copy', self.name, '--to-cloud', 'multi'),
            *('--to-region', 'single', '--name', f'{self.name}-2'),
            '--public',
        )
        self.assertEqual(0, result.status)
        copy = self.assert_copied()
        self.assertEqual(
            (f'{self.name}-2', 'public'), (copy.name, copy.visibility)
        )

    def test_property_that_the_other_cloud_refuses(self) -> None:
        self.upload(x_billing='gold', x_kept='yes')
        self.proxied_other().inject(
            'POST',
            '/v2/images',
            faults.Answer(
                403,
                body='{"message": "Attribute \'x_billing\' is reserved."}',
                content_type='application/json',
            ),
        )
        result = self.copy()
        self.assertEqual(0, result.status)
        shown = self.other.get(f'/images/{self.assert_copied().id}').json()
        self.assertNotIn('x_billing', shown)
        self.assertEqual('yes', shown['x_kept'])
        self.assertIn('x_billing', result.stderr)

    @base.cases(
        cloud=('no-such', '--to-cloud', 'no-such'),
        region=('no-such', '--to-region', 'no-such'),
        image=('no-such', 'no-such'),
        names=('--name requires', 'x', '--name', 'y'),
        wait=('require --import', '--wait'),
        store=('multiple stores', '--import', '--store', 'no-such'),
    )
    def test_refused(self, words: str, *options: str) -> None:
        self.upload()
        result = self.copy(self.name, *options)
        self.assertEqual(1, result.status)
        (line,) = result.stderr.splitlines()
        self.assertIn(words, line)
        self.assertEqual([], self.copies())

    def test_image_without_data(self) -> None:
        self.glance.create_image(self.name)
        result = self.copy()
        self.assertEqual(1, result.status)
        self.assertIn('queued', result.stderr)
        self.assertEqual([], self.copies())


class DisturbedSourceTest(CopyTest):
    def setUp(self) -> None:
        super().setUp()
        self.upload()
        self.proxy = self.proxied()

    def test_lost_connection_is_resumed(self) -> None:
        self.proxy.inject(*_GET, faults.Cut(_SIZE // 2))
        self.assertEqual(0, self.copy().status)
        self.assert_copied()
        first, second = self.proxy.requests(*_GET)
        self.assertNotIn('Range', first.headers)
        self.assertIn('Range', second.headers)

    def test_changed_byte(self) -> None:
        """Glance never has the last block, so the copy is never active."""
        self.proxy.inject(*_GET, faults.Spoil(10))
        other = self.proxied_other()
        result = self.copy()
        self.assertEqual(1, result.status)
        self.assertEqual('failed', result.json[0]['Result'])
        self.assertIn('The checksum of Image', result.json[0]['Reason'])
        self.assertEqual([], self.copies())
        (put,) = other.requests(*_PUT)
        self.assertLess(put.body, _SIZE)

    def test_expired_token(self) -> None:
        self.proxy.inject(*_GET, faults.Answer(401))
        self.assertEqual(0, self.copy().status)
        self.assert_copied()

    def test_lost_data(self) -> None:
        path = self.cloud.stored('multi', self.image().id)
        path.unlink()
        result = self.copy()
        self.assertEqual(1, result.status)
        self.assertIn('lost', result.json[0]['Reason'])
        self.assertEqual([], self.copies())


class DisturbedTargetTest(CopyTest):
    def setUp(self) -> None:
        super().setUp()
        self.upload()
        self.proxy = self.proxied_other()

    @base.cases(
        expired_token=(faults.Answer(401, faults.When.MIDDLE),),
        busy=(faults.Answer(503, faults.When.AFTER),),
        lost_connection=(faults.Reset(_SIZE // 2),),
    )
    def test_it_starts_again(self, fault: faults.Fault) -> None:
        self.proxy.inject(*_PUT, fault)
        self.assertEqual(0, self.copy().status)
        self.assert_copied()
        self.assertEqual(2, len(self.proxy.requests(*_PUT)))

    def test_changed_byte(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(10))
        result = self.copy()
        self.assertEqual(1, result.status)
        self.assertIn('Verification', result.json[0]['Reason'])
        self.assertEqual([], self.copies())


class InterruptedCopyTest(CopyTest):
    def test_ctrl_c(self) -> None:
        # More than all buffers in between hold.
        self.upload(size=64 * 1024**2)
        stall = faults.Stall(_SIZE)
        self.proxied_other().inject(*_PUT, stall)
        process = self.start(
            'image', 'copy', '--to-cloud', 'single', self.name
        )
        self.assertTrue(stall.reached.wait(30))
        base.interrupt(process)
        stall.released.set()
        result = self.finish(process)
        self.assertEqual(130, result.status)
        self.assertIn('was deleted', result.stdout)
        self.assertEqual([], self.copies())


class ImportedCopyTest(base.FunctionalTest):
    """The other cloud has several stores."""

    region = 'single'

    def test_stores(self) -> None:
        data = os.urandom(_SIZE)
        self.glance.create_image(
            *(self.name,),
            data=data,
            disk_format='raw',
            container_format='bare',
        )
        result = self.run_openstack(
            *('image', 'copy', self.name, '--to-cloud', 'multi'),
            *('--import', '--all-stores', '--wait', '-f', 'json'),
        )
        self.assertEqual(0, result.status)
        (row,) = result.json
        copy = row['Copy ID']
        other = base.connection('multi').image
        self.addCleanup(other.delete_image, copy)
        self.assertEqual('copied', row['Result'])
        for store in ('fast', 'slow'):
            stored = self.cloud.stored('multi', copy, store)
            self.assertEqual(data, stored.read_bytes())
