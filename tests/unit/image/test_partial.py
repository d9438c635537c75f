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

import fcntl
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from osc_image_ext.image import partial
from tests.fixtures import doubles


class PartialTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        self.files = self.make('disk.img')

    def make(self, name: str) -> partial.PartialFiles:
        return partial.PartialFiles(self.folder / name, doubles.IMAGE_ID)

    def leave(self, name: str, data: bytes = b'data') -> pathlib.Path:
        """Leave a file as an earlier command does."""
        path = self.folder / f'.disk.img.{doubles.IMAGE_ID}.{name}'
        path.write_bytes(data)
        return path

    def claim(self) -> bytes | None:
        """Return the data of the file that is claimed, if any."""
        if not (file := self.files.claim()):
            return None
        self.addCleanup(file.close)
        data = os.pread(file.descriptor, 100, 0)
        self.assertEqual(len(data), os.lseek(file.descriptor, 0, os.SEEK_CUR))
        return data

    def create(self, files: partial.PartialFiles) -> partial.PartialFile:
        file = files.new()
        self.assertEqual(0, file.size)
        file.create()
        return file

    def listed(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


class TestCreate(PartialTestCase):
    def test_name_and_mode(self) -> None:
        file = self.create(self.files)
        self.addCleanup(file.close)
        (name,) = self.listed()
        self.assertRegex(
            name, rf'^\.disk\.img\.{doubles.IMAGE_ID}\.[0-9a-f]{{8}}\.part$'
        )
        self.assertEqual(0o600, file.path.stat().st_mode & 0o777)
        self.assertEqual(0, file.size)

    def test_long_name(self) -> None:
        for name in ('x' * 255, 'ä' * 127):
            file = self.create(self.make(name))
            file.remove()
        self.assertEqual([], self.listed())

    def test_file_system_without_locks(self) -> None:
        with mock.patch.object(fcntl, 'flock', side_effect=OSError(95, 'No')):
            self.create(self.files).remove()


class TestKeep(PartialTestCase):
    def keep(self, data: bytes) -> None:
        file = self.create(self.files)
        os.write(file.descriptor, data)
        self.files.keep(file)

    def test_it_can_be_claimed(self) -> None:
        self.keep(b'new')
        self.assertEqual([self.files.kept.name], self.listed())
        self.assertEqual(self.files.kept, self.files.find())
        self.assertEqual(b'new', self.claim())

    def test_the_longer_one_stays(self) -> None:
        for data, expected in (
            (b'1234', b'1234'),
            (b'123', b'1234'),
            (b'12345', b'12345'),
        ):
            self.keep(data)
            self.assertEqual([self.files.kept.name], self.listed())
            self.assertEqual(expected, self.files.kept.read_bytes())

    def test_another_command_has_taken_it(self) -> None:
        file = self.create(self.files)
        file.path.unlink()
        self.files.keep(file)
        self.assertEqual([], self.listed())


class TestClaim(PartialTestCase):
    def test_nothing(self) -> None:
        self.assertIsNone(self.claim())
        self.assertIsNone(self.files.find())
        self.files = partial.PartialFiles(
            self.folder / 'absent' / 'x', doubles.IMAGE_ID
        )
        self.assertIsNone(self.claim())

    def test_files_of_others(self) -> None:
        self.leave('0123456.part')
        self.leave('01234567.part.old')
        self.leave('01234567.part', b'')
        (self.folder / f'.disk.img.{doubles.IMAGE_ID}.part').mkdir()
        self.leave('89abcdef.part').rename(self.folder / '.disk.img.7.part')
        self.assertIsNone(self.claim())
        self.assertIsNone(self.files.find())

    def test_file_of_another_user(self) -> None:
        self.leave('part')
        with mock.patch.object(os, 'geteuid', return_value=os.getuid() + 1):
            self.assertIsNone(self.claim())

    def test_one_winner(self) -> None:
        self.leave('part')
        self.assertEqual(b'data', self.claim())
        self.assertIsNone(self.claim())
        self.assertIsNone(self.files.find())

    def test_killed_command(self) -> None:
        path = self.leave('01234567.part')
        path.chmod(0o644)
        self.assertEqual(path, self.files.find())
        self.assertEqual(b'data', self.claim())
        self.assertFalse(path.exists())
        (own,) = self.folder.iterdir()
        self.assertEqual(0o600, own.stat().st_mode & 0o777)
        self.assertIsNone(self.claim())

    def test_command_that_runs(self) -> None:
        file = self.create(self.files)
        self.addCleanup(file.close)
        os.write(file.descriptor, b'data')
        self.assertIsNone(self.claim())
        self.assertIsNone(self.files.find())

    def test_file_system_without_locks(self) -> None:
        self.leave('01234567.part')
        with mock.patch.object(fcntl, 'flock', side_effect=OSError(95, 'No')):
            self.assertIsNone(self.claim())
            self.leave('part', b'kept')
            self.assertEqual(b'kept', self.claim())

    def test_another_command_is_faster(self) -> None:
        """It takes the file for one of a killed command, and locks it."""
        self.leave('part')
        with mock.patch.object(fcntl, 'flock', side_effect=BlockingIOError):
            self.assertIsNone(self.claim())
        self.assertEqual(b'data', self.claim())

    def test_another_command_renames_first(self) -> None:
        self.leave('part')
        with mock.patch.object(
            pathlib.Path, 'rename', side_effect=FileNotFoundError
        ):
            self.assertIsNone(self.claim())
