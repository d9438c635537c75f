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

from collections.abc import Callable, Mapping
import itertools
import logging
import threading
import time
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.compute.v2 import _proxy
import requests

from osc_image_ext import exceptions
from osc_image_ext import responses
from osc_image_ext import retry
from osc_image_ext.compute import attempt as _attempt
from osc_image_ext.compute import checks
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)

# Seconds after which the user learns what takes so long.
_WARN_AFTER = 8


class RetryingSession:
    """Sends requests that can be repeated without harm.

    Several threads may use it at once. Each has a connection of its own, and
    all share a token: when it expires, one thread renews it for all.

    :param proxy: the SDK's compute proxy.
    :param workers: number of threads that use it at once.
    :param sleep: waits so many seconds; returns true if the command was
        stopped: a failed request is then not repeated.
    :param clock: returns seconds, monotonic.
    """

    def __init__(
        self,
        proxy: _proxy.Proxy,
        workers: int = 1,
        sleep: retry.Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.proxy = proxy
        self.sleep = sleep
        self._clock = clock
        self._renewal = threading.Lock()
        self._warnings = itertools.count()
        self._endpoint = _find_endpoint(proxy)
        _enlarge_pool(proxy.session.session, workers)

    def get(
        self,
        path: str,
        microversion: str | None,
        key: str,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object at a path.

        :param key: one that the object must have.
        :raises NovaError: if Nova rejects the request.
        :raises: see :meth:`request`.
        """
        options = {'params': dict(params)} if params else {}
        response = self.request('GET', path, microversion, **options)
        _attempt.raise_for_error(response)
        return responses.parse_json(response, key)

    def request(
        self, method: str, path: str, microversion: str | None, **options: Any
    ) -> requests.Response:
        """Send a request; return the last response: a success, or an error.

        It is repeated by the policy ``retry.NOVA``, and once after a 401.

        :param microversion: None for the one that the user chose.
        :param options: such as ``json`` and ``params``.
        :raises UnexpectedResponse: if the response is not Nova's.
        :raises OutcomeUnknown: if the request may have changed something.
        :raises keystoneauth1.exceptions.ClientException: if Nova or Keystone
            cannot be reached, or Keystone issues no token.
        """
        if microversion is not None:
            options['microversion'] = microversion
        started_at = self._clock()
        is_ambiguous = False
        for delay in (*retry.NOVA.delays, None):
            attempt = self._try_once(method, path, options)
            if attempt.is_final:
                break
            is_ambiguous = is_ambiguous or attempt.is_ambiguous
            if delay is None or not self._wait(attempt, delay, started_at):
                if is_ambiguous and method != 'GET':
                    raise exceptions.OutcomeUnknown(attempt.describe())
                break
        response = attempt.result()
        checks.check_response(response, method, options.get('json'))
        return response

    def _try_once(
        self, method: str, path: str, options: dict[str, Any]
    ) -> _attempt.Attempt:
        try:
            return _attempt.Attempt(
                self._send_reauthenticating(method, path, options)
            )
        except ksa_exceptions.ConnectionError as error:
            return _attempt.Attempt(error)

    def _wait(
        self, attempt: _attempt.Attempt, delay: float, started_at: float
    ) -> bool:
        """Wait until the next attempt; return whether there is to be one."""
        retry_after = attempt.retry_after
        seconds = delay if retry_after is None else retry_after
        waited = self._clock() + seconds - started_at
        if waited > retry.MAX_OUTAGE:
            return False
        if waited >= _WARN_AFTER and next(self._warnings) == 0:
            LOG.warning(
                _('Waiting up to 5 minutes for the server. %(problem)s'),
                {'problem': attempt.describe()},
            )
        return not self.sleep(seconds)

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
            endpoint_override=self._endpoint,
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


def _find_endpoint(proxy: _proxy.Proxy) -> str | None:
    """Return Nova's endpoint as keystoneauth's ``endpoint_override``.

    Without it keystoneauth copies the service catalog for each request.

    :returns: a template, in which ``%%`` stands for ``%``; None if there is
        no endpoint.
    """
    if proxy.endpoint_override:
        return proxy.endpoint_override
    endpoint = proxy.get_endpoint()
    return endpoint.replace('%', '%%') if endpoint else None


def _enlarge_pool(session: requests.Session, connections: int) -> None:
    """Let so many connections to a server be reused, not only 10."""
    default = requests.adapters.DEFAULT_POOLSIZE
    for adapter in session.adapters.values():
        if connections > default and isinstance(
            adapter, requests.adapters.HTTPAdapter
        ):
            adapter.init_poolmanager(default, connections)
