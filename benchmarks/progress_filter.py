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

"""The overhead of the filter that reports the progress of uploads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
import configparser
import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import statistics
import time

from benchmarks import programs
from benchmarks import progress_parts
from benchmarks import rounds
from benchmarks import runs
from benchmarks import table
from benchmarks import workspace
from tests.fixtures import cloud as _cloud
from tests.fixtures import identity
from tests.fixtures import loopback
from tests.fixtures import memcached
from tests.fixtures import special_glance
from tests.fixtures import switch

_GIB = 1024**3

_WITHOUT = 'without the filter'
# The same once more: how much two equal runs of one round differ.
_AGAIN = 'without the filter, again'
# Contender -> what memcached does.
_MODES: Mapping[str, switch.Mode] = {
    'memcached up': switch.Mode.OPEN,
    'memcached refuses': switch.Mode.CLOSED,
    'memcached is silent': switch.Mode.SILENT,
    'memcached is 2 s slow': switch.Mode.SLOW,
}
_MAX_RATIO = 1.01
# The last one of two settings is the one that counts.
_SETTINGS = """
[paste_deploy]
config_file = {paste}
[upload_progress]
memcache_servers = {address}
"""
# Where the same Glance serves requests without the filter.
_PLAIN = '/plain'


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare requests of a Glance with and without the filter.

    It is the same process: two equal ones differ by some percent, by chance of
    where their memory lies.
    """
    size, count = (_GIB // 16, 2) if quick else (2 * _GIB, 5)
    # One image, and the blocks of the previous one while they are freed.
    if shutil.disk_usage(place.folder).free < 3 * size + _GIB // 4:
        raise RuntimeError(f'There is no room for {size} bytes in TMPDIR.')
    image = place.image(size)
    workspace.sha512(image)
    with contextlib.ExitStack() as stack:
        cloud = stack.enter_context(_cloud.Cloud())
        glance = _Glance(cloud, stack, place)
        upload = functools.partial(glance.upload, found.curl, image)
        contenders: dict[str, Callable[[], _Cost]] = {
            _WITHOUT: lambda: upload(_PLAIN, switch.Mode.OPEN)
        }
        for name, mode in _MODES.items():
            contenders[name] = functools.partial(upload, '', mode)
        contenders[_AGAIN] = contenders[_WITHOUT]
        costs = rounds.alternate('filter', contenders, count)
        questions = rounds.alternate(
            'filter: questions', glance.questions(20 if quick else 500), count
        )
        parts = progress_parts.measure(
            place, glance.memcached, _GIB // 16 if quick else _GIB, count
        )
    image.unlink()
    rows = _upload_rows(costs)
    rows.append(_sum_row(costs[_WITHOUT], parts, size))
    rows += [*parts.rows(), *_question_rows(questions)]
    title = f'Filter in Glance: {size / _GIB:g} GiB, {count} rounds'
    return table.Table(title, rows)


@dataclasses.dataclass(frozen=True)
class _Cost:
    """What an upload took.

    :param wall: seconds from the start of the client to its end.
    :param cpu: seconds of processor time of Glance.
    """

    wall: float
    cpu: float


class _Glance:
    """A Glance that serves requests with the filter and without it."""

    def __init__(
        self,
        cloud: _cloud.Cloud,
        stack: contextlib.ExitStack,
        place: workspace.Workspace,
    ) -> None:
        self._place = place
        server = stack.enter_context(memcached.Memcached(cloud.folder))
        #: address of memcached
        self.memcached = server.address
        self._switch = stack.enter_context(switch.Switch(server.address))
        paste = _write_paste(cloud, place.folder / 'glance-api-paste.ini')
        settings = _SETTINGS.format(paste=paste, address=self._switch.address)
        self._glance = stack.enter_context(
            special_glance.SpecialGlance(cloud, settings, 'glance-filter')
        )
        admin = identity.Identity(cloud.keystone_url, cloud.password('admin'))
        self._token = admin.token

    def upload(
        self,
        curl: pathlib.Path,
        image: pathlib.Path,
        prefix: str,
        mode: switch.Mode,
    ) -> _Cost:
        """Return what a PUT takes.

        :param prefix: path in front of that of the Image API.
        """
        self._switch.set(mode)
        with self._image(prefix) as url:
            token = self._place.folder / 'token'
            token.touch(mode=0o600)
            token.write_text(f'header = "X-Auth-Token: {self._token}"\n')
            command = [
                *(str(curl), '--silent', '--show-error', '--fail'),
                *('--config', str(token)),
                *('--header', 'Content-Type: application/octet-stream'),
                *('-T', str(image), f'{url}/file'),
            ]
            used = _processor_time(self._glance.process.group)
            wall = runs.run(command, self._place.environ()).wall
            used = _processor_time(self._glance.process.group) - used
        self._switch.set(switch.Mode.OPEN)
        os.sync()
        return _Cost(wall, used)

    def questions(self, count: int) -> Mapping[str, Callable[[], float]]:
        """Return functions that return the 99th percentile of a question."""
        return {
            'progress': lambda: self._ask('/progress', count),
            'image': lambda: self._ask('', count),
        }

    def _ask(self, end: str, count: int) -> float:
        taken = []
        with self._image() as url:
            for _ in range(count):
                begun = time.perf_counter()
                loopback.request('GET', url + end, token=self._token)
                taken.append(time.perf_counter() - begun)
        return statistics.quantiles(taken, n=100)[-1]

    @contextlib.contextmanager
    def _image(self, prefix: str = '') -> Iterator[str]:
        """Yield the URL of a new image, which is deleted afterwards."""
        images = f'{self._glance.url}{prefix}/v2/images'
        body = {'disk_format': 'raw', 'container_format': 'bare'}
        _, image = loopback.request('POST', images, body, self._token)
        url = f'{images}/{image["id"]}'
        yield url
        loopback.request('DELETE', url, token=self._token)


def _write_paste(cloud: _cloud.Cloud, path: pathlib.Path) -> pathlib.Path:
    """Write pipelines with the filter and without it; return the path."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(cloud.folder / 'glance-multi' / path.name)
    parser['composite:glance-api-keystone'][_PLAIN] = 'plain'
    api = parser['composite:api']
    parser['composite:plain'] = dict(api) | {
        'keystone': api['keystone'].replace(' upload_progress ', ' ')
    }
    with path.open('w') as file:
        parser.write(file)
    return path


def _processor_time(group: int) -> float:
    """Return the seconds used by the processes of a group that still run."""
    ticks = 0
    for path in pathlib.Path('/proc').glob('[0-9]*/stat'):
        try:
            # The name of the program, in parentheses, may have spaces.
            fields = path.read_text().rpartition(')')[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def _upload_rows(costs: Mapping[str, Sequence[_Cost]]) -> list[table.Row]:
    readers: Mapping[str, Callable[[_Cost], float]] = {
        'time of a PUT': lambda cost: cost.wall,
        "Glance's processor time": lambda cost: cost.cpu,
    }
    rows = []
    for what, read in readers.items():
        values = {name: list(map(read, each)) for name, each in costs.items()}
        plain = list(
            map(
                statistics.fmean,
                zip(values[_WITHOUT], values[_AGAIN], strict=True),
            )
        )
        rows += [
            table.Row(
                what,
                name,
                _WITHOUT,
                rounds.ratios(values[name], plain),
                table.Target('<=', _MAX_RATIO),
                '{:.3f}',
            )
            for name in _MODES
        ]
        noise = rounds.ratios(values[_AGAIN], values[_WITHOUT])
        rows.append(table.Row(what, _AGAIN, _WITHOUT, noise, form='{:.3f}'))
    return rows


def _sum_row(
    plain: Sequence[_Cost], parts: progress_parts.Parts, size: int
) -> table.Row:
    """Return what the parts add to a PUT, which the machine disturbs less."""
    return table.Row(
        'processor time of the parts in a PUT',
        'with the filter',
        _WITHOUT,
        [1 + parts.added(size, cost.wall) / cost.cpu for cost in plain],
        table.Target('<=', _MAX_RATIO),
        '{:.4f}',
    )


def _question_rows(
    seconds: Mapping[str, Sequence[float]],
) -> list[table.Row]:
    return [
        table.Row(
            'p99 of GET progress',
            'progress',
            'image',
            rounds.ratios(seconds['progress'], seconds['image']),
        ),
        table.Row(
            'p99 of GET progress',
            'time',
            '',
            seconds['progress'],
            form='{:.4f} s',
        ),
    ]
