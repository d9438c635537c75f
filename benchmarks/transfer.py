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

"""The throughput of uploads to a server with almost no overhead."""

from collections.abc import Callable, Mapping, Sequence
import functools
import pathlib

from benchmarks import programs
from benchmarks import rounds
from benchmarks import runs
from benchmarks import sink_answers
from benchmarks import sink_process
from benchmarks import table
from benchmarks import workspace

_GIB = 1024**3

_QUIET = '--no-verify'
_BAR = '--no-verify, bar'
_VERIFIED = 'verified'
_WHOLE = 'verified, bar'
_CURL = 'curl -T'
_DIGEST = 'sha512 alone'
_CORE = 'core'
_CORE_BAR = 'core, bar'
_GLANCE = 'glance image-create'

# This package, the peer, and the required ratio of the throughputs.
_COMPARED: Sequence[tuple[str, str, float | None]] = (
    (_BAR, _CURL, 1.0),
    (_WHOLE, _DIGEST, 0.85),
    (_QUIET, _CURL, None),
    (_BAR, _QUIET, None),
    (_WHOLE, _VERIFIED, None),
    (_BAR, _CORE, None),
    (_BAR, _CORE_BAR, None),
    (_WHOLE, _CORE, None),
    (_WHOLE, _CORE_BAR, None),
    (_BAR, _GLANCE, None),
)


def measure(
    found: programs.Programs, place: workspace.Workspace, quick: bool
) -> table.Table:
    """Compare the throughputs from the first byte to the last."""
    size, count = (_GIB // 4, 3) if quick else (4 * _GIB, 9)
    image = place.image(size)
    digest, _ = workspace.sha512(image)
    with sink_process.SinkProcess(place, digest) as sink:
        uploads = _Uploads(sink, image)
        seconds = rounds.alternate('sink', uploads.contenders(found), count)
    image.unlink()
    rows = [
        table.Row(
            'speed of the data',
            ours,
            peer,
            rounds.ratios(seconds[peer], seconds[ours]),
            None if limit is None else table.Target('>=', limit),
        )
        for ours, peer, limit in _COMPARED
    ]
    title = f'Sink: {size / _GIB:g} GiB, {count} rounds'
    return table.Table(title, rows)


class _Uploads:
    """Uploads of one file to the sink by different programs."""

    def __init__(
        self, sink: sink_process.SinkProcess, image: pathlib.Path
    ) -> None:
        self._sink = sink
        self._image = image

    def contenders(
        self, found: programs.Programs
    ) -> Mapping[str, Callable[[], float]]:
        """Return functions by name; each uploads and returns the seconds."""
        ours = functools.partial(self._openstack, found.ours)
        core = functools.partial(self._openstack, found.core)
        return {
            _BAR: functools.partial(ours, '--progress', '--no-verify'),
            _CURL: functools.partial(self._upload, self._curl(found.curl)),
            _QUIET: functools.partial(ours, '--no-verify'),
            _CORE: core,
            _CORE_BAR: functools.partial(core, '--progress'),
            _VERIFIED: ours,
            _WHOLE: functools.partial(ours, '--progress'),
            _DIGEST: lambda: workspace.sha512(self._image)[1],
            _GLANCE: functools.partial(
                self._upload, self._glance(found.glance)
            ),
        }

    def _openstack(self, program: pathlib.Path, *options: str) -> float:
        command = programs.image_create(program, self._image, *options)
        return self._upload(command, terminal='--progress' in options)

    def _curl(self, program: pathlib.Path) -> list[str]:
        url = f'{self._sink.url}{sink_answers.IMAGES}/{programs.IMAGE}/file'
        # Without its own progress meter.
        options = ['--silent', '--show-error', '--fail']
        return [str(program), *options, '-T', str(self._image), url]

    def _glance(self, program: pathlib.Path) -> list[str]:
        options = ['--disk-format=raw', '--container-format=bare']
        options += [f'--name={programs.IMAGE}', f'--file={self._image}']
        return [str(program), 'image-create', *options]

    def _upload(self, command: Sequence[str], terminal: bool = False) -> float:
        run = runs.run(command, self._sink.environ(), terminal)
        if 'not verified' in run.output:
            raise RuntimeError(f'The digest was not compared:\n{run.output}')
        return self._sink.seconds(self._image.stat().st_size)
