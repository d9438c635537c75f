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

from collections.abc import Iterator, Mapping
import dataclasses
import re
from typing import Any
import uuid

from openstack import exceptions as sdk_exceptions
from openstack import utils as sdk_utils

from osc_image_ext import exceptions
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

# Where Nova can search by name, and IDs are UUIDs. Not later: since 2.88 the
# details have the uptime, for which Nova asks every hypervisor.
_SEARCH_MICROVERSION = '2.53'
# What Nova accepts to search for; no hypervisor's name has anything else.
_SEARCHABLE = re.compile(r'[a-zA-Z0-9._-]+')

_HOST = 'OS-EXT-SRV-ATTR:host'
_NODE = 'OS-EXT-SRV-ATTR:hypervisor_hostname'


@dataclasses.dataclass(frozen=True)
class Hypervisor:
    """A hypervisor: two on different hosts may have the same name.

    :param host: of the compute service that it belongs to; with Ironic that
        has many.
    """

    id: str
    name: str
    host: str


def find(session: _session.RetryingSession, name_or_id: str) -> Hypervisor:
    """Return the hypervisor of exactly this name, or else of this ID.

    :raises HypervisorError: if there is none, or more than one.
    :raises openstack.exceptions.HttpException: if Nova refuses to tell.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached.
    """
    listed = list(_search(session, name_or_id))
    found = [each for each in listed if each.name == name_or_id]
    found = found or [each for each in listed if each.id == name_or_id]
    found = found or _get_by_id(session, name_or_id)
    if not found:
        raise exceptions.HypervisorError(
            _('There is no hypervisor with the name or ID %s.') % name_or_id
        )
    if len(found) > 1:
        raise exceptions.HypervisorError(
            _('%(count)d hypervisors have the name %(name)s: use an ID.')
            % {'count': len(found), 'name': name_or_id}
        )
    return found[0]


def list_matching(
    session: _session.RetryingSession, substring: str
) -> list[Hypervisor]:
    """Return the hypervisors that have this in their names, in their order.

    :raises HypervisorError: if there is none.
    :raises openstack.exceptions.HttpException: if Nova refuses to tell.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached.
    """
    found = [
        each for each in _search(session, substring) if substring in each.name
    ]
    if not found:
        raise exceptions.HypervisorError(
            _('There is no hypervisor with %s in its name.') % substring
        )
    return sorted(found, key=lambda each: each.name)


def list_servers(
    session: _session.RetryingSession,
    hypervisor: Hypervisor,
    filters: Mapping[str, str],
    microversion: str,
) -> Iterator[dict[str, Any]]:
    """Yield the servers of all projects that really are on a hypervisor.

    :param filters: more of what Nova takes to narrow a list of servers.
    :param microversion: a microversion that tells what is wanted of them.
    :returns: each as Nova shows it.
    :raises openstack.exceptions.HttpException: if Nova refuses to tell.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached.
    """
    query = {
        'all_tenants': 'True',
        'host': hypervisor.host,
        # A regular expression to Nova, and whatever its database makes of it.
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
    """Yield hypervisors, those with a part in their name among them."""
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
    except sdk_exceptions.NotFoundException:
        return


def _get_by_id(
    session: _session.RetryingSession, name_or_id: str
) -> list[Hypervisor]:
    """Return the hypervisor of a UUID, if there is one."""
    try:
        path = f'/os-hypervisors/{uuid.UUID(name_or_id)}'
        answer = _get_json(session, path, {}, _SEARCH_MICROVERSION)
    except (ValueError, sdk_exceptions.NotFoundException):
        return []
    return [_from_resource(answer['hypervisor'])]


def _from_resource(told: Mapping[str, Any]) -> Hypervisor:
    return Hypervisor(
        str(told['id']), told['hypervisor_hostname'], told['service']['host']
    )


def _list_pages(
    session: _session.RetryingSession,
    path: str,
    query: Mapping[str, str],
    microversion: str | None,
) -> Iterator[dict[str, Any]]:
    """Yield what a list shows, to its end."""
    name = path.split('/')[1].removeprefix('os-')
    marker: dict[str, str] = {}
    while True:
        page = _get_json(session, path, {**query, **marker}, microversion)
        yield from page[name]
        # Only the marker is taken from there: the address may be one that a
        # proxy hides.
        if not page.get(f'{name}_links'):
            return
        marker = {'marker': str(page[name][-1]['id'])}


def _get_json(
    session: _session.RetryingSession,
    path: str,
    query: Mapping[str, str],
    microversion: str | None,
) -> Any:
    response = session.request('GET', path, microversion, params=dict(query))
    sdk_exceptions.raise_from_response(response)
    return response.json()
