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

"""The cost of the plugin at each start of ``openstack``."""

from collections.abc import Mapping, Sequence
import dataclasses
import functools
import re
import shutil

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace

_COMMANDS: Sequence[Sequence[str]] = (
    ['--version'],
    ['image', 'create', '--help'],
)
# Meeting one of them is sufficient.
_MORE_INSTRUCTIONS = table.Target('<=', 1.02)
_MORE_TIME = table.Target('<=', 10)

# Counts the instructions of the program, independently of the machine.
_VALGRIND = (
    *('valgrind', '--tool=cachegrind', '--cache-sim=no'),
    '--cachegrind-out-file=/dev/null',
)
_COUNT = re.compile(r'I +refs: +([\d,]+)')
# With sets in the same order, two starts differ by a millionth.
_STARTS = 2


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare starts with and without the plugin."""
    count = 5 if quick else 40
    environ = place.environ()
    counts = shutil.which(_VALGRIND[0])
    rows: list[table.Row] = []
    for arguments in _COMMANDS:
        measured = _times(found, environ, arguments, count)
        if counts:
            counted = _instructions(found, environ, arguments)
            measured = _one_judge(counted, measured)
        rows += measured
    title = f'Start-up: {count} rounds'
    if not counts:
        title += ' (valgrind, which counts instructions, is not installed)'
    return table.Table(title, rows)


def _times(
    found: programs.Programs,
    environ: Mapping[str, str],
    arguments: Sequence[str],
    count: int,
) -> list[table.Row]:
    timed = rounds.alternate(
        _name(arguments),
        {
            name: functools.partial(runs.run, [program, *arguments], environ)
            for name, program in _rivals(found).items()
        },
        count,
    )
    cpu = {name: [run.cpu * 1e3 for run in timed[name]] for name in timed}
    wall = {name: [run.wall for run in timed[name]] for name in timed}
    more = rounds.differences(cpu['with'], cpu['without'])
    row = functools.partial(table.Row, ours='with it', peer='without it')
    name = _name(arguments)
    return [
        row(
            f'{name}: processor time',
            values=more,
            target=_MORE_TIME,
            form='{:+.0f} ms',
        ),
        row(
            f'{name}: processor time',
            values=rounds.ratios(cpu['with'], cpu['without']),
            form='{:.3f}',
        ),
        row(
            f'{name}: time',
            values=rounds.ratios(wall['with'], wall['without']),
            form='{:.3f}',
        ),
    ]


def _instructions(
    found: programs.Programs,
    environ: Mapping[str, str],
    arguments: Sequence[str],
) -> table.Row:
    environ = {**environ, 'PYTHONHASHSEED': '0'}

    def counted(program: str) -> float:
        output = runs.run([*_VALGRIND, program, *arguments], environ).output
        return float(_COUNT.findall(output)[-1].replace(',', ''))

    numbers = rounds.alternate(
        f'{_name(arguments)}: instructions',
        {
            name: functools.partial(counted, program)
            for name, program in _rivals(found).items()
        },
        _STARTS,
    )
    return table.Row(
        f'{_name(arguments)}: instructions',
        'with it',
        'without it',
        rounds.ratios(numbers['with'], numbers['without']),
        _MORE_INSTRUCTIONS,
        '{:.3f}',
    )


def _one_judge(
    counted: table.Row, measured: Sequence[table.Row]
) -> list[table.Row]:
    """Keep only one target: that of the row that meets it, if any."""
    times, *others = measured
    if counted.missed():
        counted = dataclasses.replace(counted, target=None)
    else:
        times = dataclasses.replace(times, target=None)
    return [counted, times, *others]


def _rivals(found: programs.Programs) -> Mapping[str, str]:
    return {'with': str(found.ours), 'without': str(found.core)}


def _name(arguments: Sequence[str]) -> str:
    return ' '.join(['openstack', *arguments])
