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

"""What is published, and when."""

from collections.abc import Sequence
import unittest
from unittest import mock

from glance_upload_progress import publisher
from glance_upload_progress import records
from tests.unit.server import doubles

DONE = records.State.DONE


class Backend:
    """Keeps what is written, or fails."""

    def __init__(self) -> None:
        self.written: list[records.Record] = []
        self.is_up = True

    def write(self, changed: Sequence[records.Record]) -> bool:
        if self.is_up:
            self.written += changed
        return self.is_up

    def take(self) -> list[tuple[int | None, float]]:
        """Return and forget (received, updated_at) of what was written."""
        taken = [
            (record.received, record.updated_at) for record in self.written
        ]
        self.written.clear()
        return taken


class PublisherTest(unittest.TestCase):
    def setUp(self) -> None:
        thread = mock.patch('threading.Thread', autospec=True)
        self.thread = thread.start()
        self.addCleanup(thread.stop)
        self.now = 2000.0
        self.backend = Backend()
        self.publisher = publisher.Publisher(
            self.backend, 60, clock=lambda: self.now
        )
        self.upload = doubles.Tracked(received=0)

    def after(self, seconds: float, **values: object) -> bool:
        self.now += seconds
        self.upload.values.update(values)
        self.upload.is_over = self.upload.values.get('state') == DONE
        return self.publisher.publish()

    def test_changes_are_published(self) -> None:
        self.publisher.add(self.upload)
        self.assertTrue(self.after(0))
        self.assertEqual([(0, 2000)], self.backend.take())
        self.after(0.5, received=7)
        self.assertEqual([(7, 2000.5)], self.backend.take())
        self.after(0.5)
        self.assertEqual([], self.backend.take())

    def test_silence_is_published_at_intervals(self) -> None:
        self.publisher.add(self.upload)
        self.after(0)
        self.backend.take()
        for _ in range(23):
            self.after(0.5)
        # The time of the last change is kept: the client is stalled.
        self.assertEqual([(0, 2000)] * 2, self.backend.take())

    def test_storing_is_no_stall(self) -> None:
        self.publisher.add(self.upload)
        self.after(0, state=records.State.STORING)
        self.after(5)
        self.assertEqual([(0, 2000), (0, 2005)], self.backend.take())

    def test_end_is_published_once(self) -> None:
        self.publisher.add(self.upload)
        self.assertFalse(self.after(1, state=DONE, status_code=204))
        self.assertEqual([(0, 2001)], self.backend.take())
        self.assertFalse(self.after(100))
        self.assertEqual([], self.backend.take())

    def test_end_while_it_is_looked_at_is_not_missed(self) -> None:
        snapshot = self.upload.snapshot

        def end() -> records.Record:
            record = snapshot()
            self.upload.is_over = True
            return record

        self.publisher.add(self.upload)
        with mock.patch.object(self.upload, 'snapshot', end):
            self.assertTrue(self.publisher.publish())

    def test_end_is_kept_for_a_while(self) -> None:
        self.publisher.add(self.upload)
        self.after(0, state=DONE)
        self.after(899)
        self.assertIsNotNone(self.publisher.get(doubles.IMAGE_ID))
        self.after(2)
        self.assertIsNone(self.publisher.get(doubles.IMAGE_ID))

    def test_what_was_not_written_is_written_later(self) -> None:
        self.publisher.add(self.upload)
        self.backend.is_up = False
        self.assertTrue(self.after(0, state=DONE))
        self.assertTrue(self.after(0.5))
        self.backend.is_up = True
        self.assertFalse(self.after(0.5))
        self.assertEqual([(0, 2000)], self.backend.take())

    def test_without_a_backend_records_are_kept(self) -> None:
        own = publisher.Publisher(None, 60, clock=lambda: self.now)
        own.add(self.upload)
        self.assertTrue(own.publish())
        self.upload.values['received'] = 8
        record = own.get(doubles.IMAGE_ID)
        assert record is not None
        self.assertEqual((8, 2000), (record.received, record.updated_at))
        self.assertIsNone(own.get(doubles.OTHER_ID))
        self.upload.is_over = True
        self.assertFalse(own.publish())

    def test_nothing_is_shown_before_it_is_published(self) -> None:
        self.publisher.add(self.upload)
        self.assertIsNone(self.publisher.get(doubles.IMAGE_ID))
        self.after(0, received=7)
        self.upload.values['received'] = 9
        record = self.publisher.get(doubles.IMAGE_ID)
        assert record is not None
        self.assertEqual(7, record.received)
        self.backend.is_up = False
        self.after(0.5)
        record = self.publisher.get(doubles.IMAGE_ID)
        assert record is not None
        self.assertEqual(9, record.received)

    def test_newest_upload_of_an_image_wins(self) -> None:
        self.publisher.add(self.upload)
        self.publisher.add(doubles.Tracked(received=5))
        self.after(0)
        self.assertEqual([(5, 2000)], self.backend.take())

    def test_table_is_limited(self) -> None:
        for number in range(1001):
            self.publisher.add(doubles.Tracked(f'image {number}'))
        self.publisher.publish()
        self.assertIsNone(self.publisher.get('image 0'))
        self.assertIsNotNone(self.publisher.get('image 1'))
        self.assertIsNotNone(self.publisher.get('image 1000'))

    def test_what_is_not_public_is_looked_at_only(self) -> None:
        self.upload.is_public = False
        self.publisher.add(self.upload)
        self.assertTrue(self.after(0))
        self.assertTrue(self.after(60, received=5))
        self.assertEqual(2, self.upload.updates)
        self.assertEqual([], self.backend.take())
        self.assertIsNone(self.publisher.get(doubles.IMAGE_ID))

    def test_import_that_is_over_is_dropped(self) -> None:
        self.publisher.add(self.upload)
        self.after(0, state=records.State.IMPORTING)
        self.upload.is_over = True
        self.assertFalse(self.publisher.publish())
        self.assertIsNone(self.publisher.get(doubles.IMAGE_ID))

    def test_there_is_one_thread(self) -> None:
        self.thread.assert_not_called()
        self.publisher.add(self.upload)
        self.publisher.add(self.upload)
        self.thread.assert_called_once()
        self.assertTrue(self.thread.call_args.kwargs['daemon'])

    def test_thread_that_cannot_start_is_started_later(self) -> None:
        self.thread.return_value.start.side_effect = [RuntimeError, None]
        self.assertRaises(RuntimeError, self.publisher.add, self.upload)
        self.publisher.add(self.upload)
        self.publisher.add(self.upload)
        self.assertEqual(2, self.thread.call_count)
