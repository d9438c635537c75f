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

"""Open files of this very process."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from glance_upload_progress import descriptors


class FindTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name).resolve() / 'Image-7.uc'
        self.path.write_bytes(bytes(100))

    def test_file_that_is_read(self) -> None:
        with self.path.open('rb', buffering=0) as file:
            file.read(30)
            [found] = descriptors.find('image-7')
        self.assertEqual(
            descriptors.OpenFile(self.path, 30, False, 100), found
        )
        self.assertEqual([], descriptors.find('image-7'))

    def test_file_that_is_written(self) -> None:
        for mode in ('wb', 'r+b'):
            with self.subTest(mode):
                with self.path.open(mode, buffering=0) as file:
                    file.write(bytes(120))
                    [found] = descriptors.find('image-7')
                self.assertTrue(found.is_written)
                self.assertEqual((120, 120), (found.position, found.size))

    def test_several_descriptors(self) -> None:
        with self.path.open('rb'), self.path.open('rb'):
            self.assertEqual(2, len(descriptors.find('image-7')))

    def test_name_of_a_directory_is_no_match(self) -> None:
        with self.path.open('rb'):
            self.assertEqual([], descriptors.find(self.path.parent.name))

    def test_system_without_proc(self) -> None:
        with mock.patch('os.listdir', side_effect=FileNotFoundError):
            self.assertEqual([], descriptors.find('image-7'))

    def test_descriptor_that_is_closed_in_between(self) -> None:
        with self.path.open('rb') as file:
            number = file.fileno()
        with mock.patch('os.listdir', return_value=[str(number)]):
            with mock.patch('os.readlink', return_value=str(self.path)):
                self.assertEqual([], descriptors.find('image-7'))

    def test_descriptor_that_becomes_another_file(self) -> None:
        names = [str(self.path), '/dev/null']
        with self.path.open('rb') as file:
            with mock.patch('os.listdir', return_value=[str(file.fileno())]):
                with mock.patch('os.readlink', side_effect=names):
                    self.assertEqual([], descriptors.find('image-7'))

    def test_file_that_was_removed_while_open(self) -> None:
        with self.path.open('rb'):
            os.unlink(self.path)
            [found] = descriptors.find('image-7')
        self.assertEqual(self.path.parent, found.path.parent)
