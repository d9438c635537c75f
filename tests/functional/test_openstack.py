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

"""openstack itself, as users start it, and as the tests do: by a fork."""

import os
import signal
import subprocess
from typing import Any

from tests.fixtures import preforked
from tests.functional import base


class RealStartTest(base.FunctionalTest):
    """A command of each kind, in an interpreter that was just started."""

    def test_image_create(self) -> None:
        source = self.source(1000)
        self.openstack(
            *('image', 'create', '--file', str(source), self.name), real=True
        )
        self.assertEqual(source.read_bytes(), self.stored(self.image()))

    def test_image_import(self) -> None:
        self.assertIn(
            'no-such', self.failing('image', 'import', 'no-such', real=True)
        )

    def test_image_task_list(self) -> None:
        command = ('image', 'task', 'list', '-f', 'json')
        self.assertIsInstance(self.openstack(*command, real=True).json, list)

    @base.cases(
        stage=('image', 'stage'),
        upload=('image', 'upload'),
        progress_show=('image', 'progress', 'show'),
        progress_list=('image', 'progress', 'list'),
        set=('hypervisor', 'servers', 'set'),
        unset=('hypervisor', 'servers', 'unset'),
    )
    def test_help(self, *command: str) -> None:
        result = self.openstack(*command, '--help', real=True)
        self.assert_starts(
            f'usage: openstack {" ".join(command)} ', result.stdout
        )

    def test_ctrl_c_while_it_waits(self) -> None:
        process = self.start(
            *('image', 'create', self.name), stdin=subprocess.PIPE, real=True
        )
        assert process.stderr
        process.stderr.readline()
        base.interrupt(process)
        self.assertEqual(130, self.finish(process).status)


class ForkTest(base.FunctionalTest):
    """A fork is like a real start."""

    def both(self, *args: str, **options: Any) -> tuple[base.Result, ...]:
        return tuple(
            self.run_openstack(*args, real=real, **options)
            for real in (True, False)
        )

    @base.cases(
        version=('--version',),
        help=('image', 'create', '--help'),
        usage=('image', 'create', '--size', 'x', 'name'),
        no_such_command=('imag', 'creat'),
        error=('image', 'show', 'no-such'),
    )
    def test_result(self, *args: str) -> None:
        real, forked = self.both(*args)
        self.assertEqual(real, forked)

    def test_output_that_cannot_be_written(self) -> None:
        with open('/dev/full', 'wb') as full:
            real, forked = self.both('--version', stdout=full)
        self.assertEqual(real, forked)

    def test_encoding(self) -> None:
        real, forked = self.both('image', 'show', 'Größe \udcff')
        self.assertEqual(real, forked)

    def test_process(self) -> None:
        process = self.start(
            *('image', 'create', self.name),
            stdin=subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,
        )
        self.assertIsInstance(process, preforked.Fork)
        assert process.stderr
        process.stderr.readline()
        status = f'/proc/{process.pid}'
        self.assertEqual(str(self.folder), os.readlink(f'{status}/cwd'))
        self.assertEqual(process.pid, os.getsid(process.pid))
        with open(f'{status}/stat') as file:
            parent = int(file.read().rpartition(')')[2].split()[1])
        self.assertEqual(os.getpid(), parent)
        process.send_signal(signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, process.wait(30))

    def test_another_environment_takes_a_real_start(self) -> None:
        environ = self.environ | {'PYTHONIOENCODING': 'latin-1'}
        process = self.start('--version', env=environ)
        self.assertNotIsInstance(process, preforked.Fork)
        self.assertEqual(0, self.finish(process).status)
