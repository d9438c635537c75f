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

"""An image copied from one real Glance to another."""

from collections.abc import Mapping
import os
import shutil

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import cloud

_GIB = 1024**3
_FROM, _TO = 'single', 'multi'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the total time with that of core's image save and create."""
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 7)
    # The image, the stored one, its copy, and blocks that are being freed.
    if shutil.disk_usage(place.folder).free < 4 * size:
        raise RuntimeError(f'There is no room for {4 * size} bytes in TMPDIR.')
    image = place.image(size)
    with cloud.Cloud() as real:
        environ = place.environ() | {
            'OS_CLIENT_CONFIG_FILE': str(real.clouds_yaml)
        }
        _run(environ, *programs.image_create(found.core, image), cloud=_FROM)
        image.unlink()
        seconds = rounds.alternate(
            'copy',
            {
                'ours': lambda: _copy(found, environ),
                'core': lambda: _save_and_create(found, place, environ),
            },
            count,
        )
    title = f'Copy: {size / _GIB:g} GiB between two real Glances, {count}'
    return table.Table(f'{title} rounds', _rows(seconds))


def _rows(
    seconds: Mapping[str, list[tuple[float, float]]],
) -> list[table.Row]:
    ours = [first for first, _second in seconds['ours']]
    peers = {
        "core's save, then create": (map(sum, seconds['core']), 1.0),
        'the slower of the two': (map(max, seconds['core']), 1.05),
    }
    return [
        table.Row(
            'one Glance to another',
            'image copy',
            peer,
            rounds.ratios(ours, theirs),
            table.Target('<=', target),
            '{:.3f}',
        )
        for peer, (theirs, target) in peers.items()
    ]


def _run(
    environ: Mapping[str, str], *command: object, cloud: str = _FROM
) -> float:
    """Return the seconds that a command takes."""
    words = [str(word) for word in command]
    return runs.run(words, {**environ, 'OS_CLOUD': cloud}).wall


def _copy(
    found: programs.Programs, environ: Mapping[str, str]
) -> tuple[float, float]:
    copy = (found.ours, 'image', 'copy', programs.IMAGE, '--to-cloud', _TO)
    seconds = _run(environ, *copy)
    _delete_copy(found, environ)
    return seconds, 0.0


def _save_and_create(
    found: programs.Programs,
    place: workspace.Workspace,
    environ: Mapping[str, str],
) -> tuple[float, float]:
    file = place.folder / 'copy.img'
    save = (found.core, 'image', 'save', '--file', file, programs.IMAGE)
    before = _run(environ, *save)
    create = programs.image_create(found.core, file)
    after = _run(environ, *create, cloud=_TO)
    file.unlink()
    _delete_copy(found, environ)
    return before, after


def _delete_copy(found: programs.Programs, environ: Mapping[str, str]) -> None:
    delete = (found.core, 'image', 'delete', programs.IMAGE)
    _run(environ, *delete, cloud=_TO)
    # So that the next upload does not wait for data of this one.
    os.sync()
