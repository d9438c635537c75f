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

import contextlib
import errno
import io
import os
import pathlib
import pty
import stat
import struct
import sys
import tempfile
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.image import source
from osc_image_ext.image import streams

SECTOR = 512


def padded(head: bytes, size: int = 1024 * 1024) -> bytes:
    return head + bytes(size - len(head))


def disk(signature: bytes, at: int = 0) -> bytes:
    return padded(bytes(at) + signature)


def partitioned() -> bytes:
    """Return a disk with a boot record that holds one GPT partition."""
    entry = struct.pack('<B3sB3sII', 0, b'\0\2\0', 0xEE, b'\xff' * 3, 1, 100)
    return padded(bytes(446) + entry + bytes(48) + b'\x55\xaa')


QCOW2 = padded(struct.pack('>4sI', b'QFI\xfb', 3))
LUKS = padded(struct.pack('>6sH', b'LUKS\xba\xbe', 1))
ISO = disk(b'\1CD001\1', 0x8000)
PLAIN = padded(b'\xeb\x63\x90')


class SourceTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)

    def file(self, content: bytes, name: str = 'disk.img') -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def assertRefused(
        self, pattern: str, path: str, size: int | None = None
    ) -> None:
        with (
            self.assertRaisesRegex(exceptions.SourceError, pattern),
            source.open_file(path, size),
        ):
            self.fail('it was opened')


class TestOpened(SourceTestCase):
    def test_a_file_is_of_the_size_it_holds(self) -> None:
        path = self.file(b'12345')
        with source.open_file(path, None) as opened:
            self.assertEqual(5, opened.size)
            self.assertEqual(path, opened.name)
            self.assertEqual(b'12345', opened.file.read())
        self.assertTrue(opened.file.closed)

    def test_a_file_may_be_empty(self) -> None:
        with source.open_file(self.file(b''), None) as opened:
            self.assertEqual(0, opened.size)

    def test_a_file_over_4_gib_is_of_its_size(self) -> None:
        path = self.file(b'')
        os.truncate(path, 5 * 1024**3)
        with source.open_file(path, None) as opened:
            self.assertEqual(5 * 1024**3, opened.size)

    def test_a_name_may_be_in_any_script(self) -> None:
        with source.open_file(
            self.file(b'1', 'диск 磁盘.img'), None
        ) as opened:
            self.assertEqual(1, opened.size)

    def test_a_size_that_agrees_is_accepted(self) -> None:
        with source.open_file(self.file(b'12345'), 5) as opened:
            self.assertEqual(5, opened.size)

    def test_a_size_that_does_not_agree_is_refused(self) -> None:
        self.assertRefused(
            r'disk\.img is 5 bytes long, but --size is 6\.$',
            self.file(b'12345'),
            6,
        )

    def test_a_block_of_the_file_is_read_at_once(self) -> None:
        path = self.file(bytes(2 * streams.BLOCK_SIZE))
        with source.open_file(path, None) as opened:
            block = opened.file.read1(streams.BLOCK_SIZE)
            self.assertEqual(streams.BLOCK_SIZE, len(block))

    def test_what_cannot_be_read_is_refused_with_the_reason(self) -> None:
        missing = str(self.folder / 'missing')
        self.assertRefused(
            f'^Cannot read {missing}: No such file or directory.$', missing
        )
        self.assertRefused(': Is a directory.$', str(self.folder))

    def test_what_may_not_be_read_is_refused_with_the_reason(self) -> None:
        denied = PermissionError(errno.EACCES, 'Permission denied')
        with mock.patch.object(io, 'FileIO', side_effect=denied):
            self.assertRefused(': Permission denied.$', 'disk.img')

    def test_a_fifo_is_of_the_size_that_was_announced(self) -> None:
        path = str(self.folder / 'fifo')
        os.mkfifo(path)
        writer = os.open(path, os.O_RDWR)  # spares the reader its wait
        self.addCleanup(os.close, writer)
        for size in (None, 4):
            with source.open_file(path, size) as opened:
                self.assertEqual(size, opened.size)
                os.write(writer, b'data')
                self.assertEqual(b'data', opened.file.read1(100))

    def test_a_character_device_is_of_the_size_that_was_announced(
        self,
    ) -> None:
        with source.open_file('/dev/zero', 4) as opened:
            self.assertEqual(4, opened.size)

    def test_an_error_in_the_block_is_not_an_error_of_opening(self) -> None:
        with (
            self.assertRaises(OSError),
            source.open_file(self.file(b''), None) as opened,
        ):
            raise OSError('of the block')
        self.assertTrue(opened.file.closed)


