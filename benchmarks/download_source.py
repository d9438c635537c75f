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

"""Downloads from a source that sends as fast as it can, to a null device."""

from collections.abc import Callable, Mapping
import functools

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import sink_answers
from benchmarks import sink_process
from benchmarks import table
from benchmarks import workspace

_GIB = 1024**3
_MIB = 1024**2
_DIFFERENCE = '{:+.1f} MiB'
_TARGET = '/dev/null'

_VERIFIED = 'verified, bar'
_QUIET = '--no-verify, bar'
_DIGEST = 'sha512 alone'
_CURL = 'curl'
_CORE = 'core'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> list[table.Row]:
    """Return the rows for speed and memory."""
    size, count = (_GIB // 4, 3) if quick else (4 * _GIB, 9)
    speed = _compare_speed(found, place, size, count)
    small, large, count = (64, 512, 2) if quick else (256, 8192, 5)
    return [*speed, *_compare_memory(found, place, small, large, count)]


def _compare_memory(
    found: programs.Programs,
    place: workspace.Workspace,
    small: int,
    large: int,
    count: int,
) -> list[table.Row]:
    """Compare with core's command, and a large image with a small one.

    :param small: size in MiB, as ``large``.
    """
    peaks = {
        size: _measure_peaks(found, place, size, count)
        for size in (small, large)
    }
    rows = [
        table.Row(
            f'peak memory, {size} MiB',
            _VERIFIED,
            _CORE,
            rounds.differences(measured[_VERIFIED], measured[_CORE]),
            table.Target('<=', 16),
            _DIFFERENCE,
        )
        for size, measured in peaks.items()
    ]
    growth = rounds.differences(
        peaks[large][_VERIFIED], peaks[small][_VERIFIED]
    )
    rows.append(
        table.Row(
            'peak memory',
            f'{_VERIFIED}, {large} MiB',
            f'the same, {small} MiB',
            growth,
            table.Target('<=', 2),
            _DIFFERENCE,
        )
    )
    return rows


def _compare_speed(
    found: programs.Programs,
    place: workspace.Workspace,
    size: int,
    count: int,
) -> list[table.Row]:
    image = place.image(size)
    digest, _seconds = workspace.sha512(image)
    with sink_process.SinkProcess(place, digest, image) as sink:

        def receive(*command: str, terminal: bool = False) -> float:
            runs.run(command, sink.environ(), terminal)
            return sink.seconds(size)

        save = functools.partial(programs.image_save, found.ours, _TARGET)
        contenders: Mapping[str, Callable[[], float]] = {
            _VERIFIED: functools.partial(
                receive, *save('--progress'), terminal=True
            ),
            _QUIET: functools.partial(
                receive, *save('--progress', '--no-verify'), terminal=True
            ),
            _DIGEST: lambda: workspace.sha512(image)[1],
            _CURL: functools.partial(receive, *_curl(found, sink.url)),
        }
        seconds = rounds.alternate('save, fast source', contenders, count)
    image.unlink()
    return [
        table.Row(
            'speed of the data',
            ours,
            peer,
            rounds.ratios(seconds[peer], seconds[ours]),
            table.Target('>=', 0.85),
        )
        for ours, peer in ((_VERIFIED, _DIGEST), (_QUIET, _CURL))
    ]


def _curl(found: programs.Programs, url: str) -> list[str]:
    path = f'{sink_answers.IMAGES}/{programs.IMAGE}/file'
    options = ['--silent', '--show-error', '--fail', '-o', _TARGET]
    return [str(found.curl), *options, url + path]


def _measure_peaks(
    found: programs.Programs,
    place: workspace.Workspace,
    size: int,
    count: int,
) -> Mapping[str, list[float]]:
    """Return the peaks in MiB.

    :param size: size of the image in MiB.
    """
    image = place.image(size * _MIB)
    digest, _seconds = workspace.sha512(image)
    with sink_process.SinkProcess(place, digest, image) as sink:

        def peak(*command: str, terminal: bool = False) -> float:
            return runs.run(command, sink.environ(), terminal).peak / _MIB

        ours = programs.image_save(found.ours, _TARGET, '--progress')
        # Reading 1 KiB at a time would take too long.
        core = programs.image_save(found.core, _TARGET, '--chunk-size=1048576')
        peaks = rounds.alternate(
            f'save, memory, {size} MiB',
            {
                _VERIFIED: functools.partial(peak, *ours, terminal=True),
                _CORE: functools.partial(peak, *core),
            },
            count,
        )
    image.unlink()
    return peaks
