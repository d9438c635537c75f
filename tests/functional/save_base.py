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

"""What tests of image save have in common."""

import os
import pathlib

from openstack.image.v2 import image as _image

from tests.functional import base

SIZE = 3 * 1024**2
GET = ('GET', '/file')


class SaveTest(base.FunctionalTest):
    """Has an image with data, and a directory to download it to."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = self.folder / 'downloads'
        self.directory.mkdir()
        self.target = self.directory / 'disk.img'
        self.save: tuple[str, ...]
        self.save = ('image', 'save', '--file', str(self.target), self.name)

    def stored_image(
        self, data: bytes | None = None, **properties: str
    ) -> _image.Image:
        """Return a new image with data; random data unless given."""
        self.data = os.urandom(SIZE) if data is None else data
        formats = {'disk_format': 'raw', 'container_format': 'bare'}
        image = _image.Image.new(
            name=self.name, properties=properties, **formats
        )
        image = image.create(self.glance)
        self.glance.put(
            f'/images/{image.id}/file',
            data=self.data,
            headers={'Content-Type': 'application/octet-stream'},
        )
        self.image_id = str(image.id)
        return self.glance.get_image(image.id)

    def listed(self) -> list[str]:
        """Return the names of all files in the directory."""
        return sorted(path.name for path in self.directory.iterdir())

    def partial(self) -> pathlib.Path:
        """Return the name that a failed download leaves."""
        return self.directory / f'.disk.img.{self.image_id}.part'

    def assert_saved(self) -> None:
        """Check that there is the image, and nothing else."""
        self.assertEqual(['disk.img'], self.listed())
        self.assertEqual(self.data, self.target.read_bytes())

    def assert_nothing(self) -> None:
        """Check that there is no file at all."""
        self.assertEqual([], self.listed())

    def assert_partial(self, stderr: str) -> bytes:
        """Check that a part of the image is left, and named."""
        self.assertEqual([self.partial().name], self.listed())
        self.assertIn(str(self.partial()), stderr)
        held = self.partial().read_bytes()
        self.assertEqual(self.data[: len(held)], held)
        self.assertEqual(0o600, self.partial().stat().st_mode & 0o777)
        return held
