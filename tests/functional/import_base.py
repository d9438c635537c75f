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

"""What tests of imports need: images without data, sources, bad stores."""

import contextlib
import pathlib
from typing import Any

from openstack.image.v2 import image as _image

from tests.fixtures import cloud_config
from tests.fixtures import web
from tests.functional import base

SIZE = 3 * 1024**2


class ImportTest(base.FunctionalTest):
    """Has data in a file and on a web server that Glance may import from."""

    def setUp(self) -> None:
        super().setUp()
        self.file = self.source(SIZE)
        self.data = self.file.read_bytes()
        self.web = self.useFixture(web.Web())
        self.url = self.web.serve('disk.img', self.data)
        self.create = ('image', 'create', self.name)
        self.stage = (*self.create, '--import', '--file', str(self.file))
        # Tests of other things may have left something, which is theirs.
        self._before = self.lying()

    def queued(self, **attrs: Any) -> _image.Image:
        """Return a new image without data."""
        formats = {'disk_format': 'raw', 'container_format': 'bare'}
        image = _image.Image.new(name=self.name, **formats | attrs)
        return image.create(self.glance)

    def staged(self) -> _image.Image:
        """Return a new image whose data is staged."""
        image = self.queued()
        self.glance.stage_image(image, data=self.data)
        return image

    def uploaded(self, store: str | None = None) -> _image.Image:
        """Return a new image that is active, in one store."""
        image = self.queued()
        self.glance.put(
            f'/images/{image.id}/file',
            data=self.data,
            headers={
                'Content-Type': 'application/octet-stream',
                **({'X-Image-Meta-Store': store} if store else {}),
            },
        )
        return image

    def kept(self, image_id: str) -> dict[str, bytes]:
        """Return {store: data} of what lies about of an image."""
        folder = self.cloud.folder / f'glance-{self.region}'
        stores = ('staging', *cloud_config.STORES[self.region])
        return {
            store: (folder / store / image_id).read_bytes()
            for store in stores
            if (folder / store / image_id).exists()
        }

    def assert_nothing_left(self, folder: pathlib.Path | None = None) -> None:
        """Check that there is neither an image nor data of one."""
        self.assertEqual([], self.images())
        self.wait_for(lambda: self.lying(folder) <= self._before, 10)

    def lying(self, folder: pathlib.Path | None = None) -> set[pathlib.Path]:
        """Return the files in the stores and in the staging area."""
        folder = folder or self.cloud.folder / f'glance-{self.region}'
        return {
            path
            for store in ('staging', *cloud_config.STORES[self.region])
            if (folder / store).is_dir()
            for path in (folder / store).iterdir()
        }

    def assert_active(self, *stores: str) -> _image.Image:
        """Check that the test's image is where it should be, and whole."""
        image = self.image()
        self.assertEqual('active', image.status)
        stores = stores or tuple(cloud_config.STORES[self.region][:1])
        expected = {store: self.data for store in stores}
        self.assertEqual(expected, self.kept(image.id))
        return image

    def break_store(self, store: str = 'slow') -> None:
        """Let a store fail for the rest of the test.

        A folder that is read-only would not stop root.
        """
        folder = self.cloud.folder / f'glance-{self.region}' / store
        away = folder.with_name(f'{store}-away')
        folder.rename(away)
        folder.touch()
        repair = contextlib.ExitStack()
        repair.callback(away.rename, folder)
        repair.callback(folder.unlink)
        self.addCleanup(repair.close)
