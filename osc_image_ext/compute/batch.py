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

"""Changing the servers of hypervisors, several at a time."""

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import functools
import threading

from osc_image_ext import api_errors
from osc_image_ext import bulk
from osc_image_ext import listener as _listener
from osc_image_ext.compute import hypervisors as _hypervisors
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

UNCHANGED = 'unchanged'
SKIPPED = 'skipped'

#: Changes the server with an ID; returns the result and never raises.
Operation = Callable[
    [str, server_changes.ServerSettings], server_changes.Outcome
]


@dataclasses.dataclass(frozen=True)
class Server:
    """A server: no more than its row needs, since there may be thousands.

    :param changes: what has to change; false if nothing.
    """

    id: str
    name: str
    hypervisor: str
    changes: server_changes.ServerSettings


@dataclasses.dataclass(frozen=True)
class Batch:
    """The same desired settings for many servers.

    :param microversion: one that supports the desired settings.
    :param workers: number of concurrent requests.
    :param stop: once it is set, the remaining servers are skipped.
    """

    session: _session.RetryingSession
    desired: server_changes.ServerSettings
    microversion: str
    workers: int
    stop: threading.Event

    def list_servers(
        self,
        hypervisors: Sequence[_hypervisors.Hypervisor],
        filters: Mapping[str, str],
    ) -> list[Server]:
        """Return the servers of hypervisors, in the order of the latter.

        :param filters: see :func:`hypervisors.list_servers`.
        :raises: see :func:`hypervisors.list_servers`.
        """
        work = functools.partial(self._list_servers_on, filters)
        found: list[list[Server]] = [[] for _hypervisor in hypervisors]
        for result in bulk.run(hypervisors, work, self.workers, self.stop):
            if result.error:
                raise result.error
            found[result.index] = result.result or []
        # A server that is being migrated may be found twice.
        unique = {server.id: server for some in found for server in some}
        return list(unique.values())

    def _list_servers_on(
        self, filters: Mapping[str, str], hypervisor: _hypervisors.Hypervisor
    ) -> list[Server]:
        return [
            Server(
                server['id'],
                server['name'],
                hypervisor.name,
                server_changes.diff(self.desired, server),
            )
            for server in _hypervisors.list_servers(
                self.session, hypervisor, filters, self.microversion
            )
        ]

    def change(
        self,
        servers: Sequence[Server],
        operation: Operation,
        listener: _listener.ProgressListener,
    ) -> list[server_changes.Outcome]:
        """Change servers; return the results in the same order.

        :param operation: called for each server that has to change.
        :param listener: its position is the number of servers done.
        """
        outcomes = [server_changes.Outcome(UNCHANGED)] * len(servers)
        to_change = [i for i, server in enumerate(servers) if server.changes]
        done = failures = 0
        listener.phase(_('changing'))
        listener.started(len(to_change))

        def work(index: int) -> server_changes.Outcome:
            return operation(servers[index].id, servers[index].changes)

        for result in bulk.run(to_change, work, self.workers, self.stop):
            outcome = outcomes[result.item] = _to_outcome(result)
            done += outcome.result != SKIPPED
            failures += outcome.result == server_changes.FAILED
            if failures:
                listener.phase(_('changing (%d failed)') % failures)
            listener.moved(done)
        listener.phase(
            _('interrupted')
            if self.stop.is_set()
            else _('changed (%d failed)') % failures
            if failures
            else _('changed')
        )
        return outcomes


def _to_outcome(
    result: bulk.ItemResult[int, server_changes.Outcome],
) -> server_changes.Outcome:
    if result.error:
        reason = api_errors.describe(result.error)
        return server_changes.Outcome(server_changes.FAILED, reason)
    return result.result or server_changes.Outcome(SKIPPED)
