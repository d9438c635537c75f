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

"""Requests to Nova from several threads, repeated if that may help."""

import threading
import time
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.compute.v2 import _proxy
import requests

from osc_image_ext import retry


class RetryingSession:
    """Sends requests that can be repeated without harm.

    Several threads may use it at once. Each has a connection of its own, and
    all share a token: when it expires, one thread renews it for all.

    :param proxy: the SDK's compute proxy.
    :param workers: number of threads that use it at once.
    :param sleep: waits so many seconds; returns true if the command was
        stopped: a failed request is then not repeated.
    """

    def __init__(
        self,
        proxy: _proxy.Proxy,
        workers: int = 1,
        sleep: retry.Sleep = time.sleep,
    ) -> None:
        self.proxy = proxy
        self.sleep = sleep
        self._renewal = threading.Lock()
        _enlarge_pool(proxy.session.session, workers)

    def request(
        self, method: str, path: str, microversion: str | None, **options: Any
    ) -> requests.Response:
        """Send a request; return the last response, whatever its status.

        It is repeated by the policy ``retry.NOVA``, and once after a 401.

        :param microversion: None for the one that the user chose.
        :param options: such as ``json`` and ``params``.
        :raises keystoneauth1.exceptions.ClientException: if Nova or Keystone
            cannot be reached, or Keystone issues no token.
        """
        if microversion is not None:
            options['microversion'] = microversion
        for delay in retry.NOVA.delays:
            try:
                response = self._send_reauthenticating(method, path, options)
            except ksa_exceptions.ConnectionError:
                if self.sleep(delay):
                    raise
            else:
                if response.status_code not in retry.NOVA.status_codes:
                    return response
                retry_after = retry.parse_retry_after(response)
                seconds = delay if retry_after is None else retry_after
                if seconds > retry.MAX_OUTAGE or self.sleep(seconds):
                    return response
        return self._send_reauthenticating(method, path, options)

    def _send_reauthenticating(
        self, method: str, path: str, options: dict[str, Any]
    ) -> requests.Response:
        response = self._send(method, path, options)
        if response.status_code == 401 and self._reauthenticate(response):
            response = self._send(method, path, options)
        return response

    def _send(
        self, method: str, path: str, options: dict[str, Any]
    ) -> requests.Response:
        # keystoneauth itself would discard the token that another thread has
        # just got, and does not repeat after 429.
        return self.proxy.request(
            path,
            method,
            raise_exc=False,
            allow_reauth=False,
            connect_retries=0,
            status_code_retries=0,
            **options,
        )

    def _reauthenticate(self, rejected: requests.Response) -> bool:
        """Get a new token, unless another thread has already got one."""
        session = self.proxy.session
        token = rejected.request.headers.get('X-Auth-Token')
        with self._renewal:
            if session.get_token() != token:
                return True
            return bool(session.invalidate() and session.get_token())


def _enlarge_pool(session: requests.Session, connections: int) -> None:
    """Let so many connections to a server be reused, not only 10."""
    default = requests.adapters.DEFAULT_POOLSIZE
    for adapter in session.adapters.values():
        if connections > default and isinstance(
            adapter, requests.adapters.HTTPAdapter
        ):
            adapter.init_poolmanager(default, connections)
