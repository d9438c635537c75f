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


import threading
from typing import Any
import unittest

from openstack import exceptions as sdk_exceptions
import requests

from osc_image_ext import exceptions
from osc_image_ext.image import progress_report
from osc_image_ext.image import server_progress
from tests.fixtures import doubles
from tests.unit.image import test_progress_report

TASK = {
    'id': doubles.TASK_ID,
    'type': 'api_image_import',
    'status': 'processing',
    'message': 'Copied 1 MiB',
}


class ProgressTestCase(unittest.TestCase):
    """Has a Glance whose responses can be set.

    ``document`` is what it reports, or the status of an error.
    """

    def setUp(self) -> None:
        super().setUp()
        self.document: dict[str, Any] | int = 404
        self.tasks: list[dict[str, Any]] | int = []
        self.image: Any = doubles.image(status='saving')
        self.proxy = doubles.proxy()
        self.proxy.get.side_effect = self._get
        self.proxy.get_image.side_effect = self._get_image
        self.reader = server_progress.ProgressReader(self.proxy)

    def report(self, **changes: Any) -> None:
        self.document = {**test_progress_report.DOCUMENT, **changes}

    def read(self, **attributes: Any) -> progress_report.ImageProgress:
        if attributes:
            self.image = doubles.image(**attributes)
        return self.reader.read(self.image)

    def asked(self) -> list[str]:
        """Return the last part of each path that was requested."""
        paths = [call.args[0] for call in self.proxy.get.call_args_list]
        return [path.rpartition('/')[2] for path in paths]

    def _get_image(self, image_id: str) -> Any:
        if self.image is None:
            raise doubles.http_error(404)
        return self.image

    def _get(self, url: str, **kwargs: Any) -> requests.Response:
        answer: Any = self.document
        if url.endswith('/tasks'):
            answer = self.tasks
            if not isinstance(answer, int):
                answer = {'tasks': answer}
        if isinstance(answer, int):
            return doubles.response(answer)
        return doubles.response(200, answer)


class TestReported(ProgressTestCase):
    def test_an_upload(self) -> None:
        self.report()
        found = self.read(status='saving', name='disk')
        self.assertEqual(
            (500, 2000, 'disk', True),
            (found.received, found.total, found.name, found.is_reported),
        )
        self.assertEqual(['progress'], self.asked())
        self.assertTrue(self.reader.has_reports)

    def test_an_active_image_whatever_has_not_been_reported_yet(self) -> None:
        for phase in ('upload', 'stage'):
            self.report(status='active', state='storing', phase=phase)
            found = self.read(status='saving')
            self.assertEqual(('active', 'done'), (found.status, found.state))

    def test_a_copy_of_an_active_image(self) -> None:
        self.report(status='active', state='importing', phase='import')
        self.assertEqual('importing', self.read(status='active').state)
        self.assertEqual(['progress'], self.asked())

    def test_bytes_and_reasons_that_are_not_reported(self) -> None:
        self.tasks = [TASK]
        self.report(phase='import', state='importing', received=None)
        self.assertEqual('Copied 1 MiB', self.read().message)
        self.tasks = [{**TASK, 'status': 'failure', 'message': 'No.'}]
        self.report(phase='import', state='failed')
        self.assertEqual('No.', self.read().message)
        self.tasks = 404
        self.assertEqual('', self.read().message)

    def test_stores(self) -> None:
        self.report()
        (store,) = self.read(status='saving', stores='fast').stores
        self.assertEqual('fast', store.store)

    def test_no_record(self) -> None:
        self.report(phase=None, received=None, total=None)
        self.tasks = [TASK]
        found = self.read(status='importing')
        self.assertFalse(found.is_reported)
        # What Glance showed last counts.
        self.assertEqual('saving', found.status)
        self.assertTrue(self.reader.has_reports)

    def test_errors(self) -> None:
        for status in (401, 403, 500, 503):
            self.document = status
            with self.assertRaises(sdk_exceptions.HttpException):
                self.read()
        self.report(image_id='another')
        with self.assertRaises(exceptions.UnexpectedResponse):
            self.read()


class TestNotReported(ProgressTestCase):
    def test_it_is_asked_for_once(self) -> None:
        for _ in range(3):
            found = self.read(status='saving')
        self.assertFalse(found.is_reported)
        self.assertEqual(['progress'], self.asked())
        self.assertFalse(self.reader.has_reports)

    def test_an_image_that_was_deleted(self) -> None:
        image, self.image = self.image, None
        with self.assertRaises(sdk_exceptions.NotFoundException):
            self.reader.read(image)
        self.assertTrue(self.reader.has_reports)

    def test_the_task_of_an_import(self) -> None:
        self.tasks = [
            {**TASK, 'created_at': '1', 'status': 'failure'},
            {**TASK, 'created_at': '2'},
            {**TASK, 'created_at': '3', 'type': 'another'},
        ]
        found = self.read(status='importing')
        self.assertEqual(('importing', 1024**2), (found.state, found.received))

    def test_it_is_asked_for_where_it_may_say_more(self) -> None:
        for image, asks in (
            ({'status': 'queued'}, True),
            ({'status': 'uploading'}, True),
            ({'status': 'importing'}, True),
            ({'status': 'active', 'os_glance_import_task': 'x'}, True),
            ({'status': 'active', 'os_glance_failed_import': 'x'}, True),
            ({'status': 'active'}, False),
            ({'status': 'saving'}, False),
        ):
            with self.subTest(image):
                self.setUp()
                self.read(**image)
                self.assertIs(asks, 'tasks' in self.asked())

    def test_a_glance_without_a_list_of_tasks(self) -> None:
        self.tasks = 404
        self.assertEqual('importing', self.read(status='importing').state)


class TestAll(ProgressTestCase):
    def read_all(self, *names: str) -> list[str | None]:
        images = [
            doubles.image(id=name, name=name, status='saving')
            for name in names
        ]
        found = server_progress.read_all(self.reader, images)
        return [progress.name for progress in found]

    def test_in_the_order_of_the_list(self) -> None:
        second_is_read = threading.Event()

        class Reader(server_progress.ProgressReader):
            def read(self, image: Any) -> progress_report.ImageProgress:
                progress = super().read(image)
                if image.id == 'a':
                    second_is_read.wait(60)
                if image.id == 'b':
                    second_is_read.set()
                return progress

        self.reader = Reader(self.proxy)
        self.assertEqual(['a', 'b', 'c'], self.read_all('a', 'b', 'c'))
        self.assertEqual([], self.read_all())

    def test_images_that_were_deleted(self) -> None:
        self.image = None
        self.assertEqual([], self.read_all('a', 'b'))

    def test_errors(self) -> None:
        self.document = 503
        with self.assertRaises(sdk_exceptions.HttpException):
            self.read_all('a', 'b')

    def test_one_request_for_all_statuses(self) -> None:
        self.proxy.images.return_value = iter([self.image])
        self.assertEqual([self.image], server_progress.list_images(self.proxy))
        self.proxy.images.assert_called_once_with(
            status='in:saving,uploading,importing'
        )
