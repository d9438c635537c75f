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
from collections.abc import Iterator
import contextlib
import io
import logging
import os
import pathlib
import tempfile
from typing import Any
import unittest
from unittest import mock

from openstack.image import image_signer
from openstackclient.identity import common as identity_common
from openstackclient.image.v2 import image as core
from osc_lib import exceptions as osc_exceptions
from osc_lib import utils

from osc_image_ext.commands import image
from osc_image_ext.image import source
from osc_image_ext.progress import display
from tests.fixtures import doubles

QCOW2 = b'QFI\xfb\0\0\0\3' + bytes(4096)


class Cached:
    """What the client manager of a shell has its proxies behind."""

    def __get__(self, manager: Any, owner: Any) -> Any:
        return manager and manager.proxy


class Manager:
    """A shell's client manager."""

    image = Cached()

    def __init__(self, proxy: mock.Mock) -> None:
        self.proxy = proxy
        self.sdk_connection = mock.Mock()
        self.identity = mock.Mock()
        self.volume = mock.Mock()


class CommandTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)
        self.stderr = io.StringIO()
        self.stdin: source.Source | None = None
        self.use(doubles.Glance())
        self.enterContext(
            mock.patch.object(
                source, 'stdin_has_data', lambda: self.stdin is not None
            )
        )
        self.enterContext(
            mock.patch.object(source, 'open_stdin', self._standard_input)
        )
        logged = self.enterContext(self.assertLogs(level='WARNING'))
        self.log = logged.records
        # assertLogs wants something to be logged.
        self.addCleanup(logging.getLogger().warning, 'the end')

    @contextlib.contextmanager
    def _standard_input(
        self, size: int | None
    ) -> Iterator[source.Source | None]:
        yield self.stdin

    def use(self, glance: doubles.Glance) -> None:
        self.glance = glance
        self.proxy = glance.proxy
        self.manager = Manager(glance.proxy)
        app = mock.Mock(
            client_manager=self.manager,
            stderr=self.stderr,
            stdin=io.StringIO(),
        )
        self.command = image.CreateImage(app, None)

    def file(self, content: bytes = b'data') -> str:
        path = self.folder / 'disk.img'
        path.write_bytes(content)
        return str(path)

    def feed(self, content: bytes) -> None:
        """Let standard input hold this; it cannot be rewound."""
        reader: Any = io.BufferedReader(doubles.NonSeekableReader(content))
        self.stdin = source.Source(reader, 'Standard input', None)

    def parse(self, *arguments: str) -> argparse.Namespace:
        parser = self.command.get_parser('image create')
        return parser.parse_args(arguments)

    def run_command(self, *arguments: str) -> dict[str, Any]:
        """Run the command; return its columns."""
        columns, values = self.command.take_action(self.parse(*arguments))
        return dict(zip(columns, values, strict=True))

    def made(self, *arguments: str) -> dict[str, Any]:
        """Run the command; return the record it made but for its ID."""
        self.run_command(*arguments)
        made = doubles.creations(self.proxy)[-1]
        return {key: value for key, value in made.items() if key != 'id'}

    def warnings(self) -> list[str]:
        return [record.getMessage() for record in self.log]

    def assertRefused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.run_command(*arguments)

    def assertNothingDone(self) -> None:
        self.proxy.post.assert_not_called()
        self.proxy.put.assert_not_called()


