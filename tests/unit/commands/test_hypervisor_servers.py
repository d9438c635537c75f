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

import io
import logging
import os
import signal
import threading
from typing import Any
import unittest
from unittest import mock
import uuid

from osc_lib import exceptions as osc_exceptions

from osc_image_ext.actions import hypervisor_servers as actions
from osc_image_ext.commands import hypervisor_servers
from osc_image_ext.progress import display
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

DETAIL = '/os-hypervisors/detail'
HEADS = ('ID', 'Name', 'Hypervisor', 'Result', 'Reason')


class CommandTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nova = compute_doubles.Nova()
        page = {'hypervisors': [compute_doubles.hypervisor('node-1')]}
        self.nova.answer('GET', DETAIL, page)
        self.nova.answer('POST', '/servers/.*/metadata', compute_doubles.echo)
        self.nova.session.timeout = None
        self.nova.answer('DELETE', '/servers/.*', doubles.response(204))
        self.stdin, self.stderr = io.StringIO(), io.StringIO()
        self.stdout: io.StringIO | None = io.StringIO()
        self.has(compute_doubles.server())
        self.broken: OSError | None = None
        logged = self.enterContext(self.assertLogs(level='WARNING'))
        self.log = logged.records
        # assertLogs wants something to be logged.
        self.addCleanup(logging.getLogger().warning, 'the end')

    def has(self, *servers: dict[str, Any]) -> None:
        """Let there be these servers on node-1."""
        page = {'servers': list(servers)}
        self.nova.answer('GET', '/servers/detail', page)

    def run_command(
        self, *arguments: str, verb: str = 'Set'
    ) -> list[tuple[str, ...]]:
        """Run the command; return its rows."""
        app = mock.Mock(
            stderr=self.stderr, stdout=self.stdout, stdin=self.stdin
        )
        app.client_manager.compute = self.nova.proxy
        kind = getattr(hypervisor_servers, f'{verb}HypervisorServers')
        command = kind(app, None)
        parser = command.get_parser('hypervisor servers')
        parsed_args = parser.parse_args(arguments)
        rows: list[tuple[str, ...]] = []

        def keep(_args: Any, heads: Any, data: Any) -> None:
            self.assertEqual(HEADS, heads)
            rows.extend(data)
            if self.broken:
                raise self.broken
            self.table_after = len(self.log)

        command.produce_output = keep
        self.status = command.run(parsed_args)
        return rows

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.log]

    def writes(self) -> list[str]:
        return [line for line in self.nova.lines if 'GET' not in line]


