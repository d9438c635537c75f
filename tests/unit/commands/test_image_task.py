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
import io
from typing import Any
import unittest
from unittest import mock

from openstack.image.v2 import task as _task
from openstackclient.image.v2 import task as core
from osc_lib import exceptions as osc_exceptions
import requests

from osc_image_ext.actions import errors
from osc_image_ext.commands import image_task
from osc_image_ext.image import tasks
from tests.fixtures import doubles
from tests.unit.commands import test_image

URL = 'http://example.org/disk.img'
PROPERTIES = {'name': 'disk', 'disk_format': 'raw'}


class TaskTestCase(unittest.TestCase):
    kind: Any

    def setUp(self) -> None:
        super().setUp()
        self.stderr = io.StringIO()
        self.proxy = doubles.proxy(post=self._created)
        self.manager = test_image.Manager(self.proxy)
        app = mock.Mock(client_manager=self.manager, stderr=self.stderr)
        self.command = self.kind(app, None)

    def _created(self, url: str, **options: Any) -> requests.Response:
        return doubles.response(
            201,
            {
                'id': doubles.TASK_ID,
                'status': 'pending',
                'result': None,
                'owner': 'project',
                **options['json'],
            },
        )

    def parse(self, *arguments: str) -> argparse.Namespace:
        parser: argparse.ArgumentParser = self.command.get_parser('openstack')
        return parser.parse_args(arguments)

    def assert_refused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.command.take_action(self.parse(*arguments))


class CreateTestCase(TaskTestCase):
    kind = image_task.CreateImageTask

    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.statuses = ['success']
        self.message = ''
        self.proxy.get.side_effect = self._shown
        real = tasks.WaitOptions
        self.enterContext(
            mock.patch.object(
                tasks,
                'WaitOptions',
                lambda enabled, timeout: real(
                    enabled, timeout, self.clock, self.sleep
                ),
            )
        )

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def _shown(self, url: str, **options: Any) -> requests.Response:
        status = self.statuses[0]
        if len(self.statuses) > 1:
            self.statuses.pop(0)
        return doubles.response(
            200,
            {
                'id': doubles.TASK_ID,
                'status': status,
                'message': self.message,
                'result': {'image_id': doubles.IMAGE_ID},
            },
        )

    def created(self, *arguments: str) -> dict[str, Any]:
        """Create a task; return its columns."""
        columns, values = self.command.take_action(
            self.parse('--type', 'import', *arguments)
        )
        return dict(zip(columns, values, strict=True))

    def assert_create_refused(self, pattern: str, *arguments: str) -> None:
        self.assert_refused(pattern, '--type', 'import', *arguments)


class TestCreate(CreateTestCase):
    def sent(self) -> dict[str, Any]:
        (sent,) = doubles.creations(self.proxy)
        return sent

    def test_a_type_alone(self) -> None:
        self.created()
        self.assertEqual({'type': 'import', 'input': {}}, self.sent())

    def test_a_type_is_required_and_is_the_servers_to_know(self) -> None:
        with self.assertRaises(SystemExit), mock.patch('sys.stderr'):
            self.parse()
        self.command.take_action(self.parse('--type', 'new one'))
        self.assertEqual('new one', self.sent()['type'])

    def test_the_help_names_the_known_types(self) -> None:
        parser = self.command.get_parser('image task create')
        text = ' '.join(parser.format_help().split())
        self.assertIn('import or api_image_import', text)

    def test_input_and_shortcuts(self) -> None:
        self.created(
            *('--input', "{'import_from_format': 'raw'}"),
            *('--import-from', URL),
            *('--image-property', 'name=disk'),
            *('--image-property', 'disk_format=raw'),
        )
        self.assertEqual(
            {
                'import_from': URL,
                'import_from_format': 'raw',
                'image_properties': PROPERTIES,
            },
            self.sent()['input'],
        )

    def test_nothing_is_sent_if_anything_is_wrong(self) -> None:
        for arguments in (
            ['--input', '{'],
            ['--input', '@missing'],
            ['--input', '{"import_from": 1}', '--import-from', URL],
            ['--image-property', 'name'],
            ['--timeout', '5'],
        ):
            with self.subTest(arguments=arguments):
                self.assert_create_refused('.', *arguments)
        self.proxy.post.assert_not_called()

    def test_a_time_limit_wants_something_to_limit(self) -> None:
        self.assert_create_refused(
            '^--timeout requires --wait or --progress.$', '--timeout', '5'
        )
        for option in ('--wait', '--progress'):
            self.created(option, '--timeout', '5')

    def test_a_time_limit_is_a_number(self) -> None:
        for text in ('-1', 'long'):
            with (
                self.subTest(text),
                mock.patch('sys.stderr'),
                self.assertRaises((SystemExit, argparse.ArgumentTypeError)),
            ):
                self.parse('--type', 'import', '--timeout', text)

    def test_the_columns_are_those_of_show(self) -> None:
        shown = core._format_task(doubles.task())
        columns, _values = self.command.take_action(
            self.parse('--type', 'import')
        )
        self.assertEqual(tuple(sorted(shown)), columns)

    def test_input_and_result_are_no_texts(self) -> None:
        columns = self.created('--input', '{"a": [1]}')
        self.assertEqual({'a': [1]}, columns['input'])
        self.assertIsNone(columns['result'])
        self.assertEqual({}, columns['properties'].machine_readable())
        self.assertEqual('project', columns['owner_id'])


