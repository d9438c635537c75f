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
"""Data of a web server, and compressed data, into a real Glance."""

from collections.abc import Iterator, Mapping
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import cloud

_GIB = 1024**3
_MIB = 1024**2
_REGION = 'single'
# Compressors, at levels that the publishers of images use or faster ones.
_COMPRESS = {'xz': ('xz', '-1', '-T0'), 'zstd': ('zstd', '-q', '-3', '-T0')}


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the total times with those of the ways through files."""
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 7)
    # The image, a copy, the stored one, and blocks that are being freed.
    if shutil.disk_usage(place.folder).free < 5 * size:
        raise RuntimeError(f'There is no room for {5 * size} bytes in TMPDIR.')
    image = _write_image(place.folder / 'disk.img', size)
    with cloud.Cloud() as real, _serve(place.folder) as url:
        environ = place.environ() | {
            'OS_CLIENT_CONFIG_FILE': str(real.clouds_yaml),
            'OS_CLOUD': _REGION,
            'no_proxy': '*',
        }
        commands = _Commands(found, environ)
        commands.have_an_image(place.image(_MIB))
        rows = _compare_fetching(commands, image, url, count)
        for name in _COMPRESS:
            rows.append(_compare_decompressing(commands, image, name, count))
        rows += _compare_memory(commands, image, url)
    title = f'Sources: {size / _GIB:g} GiB, real Glance, {count} rounds'
    return table.Table(title, rows)


class _Commands:
    def __init__(
        self, found: programs.Programs, environ: Mapping[str, str]
    ) -> None:
        self.found = found
        self._environ = environ

    def run(self, *command: str | pathlib.Path) -> runs.Run:
        """Return what a command takes."""
        return runs.run(command, self._environ)

    def create(self, *command: str | pathlib.Path) -> runs.Run:
        """Return what a command that creates an image takes."""
        run = self.run(*command)
        self.run(self.found.core, 'image', 'delete', programs.IMAGE)
        # So that the next upload does not wait for data of this one.
        os.sync()
        return run

    def have_an_image(self, image: pathlib.Path) -> None:
        """Create an image that shows which checksum Glance computes."""
        self.run(
            *(self.found.core, 'image', 'create', '--file', image, 'first')
        )


def _compare_fetching(
    commands: _Commands, image: pathlib.Path, url: str, count: int
) -> list[table.Row]:
    copy = image.with_name('copy.img')
    ours, core = commands.found.ours, commands.found.core

    def fetch() -> tuple[float, float]:
        source = ('--fetch', f'{url}/{image.name}')
        return commands.create(
            *(ours, 'image', 'create', *source, programs.IMAGE)
        ).wall, 0.0

    def download_and_create() -> tuple[float, float]:
        curl = commands.found.curl
        before = commands.run(
            *(curl, '-sS', '-o', copy, f'{url}/{image.name}')
        ).wall
        after = commands.create(*programs.image_create(core, copy)).wall
        copy.unlink()
        return before, after

    seconds = rounds.alternate(
        'fetch', {'ours': fetch, 'peers': download_and_create}, count
    )
    fetched = [first for first, _ in seconds['ours']]
    peers = seconds['peers']
    return [
        table.Row(
            'web server to Glance',
            '--fetch',
            'curl -o, then core',
            rounds.ratios(fetched, map(sum, peers)),
            table.Target('<=', 1.0),
            '{:.3f}',
        ),
        table.Row(
            'web server to Glance',
            '--fetch',
            'the slower of the two',
            rounds.ratios(fetched, map(max, peers)),
            table.Target('<=', 1.05),
            '{:.3f}',
        ),
    ]


def _compare_decompressing(
    commands: _Commands, image: pathlib.Path, name: str, count: int
) -> table.Row:
    packed = image.with_name(f'{image.name}.{name}')
    with packed.open('wb') as file:
        subprocess.run(
            [*_COMPRESS[name], '-c', str(image)], stdout=file, check=True
        )
    ours, core = commands.found.ours, commands.found.core
    pipe = f'{name} -dc {shlex.quote(str(packed))} | '
    pipe += f'{shlex.quote(str(core))} image create {programs.IMAGE}'
    seconds = rounds.alternate(
        name,
        {
            'ours': lambda: (
                commands.create(
                    *programs.image_create(ours, packed, '--decompress', name)
                ).wall
            ),
            'core': lambda: commands.create('sh', '-c', pipe).wall,
        },
        count,
    )
    packed.unlink()
    return table.Row(
        f'{name} to Glance',
        f'--decompress {name}',
        f'{name} -dc | core',
        rounds.ratios(seconds['ours'], seconds['core']),
        table.Target('<=', 1.05),
        '{:.3f}',
    )


def _compare_memory(
    commands: _Commands, image: pathlib.Path, url: str
) -> list[table.Row]:
    """Compare with core's upload of the file, and with a smaller image."""
    ours, core = commands.found.ours, commands.found.core
    small = _write_image(image.with_name('small.img'), 64 * _MIB)

    def fetch(source: pathlib.Path) -> float:
        packed = source.with_name(f'{source.name}.xz')
        with packed.open('wb') as file:
            subprocess.run(
                [*_COMPRESS['xz'], '-c', str(source)], stdout=file, check=True
            )
        options = ('--fetch', f'{url}/{packed.name}', '--decompress', 'xz')
        run = commands.create(
            *(ours, 'image', 'create', *options, programs.IMAGE)
        )
        packed.unlink()
        return run.peak / _MIB

    peak = fetch(image)
    peer = commands.create(*programs.image_create(core, image)).peak / _MIB
    return [
        table.Row(
            'peak memory',
            '--fetch --decompress xz',
            name,
            [peak - value],
            table.Target('<=', limit),
            '{:+.1f} MiB',
        )
        for name, value, limit in (
            ('core --file', peer, 16),
            ('the same, 64 MiB', fetch(small), 2),
        )
    ]


def _write_image(path: pathlib.Path, size: int) -> pathlib.Path:
    """Write data that can be compressed to about a half."""
    block = os.urandom(_MIB // 2) + bytes(_MIB // 2)
    with path.open('wb') as file:
        for number in range(size // _MIB):
            file.write(number.to_bytes(8, 'big') + block[8:])
    return path


@contextlib.contextmanager
def _serve(folder: pathlib.Path) -> Iterator[str]:
    """Run a web server in a process of its own; yield its URL."""
    process = subprocess.Popen(
        [
            *(sys.executable, '-u', '-m', 'http.server', '0'),
            *('--bind', '127.0.0.1', '--directory', str(folder)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ''
        match = re.search(r'http://[0-9.]+:[0-9]+', line)
        if not match:
            raise RuntimeError('The web server does not start.')
        yield match[0]
    finally:
        process.kill()
        process.communicate()
