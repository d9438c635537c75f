#!/usr/bin/env python3
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

"""Run the tests, unit and functional, from a fresh clone.

usage: tools/test.py [--failfast] [--parallel] [ENVIRONMENT ...]
                     [-- ARGUMENT ...]

ENVIRONMENT is one of tox.ini, or unit for py3 (default: py3 and functional).
ARGUMENT is passed on by tox, such as a regular expression for the names of
tests. --failfast stops at the first failure; --parallel runs environments
concurrently, and shows the output of those that fail.

All that is needed is installed into .venv and .tox in this clone; what the
tests need of Debian's packages (bindep.txt) is installed if that may be done
here.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tests import summary
from tests.fixtures import bootstrap

_REQUIREMENTS = ['bindep>=2.11', 'tox>=4.11']

# Where nothing of this has changed, an environment is what it was.
_DESCRIBED_BY = [
    bootstrap.CLONE / name
    for name in (
        *('bindep.txt', 'lower-constraints.txt', 'pyproject.toml'),
        *('requirements.txt', 'setup.cfg', 'setup.py'),
        *('test-requirements.txt', 'tox.ini', 'doc/requirements.txt'),
        *('server/pyproject.toml', 'server/requirements.txt'),
    )
]


_ALIASES = {'unit': 'py3'}


def main(arguments: list[str]) -> int:
    """Run environments of tox; return the exit status."""
    end = arguments.index('--') if '--' in arguments else len(arguments)
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('--help', '-h', action='store_true')
    parser.add_argument('--failfast', action='store_true')
    parser.add_argument('--parallel', action='store_true')
    parser.add_argument('environments', nargs='*')
    args = parser.parse_args(arguments[:end])
    if args.help:
        print((__doc__ or '').strip())
        return 0
    names = args.environments or ['py3', 'functional']
    names = [_ALIASES.get(name, name) for name in names]
    passed_on = ['--failfast'] * args.failfast + arguments[end + 1 :]
    try:
        tools = bootstrap.ensure('tools', 'tox', _REQUIREMENTS, []) / 'bin'
        names = _prepare(tools, names)
        return _run(tools, names, args.parallel, passed_on)
    except bootstrap.BootstrapError as error:
        print(f'test: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _prepare(tools: pathlib.Path, names: list[str]) -> list[str]:
    """Make the environments that are missing, or not what they should be.

    :returns: those that there are; the others need another Python.
    :raises bootstrap.BootstrapError: if that is not possible.
    """
    wanted = bootstrap.digest([], _DESCRIBED_BY)
    folder = bootstrap.CLONE / '.tox'
    stamps = {name: folder / f'{name}.complete' for name in names}
    missing = [
        name
        for name, stamp in stamps.items()
        if not stamp.exists() or stamp.read_text() != wanted
    ]
    skipped = set()
    if missing:
        _install_packages(tools)
        status = _tox(tools, missing, len(missing) > 1, '--notest')
        skipped = {n for n in missing if not (folder / n / 'bin').exists()}
        # tox fails if it skips all.
        if skipped == set(names) or (status and skipped != set(missing)):
            raise bootstrap.BootstrapError(
                'There is no environment to test in.'
            )
    for name in skipped:
        print(f'Skipped {name}: no such Python is found.', file=sys.stderr)
    for name in set(missing) - skipped:
        stamps[name].write_text(wanted)
    return [name for name in names if name not in skipped]


def _run(
    tools: pathlib.Path,
    names: list[str],
    parallel: bool,
    passed_on: list[str],
) -> int:
    """Run environments; write how many tests passed and failed in all."""
    status = 0
    with tempfile.NamedTemporaryFile() as file:
        os.environ[summary.VARIABLE] = file.name
        for group in [names] if parallel else [[name] for name in names]:
            options = ['--skip-pkg-install']
            if passed_on:  # an empty list would be instead of tox.ini's
                options += ['--', *passed_on]
            status = _tox(tools, group, parallel, *options) or status
            if status and '--failfast' in passed_on:
                break
        counts = summary.total(pathlib.Path(file.name))
    if counts:
        print(summary.text(counts))
    return status


def _tox(
    tools: pathlib.Path, names: list[str], parallel: bool, *options: str
) -> int:
    chosen = ','.join(names)
    print(f'Running tox -e {chosen} ...', file=sys.stderr, flush=True)
    how = ['run-parallel', '--parallel-no-spinner'] if parallel else ['run']
    command = [str(tools / 'tox'), *how, *_discover(), '-e', chosen, *options]
    return subprocess.call(command, cwd=bootstrap.CLONE)


def _discover() -> list[str]:
    """Return options that let tox find the interpreters of pyenv.

    The commands that pyenv has in PATH run only the versions that the user
    has selected.
    """
    root = pathlib.Path(os.environ.get('PYENV_ROOT', '~/.pyenv')).expanduser()
    found = sorted(map(str, root.glob('versions/3.1[1-9].*/bin/python3')))
    return ['--discover', sys.executable, *found] if found else []


def _install_packages(tools: pathlib.Path) -> None:
    """Install the Debian packages that the tests need and that are missing.

    :raises bootstrap.BootstrapError: if they cannot be installed from here.
    """
    bindep = [str(tools / 'bindep'), '--brief', 'test']
    found = subprocess.run(
        bindep, cwd=bootstrap.CLONE, capture_output=True, text=True
    )
    missing = found.stdout.split()
    if found.returncode == 0 or not missing:
        return
    names = ' '.join(missing)
    apt_get = _apt_get()
    if not apt_get:
        raise bootstrap.BootstrapError(
            f'The tests need these packages of the system: {names}; please '
            'install them.'
        )
    print(f'Installing {names} ...', file=sys.stderr, flush=True)
    for arguments in (['update'], ['install', '--yes', *missing]):
        done = subprocess.run(
            [*apt_get, '--quiet', '--quiet', *arguments],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env=os.environ | {'DEBIAN_FRONTEND': 'noninteractive'},
        )
        if done.returncode:
            raise bootstrap.BootstrapError(f'Installing {names} failed.')


def _apt_get() -> list[str] | None:
    """Return how apt-get is run with the rights it needs, if it may be."""
    if not shutil.which('apt-get'):
        return None
    if os.geteuid() == 0:
        return ['apt-get']
    sudo = ['sudo', '--non-interactive']
    if shutil.which('sudo') and not subprocess.call(
        [*sudo, 'true'], stderr=subprocess.DEVNULL
    ):
        return [*sudo, 'apt-get']
    return None


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
