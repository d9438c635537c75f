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

"""Distributions as users get them, and empty environments for them."""

import atexit
from collections.abc import Mapping
import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

CLONE = pathlib.Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True)
class Built:
    """The files that are uploaded to a package index."""

    sdist: pathlib.Path
    wheel: pathlib.Path


@functools.cache
def folder() -> pathlib.Path:
    """Return a directory that is removed when this process ends."""
    path = tempfile.mkdtemp(prefix='osc-image-ext-')
    atexit.register(shutil.rmtree, path)
    return pathlib.Path(path)


def run(
    *command: str | pathlib.Path,
    cwd: pathlib.Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Run a command, which must succeed; return its standard output.

    :param cwd: its directory; one without modules of this clone unless given
    :param environ: variables to change
    """
    # With it the modules of this clone could be found after all.
    known = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd or folder(),
        env=known | dict(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise AssertionError(
            f'{" ".join(done.args)} failed with exit status '
            f'{done.returncode}:\n{done.stdout}{done.stderr}'
        )
    return done.stdout


@functools.cache
def tree() -> pathlib.Path:
    """Return a fresh clone of the last commit, for all tests to read."""
    path = folder() / 'clone'
    run('git', 'clone', '--quiet', CLONE, path)
    return path


@functools.cache
def built(directory: str) -> Built:
    """Return a distribution, made as for a package index.

    The sdist is built from the clone and the wheel from the sdist, each in
    an environment that has only what ``pyproject.toml`` requires.

    :param directory: of the distribution in the clone
    """
    path = folder() / 'dist' / directory
    run(sys.executable, '-m', 'build', '--outdir', path, tree() / directory)
    (sdist,) = path.glob('*.tar.gz')
    (wheel,) = path.glob('*.whl')
    return Built(sdist, wheel)


class Environment:
    """An empty virtual environment."""

    def __init__(self, name: str) -> None:
        self._bin = folder() / 'environments' / name / 'bin'
        run(sys.executable, '-m', 'venv', self._bin.parent)

    def pip(self, *arguments: str | pathlib.Path) -> str:
        """Run pip, which must succeed; return its standard output."""
        return self.run('python', '-m', 'pip', *arguments)

    def run(self, program: str, *arguments: str | pathlib.Path) -> str:
        """Run a program of it, which must succeed; return its output."""
        return run(self._bin / program, *arguments)
