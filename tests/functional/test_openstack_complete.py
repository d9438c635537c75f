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

"""What Tab completes in interactive shells, as the user guide sets it up."""

import functools
from importlib import metadata
import pathlib
import subprocess

import testtools

from tests.fixtures import terminal
from tests.functional import base

_DOCS = pathlib.Path(__file__).parents[2] / 'doc' / 'source'
_FUNCTION = _DOCS / 'user' / 'openstack.zsh'

# What bash reads first on Debian.
_BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'


@functools.cache
def completion(shell: str) -> bytes:
    """Return the output of ``openstack complete``, which takes a while."""
    process = base.client().start(
        [base.OPENSTACK, 'complete', '--shell', shell],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=base.cloud().environ(),
    )
    return process.communicate(timeout=120)[0]


class BashTest(base.FunctionalTest):
    def setUp(self) -> None:
        super().setUp()
        self.write('disk.img', b'')
        self.screen = self.useFixture(terminal.Terminal())

    def write(self, path: str, content: bytes) -> None:
        """Write a file into the user's home directory."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def start_shell(self) -> None:
        self.write(
            '.local/share/bash-completion/completions/openstack',
            completion('bash'),
        )
        self.write('.bashrc', f'. {_BASH_COMPLETION}\nPS1="$ "\n'.encode())
        self.start_on_terminal('bash', '-i')

    def start_on_terminal(self, *command: str) -> None:
        environ = {
            'HOME': str(self.folder),
            'LC_ALL': 'C.UTF-8',
            'PATH': '/usr/bin:/bin',
            'TERM': 'linux',
        }
        self.screen.start(command, environ, self.folder)
        self.wait_for(lambda: self.screen.lines[-1:] == ['$'])

    @base.cases(
        command=('image pro', 'image progress'),
        subcommand=('image progress sh', 'image progress show'),
        plural=('hypervisor ser', 'hypervisor servers'),
        option=('image create --prog', 'image create --progress'),
        option_after_a_name=(
            'hypervisor servers set node-1 --dry',
            'hypervisor servers set node-1 --dry-run',
        ),
        file=('image create --file di', 'image create --file disk.img'),
    )
    def test_tab(self, typed: str, completed: str) -> None:
        self.start_shell()
        self.screen.type(f'openstack {typed}\t')
        self.wait_for(
            lambda: self.screen.lines == [f'$ openstack {completed}']
        )

    @base.cases(
        subcommands=('hypervisor servers ', ['set', 'unset']),
        options=(
            'image create --pro',
            ['--progress', '--project', '--property', '--protected'],
        ),
    )
    def test_candidates(self, typed: str, candidates: list[str]) -> None:
        self.start_shell()
        self.screen.type(f'openstack {typed}\t\t')
        self.wait_for(
            lambda: (
                set(candidates) <= set(' '.join(self.screen.lines[1:]).split())
            )
        )


class ZshTest(BashTest):
    def start_shell(self) -> None:
        self.write('.zfunc/_openstack', _FUNCTION.read_bytes())
        self.write('.cache/openstack-complete', completion('none'))
        self.write(
            '.zshrc',
            b'fpath=(~/.zfunc $fpath)\n'
            # -u: no question about who may write to a directory.
            b'autoload -U compinit && compinit -u\n'
            b'PS1="$ "\n',
        )
        # -d: Debian's own zshrc calls compinit as well.
        self.start_on_terminal('zsh', '-d', '-i')


class CommandsTest(testtools.TestCase):
    def test_each_command_can_be_reached(self) -> None:
        lines = completion('none').decode().splitlines()
        candidates = {}
        for line in lines:
            name, _, words = line.strip().partition('=')
            candidates[name] = words.strip("'").split()
        for point in metadata.distribution('osc-image-ext').entry_points:
            if point.group.endswith('.v2'):
                path = 'cmds'
                for word in (*point.name.split('_'), '--help'):
                    self.assertIn(word, candidates[path], point.name)
                    path += f'_{word}'
