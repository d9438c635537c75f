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

"""What a cloud offers for imports: the methods, and the stores."""

import dataclasses
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import exceptions
from osc_image_ext.i18n import _


@dataclasses.dataclass(frozen=True)
class ServiceInfo:
    """What Glance offers.

    :param import_methods: of importing; none if it cannot import at all.
    :param stores: that an image can be written to; none if Glance has but
        one, which has no name.
    :param default: the store of those who want no other.
    """

    import_methods: tuple[str, ...]
    stores: tuple[str, ...] = ()
    default_store: str | None = None

    def require_import_method(self, method: str) -> None:
        """Make sure that there is such a method.

        :raises osc_image_ext.exceptions.Error: if not.
        """
        if not self.import_methods:
            raise exceptions.Error(_('This cloud offers no imports.'))
        if method not in self.import_methods:
            raise exceptions.Error(
                _(
                    'This cloud does not offer the import method %(method)s, '
                    'but: %(offered)s.'
                )
                % {'method': method, 'offered': ', '.join(self.import_methods)}
            )

    def require_stores(self, names: tuple[str, ...]) -> None:
        """Make sure that there are such stores.

        :raises osc_image_ext.exceptions.Error: if not.
        """
        if not self.stores:
            raise exceptions.Error(
                _('This cloud does not offer a choice of stores.')
            )
        for name in names:
            if name not in self.stores:
                raise exceptions.Error(
                    _(
                        'This cloud does not offer the store %(name)s, but: '
                        '%(offered)s.'
                    )
                    % {'name': name, 'offered': ', '.join(self.stores)}
                )


def get_service_info(proxy: _proxy.Proxy) -> ServiceInfo:
    """Ask Glance what it offers.

    :raises openstack.exceptions.HttpException: if it does not tell.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached.
    """
    import_methods = _get_json(proxy, '/info/import').get('import-methods', {})
    stores = [
        store
        for store in _get_json(proxy, '/info/stores').get('stores', ())
        if not store.get('read-only')
    ]
    return ServiceInfo(
        tuple(import_methods.get('value') or ()),
        tuple(store['id'] for store in stores),
        next((store['id'] for store in stores if store.get('default')), None),
    )


def _get_json(proxy: _proxy.Proxy, path: str) -> dict[str, Any]:
    """Return what Glance tells; nothing where it does not know of it."""
    response = proxy.get(path)
    if response.status_code == 404:
        return {}
    sdk_exceptions.raise_from_response(response)
    told: dict[str, Any] = response.json()
    return told
