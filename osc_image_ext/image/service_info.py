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

"""What a deployment supports: the import methods, and the stores."""

import dataclasses
import time
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _


@dataclasses.dataclass(frozen=True)
class ServiceInfo:
    """What Glance's discovery API shows ("Image Service Info").

    :param import_methods: names; empty if image import is not supported.
    :param stores: IDs of the stores that can be written to; empty if Glance
        has one store only, which has no ID.
    :param default_store: the store of images for which none is named.
    """

    import_methods: tuple[str, ...]
    stores: tuple[str, ...] = ()
    default_store: str | None = None

    def require_import_method(self, method: str) -> None:
        """Check that an import method is supported.

        :raises osc_image_ext.exceptions.Error: if it is not.
        """
        if not self.import_methods:
            raise exceptions.Error(
                _('Image import is not supported by this deployment.')
            )
        if method not in self.import_methods:
            raise exceptions.Error(
                _(
                    "Import method '%(method)s' is not supported by this "
                    'deployment. Supported: %(methods)s.'
                )
                % {'method': method, 'methods': ', '.join(self.import_methods)}
            )

    def require_stores(self, names: tuple[str, ...]) -> None:
        """Check that stores are available.

        :raises osc_image_ext.exceptions.Error: if one of them is not.
        """
        if not self.stores:
            raise exceptions.Error(
                _('This deployment does not have multiple stores.')
            )
        for name in names:
            if name not in self.stores:
                raise exceptions.Error(
                    _(
                        "Store '%(name)s' is not available. Available: "
                        '%(stores)s.'
                    )
                    % {'name': name, 'stores': ', '.join(self.stores)}
                )


def get_service_info(
    proxy: _proxy.Proxy, sleep: retry.Sleep = time.sleep
) -> ServiceInfo:
    """Return what Glance's discovery API shows.

    :raises openstack.exceptions.HttpException: if Glance rejects a request.
    :raises keystoneauth1.exceptions.ClientException: if Glance cannot be
        reached.
    """
    imports = _get_json(proxy, '/info/import', sleep)
    methods = imports.get('import-methods', {})
    stores = [
        store
        for store in _get_json(proxy, '/info/stores', sleep).get('stores', ())
        if not store.get('read-only')
    ]
    return ServiceInfo(
        tuple(methods.get('value') or ()),
        tuple(store['id'] for store in stores),
        next((store['id'] for store in stores if store.get('default')), None),
    )


def _get_json(
    proxy: _proxy.Proxy, path: str, sleep: retry.Sleep
) -> dict[str, Any]:
    """Return a JSON object; an empty one if Glance does not have the path."""

    def request() -> dict[str, Any]:
        response = proxy.get(path)
        if response.status_code == 404:
            return {}
        sdk_exceptions.raise_from_response(response)
        value: dict[str, Any] = response.json()
        return value

    return retry.retry_until(request, sleep, policy=retry.PROBE)
