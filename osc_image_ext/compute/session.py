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

"""Requests of several threads to Nova, each made until it is answered."""

from collections.abc import Callable
import datetime
import email.utils
import threading
import time
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.compute.v2 import _proxy
import requests

# Seconds after which a request is made once more, where the server does not
# tell, so often at most.
_RETRY_DELAYS = (1, 2, 4, 8)
# Whoever says Retry-After an hour does not expect that somebody waits.
MAX_RETRY_AFTER = 300
# A proxy in front of a Nova that is being restarted says 502, or 504.
_RETRIABLE_STATUS_CODES = (429, 502, 503, 504)

Sleep = Callable[[float], object]


class RetryingSession:
    """Makes requests that may be made twice without harm.

    Its methods may be called by several threads at once. Each thread has a
    connection of its own, and all share a token: if that expires, one renews
    it for all.

    :param proxy: the SDK's compute proxy.
    :param workers: the threads that will call at once.
    :param sleep: waits so many seconds; returns something true if it was told
        not to wait any longer: what failed is then not tried again.
    """

    def __init__(
        self,
        proxy: _proxy.Proxy,
        workers: int = 1,
        sleep: Sleep = time.sleep,
    ) -> None:
        self.proxy = proxy
        self.sleep = sleep
        self._renewal = threading.Lock()
        _enlarge_pool(proxy.session.session, workers)

    def request(
        self, method: str, path: str, microversion: str | None, **options: Any
    ) -> requests.Response:
        """Make a request; return the last answer, whatever it says.

        It is made again after 429, 502, 503 and 504, when the server says so
        or else some times; after a broken connection; and after a 401, once.

        :param microversion: the microversion; None for the user's choice.
        :param options: such as ``json`` and ``params``.
        :raises keystoneauth1.exceptions.ClientException: if Nova or Keystone
            is not reached, or Keystone gives no token.
        """
        if microversion is not None:
            options['microversion'] = microversion
        for delay in _RETRY_DELAYS:
            try:
                response = self._send_reauthenticating(method, path, options)
            except ksa_exceptions.ConnectionError:
                if self.sleep(delay):
                    raise
            else:
                if response.status_code not in _RETRIABLE_STATUS_CODES:
                    return response
                told = parse_retry_after(response)
                seconds = delay if told is None else told
                if seconds > MAX_RETRY_AFTER or self.sleep(seconds):
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
        # keystoneauth itself would throw away the token that another thread
        # has just got, and know nothing of 429.
        return self.proxy.request(
            path,
            method,
            raise_exc=False,
            allow_reauth=False,
            connect_retries=0,
            status_code_retries=0,
            **options,
        )

    def _reauthenticate(self, refused: requests.Response) -> bool:
        """Get another token than the one refused, if nobody has it yet."""
        session = self.proxy.session
        token = refused.request.headers.get('X-Auth-Token')
        with self._renewal:
            if session.get_token() != token:
                return True
            return bool(session.invalidate() and session.get_token())


def _enlarge_pool(session: requests.Session, count: int) -> None:
    """Let so many connections to a server be used again, not only 10."""
    usual = requests.adapters.DEFAULT_POOLSIZE
    for adapter in session.adapters.values():
        if count > usual and isinstance(
            adapter, requests.adapters.HTTPAdapter
        ):
            adapter.init_poolmanager(usual, count)


def parse_retry_after(response: requests.Response) -> float | None:
    """Return the seconds that a server asks to wait; None if it does not."""
    text = response.headers.get('Retry-After', '').strip()
    if text.isdecimal():
        return float(text)
    try:
        then = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:  # it says -0000, which is UTC
        then = then.replace(tzinfo=datetime.UTC)
    now = datetime.datetime.now(datetime.UTC)
    return max(0.0, (then - now).total_seconds())
