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

"""Responses of the sink: documents of the Identity and Image APIs."""

from collections.abc import Mapping
from typing import Any
import uuid

_IDENTITY = '/identity/v3'
_IMAGE = '/image'
IMAGES = f'{_IMAGE}/v2/images'

AUTH_PATH = _IDENTITY

_FAR_AWAY = '2099-01-01T00:00:00.000000Z'
_NOW = '2026-01-01T00:00:00Z'

# The attributes that clients may set; glanceclient requests them.
_SCHEMA = {
    'name': 'image',
    'properties': {
        name: {'type': ['null', 'string']}
        for name in ('id', 'name', 'disk_format', 'container_format')
    },
    'additionalProperties': True,
}


def documents(url: str) -> dict[str, Any]:
    """Return the constant documents: path -> document.

    :param url: URL of the sink
    """
    identity = {
        'id': 'v3.14',
        'status': 'stable',
        'links': [{'rel': 'self', 'href': url + _IDENTITY}],
    }
    image = {
        'id': 'v2.17',
        'status': 'CURRENT',
        'links': [{'rel': 'self', 'href': f'{url}{_IMAGE}/v2/'}],
    }
    catalog = [
        _service('identity', 'keystone', url + _IDENTITY),
        _service('image', 'glance', url + _IMAGE),
    ]
    return {
        _IDENTITY: {'version': identity},
        f'{_IDENTITY}/auth/catalog': {'catalog': catalog},
        _IMAGE: {'versions': [image]},
        f'{_IMAGE}/versions': {'versions': [image]},
        f'{_IMAGE}/v2/schemas/image': _SCHEMA,
    }


def _service(kind: str, name: str, url: str) -> dict[str, Any]:
    endpoint = {
        'id': uuid.uuid4().hex,
        'interface': 'public',
        'region': 'sink',
        'region_id': 'sink',
        'url': url,
    }
    return {
        'id': uuid.uuid4().hex,
        'type': kind,
        'name': name,
        'endpoints': [endpoint],
    }


def token(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response to a login of any user.

    :param known: see :func:`documents`
    """
    domain = {'id': 'default', 'name': 'Default'}
    return {
        'token': {
            'methods': ['password'],
            'user': {'id': 'bench', 'name': 'bench', 'domain': domain},
            'project': {'id': 'bench', 'name': 'bench', 'domain': domain},
            'roles': [{'id': 'member', 'name': 'member'}],
            'issued_at': _NOW,
            'expires_at': _FAR_AWAY,
            'catalog': known[f'{_IDENTITY}/auth/catalog']['catalog'],
        }
    }


def image(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new image.

    :param asked: attributes from the request
    """
    return {
        'id': str(uuid.uuid4()),
        'status': 'queued',
        'visibility': 'shared',
        'protected': False,
        'owner': 'bench',
        'created_at': _NOW,
        'updated_at': _NOW,
        'tags': [],
        **asked,
    }


def store(record: dict[str, Any], size: int, sha512: str) -> dict[str, Any]:
    """Change an image to status active; return it."""
    record |= {
        'status': 'active',
        'size': size,
        'os_hash_algo': 'sha512',
        'os_hash_value': sha512,
    }
    return record
