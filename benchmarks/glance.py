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

"""The overhead on the time in which a real Glance stores an image."""

from collections.abc import Iterator, Mapping
import contextlib
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
_REGION = 'single'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the total times of the commands."""
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 9)
    # One image, and the blocks of the previous one while they are freed.
    if shutil.disk_usage(place.folder).free < 2 * size + _GIB // 4:
        raise RuntimeError(f'There is no room for {size} bytes in TMPDIR.')
    image = place.image(size)
    workspace.sha512(image)
    with cloud.Cloud() as real:
        environ = place.environ() | {
            'OS_CLIENT_CONFIG_FILE': str(real.clouds_yaml),
            'OS_CLOUD': _REGION,
        }

        _have_an_image(found, place, environ)

        def upload(program: pathlib.Path, *options: str) -> float:
            command = programs.image_create(program, image, *options)
            with _deleted_afterwards(found, environ):
                return runs.run(command, environ, bool(options)).wall

        seconds = rounds.alternate(
            'glance',
            {
                'ours': lambda: upload(found.ours, '--progress'),
                'core': lambda: upload(found.core),
            },
            count,
        )
    image.unlink()
    row = table.Row(
        'time of the command',
        'verified, bar',
        'core',
        rounds.ratios(seconds['ours'], seconds['core']),
        table.Target('<=', 1.03),
        '{:.3f}',
    )
    title = f'Real Glance: {size / _GIB:g} GiB, {count} rounds'
    return table.Table(title, [row])


def _have_an_image(
    found: programs.Programs,
    place: workspace.Workspace,
    environ: Mapping[str, str],
) -> None:
    """Create a small image, since a Glance in use has some.

    They show which checksum Glance computes; without any image, the client
    computes two.
    """
    image = place.image(1024 * 1024)
    create = [str(found.core), 'image', 'create', f'--file={image}', 'first']
    runs.run(create, environ)


@contextlib.contextmanager
def _deleted_afterwards(
    found: programs.Programs, environ: Mapping[str, str]
) -> Iterator[None]:
    yield
    delete = [str(found.core), 'image', 'delete', programs.IMAGE]
    runs.run(delete, environ)
    # So that the next upload does not wait for data of this one.
    os.sync()
