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

from collections.abc import Iterator
import queue
import threading
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import bulk


class Gate:
    """Work that waits until it is let through, and tells when it waits."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self._condition = threading.Condition()
        self._open: set[int] = set()

    def __call__(self, item: int) -> str:
        with self._condition:
            self.begun.append(item)
            self._condition.notify_all()
            self._condition.wait_for(lambda: item in self._open, 10)
        return f'done {item}'

    def open(self, *items: int) -> None:
        """Let items through."""
        with self._condition:
            self._open.update(items)
            self._condition.notify_all()

    def wait(self, count: int) -> None:
        """Wait until so many have begun."""
        with self._condition:
            done = self._condition.wait_for(
                lambda: len(self.begun) >= count, 10
            )
        assert done


def double(item: int) -> int:
    return item * 2


class TestRun(unittest.TestCase):
    def test_one_result_for_each_item(self) -> None:
        for count in (0, 1, 7, 100):
            for workers in (1, 2, 8, 200):
                with self.subTest(count=count, workers=workers):
                    ended = list(bulk.run(range(count), double, workers))
                    found = sorted((e.index, e.item, e.result) for e in ended)
                    self.assertEqual(
                        [(i, i, i * 2) for i in range(count)], found
                    )

    def test_equal_items_are_told_apart(self) -> None:
        ended = list(bulk.run([5, 5, 5], double, 2))
        self.assertEqual([0, 1, 2], sorted(each.index for each in ended))

    def test_items_are_begun_in_order_and_yielded_as_they_end(self) -> None:
        gate = Gate()
        run = bulk.run(range(4), gate, 2)
        threading.Thread(target=gate.wait, args=[2]).start()
        gate.open(1)
        self.assertEqual(1, next(run).item)
        gate.open(2)
        self.assertEqual(2, next(run).item)
        gate.open(0, 3)
        self.assertEqual({0, 3}, {each.item for each in run})
        self.assertEqual([0, 1], sorted(gate.begun[:2]))
        self.assertEqual([2, 3], gate.begun[2:])

    def test_so_many_are_in_flight_and_no_more(self) -> None:
        gate = Gate()
        gate.open(0)
        run = bulk.run(range(20), gate, 4)
        self.assertEqual(0, next(run).item)
        gate.wait(4)
        self.assertEqual([0, 1, 2, 3], sorted(gate.begun))
        gate.open(*range(20))
        self.assertEqual(19, len(list(run)))

    def test_items_are_taken_when_they_are_begun(self) -> None:
        taken = []

        def items() -> Iterator[int]:
            for number in range(1000):
                taken.append(number)
                yield number

        run = bulk.run(items(), double, 3)
        next(run)
        self.assertLess(len(taken), 8)

    def test_a_thread_for_each_worker_until_the_end(self) -> None:
        threads = set()

        def work(item: int) -> int:
            threads.add(threading.current_thread())
            return item

        list(bulk.run(range(100), work, 3))
        self.assertLessEqual(len(threads), 3)
        for thread in threads:
            thread.join(10)
        self.assertEqual({False}, {thread.is_alive() for thread in threads})

    def test_an_error_is_that_of_its_item(self) -> None:
        def work(item: int) -> int:
            if item % 3 == 0:
                raise ValueError(item)
            return item

        ended = {each.item: each for each in bulk.run(range(1, 10), work, 3)}
        self.assertEqual(9, len(ended))
        for item, each in ended.items():
            if item % 3:
                self.assertEqual((item, None), (each.result, each.error))
            else:
                self.assertIsNone(each.result)
                self.assertEqual(str(item), str(each.error))


class TestStop(unittest.TestCase):
    def test_what_is_in_flight_ends_and_the_rest_is_skipped(self) -> None:
        gate, stop = Gate(), bulk.Stop()
        ended: list[bulk.ItemResult[int, str]] = []
        consumer = threading.Thread(
            target=lambda: ended.extend(bulk.run(range(6), gate, 2, stop))
        )
        consumer.start()
        gate.wait(2)
        stop.set()
        gate.open(*range(6))
        consumer.join(10)
        results = {each.item: each.result for each in ended}
        self.assertEqual(6, len(ended))
        self.assertEqual([0, 1], sorted(gate.begun))
        self.assertEqual(
            {0: 'done 0', 1: 'done 1', 2: None, 3: None, 4: None, 5: None},
            results,
        )
        self.assertEqual({None}, {each.error for each in ended})

    def test_before_anything_has_begun(self) -> None:
        stop = bulk.Stop()
        stop.set()
        ended = list(bulk.run(range(3), double, 2, stop))
        self.assertEqual([0, 1, 2], [each.item for each in ended])
        self.assertEqual({None}, {each.result for each in ended})

    def test_between_two_results(self) -> None:
        stop = bulk.Stop()
        run = bulk.run(range(10), double, 1, stop)
        self.assertEqual(0, next(run).result)
        stop.set()
        rest = list(run)
        self.assertEqual(list(range(1, 10)), [each.item for each in rest])
        self.assertEqual({None}, {each.result for each in rest})

    def test_leaving_early_ends_it_all(self) -> None:
        stop = bulk.Stop()
        for _ended in bulk.run(range(10), double, 2, stop):
            break
        self.assertTrue(stop.is_set())

    def test_what_is_in_flight_is_reported_once(self) -> None:
        gate, stop = Gate(), bulk.Stop()
        reported = []

        def report(count: int) -> None:
            reported.append(count)
            gate.open(*range(6))

        run = bulk.run(range(6), gate, 3, stop, report)

        def stop_once_started() -> None:
            gate.wait(3)
            stop.set()

        threading.Thread(target=stop_once_started).start()
        results = [each.result for each in run]
        self.assertEqual([3], reported)
        self.assertEqual(3, results.count(None))

    def test_nothing_in_flight_is_not_reported(self) -> None:
        stop = bulk.Stop()
        stop.set()
        list(bulk.run(range(3), double, 2, stop, self.fail))

    def test_what_is_in_flight_is_abandoned(self) -> None:
        gate, stop = Gate(), bulk.Stop()
        self.addCleanup(gate.open, *range(6))
        gate.open(0)
        run = bulk.run(range(6), gate, 3, stop, lambda _: stop.at_once.set())
        first = next(run)
        self.assertEqual('done 0', first.result)
        gate.wait(3)
        stop.set()
        ended = {each.item: each for each in run}
        abandoned = [i for i, each in ended.items() if each.is_abandoned]
        self.assertEqual([1, 2], sorted(abandoned))
        self.assertEqual([1, 2, 3, 4, 5], sorted(ended))
        self.assertEqual({None}, {each.result for each in ended.values()})

    def test_what_is_finished_is_not_abandoned(self) -> None:
        stop = bulk.Stop()
        finished = threading.Semaphore(0)

        class Queue(queue.SimpleQueue[Any]):
            def put(self, item: Any) -> None:  # type: ignore[override]
                super().put(item)
                if isinstance(item, bulk.ItemResult):
                    finished.release()

        with mock.patch.object(queue, 'SimpleQueue', Queue):
            run = bulk.run(range(3), lambda item: item + 1, 3, stop)
            first = next(run).result or 0
        for _number in range(3):
            self.assertTrue(finished.acquire(timeout=10))
        stop.set()
        stop.at_once.set()
        others = [each.result or 0 for each in run]
        self.assertEqual([1, 2, 3], sorted([first, *others]))

    def test_threads_do_not_delay_the_end_of_python(self) -> None:
        gate = Gate()
        self.addCleanup(gate.open, 0)
        stop = bulk.Stop()
        stop.at_once.set()
        list(bulk.run([0], gate, 1, stop))
        self.assertEqual(
            {True},
            {t.daemon for t in threading.enumerate() if t.name == 'bulk'},
        )

    def test_an_interruption_stops_those_that_wait(self) -> None:
        stop = bulk.Stop()

        def items() -> Iterator[int]:
            yield 1
            raise KeyboardInterrupt

        told = []
        done = threading.Event()

        def wait(item: int) -> bool:
            told.append(stop.wait(10))
            done.set()
            return True

        with self.assertRaises(KeyboardInterrupt):
            list(bulk.run(items(), wait, 2, stop))
        done.wait(10)
        self.assertEqual([True], told)
