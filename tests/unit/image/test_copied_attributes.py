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

from typing import Any
import unittest

from osc_image_ext.image import copied_attributes

# As Glance 33 shows an image.
IMAGE: dict[str, Any] = {
    'checksum': '900150983cd24fb0d6963f7d28e17f72',
    'container_format': 'bare',
    'created_at': '2026-11-21T10:00:00Z',
    'disk_format': 'raw',
    'file': '/v2/images/1/file',
    'hw_cpu_cores': '2',
    'id': '1',
    'min_disk': 10,
    'min_ram': 0,
    'name': 'disk',
    'os_hash_algo': 'sha512',
    'os_hash_value': 'ab',
    'os_hidden': False,
    'owner': 'project',
    'protected': True,
    'schema': '/v2/schemas/image',
    'self': '/v2/images/1',
    'size': 3,
    'status': 'active',
    'stores': 'fast',
    'tags': ['lts'],
    'updated_at': '2026-11-21T10:00:00Z',
    'virtual_size': 3,
    'visibility': 'public',
}


def select(**more: Any) -> copied_attributes.CopiedAttributes:
    return copied_attributes.select(IMAGE | more, None, 'private')


class TestSelect(unittest.TestCase):
    def test_what_a_client_sets_is_copied(self) -> None:
        self.assertEqual(
            {
                'container_format': 'bare',
                'disk_format': 'raw',
                'is_protected': True,
                'min_disk': 10,
                'name': 'disk',
                'properties': {'hw_cpu_cores': '2'},
                'tags': ['lts'],
                'visibility': 'private',
            },
            select().attrs,
        )
        self.assertEqual((), select().omitted)

    def test_a_hidden_image(self) -> None:
        self.assertIs(True, select(os_hidden=True).attrs['is_hidden'])

    def test_another_name_and_visibility(self) -> None:
        attrs = copied_attributes.select(IMAGE, 'other', 'public').attrs
        self.assertEqual('other', attrs['name'])
        self.assertEqual('public', attrs['visibility'])

    def test_what_belongs_to_a_cloud_is_not(self) -> None:
        bound = {
            'cinder_encryption_key_id': '2',
            'img_signature': 'x',
            'os_glance_import_task': '3',
            'owner_specified.openstack.md5': '',
        }
        found = select(**bound)
        self.assertEqual({'hw_cpu_cores': '2'}, found.attrs['properties'])
        self.assertEqual(tuple(bound), found.omitted)

    def test_one_that_is_refused(self) -> None:
        found = select(img_signature='x').without('hw_cpu_cores')
        self.assertEqual({}, found.attrs['properties'])
        self.assertEqual(('img_signature', 'hw_cpu_cores'), found.omitted)
