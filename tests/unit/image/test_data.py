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


import unittest

from osc_image_ext.image import data as _data
from tests.fixtures import doubles


class TestDestination(unittest.TestCase):
    def test_a_store_is_busy_until_the_image_is_active(self) -> None:
        store = _data.store_target()
        for answered in (True, False):
            for status, busy, has in (
                ('queued', False, False),
                ('saving', True, False),
                ('active', False, True),
            ):
                image = doubles.image(status=status)
                self.assertIs(busy, store.is_receiving(image, answered))
                self.assertIs(has, store.is_complete(image, answered))

    def test_staging_is_busy_until_there_is_a_size(self) -> None:
        for status, size, answered, busy, has in (
            ('queued', None, False, False, False),
            ('uploading', None, False, True, False),
            ('uploading', 0, False, False, True),
            ('uploading', 5, False, False, True),
            ('uploading', None, True, False, True),
            ('active', 5, True, False, False),
        ):
            image = doubles.image(status=status, size=size)
            found = (
                _data.STAGING.is_receiving(image, answered),
                _data.STAGING.is_complete(image, answered),
            )
            self.assertEqual((busy, has), found)

    def test_only_a_named_store_is_named(self) -> None:
        self.assertEqual({}, _data.store_target().headers)
        self.assertEqual(
            {'X-Image-Meta-Store': 'slow'}, _data.store_target('slow').headers
        )