class TestCommand(CommandTestCase):
    def test_set(self) -> None:
        rows = self.run_command('--property', 'a=1', 'node-1')
        server_id = compute_doubles.SERVER_ID
        self.assertEqual([(server_id, 'web', 'node-1', 'updated', '')], rows)
        self.assertEqual(0, self.status)
        body = '{"metadata": {"a": "1"}}'
        self.assertEqual(
            [f'POST /servers/{server_id}/metadata {body}'], self.writes()
        )
        self.assertEqual([], self.messages())
        self.assertEqual('', self.stderr.getvalue())

    def test_unset(self) -> None:
        self.has(compute_doubles.server(metadata={'a': '1', 'b': '2'}))
        self.run_command('--property', 'a', 'node-1', verb='Unset')
        self.assertEqual(
            [f'DELETE /servers/{compute_doubles.SERVER_ID}/metadata/a'],
            self.writes(),
        )

    def test_dry_run(self) -> None:
        (row,) = self.run_command('--property', 'a=1', 'node-1', '--dry-run')
        self.assertEqual(('would update', '--property a=1'), row[3:])
        self.assertEqual((0, []), (self.status, self.writes()))

    def test_no_servers(self) -> None:
        self.has()
        for option in ((), ('--dry-run',)):
            with self.subTest(option):
                self.log.clear()
                self.assertEqual(
                    [], self.run_command('--tag', 'x', 'node-1', *option)
                )
                self.assertEqual(0, self.status)
                text = 'No matching servers on node-1.'
                self.assertEqual([text], self.messages())
                self.assertEqual('', self.stderr.getvalue())

    def test_a_failure_is_the_exit_status(self) -> None:
        self.has(
            compute_doubles.server(id='1'),
            compute_doubles.server(id='2'),
            compute_doubles.server(id='3', metadata={'a': '1'}),
        )
        self.nova.answer('POST', '/servers/1/.*', doubles.response(500))
        rows = self.run_command('--property', 'a=1', 'node-1')
        self.assertEqual(
            ['failed', 'updated', 'unchanged'], [row[3] for row in rows]
        )
        self.assertEqual(1, self.status)
        self.assertEqual(
            ['1 of 3 servers could not be changed.'], self.messages()
        )
        self.assertEqual(0, self.table_after)

    def test_a_failure_is_told_even_if_nobody_reads_the_table(self) -> None:
        self.nova.answer('POST', '/servers/.*', doubles.response(500))
        self.broken = BrokenPipeError()
        with self.assertRaises(BrokenPipeError):
            self.run_command('--property', 'a=1', 'node-1')
        self.assertEqual(
            ['1 of 1 server could not be changed.'], self.messages()
        )

    def test_servers_that_are_gone_are_no_failure(self) -> None:
        self.nova.answer('POST', '/servers/.*', compute_doubles.not_found())
        self.nova.answer('GET', '/servers/5.*', compute_doubles.not_found())
        (row,) = self.run_command('--property', 'a=1', 'node-1')
        self.assertEqual(('gone', 0), (row[3], self.status))

    def test_failures_for_the_same_reason(self) -> None:
        self.has(*[compute_doubles.server(id=f's{n}') for n in range(12)])
        self.nova.answer('POST', '/servers/.*', doubles.response(403))
        for options, skipped, messages in (
            (
                (),
                2,
                [
                    '10 of 12 servers could not be changed.',
                    'Stopped after 10 failures in a row for the same reason; '
                    'skipped 2 of 12 servers. Use --keep-going to try all.',
                ],
            ),
            (
                ('--keep-going',),
                0,
                ['12 of 12 servers could not be changed.'],
            ),
        ):
            self.log.clear()
            rows = self.run_command(
                *('--property', 'a=1', 'node-1', '--workers', '1', *options)
            )
            results = [row[3] for row in rows]
            self.assertEqual(skipped, results.count('skipped'))
            self.assertEqual((1, messages), (self.status, self.messages()))

    def test_standard_output_that_is_closed(self) -> None:
        self.stdout = None
        with self.assertRaisesRegex(
            osc_exceptions.CommandError, '^Standard output is closed.$'
        ):
            self.run_command('--property', 'a=1', 'node-1')
        self.assertEqual([], self.nova.asked)

    def test_requests_have_a_timeout(self) -> None:
        for configured, expected in ((None, 60), (5.0, 5)):
            timeouts: list[float] = []

            def answer(options: Any, timeouts: list[float] = timeouts) -> Any:
                timeouts.append(self.nova.session.timeout)
                return options['json']

            self.nova.answer('POST', '/servers/.*', answer)
            self.nova.session.timeout = configured
            self.run_command('--property', 'a=1', 'node-1')
            self.assertEqual([expected], timeouts)
            self.assertEqual(configured, self.nova.session.timeout)

    def test_so_many_workers(self) -> None:
        servers = [compute_doubles.server(id=f'{n}') for n in range(12)]
        self.has(*servers)
        together = threading.Barrier(4)

        def request(path: str, method: str, **options: Any) -> Any:
            if method == 'POST':
                together.wait(10)
            return answer(path, method, **options)

        answer = self.nova.proxy.request.side_effect
        self.nova.proxy.request.side_effect = request
        rows = self.run_command(
            '--property', 'a=1', 'node-1', '--workers', '4'
        )
        self.assertEqual({'updated'}, {row[3] for row in rows})

    def test_workers_are_a_positive_number(self) -> None:
        for number in ('0', '-2', 'x', '1.5'):
            with self.subTest(number):
                with (
                    mock.patch('sys.stderr', io.StringIO()) as stderr,
                    self.assertRaises(SystemExit),
                ):
                    self.run_command('node-1', '--workers', number)
                self.assertIn(
                    f"--workers: '{number}' is not a positive integer",
                    stderr.getvalue(),
                )

    def test_an_error_of_nova_is_one_of_the_command(self) -> None:
        answer = doubles.response(403, {'message': 'No.'}, reason='Forbidden')
        self.nova.answer('GET', DETAIL, answer)
        with self.assertRaisesRegex(
            osc_exceptions.CommandError,
            '^Nova returned 403 Forbidden: No.$',
        ):
            self.run_command('--property', 'a=1', 'node-1')

    def test_what_is_wrong_is_told_before_nova_is_asked(self) -> None:
        for arguments in (
            ('node-1',),
            ('--property', 'a=1'),
            ('--property', 'a=1', 'node-1', '--matching', 'x'),
            ('--property', 'a=1', 'node-1', '--project', ''),
            ('--property', 'a=1', 'node-1', '-c', 'Resutl'),
            ('--property', 'a=1', 'node-1', '--sort-column', 'Resutl'),
        ):
            with self.subTest(arguments):
                with self.assertRaises(osc_exceptions.CommandError):
                    self.run_command(*arguments)
        self.assertEqual([], self.nova.asked)


