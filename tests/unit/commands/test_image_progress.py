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
import json
import logging
from typing import Any
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from osc_image_ext.commands import image_progress
from tests.fixtures import doubles
from tests.fixtures import importing_glance
from tests.unit.commands import test_image
from tests.unit.image import test_progress_report

MIB = 1024**2


class ProgressTestCase(unittest.TestCase):
    """Has a Glance that reports what ``documents`` has, one for each look.

    The last one is repeated; an exception is raised.
    """

    kind: Any = image_progress.ShowImageProgress

    def setUp(self) -> None:
        super().setUp()
        logged = self.enterContext(self.assertLogs(level='WARNING'))
        self.log = logged.records
        # assertLogs wants something to be logged.
        self.addCleanup(logging.getLogger().warning, 'the end')
        self.enterContext(importing_glance.in_no_time())
        self.start_again()

    def start_again(self) -> None:
        """Forget all that was written, logged and asked for."""
        self.stderr, self.stdout = io.StringIO(), io.StringIO()
        self.log.clear()
        self.documents: list[Any] = []
        self.proxy = doubles.proxy()
        self.proxy.get.side_effect = self._get
        for name in ('find_image', 'get_image'):
            getattr(self.proxy, name).side_effect = self._image
        self.proxy.images.side_effect = self._images
        app = mock.Mock(
            client_manager=test_image.Manager(self.proxy),
            stderr=self.stderr,
            stdout=self.stdout,
        )
        self.command = self.kind(app, None)

    def _image(self, name: str, **kwargs: Any) -> Any:
        return doubles.image(status='saving', name='disk')

    def _images(self, **query: Any) -> Any:
        running = self.documents[0].get('status') == 'saving'
        return iter([self._image('disk')] if running else [])

    def _get(self, url: str, **kwargs: Any) -> Any:
        document = self.documents[0]
        if len(self.documents) > 1:
            self.documents.pop(0)
        if isinstance(document, BaseException):
            raise document
        if isinstance(document, int):
            return doubles.response(document)
        if url.endswith('/tasks'):
            return doubles.response(200, {'tasks': []})
        return doubles.response(200, document)

    def report(self, **changes: Any) -> dict[str, Any]:
        return {**test_progress_report.DOCUMENT, **changes}

    def run_command(self, *arguments: str) -> int:
        parser = self.command.get_parser('openstack')
        return int(self.command.run(parser.parse_args(arguments)))

    def shown(self) -> Any:
        return json.loads(self.stdout.getvalue())

    def logged(self) -> list[str]:
        return [record.getMessage() for record in self.log]

    def assert_refused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.run_command(*arguments)


DONE = {'status': 'active', 'state': 'done', 'received': 2000}


class TestShow(ProgressTestCase):
    def test_json(self) -> None:
        self.documents = [self.report()]
        self.assertEqual(0, self.run_command('disk', '-f', 'json'))
        self.assertEqual(
            {
                'id': doubles.IMAGE_ID,
                'name': 'disk',
                'status': 'saving',
                'phase': 'upload',
                'state': 'receiving',
                'received': 500,
                'total': 2000,
                'percent': 25,
                'stores': [],
                'message': None,
                'attempt': 'req-1',
                'status_code': None,
                'started_at': '2026-11-21T20:14:34Z',
                'updated_at': '2026-11-21T20:14:36Z',
            },
            self.shown(),
        )
        self.assertEqual('', self.stderr.getvalue())
        self.assertEqual([], self.logged())

    def test_a_failure_that_was_not_watched(self) -> None:
        self.documents = [self.report(state='failed')]
        self.assertEqual(0, self.run_command('disk'))
        self.assertIn('failed', self.stdout.getvalue())

    def test_what_is_not_reported(self) -> None:
        self.documents = [404]
        self.assertEqual(0, self.run_command('disk', '-f', 'json'))
        self.assertIsNone(self.shown()['received'])
        (line,) = self.logged()
        self.assertIn('does not report the bytes of uploads', line)

    def test_an_image_of_which_all_is_known(self) -> None:
        self.documents = [404]
        self.proxy.find_image.side_effect = None
        self.proxy.find_image.return_value = doubles.image(size=5)
        self.assertEqual(0, self.run_command('disk', '-f', 'json'))
        self.assertEqual(5, self.shown()['received'])
        self.assertEqual([], self.logged())

    def test_a_timeout_needs_something_to_watch(self) -> None:
        self.assert_refused('requires --watch', 'disk', '--timeout', '5')
        self.proxy.find_image.assert_not_called()

    def test_closed_stdout(self) -> None:
        self.command.app.stdout = None
        self.assert_refused('is closed', 'disk')
        self.proxy.find_image.assert_not_called()


