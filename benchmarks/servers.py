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
import sys
from typing import Any

from benchmarks import far_nova
from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import sink_answers
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import bootstrap
from tests.fixtures import loopback
from tests.fixtures import processes

_OURS = '8 workers'
_ONE = '1 worker'
_NOVA = 'nova host-meta'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the time and the number of the requests.

    :raises RuntimeError: if novaclient is missing, or servers are unchanged.
    """
    nova = found.ours.with_name('nova')
    if not nova.exists():
        raise RuntimeError(f'{nova} is missing: run tox -e bench.')
    count = 2 if quick else 5
    with _FarNova(place) as far:
        words = ['hypervisor', 'servers', 'set', far_nova.HYPERVISOR]
        ours = [str(found.ours), *words, '--property', 'env=prod']
        theirs = [str(nova), 'host-meta', far_nova.HYPERVISOR, 'set']
        figures = rounds.alternate(
            'servers',
            {
                _OURS: lambda: far.figures(ours),
                _ONE: lambda: far.figures([*ours, '--workers=1']),
                _NOVA: lambda: far.figures([*theirs, 'env=prod']),
            },
            count,
        )
    title = (
        f'Servers: {far_nova.SERVERS} behind {far_nova.LATENCY * 1000:.0f} ms,'
        f' {count} rounds'
    )
    return table.Table(title, _rows(figures))


def _rows(figures: Mapping[str, list[Mapping[str, Any]]]) -> list[table.Row]:
    seconds = {
        name: [run['seconds'] for run in each]
        for name, each in figures.items()
    }
    more = [run['requests'] - far_nova.SERVERS for run in figures[_OURS]]
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


class _FarNova:
    """Context manager that runs the stub of Nova."""

    def __init__(self, place: workspace.Workspace) -> None:
        self._place = place

    def __enter__(self) -> '_FarNova':
        with loopback.listen() as listener:
            host, port = listener.getsockname()
            self._url = f'http://{host}:{port}'
            self._process = processes.Process(
                [
                    *(sys.executable, '-m', 'benchmarks.far_nova'),
                    f'--listener={listener.fileno()}',
                    f'--folder={self._place.folder}',
                ],
                self._place.environ() | {'PYTHONPATH': str(bootstrap.CLONE)},
                self._place.folder / 'far-nova.log',
                listener,
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()

    def figures(self, command: list[str]) -> Mapping[str, Any]:
        """Run a command; return the statistics of the stub."""
        runs.run(command, self._environ())
        _, figures = loopback.request('GET', f'{self._url}/stats')
        if figures['changed'] != far_nova.SERVERS:
            raise self._process.failure(f'was left with {figures}')
        return dict(figures)

    def _environ(self) -> dict[str, str]:
        return self._place.environ() | {
            'OS_AUTH_URL': self._url + sink_answers.AUTH_PATH,
            'OS_IDENTITY_API_VERSION': '3',
            'OS_USERNAME': 'bench',
            'OS_PASSWORD': 'bench',
            'OS_PROJECT_NAME': 'bench',
            'OS_USER_DOMAIN_NAME': 'Default',
            'OS_PROJECT_DOMAIN_NAME': 'Default',
        }
