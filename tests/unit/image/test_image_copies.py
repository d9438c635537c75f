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
from unittest import mock

from osc_image_ext import bulk
from osc_image_ext import exceptions
from osc_image_ext.image import image_copies
from osc_image_ext.image import image_copy
from tests.fixtures import doubles

IMAGES = [doubles.image(id=str(number), size=10) for number in range(3)]


def copied(status: str = 'active', is_new: bool = True) -> Any:
    return image_copy.CopyResult(doubles.image(status=status), is_new)


class TestCopyImages(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.stop = bulk.Stop()
        self.listener = doubles.RecordingListener()

    def copy(
        self, copy: Any, count: int = 3, workers: int = 1
    ) -> list[image_copies.Outcome]:
        """Copy images by what copies one of them."""
        return image_copies.copy_images(
            mock.Mock(spec=image_copy.Copier, copy=copy),
            IMAGES[:count],
            self.listener,
            workers=workers,
            stop=self.stop,
        )

    def results(self, copy: Any, **options: Any) -> list[str]:
        return [outcome.result for outcome in self.copy(copy, **options)]

    def test_results_in_the_order_of_the_images(self) -> None:
        answers = {
            '0': copied(),
            '1': copied(is_new=False),
            '2': copied('importing'),
        }
        self.assertEqual(
            ['copied', 'unchanged', 'importing'],
            self.results(
                lambda image, *_args, **_options: answers[image.id], workers=3
            ),
        )

    def test_failure(self) -> None:
        error = exceptions.Error('It broke')
        error.add_note('Image 7 was deleted.')
        copy = mock.Mock(side_effect=[copied(), error, copied()])
        outcomes = self.copy(copy)
        self.assertEqual('failed', outcomes[1].result)
        self.assertEqual('It broke. Image 7 was deleted.', outcomes[1].reason)
        self.assertEqual('copied', outcomes[2].result)

    def test_progress_of_all(self) -> None:
        def copy(image: Any, listener: Any, **_options: Any) -> Any:
            listener.started(10)
            listener.moved(4)
            return copied()

        self.copy(copy)
        self.assertEqual([30], self.listener.heard('started'))
        self.assertEqual(
            [0, 4, 10, 10, 14, 20, 20, 24, 30], self.listener.heard('moved')
        )
        self.assertEqual(['copying', 'finished'], self.listener.heard('phase'))

    def test_the_only_image_has_the_listener(self) -> None:
        copy = mock.Mock(return_value=copied())
        self.copy(copy, count=1)
        self.assertIs(self.listener, copy.call_args.args[1])
        self.assertEqual([], self.listener.events)

    def test_stopped_while_it_reads(self) -> None:
        def copy(*_args: Any, on_read: Any, **_options: Any) -> Any:
            on_read()
            self.stop.set()
            try:
                on_read()
            except KeyboardInterrupt as stop:
                on_read()  # cleaning up reads on
                stop.add_note('Image 7 was deleted.')
                raise

        first, *others = self.copy(copy)
        self.assertEqual('failed', first.result)
        self.assertEqual('Interrupted. Image 7 was deleted.', first.reason)
        self.assertEqual(
            ['skipped'] * 2, [outcome.result for outcome in others]
        )

    def test_stopped_while_it_sleeps(self) -> None:
        def copy(*_args: Any, sleep: Any, **_options: Any) -> Any:
            threading.Timer(0.01, self.stop.set).start()
            try:
                sleep(60)
            except KeyboardInterrupt:
                sleep(0)  # cleaning up may take its time
                raise

        self.assertEqual('failed', self.results(copy, count=1)[0])

    def test_abandoned(self) -> None:
        gate = threading.Event()
        self.addCleanup(gate.set)

        def copy(*_args: Any, **_options: Any) -> Any:
            self.stop.set()
            self.stop.at_once.set()
            gate.wait(10)

        (outcome,) = self.copy(copy, count=1)
        self.assertEqual('failed', outcome.result)
        self.assertIn('may remain', outcome.reason)