class TestSignals(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.has(*[compute_doubles.server(id=f'{n}') for n in range(3)])
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = (
                signal.default_int_handler
                if number == signal.SIGINT
                else signal.SIG_DFL
            )
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, handler)
        self.released = threading.Event()
        self.addCleanup(self.released.set)

    def run_one_by_one(self) -> list[tuple[str, ...]]:
        return self.run_command(
            '--property', 'a=1', 'node-1', '--workers', '1'
        )

    def test_the_first_lets_requests_finish(self) -> None:
        def interrupt(_options: Any) -> Any:
            os.kill(os.getpid(), signal.SIGTERM)
            return doubles.response(500)

        self.nova.answer('POST', '/servers/0/.*', interrupt)
        rows = self.run_one_by_one()
        self.assertEqual(
            ['failed', 'skipped', 'skipped'], [row[3] for row in rows]
        )
        self.assertEqual(143, self.status)
        self.assertEqual(
            [
                '1 of 3 servers could not be changed.',
                'Interrupted; skipped 2 of 3 servers.',
            ],
            self.messages()[-2:],
        )

    def test_the_second_does_not(self) -> None:
        stopping = (
            'Stopping; waiting for 1 request. Press Ctrl-C again to stop at '
            'once.'
        )

        def interrupt(_options: Any) -> Any:
            os.kill(os.getpid(), signal.SIGINT)
            while stopping not in self.messages():
                self.released.wait(0.01)
            os.kill(os.getpid(), signal.SIGTERM)
            self.released.wait(10)
            return doubles.response(500)

        self.nova.answer('POST', '/servers/0/.*', interrupt)
        rows = self.run_one_by_one()
        self.assertEqual(
            ['unknown', 'skipped', 'skipped'], [row[3] for row in rows]
        )
        self.assertIn('run the command with --dry-run', rows[0][4])
        self.assertEqual(130, self.status)
        self.assertEqual(
            [
                stopping,
                'The result is unknown for 1 of 3 servers.',
                'Interrupted; skipped 2 of 3 servers.',
            ],
            self.messages(),
        )

    def test_while_servers_are_listed(self) -> None:
        for number, kind in (
            (signal.SIGINT, KeyboardInterrupt),
            (signal.SIGTERM, SystemExit),
            (signal.SIGHUP, SystemExit),
        ):
            self.log.clear()

            def interrupt(_options: Any, number: int = number) -> Any:
                os.kill(os.getpid(), number)
                self.released.wait(10)
                return {}

            self.nova.answer('GET', '/servers/detail', interrupt)
            with self.subTest(number), self.assertRaises(kind) as raised:
                self.run_one_by_one()
            if isinstance(raised.exception, SystemExit):
                self.assertEqual(128 + number, raised.exception.code)
            self.assertEqual(
                ['Interrupted. No servers were changed.'], self.messages()
            )
            self.assertEqual([], self.writes())


