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

"""The SDK's proxies, or the reason why there is none."""

from collections.abc import Iterator
import contextlib
import logging
from typing import Any

from keystoneauth1 import adapter
import openstack
from openstack import exceptions as sdk_exceptions
from openstack.compute.v2 import _proxy as _compute_proxy
from openstack.image.v2 import _proxy

from osc_image_ext.image import checked_proxy


def image_proxy(manager: Any) -> _proxy.Proxy:
    """Return the image proxy of a shell's client manager.

    It checks the responses: see :mod:`osc_image_ext.image.checked_proxy`.

    :raises openstack.exceptions.SDKException: if the cloud has no image
        service that the SDK could use.
    :raises keystoneauth1.exceptions.ClientException: if it cannot be reached.
    """
    return _checked_image_proxy(manager, manager.sdk_connection)


def cloud_image_proxy(cloud: str, region: str | None) -> _proxy.Proxy:
    """Return the image proxy of a cloud in clouds.yaml.

    It checks the responses, and none of the options of the command line
    concern it: they are those of another cloud.

    :param region: None for the one in clouds.yaml.
    :raises: see :func:`image_proxy`.
    """
    connection = openstack.connect(cloud=cloud, region_name=region)
    return _checked_image_proxy(connection, connection)


def _checked_image_proxy(
    clients: Any, connection: openstack.connection.Connection
) -> _proxy.Proxy:
    """Return an image proxy that checks responses.

    :param clients: has the proxy as its ``image``.
    """
    with _quiet_discovery():
        try:
            proxy: _proxy.Proxy = clients.image
        except sdk_exceptions.SDKException:
            _provoke_error(connection.config.get_session_client('image'))
            proxy = clients.image  # whatever was wrong may have passed
    checked_proxy.check_responses(proxy)
    return proxy


@contextlib.contextmanager
def override_image_proxy(
    manager: Any, proxy: _proxy.Proxy, **methods: Any
) -> Iterator[None]:
    """Let core's command use an image proxy some of whose methods are ours.

    :param manager: the client manager of a shell.
    :param methods: called instead of the proxy's methods of these names.
    """
    manager.image = _ProxyOverride(proxy, methods)
    try:
        yield
    finally:
        del manager.image  # uncovers the class's own attribute


class _ProxyOverride:
    def __init__(self, proxy: _proxy.Proxy, methods: dict[str, Any]) -> None:
        self._proxy = proxy
        vars(self).update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)


def compute_proxy(manager: Any) -> _compute_proxy.Proxy:
    """Return the compute proxy of a shell's client manager.

    :raises openstack.exceptions.SDKException: if the cloud has no compute
        service that the SDK could use.
    :raises keystoneauth1.exceptions.ClientException: if it cannot be reached.
    """
    with _quiet_discovery():
        proxy: _compute_proxy.Proxy = manager.compute
        if proxy.get_endpoint_data() is None:
            _provoke_error(
                manager.sdk_connection.config.get_session_client('compute')
            )
    return proxy


def _provoke_error(service: adapter.Adapter) -> None:
    """Send any request to a service, for the error that this raises.

    The SDK does not report why it found no version of a service.
    """
    endpoint = service.get_endpoint(skip_discovery=True)
    if endpoint:
        service.session.get(endpoint, raise_exc=False)


@contextlib.contextmanager
def _quiet_discovery() -> Iterator[None]:
    """Keep keystoneauth from warning of what is reported as an error."""
    logger = logging.getLogger('keystoneauth.discover')
    level = logger.level
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
