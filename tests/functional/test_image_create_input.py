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

"""Where data comes from: standard input, and input that is refused."""

import os
import pty
import socket
import subprocess
import time
from typing import Any

from tests.functional import base

_NOTICE = 'Reading image data from standard input.\n'

# A master boot record with one partition, of Linux, from block 2048 on.
_MBR = b'\0' * 446 + bytes.fromhex('00000000 83000000 00080000 00080000')
_MBR = _MBR.ljust(510, b'\0') + b'\x55\xaa'
# Version 3, 1 MiB, as qemu-img create writes its first bytes.
_QCOW2 = bytes.fromhex(
    '514649fb 00000003 0000000000000000 00000000 00000010'
    '0000000000100000 00000000 00000001 0000000000030000'
    '0000000000010000 00000001 00000000 0000000000000000'
    '0000000000000000 0000000000000000 0000000000000000 00000004 00000070'
)


class StandardInputTest(base.FunctionalTest):
    def create(self, **options: Any) -> base.Result:
        return self.run_openstack('image', 'create', self.name, **options)

    def assert_queued(self, result: base.Result, notice: str = '') -> None:
        self.assertEqual((0, notice), (result.status, result.stderr))
        image = self.image()
        self.assertEqual(('queued', None), (image.status, image.size))

    def test_pipe(self) -> None:
        data = os.urandom(3 * 1024**2)
        result = self.create(data=data)
        self.assertEqual((0, _NOTICE), (result.status, result.stderr))
        self.assertEqual(data, self.stored(self.image()))

    def test_file_from_where_it_stands(self) -> None:
        source = self.source(1000)
        with source.open('rb') as file:
            file.seek(100)
            os.lseek(file.fileno(), 100, os.SEEK_SET)
            result = self.create(stdin=file)
        self.assertEqual((0, _NOTICE), (result.status, result.stderr))
        self.assertEqual(source.read_bytes()[100:], self.stored(self.image()))

    def test_nothing(self) -> None:
        self.assert_queued(self.create())

    def test_closed(self) -> None:
        shell = f'exec "$0" image create {self.name} <&-'
        process = subprocess.Popen(
            ['sh', '-c', shell, base.OPENSTACK],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.assert_queued(self.finish(process))

    def test_terminal(self) -> None:
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        self.assert_queued(self.create(stdin=slave))

    def test_empty_pipe(self) -> None:
        self.assert_queued(self.create(data=b''), _NOTICE)

    def test_empty_file(self) -> None:
        with self.source(0).open('rb') as file:
            self.assert_queued(self.create(stdin=file), _NOTICE)

    def test_idle_pipe_is_waited_for(self) -> None:
        process = self.start(
            'image', 'create', self.name, stdin=subprocess.PIPE
        )
        assert process.stderr
        self.assertEqual(_NOTICE.encode(), process.stderr.readline())
        time.sleep(1)
        self.assertEqual([], self.images())
        result = self.finish(process, b'late')
        self.assertEqual(0, result.status)
        self.assertEqual(b'late', self.stored(self.image()))

    def test_idle_pipe_that_does_not_block(self) -> None:
        """Some runners leave such a one: it seems to have ended at once."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        process = self.start('image', 'create', self.name, stdin=read)
        os.close(read)
        assert process.stderr
        process.stderr.readline()
        os.write(write, b'late')
        os.close(write)
        self.assertEqual(0, self.finish(process).status)
        self.assertEqual(b'late', self.stored(self.image()))

    def test_interrupted_while_waiting(self) -> None:
        process = self.start(
            'image', 'create', self.name, stdin=subprocess.PIPE
        )
        assert process.stderr
        process.stderr.readline()
        base.interrupt(process)
        result = self.finish(process)
        self.assertEqual(
            (130, 'Interrupted.\n'), (result.status, result.stderr)
        )
        self.assertEqual([], self.images())

    def test_size_agrees(self) -> None:
        result = self.run_openstack(
            'image', 'create', '--size', '5', self.name, data=b'12345'
        )
        self.assertEqual(0, result.status)
        self.assertEqual(b'12345', self.stored(self.image()))

    @base.cases(
        shorter=('9', 'ended after 5 of 9 bytes'),
        longer=('3', 'longer than the expected 3 bytes'),
    )
    def test_size_differs(self, size: str, words: str) -> None:
        result = self.run_openstack(
            'image', 'create', '--size', size, self.name, data=b'12345'
        )
        self.assertEqual(1, result.status)
        self.assertIn(words, result.stderr)
        self.assertEqual([], self.images())


class RefusedInputTest(base.FunctionalTest):
    """One sentence, and Glance was never asked to create anything."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()

    def refused(self, *args: str) -> str:
        error = self.failing('image', 'create', self.name, *args)
        self.assertEqual([], self.proxy.requests('POST'))
        return error

    def test_no_such_file(self) -> None:
        path = str(self.folder / 'missing')
        self.assertEqual(
            f'Cannot read {path}: No such file or directory.',
            self.refused('--file', path),
        )

    def test_no_name(self) -> None:
        """As with an unset variable: no image without data by accident."""
        self.assert_starts("Cannot read ''", self.refused('--file', ''))

    def test_directory(self) -> None:
        self.assertEqual(
            f'Cannot read {self.folder}: Is a directory.',
            self.refused('--file', str(self.folder)),
        )

    def test_socket(self) -> None:
        path = str(self.folder / 'socket')
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            error = self.refused('--file', path)
        self.assert_starts(f'Cannot read {path}: ', error)

    def test_size_of_file_differs(self) -> None:
        path = str(self.source(100))
        self.assertEqual(
            f'{path} is 100 bytes long, but --size is 99.',
            self.refused('--file', path, '--size', '99'),
        )

    @base.cases(
        size_without_data=('--size requires', '--size', '99'),
        v1_option=('--copy-from', '--copy-from', 'x'),
        no_such_project=('nobody', '--project', 'nobody'),
        signature_without_file=(
            *('--file', '--sign-key-path', 'k', '--sign-cert-id', 'c'),
        ),
    )
    def test_option(self, words: str, *options: str) -> None:
        self.assertIn(words, self.refused(*options))

    def test_signature_of_a_fifo(self) -> None:
        fifo = self.folder / 'fifo'
        os.mkfifo(fifo)
        options = ['--sign-key-path', 'k', '--sign-cert-id', 'c']
        error = self.refused('--file', str(fifo), *options)
        self.assertIn('cannot be signed', error)


class DiskFormatTest(base.FunctionalTest):
    def warned(self, header: bytes, *options: str) -> str:
        source = self.folder / 'disk'
        source.write_bytes(header.ljust(1024**2, b'\0'))
        result = self.run_openstack(
            *('image', 'create', self.name, '--file', str(source)), *options
        )
        return result.stderr.replace(str(source), 'DISK').split('\n')[0]

    @base.cases(
        qcow2_as_raw=(
            _QCOW2,
            'DISK looks like qcow2, but the disk format of the image is raw.',
        ),
        qcow2=(_QCOW2, '', '--disk-format', 'qcow2'),
        random_as_raw=(os.urandom(512), ''),
        partitioned_as_raw=(_MBR, ''),
        container=(
            *(b'<?xml', '', '--container-format', 'ovf'),
            *('--disk-format', 'vmdk'),
        ),
    )
    def test_sent(self, header: bytes, line: str, *options: str) -> None:
        self.assertEqual(line, self.warned(header, *options))

    def test_raw_sent_as_qcow2(self) -> None:
        self.assert_starts(
            'DISK looks like raw', self.warned(b'', '--disk-format', 'qcow2')
        )
