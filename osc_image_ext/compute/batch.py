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

from collections.abc import Callable, Iterator, Mapping, Sequence
import dataclasses
import itertools

from osc_image_ext import api_errors
from osc_image_ext import bulk
from osc_image_ext import listener as _listener
from osc_image_ext.compute import hypervisors as _hypervisors
from osc_image_ext.compute import outcomes as _outcomes
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

#: After so many failures in a row for the same reason no others are tried.
MAX_SAME_FAILURES = 10

#: Changes the server with an ID; returns the result and never raises.
Operation = Callable[[str, server_changes.ServerSettings], _outcomes.Outcome]


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
    :param keep_going: whether all servers are tried, however many fail.
    """

    session: _session.RetryingSession
    desired: server_changes.ServerSettings
    microversion: str
    workers: int
    stop: bulk.Stop
    keep_going: bool = False

    def list_servers(
        self,
        hypervisors: Sequence[_hypervisors.Hypervisor],
        filters: Mapping[str, str],
        listener: _listener.ProgressListener,
    ) -> list[Server]:
        """Return the servers of hypervisors, in the order of the latter.

        :param filters: see :func:`hypervisors.list_servers`.
        :param listener: its position is the number of servers found.
        :raises: see :func:`hypervisors.list_servers`.
        """
        listener.phase(_('listing'))
        listener.started(None)
        counter = itertools.count(1)

        def work(hypervisor: _hypervisors.Hypervisor) -> list[Server]:
            servers = []
            for server in self._list_servers_on(hypervisor, filters):
                servers.append(server)
                listener.moved(next(counter))
            return servers

        found: list[list[Server]] = [[] for _hypervisor in hypervisors]
        for result in bulk.run(hypervisors, work, self.workers, self.stop):
            if result.error:
                raise result.error
            found[result.index] = result.result or []
        listener.phase(_('listed'))
        # A server that is being migrated may be found twice.
        unique = {server.id: server for some in found for server in some}
        return list(unique.values())

    def _list_servers_on(
        self, hypervisor: _hypervisors.Hypervisor, filters: Mapping[str, str]
    ) -> Iterator[Server]:
        for server in _hypervisors.list_servers(
            self.session, hypervisor, filters, self.microversion
        ):
            yield Server(
                server['id'],
                server['name'],
                hypervisor.name,
                server_changes.diff(self.desired, server),
            )

    def change(
        self,
        servers: Sequence[Server],
        operation: Operation,
        listener: _listener.ProgressListener,
        on_stop: Callable[[int], None] = lambda _count: None,
    ) -> list[_outcomes.Outcome]:
        """Change servers; return the results in the same order.

        :param operation: called for each server that has to change.
        :param listener: its position is the number of servers done.
        :param on_stop: see :func:`bulk.run`.
        """
        outcomes = [_outcomes.Outcome(_outcomes.UNCHANGED)] * len(servers)
        to_change = [i for i, server in enumerate(servers) if server.changes]
        done = failures = 0
        same_failures = _SameFailures()
        listener.phase(_('changing'))
        listener.started(len(to_change))

        def work(index: int) -> _outcomes.Outcome:
            if same_failures.are_too_many and not self.keep_going:
                return _skipped_after_failures()
            return operation(servers[index].id, servers[index].changes)

        for result in bulk.run(
            to_change, work, self.workers, self.stop, on_stop
        ):
            outcome = outcomes[result.item] = _to_outcome(result)
            same_failures.add(outcome, servers[result.item].id)
            is_done = outcome.result != _outcomes.SKIPPED
            done += is_done and not result.is_abandoned
            failures += outcome.result in _outcomes.FAILURES
            if failures:
                listener.phase(_('changing (%d failed)') % failures)
            listener.moved(done)
        listener.phase(_describe_end(failures, self.stop.is_set()))
        return outcomes


def _describe_end(failures: int, is_stopped: bool) -> str:
    if is_stopped:
        return _('interrupted')
    return _('changed (%d failed)') % failures if failures else _('changed')


class _SameFailures:
    """Counts failures in a row for the same reason.

    Successes end a row; what is due to the state of one server does not count.
    """

    def __init__(self) -> None:
        self._reason = ''
        self._count = 0
        self.are_too_many = False

    def add(self, outcome: _outcomes.Outcome, server_id: str) -> None:
        if outcome.result == _outcomes.SKIPPED or outcome.is_own:
            return
        is_failure = outcome.result in _outcomes.FAILURES
        # Messages and URLs contain the ID of their server.
        reason = outcome.reason.replace(server_id, '') if is_failure else ''
        is_same = is_failure and reason == self._reason
        self._count = self._count + 1 if is_same else int(is_failure)
        self._reason = reason
        if self._count >= MAX_SAME_FAILURES:
            self.are_too_many = True


def _skipped_after_failures() -> _outcomes.Outcome:
    text = _(
        'Not tried after %(count)d failures in a row for the same reason.'
    )
    return _outcomes.Outcome(
        _outcomes.SKIPPED, text % {'count': MAX_SAME_FAILURES}
    )


def _to_outcome(
    result: bulk.ItemResult[int, _outcomes.Outcome],
) -> _outcomes.Outcome:
    if result.is_abandoned:
        return _outcomes.unknown(
            _('The command was stopped before Nova responded.')
        )
    if result.error:
        reason = api_errors.describe(result.error)
        return _outcomes.Outcome(_outcomes.FAILED, reason)
    return result.result or _outcomes.Outcome(_outcomes.SKIPPED)
