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

"""The desired settings of servers: compared with a server, and applied."""

from collections.abc import Iterator, Mapping
import dataclasses
import re
from typing import Any
import urllib.parse

import requests

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import responses
from osc_image_ext import retry
from osc_image_ext.compute import attempt
from osc_image_ext.compute import outcomes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

# No request can remove these keys: see below.
UNREMOVABLE_KEYS = ('.', '..')

# Nova accepts changes in these states only, and a server that is being built
# will reach one of them.
_MUTABLE_VM_STATES = (
    *('active', 'paused', 'suspended', 'stopped'),
    *('building', None),
)

# What cannot be the last part of a URL. A proxy or client may resolve the
# dots, and a DELETE of the remaining URL would delete the server; and Nova
# takes the bytes of what is not ASCII for characters.
_NOT_IN_URLS = re.compile(r'\.{0,2}|.*[/\x80-\U0010ffff].*', re.DOTALL)

_ERRORS = (
    exceptions.Error,
    *api_errors.API_ERRORS,
    requests.RequestException,
)

_Request = tuple[str, str, Mapping[str, Any] | None]


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """Desired settings, or those that differ on a server; false if empty.

    :param properties: key -> value, or None to remove the property.
    :param tags: tag -> whether to add or to remove it.
    :param description: empty to remove it; None to leave it as it is.
    """

    properties: Mapping[str, str | None]
    tags: Mapping[str, bool]
    description: str | None = None

    def __bool__(self) -> bool:
        has_description = self.description is not None
        return bool(self.properties or self.tags or has_description)


def is_url_safe(name: str) -> bool:
    """Return whether a URL can end with a tag or a key."""
    return not _NOT_IN_URLS.fullmatch(name)


def diff(desired: ServerSettings, server: Mapping[str, Any]) -> ServerSettings:
    """Return the desired settings that a server does not have.

    :param server: as Nova shows it, in a microversion that supports them.
    """
    metadata = server.get('metadata', {})
    tags = server.get('tags', ())
    description = server.get('description') or ''
    return ServerSettings(
        {k: v for k, v in desired.properties.items() if metadata.get(k) != v},
        {t: on for t, on in desired.tags.items() if (t in tags) != on},
        None if desired.description == description else desired.description,
    )


def apply_changes(
    session: _session.RetryingSession,
    server_id: str,
    changes: ServerSettings,
    microversion: str,
) -> outcomes.Outcome:
    """Change a server; return the result and never raise.

    Changes are merged into the server's settings, which other clients may
    change at the same time.

    :param changes: as returned by :func:`diff`.
    :param microversion: one that supports the changes.
    """
    server = _Server(session, f'/servers/{server_id}', microversion)
    some_applied = False
    failure: outcomes.Outcome | None = None
    try:
        for method, path, body in server.list_requests(changes):
            failure = server.change(method, path, body)
            if failure:
                break
            some_applied = True
    except exceptions.OutcomeUnknown as error:
        failure = outcomes.unknown(str(error))
    except exceptions.NovaError as error:
        is_gone = error.status_code == 404
        failure = (
            _deleted()
            if is_gone
            else outcomes.Outcome(outcomes.FAILED, str(error))
        )
    except _ERRORS as error:
        failure = outcomes.Outcome(outcomes.FAILED, api_errors.describe(error))
    if failure and some_applied and failure.result == outcomes.FAILED:
        text = _('%(problem)s Some of its changes had already been applied.')
        return dataclasses.replace(
            failure, reason=text % {'problem': failure.reason}
        )
    return failure or outcomes.Outcome(outcomes.UPDATED)


def _deleted() -> outcomes.Outcome:
    return outcomes.Outcome(outcomes.GONE, _('The server no longer exists.'))


class _Server:
    """A server that is changed, one request after another.

    :param path: the server's path, relative to the endpoint.
    """

    def __init__(
        self, session: _session.RetryingSession, path: str, microversion: str
    ) -> None:
        self._session = session
        self._path = path
        self._microversion = microversion

    def list_requests(self, changes: ServerSettings) -> Iterator[_Request]:
        """Yield the requests that apply changes."""
        properties = changes.properties.items()
        if added := {k: v for k, v in properties if v is not None}:
            yield 'POST', '/metadata', {'metadata': added}
        for key, value in properties:
            if value is None:
                yield 'DELETE', f'/metadata/{_quote(key)}', None
        unsafe = {}
        for tag, on in changes.tags.items():
            if is_url_safe(tag):
                yield 'PUT' if on else 'DELETE', f'/tags/{_quote(tag)}', None
            else:
                unsafe[tag] = on
        if unsafe:
            yield 'PUT', '/tags', {'tags': self._merge_tags(unsafe)}
        if changes.description is not None:
            # null is what Nova has if there was never a description.
            description = changes.description or None
            yield 'PUT', '', {'server': {'description': description}}

    def change(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> outcomes.Outcome | None:
        """Send a request; return the failure, or None if there was none."""
        for delay in (*retry.CONFLICT.delays, None):
            response = self._request(method, path, body)
            if response.status_code == 404:
                return self._explain_not_found(method, path, response)
            if response.status_code != 409:
                break
            server = self._request('GET')
            if server.status_code == 404:
                return _deleted()
            if delay is None or not _is_transient_conflict(server):
                break
            if self._session.sleep(delay):
                break
        if response.status_code < 400:
            return None
        reason = api_errors.response_error(response)
        return outcomes.Outcome(
            outcomes.FAILED, reason, is_own=response.status_code == 409
        )

    def _explain_not_found(
        self, method: str, path: str, response: requests.Response
    ) -> outcomes.Outcome | None:
        """Return what a 404 means: None if nothing is left to remove."""
        server = self._request('GET')
        if server.status_code == 404:
            return _deleted()
        attempt.raise_for_error(server)
        if method == 'DELETE':  # another client may have removed it
            shown = responses.parse_json(server, 'server')['server']
            _slash, kind, name = path.split('/')
            if urllib.parse.unquote(name) not in shown.get(kind, ()):
                return None
        return outcomes.Outcome(
            outcomes.FAILED, api_errors.response_error(response)
        )

    def _merge_tags(self, changed: Mapping[str, bool]) -> list[str]:
        """Return the server's current tags with changes applied."""
        path = f'{self._path}/tags'
        shown = self._session.get(path, self._microversion, 'tags')
        current: list[str] = shown['tags']
        kept = [tag for tag in current if changed.get(tag, True)]
        added = [tag for tag, on in changed.items() if on and tag not in kept]
        return [*kept, *added]

    def _request(
        self,
        method: str,
        path: str = '',
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        return self._session.request(
            method, self._path + path, self._microversion, json=body
        )


def _quote(name: str) -> str:
    return urllib.parse.quote(name, safe='')


def _is_transient_conflict(server: requests.Response) -> bool:
    """Return whether a conflict with the server's state may pass."""
    if server.status_code != 200:
        return True
    shown = responses.parse_json(server, 'server')['server']
    return shown.get('OS-EXT-STS:vm_state') in _MUTABLE_VM_STATES
