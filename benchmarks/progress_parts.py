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

"""The processor time of the parts of the filter, each alone."""

from collections.abc import Mapping, Sequence
import dataclasses
import json
import statistics
import subprocess

from benchmarks import rounds
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import bootstrap
from tests.fixtures import services_env

_GIB = 1024**3
# As in progress_parts_process.py, which this environment cannot import.
_BLOCKS = ('64 KiB', '8 MiB')
# Seconds for each GiB, of which Glance needs about eight.
_MAX_READS = 0.15
# Seconds, twice for each second of an import.
_MAX_SCAN = 0.025
# Reports for each second of an upload.
_REPORTS = 2


@dataclasses.dataclass(frozen=True)
class Parts:
    """What was measured.

    :param size: bytes that were read.
    :param seconds: what -> processor time of each round, in seconds.
    """

    size: int
    seconds: Mapping[str, Sequence[float]]

    def added(self, size: int, seconds: float) -> float:
        """Return the seconds of processor time added to an upload.

        :param size: bytes of the upload, which Glance reads 64 KiB at a time.
        :param seconds: its duration.
        """
        reads = statistics.median(self._reads(_BLOCKS[0])) / self.size
        report = statistics.median(self.seconds['report'])
        return reads * size + report * _REPORTS * seconds

    def _reads(self, name: str) -> list[float]:
        return rounds.differences(
            self.seconds[f'{name} counted'], self.seconds[f'{name} plain']
        )

    def rows(self) -> list[table.Row]:
        """Return the rows."""
        return [
            *(
                table.Row(
                    f'reads of {name}: processor time',
                    'counted',
                    'plain',
                    self._reads(name),
                    table.Target('<=', _MAX_READS * self.size / _GIB),
                    '{:+.3f} s',
                )
                for name in _BLOCKS
            ),
            table.Row(
                'report to memcached',
                'processor time',
                '',
                self.seconds['report'],
                form='{:.4f} s',
            ),
            table.Row(
                'look at 1,000 open files',
                'processor time',
                '',
                self.seconds['scan'],
                table.Target('<=', _MAX_SCAN),
                '{:.4f} s',
            ),
        ]


def measure(
    place: workspace.Workspace, address: str, size: int, count: int
) -> Parts:
    """Measure the parts in the environment of Glance.

    :param address: of memcached.
    :param size: bytes to read.
    """
    done = subprocess.run(
        [
            services_env.ensure() / 'bin' / 'python',
            *('-m', 'benchmarks.progress_parts_process'),
            *(f'--size={size}', f'--rounds={count}'),
            f'--memcached={address}',
        ],
        env=place.environ() | {'PYTHONPATH': str(bootstrap.CLONE)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Parts(size, json.loads(done.stdout))