class TestParser(CommandTestCase):
    def parsers(self) -> tuple[argparse.ArgumentParser, ...]:
        theirs = core.CreateImage(self.command.app, None)
        return (
            theirs.get_parser('image create'),
            self.command.get_parser('image create'),
        )

    def test_every_option_of_cores_is_here_with_its_meaning(self) -> None:
        theirs, ours = self.parsers()
        here = {(a.dest, *a.option_strings): a for a in ours._actions}
        for there in theirs._actions:
            key = (there.dest, *there.option_strings)
            with self.subTest(key):
                self.assertIn(key, here)
                if there.help == argparse.SUPPRESS:
                    continue  # given up by core
                kept = vars(here[key]).copy()
                meant = vars(there).copy()
                for names in (kept, meant):
                    del names['container']
                    if '--progress' in there.option_strings:
                        del names['help']
                self.assertEqual(meant, kept)
                self.assertIs(type(there), type(here[key]))

    def test_options_that_exclude_each_other_still_do(self) -> None:
        theirs, ours = self.parsers()

        def groups(parser: argparse.ArgumentParser) -> list[Any]:
            return [
                (group.required, [a.dest for a in group._group_actions])
                for group in parser._mutually_exclusive_groups
            ]

        self.assertTrue(groups(theirs))
        for group in groups(theirs):
            self.assertIn(group, groups(ours))

    def test_defaults_are_cores(self) -> None:
        theirs, ours = self.parsers()
        expected = vars(theirs.parse_args(['disk']))
        found = vars(ours.parse_args(['disk']))
        self.assertEqual(expected, {name: found[name] for name in expected})

    def test_an_option_that_core_grows_is_here(self) -> None:
        grown = core.CreateImage.get_parser

        def get_parser(command: Any, name: str) -> argparse.ArgumentParser:
            parser = grown(command, name)
            parser.add_argument('--grown', type=int, default=7)
            return parser

        with mock.patch.object(core.CreateImage, 'get_parser', get_parser):
            self.assertEqual(7, self.parse('disk').grown)
            self.assertEqual(8, self.parse('--grown', '8', 'disk').grown)

    def test_what_is_new(self) -> None:
        parsed = self.parse('disk')
        self.assertTrue(parsed.verify)
        self.assertFalse(parsed.keep_failed)
        parsed = self.parse('--no-verify', '--keep-failed', 'disk')
        self.assertFalse(parsed.verify)
        self.assertTrue(parsed.keep_failed)

    def test_a_size_is_a_number(self) -> None:
        self.assertEqual(5, self.parse('--size', '5', 'disk').size)
        self.assertIsNone(self.parse('disk').size)

    def test_bad_arguments_are_refused(self) -> None:
        for arguments in (
            (),
            ('--file', 'a', '--volume', 'b', 'disk'),
            ('--public', '--private', 'disk'),
            ('--protected', '--unprotected', 'disk'),
            ('--disk-format', 'nonsense', 'disk'),
            ('--size', '-1', 'disk'),
            ('--size', 'many', 'disk'),
            ('--property', 'nothing', 'disk'),
        ):
            with (
                self.subTest(arguments),
                contextlib.redirect_stderr(io.StringIO()),
                self.assertRaises((SystemExit, argparse.ArgumentTypeError)),
            ):
                self.parse(*arguments)

    def test_the_help_is_cores(self) -> None:
        self.assertEqual(
            core.CreateImage._description, image.CreateImage._description
        )


