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

"""The request for an import: what to import, and into which stores."""

import dataclasses
from typing import Any

from openstack.image.v2 import image as _image

from osc_image_ext.image import service_info

# Properties of an image with the stores of its latest import.
IMPORTING_TO = 'os_glance_importing_to_stores'
FAILED_STORES = 'os_glance_failed_import'


@dataclasses.dataclass(frozen=True)
class ImportRequest:
    """An import request, as Glance's API defines it.

    :param method: import method, such as ``web-download``.
    :param uri: URI that Glance downloads the data from.
    :param remote_region: region of the Glance that has the data.
    :param remote_image: ID of the image there.
    :param remote_interface: interface of that Glance's endpoint, None for
        the default.
    :param stores: store IDs; empty for the default store.
    :param all_stores: import into all stores.
    :param allow_failure: succeed even if some of several stores fail.
    """

    method: str
    uri: str | None = None
    remote_region: str | None = None
    remote_image: str | None = None
    remote_interface: str | None = None
    stores: tuple[str, ...] = ()
    all_stores: bool = False
    allow_failure: bool = True

    @property
    def needs_staging(self) -> bool:
        """Whether the client stages the data before the import."""
        return self.method == 'glance-direct'

    def validate(self, info: service_info.ServiceInfo) -> None:
        """Check that a deployment supports the request.

        :raises osc_image_ext.exceptions.Error: if it does not.
        """
        info.require_import_method(self.method)
        if self.stores or self.all_stores:
            info.require_stores(self.stores)

    def target_stores(
        self, info: service_info.ServiceInfo, image: _image.Image | None = None
    ) -> tuple[str, ...]:
        """Return the stores that will be written to, in Glance's order.

        :param image: one that may be in some of them already.
        :returns: empty if the deployment has one store only.
        """
        if self.all_stores:
            present = list_stores(image) if image else ()
            return tuple(name for name in info.stores if name not in present)
        default = (info.default_store,) if info.default_store else ()
        return self.stores or default

    def to_json(self) -> dict[str, Any]:
        """Return the body of the request.

        A Glance with one store rejects whatever concerns several. If one
        store alone is named, its failure is that of the import, and Glance
        then reports the reason.
        """
        details = {
            'uri': self.uri,
            'glance_region': self.remote_region,
            'glance_image_id': self.remote_image,
            'glance_service_interface': self.remote_interface,
        }
        method = {k: v for k, v in details.items() if v is not None}
        body: dict[str, Any] = {'method': {'name': self.method, **method}}
        if self.all_stores:
            body['all_stores'] = True
        elif self.stores:
            body['stores'] = list(self.stores)
        if self.all_stores or len(self.stores) > 1:
            body['all_stores_must_succeed'] = not self.allow_failure
        return body


def list_stores(image: _image.Image, key: str = 'stores') -> tuple[str, ...]:
    """Return the store IDs in a property of an image."""
    names = (image.properties or {}).get(key) or ''
    return tuple(filter(None, names.split(',')))