class TestWatch(ProgressTestCase):
    def watch(self, *documents: Any) -> int:
        self.documents = list(documents)
        return self.run_command('disk', '--watch', '-f', 'json')

    def test_until_it_is_active(self) -> None:
        status = self.watch(
            self.report(),
            self.report(received=1000),
            self.report(**DONE),
        )
        self.assertEqual(0, status)
        self.assertEqual('done', self.shown()['state'])
        first, *_between, last = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: receiving 0.5/2.0 KiB', first)
        self.assertRegex(last, '^disk: active, 2.0 KiB in 0:0')

    def test_failures(self) -> None:
        for changes, expected in (
            ({'status_code': 503}, 'The upload of image {} failed with HTTP '),
            ({}, 'The upload of image {} failed. Image {} is in status que'),
            ({'phase': 'import'}, 'The import of image {} failed; the server'),
            ({'phase': None, 'status': 'killed'}, 'Image {} is in status ki'),
        ):
            with self.subTest(changes):
                self.start_again()
                failed = {'status': 'queued', 'state': 'failed', **changes}
                self.assertEqual(
                    1, self.watch(self.report(), self.report(**failed))
                )
                (line,) = self.logged()
                expected = expected.replace('{}', doubles.IMAGE_ID)
                self.assertEqual(expected, line[: len(expected)])
                self.assertEqual('failed', self.shown()['state'])
                self.assertRegex(self.stderr.getvalue(), 'disk: failed')

    def test_what_ends_the_watch_is_not_what_ends_the_upload(self) -> None:
        for stop, kind, words in (
            (
                KeyboardInterrupt(),
                KeyboardInterrupt,
                ['Interrupted. Nothing was changed on the server.'],
            ),
            (SystemExit(143), SystemExit, ['Interrupted. Nothing was chang']),
            (
                doubles.http_error(403, 'No.'),
                osc_exceptions.CommandError,
                [],
            ),
        ):
            with self.subTest(stop):
                self.start_again()
                with self.assertRaises(kind):
                    self.watch(self.report(), self.report(), stop)
                for line, expected in zip(self.logged(), words, strict=True):
                    self.assertIn(expected, line)
                self.assertEqual('', self.stdout.getvalue())
                last = self.stderr.getvalue().splitlines()[-1]
                self.assertRegex(last, '^disk: receiving, 500 B in 0:0')

    def test_timeout(self) -> None:
        self.documents = [self.report()]
        self.assert_refused(
            f'^Timed out watching image {doubles.IMAGE_ID} .state: receiving',
            *('disk', '--watch', '--timeout', '3'),
        )


class TestList(ProgressTestCase):
    kind = image_progress.ListImageProgress

    def test_rows(self) -> None:
        self.documents = [self.report()]
        self.assertEqual(0, self.run_command('-f', 'json'))
        ((row),) = self.shown()
        self.assertEqual(
            (doubles.IMAGE_ID, 'disk', 500, 25),
            (row['ID'], row['Name'], row['Received'], row['Percent']),
        )

    def test_no_rows(self) -> None:
        self.documents = [self.report(status='active')]
        self.assertEqual(0, self.run_command('-f', 'json', '--watch'))
        self.assertEqual([], self.shown())

    def test_a_column_that_does_not_exist(self) -> None:
        self.assert_refused('no column "Recieved"', '-c', 'Recieved')
        self.proxy.images.assert_not_called()

    def test_watch(self) -> None:
        self.documents = [
            self.report(),
            self.report(received=1000),
            self.report(**DONE),
        ]
        self.assertEqual(0, self.run_command('--watch', '-f', 'json'))
        ((row),) = self.shown()
        self.assertEqual('active', row['Status'])
        first, *_between, last = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: receiving 0.5/2.0 KiB', first)
        self.assertRegex(last, '^disk: active, 2.0 KiB in 0:0')

    def test_what_is_not_reported_is_said_once(self) -> None:
        self.documents = [404]
        self.proxy.images.side_effect = lambda **query: iter(
            doubles.image(id=name, status='saving') for name in 'abc'
        )
        self.run_command()
        (line,) = self.logged()
        self.assertIn('does not report the bytes of uploads', line)
