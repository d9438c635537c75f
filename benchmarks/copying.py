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

"""An image copied from one real cloud to another."""

from collections.abc import Mapping
import json
import os
import pathlib
import shutil

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import cloud

_GIB = 1024**3
_TARGET = 'target'
# Checksum algorithms of the two Glances -> the region of the first.
_SOURCES = {'the same algorithm': 'multi', 'different algorithms': 'single'}


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the total time with that of core's image save and create."""
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 7)
    # The image, two stored ones, a copy, and blocks that are being freed.
    if shutil.disk_usage(place.folder).free < 5 * size:
        raise RuntimeError(f'There is no room for {5 * size} bytes in TMPDIR.')
    image = place.image(size)
    clouds_yaml = place.folder / 'clouds.yaml'
    environ = place.environ() | {'OS_CLIENT_CONFIG_FILE': str(clouds_yaml)}
    rows = []
    with cloud.Cloud() as first, cloud.Cloud() as second:
        _write_clouds_yaml(clouds_yaml, first, second)
        for region in _SOURCES.values():
            create = programs.image_create(found.core, image)
            _run(environ, region, *create)
        image.unlink()
        for algorithms, region in _SOURCES.items():
            copying = _Copying(found, place, environ, region)
            seconds = rounds.alternate(
                f'copy, {algorithms}',
                {'ours': copying.copy, 'core': copying.save_and_create},
                count,
            )
            rows += _rows(f'two Glances, {algorithms}', seconds)
    title = f'Copy: {size / _GIB:g} GiB between two real clouds, {count}'
    return table.Table(f'{title} rounds', rows)


def _write_clouds_yaml(
    path: pathlib.Path, first: cloud.Cloud, second: cloud.Cloud
) -> None:
    clouds, others = (
        json.loads(each.clouds_yaml.read_text())['clouds']
        for each in (first, second)
    )
    clouds[_TARGET] = others['multi']
    path.touch(mode=0o600)
    path.write_text(json.dumps({'clouds': clouds}))


def _rows(
    what: str, seconds: Mapping[str, list[tuple[float, float]]]
) -> list[table.Row]:
    ours = [first for first, _second in seconds['ours']]
    peers = {
        "core's save, then create": (map(sum, seconds['core']), 1.0),
        'the slower of the two': (map(max, seconds['core']), 1.05),
    }
    return [
        table.Row(
            what,
            'image copy',
            peer,
            rounds.ratios(ours, theirs),
            table.Target('<=', target),
            '{:.3f}',
        )
        for peer, (theirs, target) in peers.items()
    ]


class _Copying:
    """Two ways to copy the image of a region to the other cloud."""

    def __init__(
        self,
        found: programs.Programs,
        place: workspace.Workspace,
        environ: Mapping[str, str],
        region: str,
    ) -> None:
        self._found = found
        self._file = place.folder / 'copy.img'
        self._environ = environ
        self._region = region

    def copy(self) -> tuple[float, float]:
        """Return the seconds that image copy takes, and 0."""
        words = ('image', 'copy', programs.IMAGE, '--to-cloud', _TARGET)
        seconds = _run(self._environ, self._region, self._found.ours, *words)
        self._delete_copy()
        return seconds, 0.0

    def save_and_create(self) -> tuple[float, float]:
        """Return the seconds that core's commands take."""
        core = self._found.core
        save = ('image', 'save', '--file', self._file, programs.IMAGE)
        before = _run(self._environ, self._region, core, *save)
        create = programs.image_create(core, self._file)
        after = _run(self._environ, _TARGET, *create)
        self._file.unlink()
        self._delete_copy()
        return before, after

    def _delete_copy(self) -> None:
        delete = (self._found.core, 'image', 'delete', programs.IMAGE)
        _run(self._environ, _TARGET, *delete)
        # So that the next upload does not wait for data of this one.
        os.sync()


def _run(environ: Mapping[str, str], name: str, *command: object) -> float:
    """Return the seconds that a command takes.

    :param name: of the cloud that it uses.
    """
    words = [str(word) for word in command]
    return runs.run(words, {**environ, 'OS_CLOUD': name}).wall