class TestRecord(CommandTestCase):
    def test_a_name_alone(self) -> None:
        self.assertEqual(
            {'name': 'disk', 'disk_format': 'raw', 'container_format': 'bare'},
            self.made('disk'),
        )
        self.proxy.put.assert_not_called()

    def test_each_option_of_cores_is_in_the_record(self) -> None:
        for option, expected in (
            (['--id', doubles.IMAGE_ID], {}),
            (['--container-format', 'ovf'], {'container_format': 'ovf'}),
            (['--disk-format', 'qcow2'], {'disk_format': 'qcow2'}),
            (['--min-disk', '3'], {'min_disk': 3}),
            (['--min-ram', '4'], {'min_ram': 4}),
            (['--tag', 'a', '--tag', 'b'], {'tags': ['a', 'b']}),
            (['--public'], {'visibility': 'public'}),
            (['--private'], {'visibility': 'private'}),
            (['--community'], {'visibility': 'community'}),
            (['--shared'], {'visibility': 'shared'}),
            (['--protected'], {'protected': True}),
            (['--unprotected'], {'protected': False}),
            (['--property', 'os_distro=suse'], {'os_distro': 'suse'}),
        ):
            with self.subTest(option=option):
                made = self.made(*option, 'disk')
                self.assertEqual({**made, **expected}, made)

    def test_the_id_is_the_users(self) -> None:
        columns = self.run_command('--id', doubles.IMAGE_ID, 'disk')
        (made,) = doubles.creations(self.proxy)
        self.assertEqual(doubles.IMAGE_ID, made['id'])
        self.assertEqual(doubles.IMAGE_ID, columns['id'])

    def test_the_project_is_looked_up(self) -> None:
        with (
            mock.patch.object(
                identity_common,
                'find_project_id_sdk',
                lambda *args: f'id of {args[1]}',
                create=True,
            ),
            mock.patch.object(
                identity_common,
                'find_project',
                lambda *args: mock.Mock(id=f'id of {args[1]}'),
            ),
        ):
            made = self.made('--project', 'demo', 'disk')
        self.assertEqual('id of demo', made['owner'])

    def test_nothing_is_in_the_record_but_what_was_given(self) -> None:
        self.assertEqual(
            {
                'name': 'disk',
                'disk_format': 'raw',
                'container_format': 'bare',
                'os_distro': 'suse',
            },
            self.made(
                '--file', self.file(), '--property', 'os_distro=suse', 'disk'
            ),
        )

    def test_properties_may_be_called_anything(self) -> None:
        names = (
            'data',
            'filename',
            'size',
            'connection',
            'self',
            'cls',
            'session',
            'properties',
            'allow_duplicates',
            'validate_checksum',
            'use_import',
            'wait',
            'timeout',
            'md5',
            'meta',
            'container',
            'name',
        )
        arguments = []
        for name in names:
            arguments += ['--property', f'{name}=my {name}']
        made = self.made(*arguments, 'disk')
        self.assertEqual({**made, **{n: f'my {n}' for n in names}}, made)

    def test_numbers_of_glances_are_numbers_as_with_core(self) -> None:
        made = self.made('--property', 'min_ram=512', 'disk')
        self.assertEqual(512, made['min_ram'])

    def test_a_name_that_is_a_path_is_a_name(self) -> None:
        path = self.file()
        self.assertEqual(path, self.made(path)['name'])
        self.proxy.put.assert_not_called()

    def test_the_columns_are_cores(self) -> None:
        columns = self.run_command('--file', self.file(), 'disk')
        expected = core._format_image(self.proxy.get_image(columns['id']))
        self.assertEqual(sorted(expected), list(columns))
        self.assertEqual('active', columns['status'])
        self.assertEqual(4, columns['size'])

    def test_the_columns_of_a_record_without_data(self) -> None:
        columns = self.run_command('--tag', 'a', 'disk')
        self.assertEqual('queued', columns['status'])
        self.assertEqual(['a'], columns['tags'].machine_readable())


