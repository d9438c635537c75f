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

"""The time to set a property on all servers of a remote hypervisor."""

from collections.abc import Mapping
from typing import Any

from benchmarks import far_nova
from benchmarks import far_nova_process
from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace

_SIZE = far_nova.Size(hypervisors=1, servers=200, latency=0.05)

_OURS = '8 workers'
_ONE = '1 worker'
_NOVA = 'nova host-meta'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the time and the number of the requests.

    :raises RuntimeError: if novaclient is missing, or servers are unchanged.
    """
    count = 2 if quick else 5
    hypervisor = f'{far_nova.HYPERVISOR}0'
    words = ['hypervisor', 'servers', 'set', hypervisor]
    ours = [str(found.ours), *words, '--property', 'env=prod']
    theirs = [str(found.nova()), 'host-meta', hypervisor, 'set', 'env=prod']
    with far_nova_process.FarNova(place, _SIZE) as far:

        def figures(*command: str) -> Mapping[str, Any]:
            far.reset()
            runs.run(command, far.environ())
            return far.require_changed(_SIZE.servers)

        results = rounds.alternate(
            'servers',
            {
                _OURS: lambda: figures(*ours),
                _ONE: lambda: figures(*ours, '--workers=1'),
                _NOVA: lambda: figures(*theirs),
            },
            count,
        )
    title = (
        f'Servers: {_SIZE.servers} behind {_SIZE.latency * 1000:.0f} ms, '
        f'{count} rounds'
    )
    return table.Table(title, _rows(results))


def _rows(figures: Mapping[str, list[Mapping[str, Any]]]) -> list[table.Row]:
    seconds = {
        name: [run['seconds'] for run in each]
        for name, each in figures.items()
    }
    more = [run['requests'] - _SIZE.servers for run in figures[_OURS]]
    return [
        table.Row(
            'speed',
            _OURS,
            _NOVA,
            rounds.ratios(seconds[_NOVA], seconds[_OURS]),
            table.Target('>=', 7),
        ),
        table.Row(
            'speed',
            _ONE,
            _NOVA,
            rounds.ratios(seconds[_NOVA], seconds[_ONE]),
        ),
        table.Row(
            'requests',
            _OURS,
            'one for each server',
            more,
            # Requests for the versions, the hypervisor and its servers.
            table.Target('<=', 3),
            '{:+.0f}',
        ),
    ]