class TestProgress(CommandTestCase):
    def test_progress(self) -> None:
        self.run_command('--property', 'a=1', 'node-1', '--progress')
        listing, listed, first, *_between, last = (
            self.stderr.getvalue().splitlines()
        )
        self.assertEqual('node-1: listing', listing)
        self.assertIn('node-1: listed, 1 server in 0:00', listed)
        self.assertEqual('node-1: changing 1 server', first)
        self.assertIn('node-1: changed, 1 server in 0:00', last)

    def test_many_hypervisors_are_counted(self) -> None:
        names = [f'node-{number}' for number in range(1, 5)]
        page = {'hypervisors': list(map(compute_doubles.hypervisor, names))}
        self.nova.answer('GET', DETAIL, page)
        self.run_command('--property', 'a=1', *names, '--progress')
        for line in self.stderr.getvalue().splitlines():
            self.assertEqual('4 hypervisors', line.partition(':')[0])

    def test_only_if_wanted(self) -> None:
        with mock.patch.object(
            display, 'make_display', wraps=display.make_display
        ) as make:
            self.run_command('--property', 'a=1', 'node-1')
        for call in make.call_args_list:
            self.assertFalse(call.args[0])


class TestConfirmation(CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.many(101)
        self.stdin, self.stderr = doubles.Terminal(), doubles.Terminal()

    def many(self, count: int, *others: dict[str, Any]) -> None:
        servers = [
            compute_doubles.server(id=str(uuid.uuid4()))
            for _number in range(count)
        ]
        self.has(*servers, *others)

    def answered(self, answer: str, *options: str) -> int:
        """Let somebody answer; return how many servers were changed."""
        self.stdin.write(answer)
        self.stdin.seek(0)
        self.run_command('--property', 'a=1', 'node-1', *options)
        return len(self.writes())

    def test_yes(self) -> None:
        for answer in ('y\n', 'Y\n', ' yes\n', 'YES'):
            with self.subTest(answer):
                self.nova.asked.clear()
                self.assertEqual(101, self.answered(answer))

    def test_yes_in_the_language_of_the_question(self) -> None:
        german = {'y': 'j', 'yes': 'ja'}
        with mock.patch.object(
            actions, '_', side_effect=lambda text: german.get(text, text)
        ):
            for answer in ('j\n', 'JA', 'y'):
                with self.subTest(answer):
                    self.nova.asked.clear()
                    self.assertEqual(101, self.answered(answer))

    def test_ctrl_c(self) -> None:
        with (
            mock.patch.object(
                self.stdin, 'readline', side_effect=KeyboardInterrupt
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.answered('')
        self.assertEqual(
            ['Interrupted. No servers were changed.'], self.messages()
        )

    def test_anything_else(self) -> None:
        for answer in ('', '\n', 'n\n', 'no\n', 'yup\n'):
            with self.subTest(answer):
                with self.assertRaisesRegex(
                    osc_exceptions.CommandError,
                    '^Aborted; no servers were changed.$',
                ):
                    self.answered(answer)
                self.assertEqual([], self.writes())
                self.stdin = doubles.Terminal()

    def test_the_question(self) -> None:
        self.answered('y\n')
        self.assertEqual(
            'Change 101 servers on node-1? [y/N] ', self.stderr.getvalue()
        )

    def assert_not_asked(self, *options: str, changed: int = 101) -> None:
        self.assertEqual(changed, self.answered('', *options))
        self.assertEqual('', self.stderr.getvalue())

    def test_who_said_so_is_not_asked(self) -> None:
        self.assert_not_asked('--yes')

    def test_a_dry_run_is_not_asked_about(self) -> None:
        self.assert_not_asked('--dry-run', changed=0)

    def test_a_hundred_are_not_asked_about(self) -> None:
        self.many(100, *[compute_doubles.server(metadata={'a': '1'})] * 9)
        self.assert_not_asked(changed=100)

    def test_nobody_is_asked_who_cannot_answer(self) -> None:
        self.stdin = io.StringIO()
        self.assert_not_asked()
        self.nova.asked.clear()
        self.stdin, self.stderr = doubles.Terminal(), io.StringIO()
        self.assert_not_asked()
