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

"""The table of commands that change many servers: a row for each."""

from collections.abc import Iterator, Sequence
import shlex

from osc_image_ext import text
from osc_image_ext.compute import batch
from osc_image_ext.compute import server_changes

COLUMNS = ('ID', 'Name', 'Hypervisor', 'Result', 'Reason')

# What a dry run shows instead of "updated".
WOULD_UPDATE = 'would update'

_Row = tuple[str, ...]


def result_rows(
    servers: Sequence[batch.Server], outcomes: Sequence[server_changes.Outcome]
) -> Iterator[_Row]:
    """Yield a row for each server, with its result."""
    for server, outcome in zip(servers, outcomes, strict=True):
        yield _row(server, outcome)


def dry_run_rows(servers: Sequence[batch.Server]) -> Iterator[_Row]:
    """Yield the same rows with the changes to make, as options."""
    for server in servers:
        result = WOULD_UPDATE if server.changes else batch.UNCHANGED
        options = shlex.join(_options(server.changes))
        yield _row(server, server_changes.Outcome(result, options))


def _row(server: batch.Server, outcome: server_changes.Outcome) -> _Row:
    reason = text.printable(outcome.reason)
    return (server.id, server.name, server.hypervisor, outcome.result, reason)


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
