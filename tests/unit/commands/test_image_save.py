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

import argparse
import os
import pathlib
import stat
from typing import Any
from unittest import mock

from openstackclient.image.v2 import image as core
from osc_lib import exceptions as osc_exceptions

from osc_image_ext.commands import image_save
from osc_image_ext.image import streams
from tests.fixtures import doubles
from tests.fixtures import downloads
from tests.unit.commands import test_image

_DATA = b'some data'


class SaveTestCase(test_image.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = downloads.Source(_DATA)
        self.record = self.source.image()
        self.source.proxy.find_image.side_effect = lambda *_args, **_: (
            self.record
        )
        manager = test_image.Manager(self.source.proxy)
        self.stdout: Any = mock.Mock()
        self.stdout.isatty.return_value = False
        self.app = mock.Mock(
            client_manager=manager, stderr=self.stderr, stdout=self.stdout
        )
        self.command: Any = image_save.SaveImage(self.app, None)
        self.target = self.folder / 'disk.img'

    def save(self, *options: str) -> None:
        arguments = ('disk', '--file', str(self.target), *options)
        self.command.take_action(self.parse(*arguments))

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.log]

    def assert_refused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.command.take_action(self.parse('disk', *arguments))
        self.assertEqual([], self.source.urls)


class TestParser(SaveTestCase):
    def test_every_option_of_cores_is_here(self) -> None:
        theirs = core.SaveImage(self.app, None).get_parser('x')
        ours = self.command.get_parser('x')
        for action in theirs._actions:
            (same,) = [
                each
                for each in ours._actions
                if each.option_strings == action.option_strings
            ]
            for name in ('dest', 'nargs', 'metavar', 'required', 'choices'):
                self.assertEqual(getattr(action, name), getattr(same, name))

    def test_chunk_size(self) -> None:
        self.assertEqual(streams.BLOCK_SIZE, self.parse('disk').chunk_size)
        parser = self.command.get_parser('x')
        parser.exit_on_error = False
        for size in ('0', '-1', 'x'):
            with self.assertRaises(argparse.ArgumentError):
                parser.parse_args(['disk', '--chunk-size', size])


class TestSave(SaveTestCase):
    def test_file(self) -> None:
        self.save()
        self.assertEqual(_DATA, self.target.read_bytes())
        self.assertEqual([], self.messages())
        self.source.proxy.find_image.assert_called_once_with(
            'disk', ignore_missing=False
        )

    def test_directory(self) -> None:
        self.target = self.folder
        self.record = self.source.image(disk_format='raw', name='my disk')
        self.save()
        path = self.folder / 'my disk.raw'
        self.assertEqual(_DATA, path.read_bytes())

    def test_stores(self) -> None:
        parsed_args = self.parse('disk', '--file', str(self.target))
        parsed_args.store_preferences = ['fast', 'slow']
        self.command.take_action(parsed_args)
        self.assertIn('?prefer=fast,slow', self.source.urls[0])
        parsed_args.store_preferences = ['']
        with self.assertRaisesRegex(osc_exceptions.CommandError, 'a store'):
            self.command.take_action(parsed_args)

    def test_not_verified(self) -> None:
        self.record = self.source.image(hash_algo=None, checksum=None)
        self.save()
        self.assertIn('was not verified', self.messages()[0])
        self.save('--no-verify')
        self.assertEqual(1, len(self.messages()))

    def test_wrong(self) -> None:
        self.record = self.source.image(hash_value='bad')
        with self.assertRaisesRegex(
            osc_exceptions.CommandError, 'expected sha512 bad, but'
        ):
            self.save()
        self.assertEqual([], list(self.folder.iterdir()))

    def test_algorithm_is_not_available(self) -> None:
        self.record = self.source.image(hash_algo='crc32c')
        with self.assertRaisesRegex(
            osc_exceptions.CommandError, 'Use --no-verify to download it'
        ):
            self.save()

    def test_progress(self) -> None:
        self.save('--progress')
        lines = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: downloading 9 B', lines[0])
        self.assertRegex(lines[-1], '^disk: verified, 9 B in')

    def test_resumed_and_sparse(self) -> None:
        part = self.folder / f'.disk.img.{doubles.IMAGE_ID}.part'
        part.write_bytes(_DATA[:4])
        self.save('--resume', '--sparse')
        self.assertEqual([4], self.source.starts)
        self.assertEqual([self.target], list(self.folder.iterdir()))

    def test_device(self) -> None:
        self.target = pathlib.Path('/dev/null')
        self.save()
        self.assertTrue(stat.S_ISCHR(self.target.stat().st_mode))
        self.assertEqual(1, len(self.source.urls))


class TestNoClobber(SaveTestCase):
    def test_unchanged(self) -> None:
        self.target.write_bytes(_DATA)
        self.save('--no-clobber', '--progress')
        self.assertEqual([], self.source.urls)
        self.assertIn('is unchanged', self.messages()[0])
        self.assertIn('disk: unchanged, 9 B in', self.stderr.getvalue())

    def test_different(self) -> None:
        self.target.write_bytes(b'precious!')
        self.assert_refused(
            'exists already', '--no-clobber', '--file', str(self.target)
        )
        self.assertEqual(b'precious!', self.target.read_bytes())

    def test_new(self) -> None:
        self.save('--no-clobber')
        self.assertEqual(_DATA, self.target.read_bytes())


class TestStandardOutput(SaveTestCase):
    def test_written(self) -> None:
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        self.stdout.fileno.return_value = writer
        for arguments in ((), ('--file', '-')):
            self.command.take_action(self.parse('disk', *arguments))
            self.assertEqual(_DATA, os.read(reader, 100))

    def test_reader_has_gone(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        self.stdout.fileno.return_value = writer
        with self.assertRaises(BrokenPipeError):
            self.command.take_action(self.parse('disk'))
        self.assertEqual([], self.messages())

    def test_terminal(self) -> None:
        self.stdout.isatty.return_value = True
        self.assert_refused('not written to a terminal. Use --file, or')

    def test_closed(self) -> None:
        self.app.stdout = None
        self.assert_refused('Standard output is closed.')

    def test_options_of_files(self) -> None:
        for option in ('--resume', '--sparse', '--no-clobber'):
            for file in ((), ('--file', '/dev/null')):
                self.assert_refused(
                    f'^{option} requires --file with a', option, *file
                )

    def test_empty_name(self) -> None:
        self.assert_refused('^The value of --file must not', '--file', '')
