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

"""What servers shall have, what one of them lacks, and giving it that."""

from collections.abc import Iterator, Mapping
import dataclasses
import re
from typing import Any
import urllib.parse

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
import requests

from osc_image_ext import api_errors
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

UPDATED = 'updated'
FAILED = 'failed'
GONE = 'gone'

# Keys that there is no request for: see below.
UNREMOVABLE_KEYS = ('.', '..')

# Seconds before a change that conflicts with something is tried again.
_RETRY_DELAYS = (1, 2, 4)
# In other states than these, and that of a server that is being built, Nova
# takes no changes, and waiting does not help.
_MUTABLE_VM_STATES = (
    'active',
    'paused',
    'suspended',
    'stopped',
    'building',
    None,
)

# What cannot be the last part of a URL. Whatever is on the way there may
# resolve the dots, and a DELETE of what is left would delete the server; and
# Nova takes the bytes of what is not ASCII for characters.
_NOT_IN_URLS = re.compile(r'\.{0,2}|.*[/\x80-\U0010ffff].*', re.DOTALL)

_ERRORS = (
    ksa_exceptions.ClientException,
    sdk_exceptions.SDKException,
    requests.RequestException,
)

_Request = tuple[str, str, Mapping[str, Any] | None]


@dataclasses.dataclass(frozen=True)
class ServerSettings:
    """What servers shall have, or what one lacks of that; false if nothing.

    :param properties: key -> value, or None where it shall not be there.
    :param tags: tag -> whether it shall be there.
    :param description: empty where there shall be none; None to leave it.
    """

    properties: Mapping[str, str | None]
    tags: Mapping[str, bool]
    description: str | None = None

    def __bool__(self) -> bool:
        described = self.description is not None
        return bool(self.properties or self.tags or described)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a server: one of the words above, and why."""

    result: str
    reason: str = ''


def is_url_safe(name: str) -> bool:
    """Tell whether there can be a request for this tag alone."""
    return not _NOT_IN_URLS.fullmatch(name)


def diff(desired: ServerSettings, server: Mapping[str, Any]) -> ServerSettings:
    """Return what a server lacks of what is wanted.

    :param server: as Nova shows it, in a microversion that knows of that.
    """
    has = server.get('metadata', {})
    tagged = server.get('tags', ())
    described = server.get('description') or ''
    return ServerSettings(
        {k: v for k, v in desired.properties.items() if has.get(k) != v},
        {t: on for t, on in desired.tags.items() if (t in tagged) != on},
        None if desired.description == described else desired.description,
    )


def apply_changes(
    session: _session.RetryingSession,
    server_id: str,
    changes: ServerSettings,
    microversion: str,
) -> Outcome:
    """Give a server what it lacks; tell what became of it, and never raise.

    What is given is merged into what is there, which others may change at
    the same time.

    :param microversion: a microversion that knows of all that.
    """
    server = _Server(session, f'/servers/{server_id}', microversion)
    changed = False
    failure: Outcome | None = None
    try:
        for step in server.steps(changes):
            failure = server.change(*step)
            if failure:
                break
            changed = True
    except sdk_exceptions.NotFoundException:
        failure = _deleted()
    except _ERRORS as error:
        failure = Outcome(FAILED, api_errors.describe(error))
    if failure and changed and failure.result == FAILED:
        reason = _('%s Other changes to it were made.') % failure.reason
        return Outcome(FAILED, reason)
    return failure or Outcome(UPDATED)


def _deleted() -> Outcome:
    return Outcome(GONE, _('It was deleted meanwhile.'))


class _Server:
    """A server that is changed, one request after another.

    :param path: of the server below the service's address.
    """

    def __init__(
        self, session: _session.RetryingSession, path: str, microversion: str
    ) -> None:
        self._caller = session
        self._path = path
        self._version = microversion

    def steps(self, changes: ServerSettings) -> Iterator[_Request]:
        """Yield the requests that give it what it lacks."""
        properties = changes.properties.items()
        if added := {k: v for k, v in properties if v is not None}:
            yield 'POST', '/metadata', {'metadata': added}
        for key, value in properties:
            if value is None:
                yield 'DELETE', f'/metadata/{_quote(key)}', None
        others = {}
        for tag, on in changes.tags.items():
            if is_url_safe(tag):
                yield 'PUT' if on else 'DELETE', f'/tags/{_quote(tag)}', None
            else:
                others[tag] = on
        if others:
            yield 'PUT', '/tags', {'tags': self._tags_with(others)}
        if changes.description is not None:
            # null is what Nova has where there was never any.
            description = changes.description or None
            yield 'PUT', '', {'server': {'description': description}}

    def change(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> Outcome | None:
        """Make a request; return what went wrong, if something did."""
        for delay in (*_RETRY_DELAYS, None):
            response = self._request(method, path, body)
            if response.status_code not in (404, 409):
                break
            server = self._request('GET')
            if server.status_code == 404:
                return _deleted()
            if response.status_code == 404:
                if method == 'DELETE':
                    return None  # somebody else has removed it
                break
            if delay is None or not _is_transient_conflict(server):
                break
            if self._caller.sleep(delay):
                break
        if response.status_code < 400:
            return None
        return Outcome(FAILED, api_errors.response_error(response))

    def _tags_with(self, changed: Mapping[str, bool]) -> list[str]:
        """Return its tags as they are now, but for those changed."""
        response = self._request('GET', '/tags')
        sdk_exceptions.raise_from_response(response)
        there = response.json()['tags']
        kept = [tag for tag in there if changed.get(tag, True)]
        added = [tag for tag, on in changed.items() if on and tag not in kept]
        return [*kept, *added]

    def _request(
        self,
        method: str,
        path: str = '',
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        return self._caller.request(
            method, self._path + path, self._version, json=body
        )


def _quote(name: str) -> str:
    return urllib.parse.quote(name, safe='')


def _is_transient_conflict(server: requests.Response) -> bool:
    """Tell whether a conflict may end by itself."""
    if server.status_code != 200:
        return True
    state = server.json()['server'].get('OS-EXT-STS:vm_state')
    return state in _MUTABLE_VM_STATES