class TestCreateRefused(CreateTestCase):
    def answer(self, status: int, text: str, reason: str) -> None:
        self.proxy.post.side_effect = None
        self.proxy.post.return_value = doubles.response(
            status, {'message': text}, reason=reason
        )

    def test_the_servers_words_are_told(self) -> None:
        for status in (400, 401, 404, 413):
            self.answer(status, 'I do not want to.', 'Well')
            self.assert_create_refused(
                f'^The server returned {status} Well: I do not want to.$'
            )

    def test_a_refusal_names_the_policy(self) -> None:
        self.answer(403, 'You may not.', 'Forbidden')
        self.assert_create_refused(
            '^The server returned 403 Forbidden: You may not. This requires '
            'the Glance policy tasks_api_access, which by default allows '
            'administrators only.$'
        )

    def test_a_task_that_may_have_been_made_is_told_of(self) -> None:
        note = ' The task may have been created anyway. To check, run'
        self.proxy.post.side_effect = doubles.reset
        self.assert_create_refused(f'Connection reset by peer.{note}')
        self.answer(504, 'Time-out', 'Gateway')
        self.assert_create_refused(f'504 Gateway: Time-out.{note}')

    def test_an_interruption_tells_of_it_too(self) -> None:
        self.proxy.post.side_effect = KeyboardInterrupt
        with (
            self.assertLogs(errors.LOG) as logged,
            self.assertRaises(KeyboardInterrupt),
        ):
            self.created()
        self.assertIn(
            'The task may have been created anyway', logged.output[0]
        )


