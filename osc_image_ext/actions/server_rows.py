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

"""What is told of servers: a row each."""

from collections.abc import Iterator, Sequence
import shlex

from osc_image_ext import api_errors
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import server_changes

COLUMNS = ('ID', 'Name', 'Hypervisor', 'Result', 'Reason')

# What a dry run tells in place of "updated".
WOULD_UPDATE = 'would update'

_Row = tuple[str, ...]


def result_rows(
    servers: Sequence[_batch.Server],
    outcomes: Sequence[server_changes.Outcome],
) -> Iterator[_Row]:
    """Yield a row for each server, with what became of it."""
    for server, outcome in zip(servers, outcomes, strict=True):
        yield _row(server, outcome)


def dry_run_rows(servers: Sequence[_batch.Server]) -> Iterator[_Row]:
    """Yield the same rows with what would be done, as options."""
    for server in servers:
        result = WOULD_UPDATE if server.changes else _batch.UNCHANGED
        text = shlex.join(_options(server.changes))
        yield _row(server, server_changes.Outcome(result, text))


def _row(server: _batch.Server, outcome: server_changes.Outcome) -> _Row:
    reason = api_errors.printable(outcome.reason)
    known = (server.id, server.name, server.hypervisor)
    return (*known, outcome.result, reason)


def _options(changes: server_changes.ServerSettings) -> Iterator[str]:
    for key, value in changes.properties.items():
        yield '--property'
        yield key if value is None else f'{key}={value}'
    for tag in changes.tags:
        yield '--tag'
        yield tag
    if changes.description is not None:
        yield '--description'
        if changes.description:
            yield changes.description