class TestData(CommandTestCase):
    def test_a_file_is_sent(self) -> None:
        self.run_command('--file', self.file(b'content'), 'disk')
        self.assertEqual([b'content'], self.glance.stored)
        self.assertEqual([], self.warnings())
        self.assertEqual('', self.stderr.getvalue())

    def test_standard_input_is_sent_and_that_is_told(self) -> None:
        self.feed(b'content')
        self.run_command('disk')
        self.assertEqual([b'content'], self.glance.stored)
        self.assertEqual(
            ['Reading image data from standard input.'], self.warnings()
        )

    def test_a_dash_is_standard_input(self) -> None:
        self.feed(b'content')
        self.run_command('--file', '-', 'disk')
        self.assertEqual([b'content'], self.glance.stored)

    def test_a_file_leaves_standard_input_alone(self) -> None:
        self.feed(b'content')
        self.run_command('--file', self.file(b'of the file'), 'disk')
        self.assertEqual([b'of the file'], self.glance.stored)
        self.assertEqual([], self.warnings())

    def test_an_empty_standard_input_makes_a_record_alone(self) -> None:
        with mock.patch.object(source, 'stdin_has_data', lambda: True):
            self.assertEqual('queued', self.run_command('disk')['status'])
        self.proxy.put.assert_not_called()

    def test_a_size_without_data_is_refused(self) -> None:
        self.assertRefused('--size requires', '--size', '5', 'disk')
        self.assertNothingDone()

    def test_a_size_with_an_empty_standard_input_is_refused(self) -> None:
        with mock.patch.object(source, 'stdin_has_data', lambda: True):
            self.assertRefused('--size requires', '--size', '5', 'disk')
        self.assertNothingDone()

    def test_a_size_that_does_not_agree_is_refused(self) -> None:
        self.assertRefused(
            'is 4 bytes long, but --size is 5',
            *('--size', '5', '--file', self.file(), 'disk'),
        )
        self.assertNothingDone()

    def test_a_size_that_agrees_is_announced(self) -> None:
        self.run_command('--size', '4', '--file', self.file(), 'disk')
        headers = self.proxy.put.call_args.kwargs['headers']
        self.assertEqual('4', headers['X-OpenStack-Image-Size'])

    def test_a_file_that_cannot_be_read_makes_nothing(self) -> None:
        self.assertRefused(
            '^Cannot read .*: No such file or directory.$',
            *('--file', str(self.folder / 'missing'), 'disk'),
        )
        self.assertRefused(
            ': Is a directory.$', '--file', str(self.folder), 'disk'
        )
        self.assertNothingDone()

    def test_a_format_that_the_header_contradicts_is_warned_of(self) -> None:
        path = self.file(QCOW2)
        self.run_command('--file', path, 'disk')
        self.assertEqual(
            [
                f'{path} looks like qcow2, but the disk format of the image '
                f'is '
                'raw.'
            ],
            self.warnings(),
        )
        self.assertEqual([QCOW2], self.glance.stored)

    def test_a_format_that_agrees_is_not(self) -> None:
        self.run_command(
            *('--file', self.file(QCOW2), '--disk-format', 'qcow2', 'disk')
        )
        self.assertEqual([], self.warnings())

    def test_what_is_in_a_container_is_not_looked_at(self) -> None:
        self.run_command(
            *('--file', self.file(QCOW2), '--container-format', 'ova', 'disk')
        )
        self.assertEqual([], self.warnings())

    def test_a_file_name_does_not_steer_the_terminal(self) -> None:
        path = self.folder / 'disk\x1b[2J.img'
        path.write_bytes(QCOW2)
        self.run_command('--file', str(path), 'disk')
        self.assertNotIn('\x1b', self.warnings()[0])


class TestVerification(CommandTestCase):
    def corrupt(self, glance: doubles.Glance, body: Any) -> Any:
        return doubles.stores(glance, [b''.join(body).upper()])

    def test_what_was_changed_is_refused(self) -> None:
        self.use(doubles.Glance(self.corrupt))
        self.assertRefused(
            'Verification of image .* was deleted.$',
            *('--file', self.file(), 'disk'),
        )

    def test_it_can_be_turned_off(self) -> None:
        self.use(doubles.Glance(self.corrupt))
        self.run_command('--no-verify', '--file', self.file(), 'disk')
        self.assertEqual([b'DATA'], self.glance.stored)
        self.assertEqual([], self.warnings())

    def test_a_server_without_digests_is_told_of(self) -> None:
        def stores_alone(glance: doubles.Glance, body: Any) -> Any:
            answer = doubles.stores(glance, body)
            glance.attributes = {'size': 4}
            return answer

        self.use(doubles.Glance(stores_alone))
        columns = self.run_command('--file', self.file(), 'disk')
        (warning,) = self.warnings()
        self.assertIn(f'Image {columns["id"]} was not verified', warning)