class TestFilesOfTheSystem(unittest.TestCase):
    """They have data, but no size, or no end to seek."""

    def test_their_size_is_not_known(self) -> None:
        for path in ('/proc/version', '/proc/self/status'):
            with source.open_file(path, None) as opened:
                self.assertIsNone(opened.size)
                self.assertTrue(opened.file.read(1))

    def test_an_error_names_the_file(self) -> None:
        file = mock.Mock(spec=io.BufferedReader)
        file.peek.side_effect = OSError(22, 'Invalid argument')
        opened = source.Source(file, 'speed', None)
        with self.assertRaisesRegex(
            exceptions.SourceError, '^Cannot read speed: Invalid argument.$'
        ):
            opened.detect_mismatch('raw')


class StandardInputTestCase(SourceTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(mock.patch.object(sys, 'stdin', mock.Mock()))
        saved = os.dup(0)
        self.addCleanup(os.close, saved)
        self.addCleanup(os.dup2, saved, 0)

    def feed(self, content: bytes) -> None:
        """Let standard input be a pipe that holds this, and ends."""
        reader, writer = os.pipe()
        os.write(writer, content)
        os.close(writer)
        os.dup2(reader, 0)
        os.close(reader)

    def redirect(self, path: str) -> None:
        with open(path, 'rb') as file:
            os.dup2(file.fileno(), 0)


class TestStdinHoldsData(StandardInputTestCase):
    def test_a_pipe_or_a_file_may_hold_data(self) -> None:
        self.feed(b'')
        self.assertTrue(source.stdin_has_data())
        self.redirect(self.file(b''))
        self.assertTrue(source.stdin_has_data())

    def test_the_null_device_holds_none(self) -> None:
        self.redirect(os.devnull)
        self.assertFalse(source.stdin_has_data())

    @unittest.skipIf(os.geteuid(), 'only root may make devices')
    def test_a_null_device_of_a_container_holds_none(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        path = os.path.join(folder, 'null')
        os.mknod(path, 0o600 | stat.S_IFCHR, os.stat(os.devnull).st_rdev)
        self.redirect(path)
        self.assertFalse(source.stdin_has_data())

    def test_another_device_may_hold_data(self) -> None:
        self.redirect('/dev/zero')
        self.assertTrue(source.stdin_has_data())

    def test_a_terminal_holds_none(self) -> None:
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        os.dup2(slave, 0)
        os.close(slave)
        self.assertFalse(source.stdin_has_data())

    def test_a_closed_one_holds_none(self) -> None:
        os.close(0)
        with mock.patch.object(sys, 'stdin', None):
            self.assertFalse(source.stdin_has_data())

    def test_what_took_the_number_of_a_closed_one_is_not_it(self) -> None:
        self.redirect(self.file(b'a connection to Keystone'))
        with mock.patch.object(sys, 'stdin', None):
            self.assertFalse(source.stdin_has_data())


class TestStandardInput(StandardInputTestCase):
    def test_a_pipe_is_of_the_size_that_was_announced(self) -> None:
        for size in (None, 5):
            with self.subTest(size=size):
                self.feed(b'12345')
                with source.open_stdin(size) as opened:
                    assert opened
                    self.assertEqual(size, opened.size)
                    self.assertEqual('Standard input', opened.name)
                    self.assertEqual(b'12345', opened.file.read())

    def test_nothing_is_lost_by_looking_whether_there_is_data(self) -> None:
        self.feed(b'12345')
        with source.open_stdin(None) as opened:
            assert opened
            self.assertFalse(opened.file.seekable())
            self.assertEqual(b'12345', opened.file.read1(100))

    def test_a_file_is_of_the_size_it_holds(self) -> None:
        self.redirect(self.file(b'12345'))
        with source.open_stdin(None) as opened:
            assert opened
            self.assertEqual(5, opened.size)

    def test_a_file_is_sent_from_where_the_shell_left_it(self) -> None:
        self.redirect(self.file(b'12345'))
        os.read(0, 2)
        with source.open_stdin(3) as opened:
            assert opened
            self.assertEqual(3, opened.size)
            self.assertEqual(b'345', opened.file.read())

    def test_a_file_of_another_size_is_refused(self) -> None:
        self.redirect(self.file(b'12345'))
        with (
            self.assertRaisesRegex(
                exceptions.SourceError, '^Standard input is 5 bytes long, but'
            ),
            source.open_stdin(4),
        ):
            self.fail('it was opened')

    def test_one_that_ended_without_data_is_none(self) -> None:
        self.feed(b'')
        with source.open_stdin(None) as opened:
            self.assertIsNone(opened)

    def test_one_that_does_not_block_is_not_taken_for_ended(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        os.write(writer, b'the first of more')
        os.set_blocking(reader, False)
        os.dup2(reader, 0)
        os.close(reader)
        with (
            contextlib.suppress(exceptions.SourceError),
            source.open_stdin(None),
        ):
            self.assertTrue(os.get_blocking(0))

    def test_one_that_cannot_be_read_is_refused(self) -> None:
        writer = os.open(self.file(b''), os.O_WRONLY)
        os.dup2(writer, 0)
        os.close(writer)
        with (
            self.assertRaisesRegex(
                exceptions.SourceError, '^Cannot read Standard input: '
            ),
            source.open_stdin(None),
        ):
            self.fail('it was opened')

    def test_it_is_left_open(self) -> None:
        self.feed(b'12345')
        with source.open_stdin(None):
            pass
        os.fstat(0)


class TestContradicts(SourceTestCase):
    def found(self, content: bytes, disk_format: str) -> str | None:
        with source.open_file(self.file(content), None) as opened:
            return opened.detect_mismatch(disk_format)

    def test_a_header_that_agrees_contradicts_nothing(self) -> None:
        vhd = padded(b'conectix')
        for content, name in ((QCOW2, 'qcow2'), (ISO, 'iso'), (vhd, 'vhd')):
            with self.subTest(name):
                self.assertIsNone(self.found(content, name))

    def test_another_format_is_named(self) -> None:
        for name in ('raw', 'ami', 'ari', 'aki', 'vmdk'):
            with self.subTest(name):
                self.assertEqual('qcow2', self.found(QCOW2, name))

    def test_a_missing_header_is_told_as_raw(self) -> None:
        self.assertEqual('raw', self.found(PLAIN, 'qcow2'))

    def test_a_plain_disk_may_hold_what_disks_hold(self) -> None:
        for what, content in (
            ('nothing', b''),
            ('zeros', padded(b'')),
            ('a boot sector', PLAIN),
            ('partitions', partitioned()),
            ('luks', LUKS),
            ('iso', ISO),
        ):
            with self.subTest(what):
                self.assertIsNone(self.found(content, 'raw'))

    def test_a_format_that_nobody_can_inspect_is_believed(self) -> None:
        for name in ('ploop', 'docker'):
            with self.subTest(name):
                self.assertIsNone(self.found(QCOW2, name))

    def test_a_fixed_vhd_has_its_signature_at_the_end(self) -> None:
        content = padded(b'') + padded(b'conectix', SECTOR)
        self.assertIsNone(self.found(content, 'vhd'))

    def test_looking_moves_nothing(self) -> None:
        with source.open_file(self.file(QCOW2), None) as opened:
            opened.detect_mismatch('raw')
            self.assertEqual(0, opened.file.tell())
            self.assertEqual(QCOW2, opened.file.read())

    def test_what_comes_from_a_pipe_is_looked_at_too(self) -> None:
        reader, writer = os.pipe()
        os.write(writer, QCOW2[:4096])
        os.close(writer)
        with source._open_reader(reader) as file:
            opened = source.Source(file, 'pipe', None)
            self.assertEqual('qcow2', opened.detect_mismatch('raw'))
            self.assertEqual(QCOW2[:4096], file.read())
        os.close(reader)