class TestWait(CreateTestCase):
    def test_none_unless_wanted(self) -> None:
        self.assertEqual('pending', self.created()['status'])
        self.proxy.get.assert_not_called()

    def test_the_task_is_shown_as_it_is_at_its_end(self) -> None:
        self.statuses = ['pending', 'processing', 'success']
        columns = self.created('--wait')
        self.assertEqual('success', columns['status'])
        self.assertEqual({'image_id': doubles.IMAGE_ID}, columns['result'])
        self.assertEqual('', self.stderr.getvalue())

    def test_a_failure_is_an_error(self) -> None:
        self.statuses = ['failure']
        self.message = 'No space left'
        self.assert_create_refused(
            f'^Task {doubles.TASK_ID} failed: No space left.$', '--wait'
        )

    def test_a_time_limit_is_an_error_and_tells_how_to_go_on(self) -> None:
        self.statuses = ['processing']
        self.assert_create_refused(
            f'^Timed out waiting for task {doubles.TASK_ID} '
            r'\(status: processing\)\. '
            f'Task {doubles.TASK_ID} continues on the server. To check '
            f'it, run "openstack image task show {doubles.TASK_ID}".$',
            *('--wait', '--timeout', '60'),
        )
        self.assertEqual(1060, self.clock.now)

    def test_an_interruption_tells_how_to_go_on(self) -> None:
        for stop in (KeyboardInterrupt, SystemExit):
            with (
                mock.patch.object(self, 'sleep', side_effect=stop),
                self.assertLogs(errors.LOG) as logged,
                self.assertRaises(stop),
            ):
                self.created('--wait')
            self.assertRegex(
                logged.records[0].getMessage(),
                f'^Interrupted. Task {doubles.TASK_ID} continues on the '
                'server. To check it, run '
                f'"openstack image task show {doubles.TASK_ID}".$',
            )

    def test_a_server_that_gives_up_leaves_the_task_alone(self) -> None:
        self.proxy.get.side_effect = None
        self.proxy.get.return_value = doubles.response(401, reason='Who')
        self.assert_create_refused(
            f'^The server returned 401 Who. Task {doubles.TASK_ID} continues '
            f'on',
            '--wait',
        )

    def test_a_task_that_is_gone_does_not_go_on(self) -> None:
        self.proxy.get.side_effect = None
        self.proxy.get.return_value = doubles.response(404, reason='Gone')
        self.assert_create_refused('^The server returned 404 Gone.$', '--wait')


class TestProgress(CreateTestCase):
    def test_it_waits_and_tells_the_end(self) -> None:
        self.statuses = ['processing', 'success']
        self.assertEqual('success', self.created('--progress')['status'])
        self.assertRegex(
            self.stderr.getvalue(), f'{doubles.TASK_ID}: success in 0:0\\d\n$'
        )

    def test_a_failure_ends_it(self) -> None:
        self.statuses = ['failure']
        self.assert_create_refused('failed', '--progress')
        self.assertIn(': failed in 0:0', self.stderr.getvalue())


class ListTestCase(TaskTestCase):
    kind = image_task.ListImageTask

    def setUp(self) -> None:
        super().setUp()
        self.proxy.find_image.return_value = doubles.image()
        self.proxy.tasks.side_effect = lambda **query: iter([self.task('a')])
        self.proxy.get.return_value = doubles.response(
            200, {'tasks': [self.task('b').to_dict(original_names=True)]}
        )

    def task(self, name: str) -> _task.Task:
        return doubles.task(
            id=name,
            type='import',
            owner='project',
            message='Copied',
            created_at='then',
            updated_at='now',
        )

    def listed(self, *arguments: str) -> tuple[list[str], list[list[Any]]]:
        headers, rows = self.command.take_action(self.parse(*arguments))
        return [*headers], [[*row] for row in rows]


class TestListParser(ListTestCase):
    def test_every_option_of_cores_is_here_with_its_meaning(self) -> None:
        theirs = core.ListTask(self.command.app, None).get_parser('list')
        ours = self.command.get_parser('list')
        here = {(a.dest, *a.option_strings): vars(a) for a in ours._actions}
        for there in theirs._actions:
            with self.subTest(there.dest):
                kept = here[there.dest, *there.option_strings]
                self.assertEqual(
                    {**vars(there), 'container': None},
                    {**kept, 'container': None},
                )

    def test_an_option_that_core_grows_is_here(self) -> None:
        grown = core.ListTask.get_parser

        def get_parser(command: Any, name: str) -> argparse.ArgumentParser:
            parser = grown(command, name)
            parser.add_argument('--grown', default=7)
            parser.add_argument('--long', default=8)
            return parser

        with mock.patch.object(core.ListTask, 'get_parser', get_parser):
            parsed = self.parse('--long')
        self.assertEqual((7, True), (parsed.grown, parsed.long))