class TestFailure(CommandTestCase):
    def test_it_is_told_in_the_servers_words(self) -> None:
        self.use(
            doubles.Glance(
                doubles.answers(413, {'message': 'Too large.'}, reason='No')
            )
        )
        self.assertRefused(
            '^The server rejected the data for image .*: 413 No: Too large. '
            'Image .* was deleted.$',
            *('--file', self.file(), 'disk'),
        )
        self.proxy.delete_image.assert_called_once()

    def test_the_image_may_be_kept(self) -> None:
        self.use(doubles.Glance(doubles.answers(413)))
        self.assertRefused(
            'Image .* was kept.$',
            *('--keep-failed', '--file', self.file(), 'disk'),
        )
        self.proxy.delete_image.assert_not_called()

    def test_a_refused_record_is_told_in_the_servers_words(self) -> None:
        self.proxy.post.side_effect = None
        self.proxy.post.return_value = doubles.response(
            403, {'message': 'You may not.'}, reason='Forbidden'
        )
        for arguments in (['disk'], ['--file', self.file(), 'disk']):
            self.assertRefused(
                '^The server returned 403 Forbidden: You may not.$', *arguments
            )
        self.proxy.delete_image.assert_not_called()

    def test_an_interruption_goes_on(self) -> None:
        def interrupted(glance: doubles.Glance, body: Any) -> Any:
            raise KeyboardInterrupt

        self.use(doubles.Glance(interrupted))
        with self.assertRaises(KeyboardInterrupt):
            self.run_command('--file', self.file(), 'disk')
        self.assertRegex(
            self.warnings()[0], r'^Interrupted\. Image .* was deleted\.$'
        )


