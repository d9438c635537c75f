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

"""Imports by a Glance that converts images, and has a quota."""

import subprocess
from typing import cast

import openstack
from openstack.image.v2 import _proxy

from tests.fixtures import special_glance
from tests.functional import import_base

_SETTINGS = """
[DEFAULT]
user_storage_quota = 5MB
[image_import_opts]
image_import_plugins = [image_conversion]
[image_conversion]
output_format = raw
"""


class SpecialTest(import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        self.special = self.useFixture(
            special_glance.SpecialGlance(self.cloud, _SETTINGS)
        )
        self.reconfigure(image_endpoint_override=self.special.url)
        connection = openstack.connect(
            auth=self.cloud.auth(self.region),
            region_name=self.region,
            image_endpoint_override=self.special.url,
        )
        self.addCleanup(connection.close)
        self.glance = cast(_proxy.Proxy, connection.image)
        self.addCleanup(self._forget)

    def _forget(self) -> None:
        """Delete the images while their Glance is there."""
        self._delete_images()
        del self.glance

    def test_conversion_is_told(self) -> None:
        disk = self.folder / 'disk.qcow2'
        subprocess.run(
            ['qemu-img', 'convert', '-O', 'qcow2', self.file, disk], check=True
        )
        result = self.run_openstack(
            *(*self.create, '--import', '--file', str(disk), '--progress'),
            *('--disk-format', 'qcow2', '-f', 'json'),
        )
        self.assertEqual(0, result.status)
        image = self.image()
        *_, drawn, warning = result.stderr.splitlines()
        self.assertIn(': active, stored, ', drawn)
        self.assertEqual(
            f'The server converted image {image.id} to disk format raw in '
            'container format bare, so its checksum could not be '
            'compared.',
            warning,
        )
        stored = self.special.folder / 'fast' / image.id
        self.assertEqual(self.data, stored.read_bytes())

    def test_no_conversion_is_verified(self) -> None:
        self.openstack(*self.stage, '--wait')
        stored = self.special.folder / 'fast' / self.image().id
        self.assertEqual(self.data, stored.read_bytes())

    def test_quota_that_is_exceeded(self) -> None:
        self.source(6 * 1024**2)
        error = self.failing(*self.stage, '--wait')
        self.assertRegex(error, '^Task .* failed: .*was deleted.$')
        self.assert_nothing_left(self.special.folder)
        error = self.failing(*self.create, '--file', str(self.file))
        self.assertIn('413', error)
        self.assertIn('quota', error)
        self.assert_nothing_left(self.special.folder)
