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

"""The attributes that a copy of an image gets in another cloud."""

from collections.abc import Mapping
import dataclasses
from typing import Any

# Those that a client sets: Glance's name -> the SDK's.
_COPIED = {
    'container_format': 'container_format',
    'disk_format': 'disk_format',
    'min_disk': 'min_disk',
    'min_ram': 'min_ram',
    'name': 'name',
    'os_hidden': 'is_hidden',
    'protected': 'is_protected',
    'tags': 'tags',
}

# Those that Glance sets for each image, which nobody expects to be copied.
_SET_BY_GLANCE = frozenset(
    {
        *('checksum', 'created_at', 'direct_url', 'file', 'id', 'locations'),
        *('os_hash_algo', 'os_hash_value', 'owner', 'schema', 'self', 'size'),
        *('status', 'stores', 'updated_at', 'virtual_size', 'visibility'),
    }
)

# Properties that name something in the cloud of the image: a key, a
# certificate, a server, a volume, or the one who uploaded it.
_BOUND = frozenset(
    {
        *('base_image_ref', 'block_device_mapping', 'boot_roles'),
        *('cinder_encryption_key_deletion_policy', 'cinder_encryption_key_id'),
        *('image_location', 'image_state', 'instance_uuid'),
        *('owner_project_name', 'owner_user_name', 'user_id'),
    }
)
_BOUND_PREFIXES = ('img_signature', 'os_glance_', 'owner_specified.')


@dataclasses.dataclass(frozen=True)
class CopiedAttributes:
    """The attributes of a copy.

    :param attrs: those of the SDK's Image; properties under ``properties``.
    :param omitted: names of the properties that are not copied.
    """

    attrs: Mapping[str, Any]
    omitted: tuple[str, ...]

    def without(self, name: str) -> 'CopiedAttributes':
        """Return them without one of the properties."""
        properties = dict(self.attrs['properties'])
        del properties[name]
        return CopiedAttributes(
            {**self.attrs, 'properties': properties}, (*self.omitted, name)
        )


def select(
    image: Mapping[str, Any], name: str | None, visibility: str
) -> CopiedAttributes:
    """Return the attributes of a copy.

    :param image: the JSON object that Glance returns for the image.
    :param name: that of the copy, None for that of the image.
    :param visibility: that of the copy; not the image's own, since another
        cloud has other users.
    """
    attrs: dict[str, Any] = {
        ours: image[theirs]
        for theirs, ours in _COPIED.items()
        if image.get(theirs)
    }
    attrs['name'] = image.get('name') if name is None else name
    attrs['visibility'] = visibility
    others = {
        key: value
        for key, value in image.items()
        if key not in _COPIED and key not in _SET_BY_GLANCE
    }
    omitted = tuple(sorted(filter(_is_bound, others)))
    properties = {k: v for k, v in others.items() if k not in omitted}
    return CopiedAttributes({**attrs, 'properties': properties}, omitted)


def _is_bound(name: str) -> bool:
    return name in _BOUND or name.startswith(_BOUND_PREFIXES)