class TestProgress(CommandTestCase):
    def test_it_is_drawn_on_standard_error_of_the_shell(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as stdout:
            self.run_command('--progress', '--file', self.file(), 'my disk')
        self.assertRegex(
            self.stderr.getvalue(),
            r'\Amy disk: uploading 4 B\n(.*\n)*my disk: verified, 4 B in .*\n',
        )
        self.assertEqual('', stdout.getvalue())

    def test_it_is_drawn_for_standard_input_too(self) -> None:
        self.feed(b'content')
        self.run_command('--progress', 'disk')
        self.assertIn('disk: verified, 7 B', self.stderr.getvalue())

    def test_what_is_not_verified_is_stored(self) -> None:
        self.run_command(
            *('--progress', '--no-verify', '--file', self.file(), 'disk')
        )
        self.assertIn('disk: stored, 4 B', self.stderr.getvalue())

    def test_a_failure_ends_it(self) -> None:
        self.use(doubles.Glance(doubles.answers(413)))
        self.assertRefused('413', '--progress', '--file', self.file(), 'disk')
        self.assertIn('disk: failed, ', self.stderr.getvalue())

    def test_a_name_does_not_steer_the_terminal(self) -> None:
        self.run_command('--progress', '--file', self.file(), 'a\x1b[2J\nb')
        self.assertNotIn('\x1b', self.stderr.getvalue())
        self.assertIn(r'a\x1b[2J b: uploading', self.stderr.getvalue())

    def test_nothing_is_drawn_unless_wanted(self) -> None:
        with mock.patch.object(
            display, 'make_display', wraps=display.make_display
        ) as made:
            self.run_command('--file', self.file(), 'disk')
        self.assertIs(False, made.call_args.args[0])
        self.assertEqual('', self.stderr.getvalue())


class TestSignature(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        signer = mock.Mock(hash_method='SHA-256', padding_method='RSA-PSS')
        signer.generate_signature.side_effect = lambda file: file.read()
        self.signer = signer
        self.enterContext(
            mock.patch.object(image_signer, 'ImageSigner', return_value=signer)
        )
        self.enterContext(
            mock.patch.object(utils, 'get_password', return_value='')
        )

    SIGN = ('--sign-key-path', 'key.pem', '--sign-cert-id', 'cert')

    def test_it_is_in_the_record_as_text(self) -> None:
        made = self.made(
            *self.SIGN,
            *('--file', self.file(), '--property', 'a=b', 'disk'),
        )
        self.assertEqual(
            {
                'img_signature': 'ZGF0YQ==',
                'img_signature_certificate_uuid': 'cert',
                'img_signature_hash_method': 'SHA-256',
                'img_signature_key_type': 'RSA-PSS',
                'a': 'b',
            },
            {key: made[key] for key in made if key[:3] in ('img', 'a')},
        )

    def test_the_whole_file_is_sent_after_it_was_signed(self) -> None:
        self.run_command(*self.SIGN, '--file', self.file(b'content'), 'disk')
        self.assertEqual([b'content'], self.glance.stored)

    def test_half_of_what_it_takes_is_refused(self) -> None:
        for arguments in (
            self.SIGN[:2],
            self.SIGN[2:],
        ):
            with self.subTest(arguments):
                self.assertRefused(
                    'must both be specified',
                    *(*arguments, '--file', self.file(), 'disk'),
                )
        self.assertNothingDone()

    def test_a_key_that_cannot_be_loaded_is_refused(self) -> None:
        self.signer.load_private_key.side_effect = ValueError
        self.assertRefused(
            'could not be loaded',
            *(*self.SIGN, '--file', self.file(), 'disk'),
        )
        self.assertNothingDone()

    def test_only_a_file_can_be_signed(self) -> None:
        self.feed(b'content')
        self.assertRefused('requires the --file', *self.SIGN, 'disk')
        path = self.folder / 'fifo'
        os.mkfifo(path)
        self.assertRefused(
            'can be read only once',
            *(*self.SIGN, '--file', str(path), 'disk'),
        )
        self.assertNothingDone()


class TestCoresCommand(CommandTestCase):
    def test_volumes_are_left_to_it(self) -> None:
        with mock.patch.object(
            core.CreateImage, 'take_action', autospec=True
        ) as take_action:
            parsed = self.parse('--volume', 'v', 'disk')
            seen: list[Any] = []
            take_action.side_effect = lambda *args: seen.append(
                self.manager.image
            )
            self.command.take_action(parsed)
            take_action.assert_called_once_with(self.command, parsed)
            self.assertEqual([self.proxy], seen)
        self.assertNothingDone()

    def test_options_that_mean_nothing_to_a_volume_are_refused(self) -> None:
        for option in (
            ['--uri', 'http://x'],
            ['--store', 'a'],
            ['--all-stores'],
            ['--wait'],
            ['--timeout', '0'],
            ['--remote-region', 'r'],
        ):
            self.assertRefused(
                f'^{option[0]} cannot be used with --volume.$',
                *('--volume', 'v', 'disk', *option),
            )
        self.assertNothingDone()

    def test_what_it_gave_up_is_refused(self) -> None:
        for option in ('--location', '--copy-from'):
            with self.subTest(option):
                self.assertRefused('no longer supported', option, 'x', 'disk')
        self.assertNothingDone()

    def test_it_sees_the_proxy_itself_but_for_two_calls(self) -> None:
        seen: list[Any] = []

        def take_action(*args: Any) -> Any:
            proxy = self.manager.image
            seen.extend(
                [proxy.find_image, proxy.get_image(seen), proxy.create_image]
            )
            return ((), ())

        with mock.patch.object(core.CreateImage, 'take_action', take_action):
            self.command.take_action(self.parse('disk'))
        self.assertIs(self.proxy.find_image, seen[0])
        self.assertIs(seen, seen[1])
        self.assertIsNot(self.proxy.create_image, seen[2])

    def test_the_manager_is_left_as_it_was(self) -> None:
        for arguments in (
            ['disk'],
            ['--file', self.file(), 'disk'],
            ['--file', 'missing', 'disk'],
            ['--size', '5', 'disk'],
            ['--location', 'x', 'disk'],
        ):
            with (
                self.subTest(arguments=arguments),
                contextlib.suppress(osc_exceptions.CommandError),
            ):
                self.run_command(*arguments)
            self.assertIs(self.proxy, self.manager.image)
            self.assertNotIn('image', vars(self.manager))

    def test_the_manager_is_left_as_it_was_by_an_interruption(self) -> None:
        self.proxy.post.side_effect = KeyboardInterrupt
        with self.assertRaises(KeyboardInterrupt):
            self.run_command('disk')
        self.assertNotIn('image', vars(self.manager))
