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

"""Uploads, from the first byte to the response."""

import unittest
from unittest import mock

from glance_upload_progress import records
from glance_upload_progress import uploads
from tests.unit.server import doubles

State = records.State


class UploadTest(unittest.TestCase):
    def setUp(self) -> None:
        self.on_start = mock.Mock()

    def upload(self, length: int | None = 10) -> uploads.Upload:
        return uploads.Upload(
            doubles.IMAGE_ID,
            records.Phase.STAGE,
            20,
            length,
            'req-1',
            self.on_start,
        )

    def test_is_reported_when_glance_reads_it(self) -> None:
        upload = self.upload()
        self.on_start.assert_not_called()
        upload.on_start()
        self.on_start.assert_called_once_with(upload)
        record = upload.snapshot()
        self.assertEqual(doubles.IMAGE_ID, record.image_id)
        self.assertEqual(records.Phase.STAGE, record.phase)
        self.assertEqual(State.RECEIVING, record.state)
        self.assertEqual((0, 20), (record.received, record.total))
        self.assertEqual('req-1', record.attempt)
        self.assertGreater(record.started_at, 0)

    def test_trouble_does_not_reach_the_upload(self) -> None:
        self.on_start.side_effect = RuntimeError("can't start new thread")
        with self.assertLogs('glance_upload_progress', 'ERROR'):
            self.upload().on_start()

    def test_all_bytes_are_there(self) -> None:
        for length in (10, None):
            with self.subTest(length):
                upload = self.upload(length)
                upload.on_start()
                upload.on_data(4)
                self.assertEqual(State.RECEIVING, upload.snapshot().state)
                upload.on_data(6)
                upload.on_end()
                self.assertEqual(State.STORING, upload.snapshot().state)
                self.assertEqual(10, upload.snapshot().received)
                self.assertFalse(upload.is_over)

    def test_lost_connection_is_not_the_end_of_the_data(self) -> None:
        upload = self.upload()
        upload.on_data(4)
        upload.on_end()
        self.assertEqual(State.RECEIVING, upload.snapshot().state)

    def test_response_ends_it(self) -> None:
        for status_code, state in (
            (200, State.DONE),
            (204, State.DONE),
            (300, State.FAILED),
            (413, State.FAILED),
            (None, State.FAILED),
        ):
            with self.subTest(status_code):
                upload = self.upload()
                upload.finish(status_code)
                self.assertTrue(upload.is_over)
                self.assertEqual(state, upload.snapshot().state)
                self.assertEqual(status_code, upload.snapshot().status_code)


class AnnouncedSizesTest(unittest.TestCase):
    def test_sizes(self) -> None:
        for length, size, expected in (
            (None, None, (None, None)),
            ('', None, (None, None)),
            ('7', None, (7, 7)),
            ('7', '9', (9, 7)),
            (None, '0', (0, None)),
            ('7', 'nine', (7, 7)),
            ('-1', '+9', (None, None)),
            ('7', '٣', (7, 7)),
            ('1' * 5000, None, (None, None)),
        ):
            with self.subTest(length=length, size=size):
                environ = {
                    'CONTENT_LENGTH': length,
                    'HTTP_X_OPENSTACK_IMAGE_SIZE': size,
                }
                self.assertEqual(expected, uploads.announced_sizes(environ))
