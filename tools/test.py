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

usage: tools/test.py [ENVIRONMENT ...]

ENVIRONMENT is one of tox.ini, py3 and functional unless given. All that is
needed is installed into .venv and .tox in this clone; what the tests need of
Debian's packages (bindep.txt) is installed if that may be done here.
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tests.fixtures import bootstrap

_REQUIREMENTS = ['bindep>=2.11', 'tox>=4.11']


def main(environments: list[str]) -> int:
    """Run the environments of tox; return the exit status."""
    try:
        tools = bootstrap.ensure('tools', 'tox', _REQUIREMENTS, []) / 'bin'
        _install_packages(tools)
    except bootstrap.BootstrapError as error:
        print(f'test: {error}', file=sys.stderr)
        return 1
    chosen = ','.join(environments or ['py3', 'functional'])
    print(f'Running tox -e {chosen} ...', file=sys.stderr, flush=True)
    try:
        return subprocess.call(
            [str(tools / 'tox'), 'run', '-e', chosen], cwd=bootstrap.CLONE
        )
    except KeyboardInterrupt:
        return 130


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
