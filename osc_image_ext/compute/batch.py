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

"""The servers of hypervisors: what all of them lack, and what became of it."""

from collections.abc import Mapping, Sequence
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


@dataclasses.dataclass(frozen=True)
class Server:
    """A server: not more of it than its row needs, there may be thousands.

    :param changes: what it lacks of what is wanted.
    """

    id: str
    name: str
    hypervisor: str
    changes: server_changes.ServerSettings


@dataclasses.dataclass(frozen=True)
class Batch:
    """Changes of servers that are made the same way.

    :param microversion: a microversion that knows of all that is wanted.
    :param workers: how many requests are made at a time.
    :param stop: once it is set, servers that are left are skipped.
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
        """Return the servers of hypervisors, in the order of those.

        :param filters: see :func:`hypervisors.list_servers`.
        """
        look = functools.partial(self._list_servers_on, filters)
        surveyed: list[list[Server]] = [[] for _hypervisor in hypervisors]
        for ended in bulk.run(hypervisors, look, self.workers, self.stop):
            if ended.error:
                raise ended.error
            surveyed[ended.index] = ended.result or []
        # One that was migrated meanwhile may have been seen twice.
        found = {each.id: each for some in surveyed for each in some}
        return list(found.values())

    def _list_servers_on(
        self,
        filters: Mapping[str, str],
        hypervisor: _hypervisors.Hypervisor,
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
        listener: _listener.ProgressListener,
    ) -> list[server_changes.Outcome]:
        """Change servers; return what became of each, in their order.

        :param listener: told how many are done, and how many failed.
        """
        outcomes = [server_changes.Outcome(UNCHANGED)] * len(servers)
        to_change = [i for i, server in enumerate(servers) if server.changes]
        done = failures = 0
        listener.phase(_('changing'))
        listener.started(len(to_change))
        work = functools.partial(self._apply, servers)
        for ended in bulk.run(to_change, work, self.workers, self.stop):
            outcome = outcomes[ended.item] = _to_outcome(ended)
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

    def _apply(
        self, servers: Sequence[Server], index: int
    ) -> server_changes.Outcome:
        server = servers[index]
        return server_changes.apply_changes(
            self.session, server.id, server.changes, self.microversion
        )


def _to_outcome(
    ended: bulk.ItemResult[int, server_changes.Outcome],
) -> server_changes.Outcome:
    if ended.error:
        reason = api_errors.describe(ended.error)
        return server_changes.Outcome(server_changes.FAILED, reason)
    return ended.result or server_changes.Outcome(SKIPPED)
