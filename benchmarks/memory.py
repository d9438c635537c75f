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

"""The peak memory of an upload."""

from collections.abc import Mapping
import functools

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import sink_process
from benchmarks import table
from benchmarks import workspace

_MIB = 1024**2
_DIFFERENCE = '{:+.1f} MiB'
# Largest permitted difference between a large and a small image.
_NOISE = table.Target('<=', 2)


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare with core's command, and a large image with a small one."""
    small, large, count = (64, 512, 2) if quick else (256, 8192, 5)
    at_small = _peaks(found, place, small, count)
    at_large = _peaks(found, place, large, count)
    rows = [
        table.Row(
            'peak memory, ' + _name(size),
            'verified, bar',
            'core',
            rounds.differences(peaks['ours'], peaks['core']),
            table.Target('<=', 16),
            _DIFFERENCE,
        )
        for size, peaks in ((small, at_small), (large, at_large))
    ]
    rows.append(
        table.Row(
            'peak memory',
            'verified, bar, ' + _name(large),
            'the same, ' + _name(small),
            rounds.differences(at_large['ours'], at_small['ours']),
            _NOISE,
            _DIFFERENCE,
        )
    )
    return table.Table(f'Memory: {count} rounds', rows)


def _name(size: int) -> str:
    return f'{size / 1024:g} GiB' if size >= 1024 else f'{size} MiB'


def _peaks(
    found: programs.Programs,
    place: workspace.Workspace,
    size: int,
    count: int,
) -> Mapping[str, list[float]]:
    """Upload an image; return the peaks in MiB.

    :param size: size of the image in MiB.
    """
    image = place.image(size * _MIB)
    digest, _ = workspace.sha512(image)
    with sink_process.SinkProcess(place, digest) as sink:

        def peak(*command: str, terminal: bool = False) -> float:
            return runs.run(command, sink.environ(), terminal).peak / _MIB

        ours = programs.image_create(found.ours, image, '--progress')
        core = programs.image_create(found.core, image)
        peaks = rounds.alternate(
            f'memory, {_name(size)}',
            {
                'ours': functools.partial(peak, *ours, terminal=True),
                'core': functools.partial(peak, *core),
            },
            count,
        )
    image.unlink()
    return peaks
