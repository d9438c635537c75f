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

"""Setting a property on the servers of many hypervisors."""

import collections
from collections.abc import Callable, Mapping, Sequence
import dataclasses
import os
import pathlib
import signal
import subprocess
import time
from typing import Any

from benchmarks import far_nova
from benchmarks import far_nova_process
from benchmarks import machine
from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace

_SIZE = far_nova.Size(hypervisors=200, servers=10_000, latency=0.02)
_QUICK = far_nova.Size(hypervisors=20, servers=1_000, latency=0.02)

_MIB = 1024**2
_OURS = '8 workers'
_NOVA = 'nova host-meta'

# Seconds that a run of nova may be repeated for: it takes minutes.
_PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class _Run:
    """What a run of our command showed, and what it did.

    :param results: number of servers with each result.
    :param lines: seconds since the start at which a line of progress came.
    :param after_signal: seconds from Ctrl-C to the end, 0 without Ctrl-C.
    :param peak: peak resident memory in bytes.
    """

    results: Mapping[str, int]
    lines: Sequence[float]
    after_signal: float
    peak: int
    statistics: Mapping[str, Any]


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Change all servers with each program, and again with ours.

    :raises RuntimeError: if novaclient is missing, or servers are unchanged.
    """
    size = _QUICK if quick else _SIZE
    with far_nova_process.FarNova(place, size) as far:
        bench = _Bench(found, far, place.folder / 'rows', size)
        patience = machine.Patience(_PATIENCE)
        first = patience.undisturbed(bench.change)
        again = bench.run()
        dry = bench.run('--dry-run')
        nova = patience.undisturbed(bench.change_with_nova)
        second = patience.undisturbed(bench.change)
        far.reset()
        stopped = bench.run(interrupt=True)
    title = (
        f'Scale: {size.servers:,} servers on {size.hypervisors} hypervisors '
        f'behind {size.latency * 1000:.0f} ms'
    )
    return table.Table(
        title,
        [
            *_compare_speed([first, second], nova),
            *_count_requests([first, second], again, size),
            *_compare_memory([first, second], dry),
            *_judge_talk([first, second], stopped),
        ],
    )


class _Bench:
    """Runs of commands that change all servers of the stub."""

    def __init__(
        self,
        found: programs.Programs,
        far: far_nova_process.FarNova,
        rows: pathlib.Path,
        size: far_nova.Size,
    ) -> None:
        self._ours = [
            *(str(found.ours), 'hypervisor', 'servers', 'set', '--progress'),
            *('--matching', far_nova.HYPERVISOR, '--property', 'env=prod'),
            *('-f', 'value', '-c', 'Result'),
        ]
        self._nova = [
            *(str(found.nova()), 'host-meta', far_nova.HYPERVISOR),
            *('set', 'env=prod'),
        ]
        self._far = far
        self._rows = rows
        self._size = size

    def change(self) -> _Run:
        """Change all servers with our command."""
        self._far.reset()
        run = self.run()
        self._far.require_changed(self._size.servers)
        return run

    def change_with_nova(self) -> Mapping[str, Any]:
        """Change all servers with novaclient; return the statistics."""
        self._far.reset()
        runs.run(self._nova, self._far.environ())
        return self._far.require_changed(self._size.servers)

    def run(self, *options: str, interrupt: bool = False) -> _Run:
        """Run our command.

        :param interrupt: whether to press Ctrl-C while servers are changed.
        """
        environ = self._far.environ()
        with (
            self._rows.open('wb') as rows,
            subprocess.Popen(
                [*self._ours, *options],
                env=environ,
                cwd=environ['HOME'],
                stdin=subprocess.DEVNULL,
                stdout=rows,
                stderr=subprocess.PIPE,
            ) as process,
        ):
            stop = process.send_signal if interrupt else _ignore
            lines, signaled_at = _follow(process, stop)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        ended_at = time.monotonic()
        if process.returncode != (130 if interrupt else 0):
            raise RuntimeError(f'The status was {process.returncode}.')
        return _Run(
            collections.Counter(self._rows.read_text().split()),
            lines,
            ended_at - (signaled_at or ended_at),
            usage.ru_maxrss * 1024,
            self._far.statistics(),
        )


def _ignore(number: int) -> None:
    """Send no signal."""


def _follow(
    process: subprocess.Popen[bytes], send_signal: Callable[[int], None]
) -> tuple[list[float], float]:
    """Return when lines were written, and when a signal was sent, if any.

    :param send_signal: called at the first line after that of the start.
    """
    lines = []
    signaled_at = 0.0
    assert process.stderr
    for line in process.stderr:
        lines.append(time.monotonic())
        if b'changing' in line and b'%' in line and not signaled_at:
            signaled_at = time.monotonic()
            send_signal(signal.SIGINT)
    return lines, signaled_at


def _compare_speed(
    ours: Sequence[_Run], nova: Mapping[str, Any]
) -> list[table.Row]:
    seconds = [run.statistics['seconds'] for run in ours]
    peers = [nova['seconds']] * len(ours)
    speed = rounds.ratios(peers, seconds)
    return [table.Row('speed', _OURS, _NOVA, speed, table.Target('>=', 7))]


def _count_requests(
    ours: Sequence[_Run], again: _Run, size: far_nova.Size
) -> list[table.Row]:
    pages = size.hypervisors
    needed = size.servers + pages
    return [
        table.Row(
            'requests',
            _OURS,
            'one for each server and page',
            [run.statistics['requests'] - needed for run in ours],
            # Requests for the versions and the hypervisors.
            table.Target('<=', 2),
            '{:+.0f}',
        ),
        table.Row(
            'requests',
            'second run',
            'one for each page',
            [again.statistics['requests'] - pages],
            table.Target('<=', 2),
            '{:+.0f}',
        ),
    ]


def _compare_memory(ours: Sequence[_Run], dry: _Run) -> list[table.Row]:
    return [
        table.Row(
            'peak memory',
            _OURS,
            '--dry-run',
            [(run.peak - dry.peak) / _MIB for run in ours],
            table.Target('<=', 8),
            '{:+.1f} MiB',
        )
    ]


def _judge_talk(ours: Sequence[_Run], stopped: _Run) -> list[table.Row]:
    silences = [
        max(map(float.__sub__, run.lines[1:], run.lines)) for run in ours
    ]
    changed = stopped.statistics['changed']
    return [
        table.Row(
            'longest silence',
            '--progress',
            '',
            silences,
            # It promises a line every 5 s, and looks twice a second.
            table.Target('<=', 6),
            '{:.1f} s',
        ),
        table.Row(
            'end after Ctrl-C',
            _OURS,
            '',
            [stopped.after_signal],
            table.Target('<=', 2),
            '{:.1f} s',
        ),
        table.Row(
            'rows after Ctrl-C',
            'updated',
            'changed',
            [abs(stopped.results['updated'] - changed)],
            table.Target('<=', 0),
            '{:+.0f}',
        ),
    ]
