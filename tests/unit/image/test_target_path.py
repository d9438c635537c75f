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
import tempfile
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import target_path
from tests.fixtures import doubles


class TestKinds(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder = folder
        os.mkfifo(folder / 'fifo')
        (folder / 'file').touch()
        (folder / 'link').symlink_to('fifo')

    def test_standard_output(self) -> None:
        for path, expected in (
            (None, True),
            ('-', True),
            ('/dev/stdout', True),
            ('/dev/null', False),
            ('./-', False),
        ):
            self.assertIs(expected, target_path.is_stdout(path))

    def test_special(self) -> None:
        for path, expected in (
            ('/dev/null', True),
            ('/dev/fd/63', True),
            (f'{self.folder}/fifo', True),
            (f'{self.folder}/link', True),
            (f'{self.folder}/file', False),
            (f'{self.folder}/absent', False),
            (str(self.folder), False),
        ):
            with self.subTest(path):
                self.assertIs(expected, target_path.is_special(path))

    def test_directory(self) -> None:
        for path, expected in (
            (str(self.folder), True),
            ('absent/', True),
            ('absent', False),
        ):
            with self.subTest(path):
                self.assertIs(expected, target_path.is_directory(path))

    def test_directory_must_exist(self) -> None:
        with self.assertRaisesRegex(
            exceptions.TargetError, '^There is no directory absent/.$'
        ):
            target_path.make_path('absent/', doubles.image())


class TestName(unittest.TestCase):
    def check(self, expected: str, name: str | None, **formats: str) -> None:
        image = doubles.image(name=name, **formats)
        path = target_path.make_path('/', image)
        with self.subTest(name):
            self.assertEqual(f'/{expected}', path)
            self.assertLessEqual(len(os.fsencode(path)), 256)

    def test_names(self) -> None:
        for name, expected in (
            ('disk', 'disk.qcow2'),
            ('disk.qcow2', 'disk.qcow2'),
            ('disk.QCOW2', 'disk.QCOW2'),
            ('my disk', 'my disk.qcow2'),
            ('../../etc/passwd', '_.._etc_passwd.qcow2'),
            ('/etc/passwd', '_etc_passwd.qcow2'),
            ('.profile', 'profile.qcow2'),
            ('a\n\x1b\0\udcffb', 'a____b.qcow2'),
            ('größe', 'größe.qcow2'),
            ('x' * 255, 'x' * 200 + '.qcow2'),
            ('1' + 'ä' * 127, '1' + 'ä' * 99 + '.qcow2'),
        ):
            self.check(
                expected, name, disk_format='qcow2', container_format='bare'
            )
        for none in (None, '', '.', '..', '  ', ' .. '):
            self.check(f'{doubles.IMAGE_ID}.raw', none, disk_format='raw')

    def test_formats(self) -> None:
        for formats, extension in (
            ({'disk_format': 'raw', 'container_format': 'ova'}, 'ova'),
            ({'disk_format': 'raw'}, 'raw'),
            ({}, 'img'),
        ):
            self.check(f'disk.{extension}', 'disk', **formats)
        self.check('disk', 'disk', disk_format='../x')
