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

"""A Glance whose image cache responds instead of the store."""

from typing import cast

import openstack
from openstack.image.v2 import _proxy

from tests.fixtures import faults
from tests.fixtures import faulty_proxy
from tests.fixtures import special_glance
from tests.functional import save_base

_SETTINGS = """
[DEFAULT]
image_cache_driver = sqlite
image_cache_dir = {}
[paste_deploy]
flavor = keystone+caching
"""
_HALF = save_base.SIZE // 2


class CacheTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.cache = self.folder / 'cache'
        self.cache.mkdir()
        self.special = self.useFixture(
            special_glance.SpecialGlance(
                self.cloud, _SETTINGS.format(self.cache)
            )
        )
        connection = openstack.connect(
            auth=self.cloud.auth(self.region),
            region_name=self.region,
            image_endpoint_override=self.special.url,
        )
        self.addCleanup(connection.close)
        self.glance = cast(_proxy.Proxy, connection.image)
        self.addCleanup(self._forget)
        self.proxy = self.useFixture(
            faulty_proxy.FaultyProxy(self.special.url)
        )
        self.reconfigure(image_endpoint_override=self.proxy.url)

    def _forget(self) -> None:
        """Delete the images while their Glance is there."""
        self._delete_images()
        del self.glance

    def test_lost_connection(self) -> None:
        """The cache bypasses a range, which the store has."""
        self.stored_image()
        self.openstack(*self.save)
        self.assert_saved()
        self.wait_for((self.cache / self.image_id).exists)
        self.target.unlink()
        self.proxy.inject(*save_base.GET, faults.Cut(_HALF, clean=True))
        self.assertEqual(0, self.run_openstack(*self.save).status)
        self.assert_saved()
        # The store does not have it any more.
        (self.special.folder / 'fast' / self.image_id).unlink()
        self.target.unlink()
        self.proxy.inject(*save_base.GET, faults.Cut(_HALF, clean=True))
        result = self.run_openstack(*self.save)
        self.assertEqual(0, result.status)
        self.assertIn('Downloading again from the beginning', result.stderr)
        self.assert_saved()
