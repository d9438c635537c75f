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

from osc_image_ext import text
from osc_image_ext.compute import batch
from osc_image_ext.compute import outcomes as _outcomes
from osc_image_ext.compute import server_changes

COLUMNS = ('ID', 'Name', 'Hypervisor', 'Result', 'Reason')

# What a dry run shows instead of "updated".
WOULD_UPDATE = 'would update'

_Row = tuple[str, ...]


def result_rows(
    servers: Sequence[batch.Server], outcomes: Sequence[_outcomes.Outcome]
) -> Iterator[_Row]:
    """Yield a row for each server, with its result."""
    for server, outcome in zip(servers, outcomes, strict=True):
        yield _row(server, outcome.result, text.printable(outcome.reason))


def dry_run_rows(
    servers: Sequence[batch.Server], is_unset: bool
) -> Iterator[_Row]:
    """Yield the same rows with the changes to make, as options.

    :param is_unset: whether the options are those of the unset command.
    """
    for server in servers:
        result = WOULD_UPDATE if server.changes else _outcomes.UNCHANGED
        options = _to_options(server.changes, is_unset)
        yield _row(server, result, ' '.join(options))


def _row(server: batch.Server, result: str, reason: str) -> _Row:
    return (server.id, server.name, server.hypervisor, result, reason)


def _to_options(
    changes: server_changes.ServerSettings, is_unset: bool
) -> Iterator[str]:
    """Yield the options for changes, as words of a shell."""
    for key, value in changes.properties.items():
        yield _option('--property', key if is_unset else f'{key}={value}')
    for tag in changes.tags:
        yield _option('--tag', tag)
    if changes.description is not None:
        if is_unset:
            yield '--description'
        else:
            yield _option('--description', changes.description)


def _option(name: str, value: str) -> str:
    # argparse takes a separate word that begins so for another option.
    separator = '=' if value.startswith('-') else ' '
    return f'{name}{separator}{text.quote(value)}'
