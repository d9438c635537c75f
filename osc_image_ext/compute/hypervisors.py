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

"""Hypervisors, and the servers that are on them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import functools
import re
from typing import Any
import uuid

from openstack import utils as sdk_utils

from osc_image_ext import exceptions
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

# The first in which Nova can search by name, and IDs are UUIDs. Not a later
# one: since 2.88 details include the uptime, which every hypervisor is asked.
_SEARCH_MICROVERSION = '2.53'
# What Nova accepts as a search pattern; hypervisor names have nothing else.
_SEARCHABLE = re.compile(r'[a-zA-Z0-9._-]+')

# A server that is deleted while servers are listed is no marker any more.
_MAX_MARKERS = 10

_HOST = 'OS-EXT-SRV-ATTR:host'
_NODE = 'OS-EXT-SRV-ATTR:hypervisor_hostname'


@dataclasses.dataclass(frozen=True)
class Hypervisor:
    """A hypervisor; its name is unique on its host only.

    :param host: host of the compute service that it belongs to, which has
        many hypervisors with Ironic.
    """

    id: str
    name: str
    host: str


def find(session: _session.RetryingSession, name_or_id: str) -> Hypervisor:
    """Return the hypervisor with exactly this name, or else this ID.

    :raises HypervisorError: if there is none, or more than one.
    :raises: see :meth:`session.RetryingSession.get`.
    """
    listed = list(_search(session, name_or_id))
    found = [each for each in listed if each.name == name_or_id]
    found = found or [each for each in listed if each.id == name_or_id]
    found = found or _get_by_id(session, name_or_id)
    if not found:
        raise exceptions.HypervisorError(
            _('No hypervisor found with name or ID %(name)s.')
            % {'name': name_or_id}
        )
    if len(found) > 1:
        raise exceptions.HypervisorError(
            _('More than one hypervisor is named %(name)s; use its ID.')
            % {'name': name_or_id}
        )
    return found[0]


def list_matching(
    session: _session.RetryingSession, substring: str
) -> list[Hypervisor]:
    """Return the hypervisors whose names contain a text, ordered by name.

    :raises HypervisorError: if there is none.
    :raises: see :meth:`session.RetryingSession.get`.
    """
    found = [
        each for each in _search(session, substring) if substring in each.name
    ]
    if not found:
        raise exceptions.HypervisorError(
            _('No hypervisor found whose name contains %(text)s.')
            % {'text': substring}
        )
    return sorted(found, key=lambda each: each.name)


def list_servers(
    session: _session.RetryingSession,
    hypervisor: Hypervisor,
    filters: Mapping[str, str],
    microversion: str,
) -> Iterator[dict[str, Any]]:
    """Yield the servers of all projects that really are on a hypervisor.

    :param filters: additional query parameters of Nova's server list.
    :param microversion: one that shows all settings that are compared.
    :returns: JSON objects, as Nova shows the servers.
    :raises: see :meth:`session.RetryingSession.get`.
    """
    query = {
        'all_tenants': 'True',
        'host': hypervisor.host,
        # Nova takes it for a regular expression of its database.
        'node': f'^{re.escape(hypervisor.name)}$',
        **filters,
    }
    place = (hypervisor.host, hypervisor.name)
    for server in _list_pages(session, '/servers/detail', query, microversion):
        if (server.get(_HOST), server.get(_NODE)) == place:
            yield server


def _search(
    session: _session.RetryingSession, substring: str
) -> Iterator[Hypervisor]:
    """Yield at least the hypervisors whose names contain a text."""
    query, microversion = {}, None
    if sdk_utils.supports_microversion(session.proxy, _SEARCH_MICROVERSION):
        if not _SEARCHABLE.fullmatch(substring):
            return
        query, microversion = (
            {'hypervisor_hostname_pattern': substring},
            _SEARCH_MICROVERSION,
        )
    try:
        for each in _list_pages(
            session, '/os-hypervisors/detail', query, microversion
        ):
            yield _from_resource(each)
    except exceptions.NovaError as error:
        if error.status_code != 404:
            raise


def _get_by_id(
    session: _session.RetryingSession, name_or_id: str
) -> list[Hypervisor]:
    """Return the hypervisor with a UUID, if there is one."""
    try:
        path = f'/os-hypervisors/{uuid.UUID(name_or_id)}'
    except ValueError:
        return []
    try:
        body = session.get(path, _SEARCH_MICROVERSION, 'hypervisor')
    except exceptions.NovaError as error:
        if error.status_code != 404:
            raise
        return []
    return [_from_resource(body['hypervisor'])]


def _from_resource(resource: Mapping[str, Any]) -> Hypervisor:
    return Hypervisor(
        str(resource['id']),
        resource['hypervisor_hostname'],
        resource['service']['host'],
    )


def _list_pages(
    session: _session.RetryingSession,
    path: str,
    query: Mapping[str, str],
    microversion: str | None,
) -> Iterator[dict[str, Any]]:
    """Yield the items on all pages of a list."""
    name = path.split('/')[1].removeprefix('os-')
    get = functools.partial(session.get, path, microversion, name)
    page = get(query)
    while items := page[name]:
        yield from items
        # The link itself may have an address that a proxy hides.
        if not page.get(f'{name}_links'):
            return
        page = _get_page_after(items, get, query)


def _get_page_after(
    items: Sequence[Mapping[str, Any]],
    get: Callable[[Mapping[str, str]], dict[str, Any]],
    query: Mapping[str, str],
) -> dict[str, Any]:
    """Return the page after the last of some items that still exists."""
    markers = [str(item['id']) for item in items[-_MAX_MARKERS:]]
    while True:
        marker = markers.pop()
        try:
            return get({**query, 'marker': marker})
        except exceptions.NovaError as error:
            is_missing = error.status_code == 400 and marker in str(error)
            if not is_missing or not markers:
                raise