class TestList(ListTestCase):
    def test_without_an_image_it_is_cores(self) -> None:
        for arguments in (
            [],
            ['--status', 'failure', '--type', 'import', '--limit', '2'],
            ['--sort-key', 'status', '--sort-dir', 'asc', '--marker', 'x'],
        ):
            with self.subTest(arguments=arguments):
                listed = self.listed(*arguments)
                asked = self.proxy.tasks.call_args
                theirs = core.ListTask(self.command.app, None)
                headers, rows = theirs.take_action(self.parse(*arguments))
                self.assertEqual(([*headers], [[*r] for r in rows]), listed)
                self.assertEqual(self.proxy.tasks.call_args, asked)
        self.proxy.get.assert_not_called()

    def test_with_an_image(self) -> None:
        self.assertEqual(
            (
                ['ID', 'Type', 'Status', 'Owner'],
                [['b', 'import', 'processing', 'project']],
            ),
            self.listed('--image', 'disk'),
        )
        self.proxy.find_image.assert_called_once_with(
            'disk', ignore_missing=False
        )
        self.proxy.tasks.assert_not_called()
        self.assertEqual(
            f'/images/{doubles.IMAGE_ID}/tasks',
            self.proxy.get.call_args.args[0],
        )

    def test_long(self) -> None:
        headers, (row,) = self.listed('--image', 'disk', '--long')
        self.assertEqual(['Message', 'Created At', 'Updated At'], headers[4:])
        self.assertEqual(['Copied', 'then', 'now'], row[4:])

    def test_long_without_an_image(self) -> None:
        headers, (row,) = self.listed('--long')
        self.assertEqual(['Created At', 'Updated At'], headers[4:])
        self.assertEqual(['a', 'then', 'now'], [row[0], *row[4:]])

    def test_filters_of_the_tasks_of_an_image(self) -> None:
        for option, value, number in (
            ('--status', 'processing', 1),
            ('--status', 'failure', 0),
            ('--type', 'import', 1),
        ):
            with self.subTest(option=option, value=value):
                _headers, rows = self.listed('--image', 'a', option, value)
                self.assertEqual(number, len(rows))

    def test_a_number_of_tasks_at_most(self) -> None:
        self.proxy.tasks.side_effect = lambda **query: iter(
            [self.task('a'), self.task('b')]
        )
        self.proxy.get.return_value = doubles.response(
            200, {'tasks': [{'id': 'a'}, {'id': 'b'}]}
        )
        for arguments in ([], ['--image', 'disk']):
            parsed = self.parse(*arguments)
            for number in (None, 0, 1, 2, 3):
                with self.subTest(arguments=arguments, number=number):
                    parsed.max_items = number
                    _headers, rows = self.command.take_action(parsed)
                    wanted = 2 if number is None else min(number, 2)
                    self.assertEqual(wanted, len([*rows]))

    def test_a_limit_is_the_size_of_a_page_if_core_says_so(self) -> None:
        self.proxy.get.return_value = doubles.response(
            200, {'tasks': [{'id': 'a'}, {'id': 'b'}]}
        )
        parsed = self.parse('--image', 'disk', '--limit', '1')
        for known, number in ((True, 2), (False, 1)):
            vars(parsed).pop('max_items', None)
            if known:
                parsed.max_items = None
            _headers, rows = self.command.take_action(parsed)
            self.assertEqual(number, len([*rows]))

    def test_what_cannot_be_asked_of_the_tasks_of_an_image(self) -> None:
        for option in ('--sort-key', '--sort-dir', '--marker'):
            with self.subTest(option):
                self.assert_refused(
                    '^--sort-key, --sort-dir and --marker cannot be used with',
                    *('--image', 'disk', option, 'x'),
                )
        self.proxy.find_image.assert_not_called()

    def test_the_policy_is_named_where_it_decides(self) -> None:
        forbidden = doubles.http_error(403, {'message': 'No.'}, reason='Not')
        self.proxy.tasks.side_effect = forbidden
        self.assert_refused('^The server returned 403 Not: No. This requires')
        self.proxy.find_image.side_effect = doubles.http_error(
            403, {'message': 'No.'}, reason='Not'
        )
        self.assert_refused(
            '^The server returned 403 Not: No.$', '--image', 'disk'
        )

    def test_the_manager_is_left_as_it_was(self) -> None:
        self.listed()
        self.assertNotIn('image', vars(self.manager))
