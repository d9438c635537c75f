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

import os
import pathlib
import stat
import tempfile
import threading
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.image import special_target


class SpecialTargetTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )

    def pipe(self) -> tuple[int, special_target.SpecialTarget]:
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        return reader, special_target.SpecialTarget('out', descriptor=writer)


class TestDescriptor(SpecialTargetTestCase):
    def test_written(self) -> None:
        reader, target = self.pipe()
        self.addCleanup(os.close, reader)
        with target:
            target.begin(9)
            self.assertEqual([], list(target.read_existing()))
            target.prepare()
            target.write(b'some')
            target.write(b' data')
            target.commit()
        self.assertEqual(9, target.position)
        self.assertEqual(b'some data', os.read(reader, 100))

    def test_pipe_that_does_not_block(self) -> None:
        reader, target = self.pipe()
        os.set_blocking(target._descriptor or -1, False)
        data = bytes(10**6)
        read = bytearray()

        def drain() -> None:
            while block := os.read(reader, 100_000):
                read.extend(block)
                if len(read) == len(data):
                    return

        thread = threading.Thread(target=drain)
        thread.start()
        with target:
            target.prepare()
            target.write(data)
            target.commit()
        thread.join()
        os.close(reader)
        self.assertEqual(data, read)
        self.assertFalse(os.get_blocking(target._descriptor or -1))

    def test_reader_has_gone(self) -> None:
        reader, target = self.pipe()
        os.close(reader)
        with self.assertRaises(BrokenPipeError), target:
            target.prepare()
            target.write(b'data')

    def test_notes(self) -> None:
        for error, note in (
            (OSError(), 'out has only the first 4 bytes.'),
            (
                exceptions.CorruptDataError('7', 'md5', 'a', 'b'),
                'What was written to out is not the image.',
            ),
        ):
            reader, target = self.pipe()
            self.addCleanup(os.close, reader)
            with self.assertRaises(type(error)), target:
                target.prepare()
                target.write(b'data')
                raise error
            self.assertEqual([note], error.__notes__)

    def test_restart(self) -> None:
        reader, target = self.pipe()
        os.close(reader)
        self.assertFalse(target.is_restartable)
        with self.assertRaises(exceptions.TargetError):
            target.restart()


class TestPath(SpecialTargetTestCase):
    def test_error(self) -> None:
        for path, words in (
            ('/dev/full', 'No space left on device'),
            (str(self.folder), 'Is a directory'),
        ):
            with (
                self.assertRaisesRegex(
                    exceptions.TargetError, f'^Cannot write it: {words}.$'
                ),
                special_target.SpecialTarget('it', path) as target,
            ):
                target.begin(100)
                target.prepare()
                target.write(b'data')

    def test_closed_afterwards(self) -> None:
        with special_target.SpecialTarget('null', '/dev/null') as target:
            target.begin(100)
            target.write(b'data')  # without being prepared
            target.commit()
        with self.assertRaises(OSError):
            os.fstat(target._descriptor or -1)

    def test_reader_of_a_fifo_has_gone(self) -> None:
        fifo = self.folder / 'fifo'
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        with (
            self.assertRaisesRegex(exceptions.TargetError, 'Broken pipe.$'),
            special_target.SpecialTarget('fifo', str(fifo)) as target,
        ):
            target.prepare()
            os.close(reader)
            target.write(b'data')


class TestBlockDevice(SpecialTargetTestCase):
    """A file that says that it is a block device."""

    def setUp(self) -> None:
        super().setUp()
        path = self.folder / 'device'
        path.write_bytes(b'12345')
        self.enterContext(
            mock.patch.object(stat, 'S_ISBLK', return_value=True)
        )
        self.path = path
        self.target = special_target.SpecialTarget('device', str(path))

    def test_too_small(self) -> None:
        with (
            self.assertRaisesRegex(
                exceptions.TargetError,
                '^device has 5 bytes, but the image has 6.$',
            ),
            self.target as target,
        ):
            target.begin(6)

    def test_large_enough(self) -> None:
        with (
            mock.patch.object(os, 'fsync') as fsync,
            self.target as target,
        ):
            target.begin(4)
            target.prepare()
            target.write(b'abcd')
            target.commit()
        fsync.assert_called_once()
        self.assertEqual(b'abcd5', self.path.read_bytes())
