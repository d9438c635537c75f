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

"""Downloads compared with curl's, from a real Glance and a fast source."""

from collections.abc import Callable, Mapping
import functools
import json
import os
import pathlib
import secrets
import shutil

from benchmarks import arrival
from benchmarks import download_source
from benchmarks import programs
from benchmarks import relay
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import cloud

_GIB = 1024**3
_MIB = 1024**2
# Clouds of clouds.yaml: the real one, and the same behind the relay.
_DIRECT = 'single'
_RELAYED = 'relayed'
_CUTS = 5

_OURS = 'verified, bar'
_COLD = 'verified, bar, cold'
_CUT = f'verified, bar, {_CUTS} cuts'
_COMMAND = 'verified, bar, from start to end'
_RESUMED = 'the same, resumed at 90 %'
_SPARSE = '--sparse'
_CURL = 'curl'
_CURL_COLD = 'curl, cold'
_CURL_RELAYED = 'curl, no cuts'
_DIGEST = 'sha512 alone'

_LIMIT = table.Target('<=', 1.1)
_LIMIT_CUT = table.Target('<=', 1.2)


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the times and the memory of downloads."""
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 9)
    # The source, the stored image, a target, and blocks that are being freed.
    if shutil.disk_usage(place.folder).free < 4 * size + _GIB // 4:
        raise RuntimeError(f'There is no room for 4 * {size} bytes in TMPDIR.')
    with cloud.Cloud() as real, relay.Relay(real.image_url(_DIRECT)) as line:
        rows = _Glance(found, place, real, line, size).compare(count)
    rows += download_source.measure(found, place, quick)
    title = f'Downloads: {size / _GIB:g} GiB, {count} rounds'
    return table.Table(title, rows)


class _Glance:
    """Downloads from a real Glance, 90 % of whose image are zeros."""

    def __init__(
        self,
        found: programs.Programs,
        place: workspace.Workspace,
        real: cloud.Cloud,
        line: relay.Relay,
        size: int,
    ) -> None:
        self._found = found
        self._place = place
        self._line = line
        self._size = size
        self._environ = self._make_environ(real)
        self._target = place.folder / 'target.img'
        source = place.image(size)
        with source.open('r+b') as file:
            for _block in range(size // 10 // _MIB):
                file.write(secrets.token_bytes(_MIB))
        create = programs.image_create(found.core, source, '-f', 'json')
        run = runs.run([*create, '-c', 'id'], self._environ)
        self._id = json.loads(run.output)['id']
        self._stored = real.stored(_DIRECT, self._id)
        self._url = real.image_url(_DIRECT)
        source.unlink()
        self._header = self._write_token()
        #: bytes on the disk of a file with holes
        self.blocks: list[float] = []

    def _make_environ(self, real: cloud.Cloud) -> Mapping[str, str]:
        config = json.loads(real.clouds_yaml.read_text())
        clouds = config['clouds']
        clouds[_RELAYED] = clouds[_DIRECT] | {
            'image_endpoint_override': self._line.url
        }
        path = self._place.folder / 'clouds.yaml'
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return self._place.environ() | {
            'OS_CLIENT_CONFIG_FILE': str(path),
            'OS_CLOUD': _DIRECT,
        }

    def _write_token(self) -> pathlib.Path:
        """Return a file for curl: the process list shows its arguments."""
        issue = ['token', 'issue', '-f', 'value', '-c', 'id']
        run = runs.run([str(self._found.core), *issue], self._environ)
        path = self._place.folder / 'header'
        path.touch(mode=0o600)
        path.write_text(f'X-Auth-Token: {run.output.strip()}\n')
        return path

    def compare(self, count: int) -> list[table.Row]:
        """Return the rows."""
        contenders: dict[str, Callable[[], float]] = {
            _OURS: self._save,
            _CURL: self._curl,
            _COLD: functools.partial(self._save, cold=True),
            _CURL_COLD: functools.partial(self._curl, cold=True),
            _CUT: functools.partial(self._save, cuts=_CUTS),
            _CURL_RELAYED: functools.partial(self._curl, relayed=True),
            _COMMAND: self._time_command,
            _RESUMED: self._resume,
            _SPARSE: functools.partial(self._save, '--sparse'),
            _DIGEST: lambda: workspace.sha512(self._stored)[1],
        }
        seconds = rounds.alternate('save', contenders, count)

        def row(
            ours: str, *peers: str, limit: table.Target | None = None
        ) -> table.Row:
            # Nothing can be verified faster than it is hashed.
            slower = map(
                max, zip(*map(seconds.__getitem__, peers), strict=True)
            )
            return table.Row(
                'time of the data',
                ours,
                ' or '.join(peers),
                rounds.ratios(seconds[ours], slower),
                limit,
            )

        return [
            row(_OURS, _CURL, _DIGEST, limit=_LIMIT),
            row(_OURS, _CURL),
            row(_COLD, _CURL_COLD, _DIGEST, limit=_LIMIT),
            row(_COLD, _CURL_COLD),
            row(_CUT, _CURL_RELAYED, _DIGEST, limit=_LIMIT_CUT),
            row(_CUT, _CURL_RELAYED),
            row(_SPARSE, _OURS),
            row(_RESUMED, _COMMAND),
            table.Row(
                'bytes on the disk',
                _SPARSE,
                'size of the image',
                self.blocks,
                table.Target('<=', 0.11),
            ),
        ]

    def _prepare(self, cold: bool = False) -> None:
        """Remove what the last download left."""
        self._target.unlink(missing_ok=True)
        os.sync()
        if cold:
            with self._stored.open('rb') as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def _save(self, *options: str, cold: bool = False, cuts: int = 0) -> float:
        self._prepare(cold)
        step = self._size // (cuts + 1)
        self._line.prepare(step * (number + 1) for number in range(cuts))
        with arrival.Arrival(self._target, self._size) as watched:
            self._run_ours(*options, cloud=_RELAYED if cuts else _DIRECT)
        self._line.check()
        if options:
            used = self._target.stat().st_blocks * 512
            self.blocks.append(used / self._size)
        return watched.seconds()

    def _run_ours(self, *options: str, cloud: str = _DIRECT) -> runs.Run:
        command = programs.image_save(
            self._found.ours, self._target, '--progress', *options
        )
        environ = {**self._environ, 'OS_CLOUD': cloud}
        run = runs.run(command, environ, terminal=True)
        if self._target.stat().st_size != self._size:
            raise RuntimeError(f'The file is not whole:\n{run.output}')
        return run

    def _curl(self, cold: bool = False, relayed: bool = False) -> float:
        self._prepare(cold)
        command = [str(self._found.curl), '--silent', '--show-error', '--fail']
        command += ['--header', f'@{self._header}', '-o', str(self._target)]
        url = self._line.url if relayed else self._url
        with arrival.Arrival(self._target, self._size) as watched:
            runs.run(
                [*command, f'{url}/v2/images/{self._id}/file'], self._environ
            )
        return watched.seconds()

    def _time_command(self) -> float:
        """Return the seconds of the whole command."""
        self._prepare()
        return self._run_ours().wall

    def _resume(self) -> float:
        """Return the seconds of the whole command, with reading the part."""
        self._prepare()
        part = self._target.with_name(f'.{self._target.name}.{self._id}.part')
        shutil.copyfile(self._stored, part)
        os.truncate(part, self._size * 9 // 10)
        return self._run_ours('--resume').wall
