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

"""What a process knows, alone and from memcached."""

import unittest
from unittest import mock

from glance_upload_progress import memcached
from glance_upload_progress import process
from glance_upload_progress import publisher
from glance_upload_progress import records
from tests.unit.server import doubles


class ProcessTest(unittest.TestCase):
    def setUp(self) -> None:
        self.memcached = mock.Mock(spec=memcached.Memcached)
        self.memcached.read.return_value = None
        own = mock.patch.object(publisher, 'Publisher', autospec=True)
        self.publisher = own.start().return_value
        self.addCleanup(own.stop)
        self.publisher.get.return_value = None
        self.process = process.Process(self.memcached, 60)

    def get(self) -> records.Record | None:
        return self.process.get(doubles.IMAGE_ID)

    def test_nothing_is_known(self) -> None:
        self.assertIsNone(self.get())

    def test_own_running_upload(self) -> None:
        self.publisher.get.return_value = doubles.record()
        self.assertEqual(doubles.record(), self.get())
        self.memcached.read.assert_not_called()

    def test_upload_of_another_process(self) -> None:
        self.memcached.read.return_value = doubles.record()
        self.assertEqual(doubles.record(), self.get())

    def test_later_attempt_counts(self) -> None:
        old = doubles.record(state=records.State.FAILED, started_at=10.0)
        for later in (5.0, 20.0):
            with self.subTest(later):
                self.publisher.get.return_value = old
                new = doubles.record(started_at=later)
                self.memcached.read.return_value = new
                self.assertEqual(new if later > 10 else old, self.get())

    def test_own_record_counts_if_it_is_the_same_attempt(self) -> None:
        own = doubles.record(state=records.State.FAILED)
        self.publisher.get.return_value = own
        self.memcached.read.return_value = doubles.record()
        self.assertEqual(own, self.get())

    def test_no_memcached(self) -> None:
        self.assertIsNone(process.Process(None, 60).get(doubles.IMAGE_ID))


class ProcessesTest(unittest.TestCase):
    def test_fork(self) -> None:
        made = process.Processes(lambda: mock.Mock(spec=process.Process))
        with mock.patch('os.getpid', side_effect=[1, 1, 2, 1]):
            parent, again, child, parent_again = (
                made.current() for _ in range(4)
            )
        self.assertIs(parent, again)
        self.assertIs(parent, parent_again)
        self.assertIsNot(parent, child)
