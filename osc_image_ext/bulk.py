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

"""The same work for many items, several at a time."""

from collections.abc import Callable, Iterable, Iterator
import contextlib
import dataclasses
import queue
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')

# Seconds until a stop is noticed while no item is finished.
_POLL_INTERVAL = 0.1


class Stop(threading.Event):
    """An event that stops a run: once it is set, no item is started."""

    def __init__(self) -> None:
        super().__init__()
        #: once this is set as well, items in progress are abandoned
        self.at_once = threading.Event()


@dataclasses.dataclass(frozen=True)
class ItemResult(Generic[Item, Result]):
    """The result of an item; without any of these it was skipped.

    :param index: position of the item, from 0.
    :param result: what the work returned.
    :param error: what the work raised, which it should not.
    :param is_abandoned: whether the work was started, and is not finished.
    """

    index: int
    item: Item
    result: Result | None = None
    error: BaseException | None = None
    is_abandoned: bool = False


def run(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    workers: int,
    stop: Stop | None = None,
    on_stop: Callable[[int], None] = lambda _count: None,
) -> Iterator[ItemResult[Item, Result]]:
    """Do the work for each item; yield the results as they come.

    Items are started in order, and taken from ``items`` only then. Once
    ``stop`` is set no more are started; the others are yielded as skipped.
    Each item is yielded exactly once. Leaving the loop early sets ``stop`` and
    abandons the items in progress. Python does not wait for them at its exit.

    :param work: called in other threads; returns something other than None.
    :param workers: number of items in progress at a time.
    :param on_stop: called when the run is stopped, with the number of items
        in progress if there are any.
    """
    stop, threads = stop or Stop(), _Threads(work)
    numbered = enumerate(items)
    is_reported = False
    try:
        while True:
            while len(threads.running) < workers and not stop.is_set():
                if not threads.start_next(numbered):
                    break
            if not threads.running or stop.at_once.is_set():
                break
            if stop.is_set() and not is_reported:
                is_reported = True
                on_stop(len(threads.running))
            yield from threads.wait(_POLL_INTERVAL)
    except BaseException:
        stop.set()
        threads.close()
        raise
    yield from threads.abandon()
    for index, item in numbered:
        yield ItemResult(index, item)


class _Threads(Generic[Item, Result]):
    """The items in progress, each in a thread."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self.running: dict[int, Item] = {}
        self._work = work
        self._started = 0
        self._items: queue.SimpleQueue[tuple[int, Item] | None]
        self._items = queue.SimpleQueue()
        self._results: queue.SimpleQueue[ItemResult[Item, Result]]
        self._results = queue.SimpleQueue()

    def start_next(self, numbered: Iterator[tuple[int, Item]]) -> bool:
        """Start the next item; return whether there was one."""
        next_item = next(numbered, None)
        if next_item is None:
            return False
        index, item = next_item
        self.running[index] = item
        self._items.put(next_item)
        self._start_thread()
        return True

    def _start_thread(self) -> None:
        """Start a thread unless one waits for an item."""
        # To start a thread costs as much as a quarter of a request: they are
        # reused. Python would join those of concurrent.futures at its exit.
        if len(self.running) > self._started:
            self._started += 1
            threading.Thread(
                target=self._run, name='bulk', daemon=True
            ).start()

    def _run(self) -> None:
        while next_item := self._items.get():
            index, item = next_item
            try:
                self._results.put(ItemResult(index, item, self._work(item)))
            except BaseException as error:
                self._results.put(ItemResult(index, item, error=error))

    def close(self) -> None:
        """Let each thread end once it has finished its item."""
        for _number in range(self._started):
            self._items.put(None)

    def wait(self, seconds: float) -> Iterator[ItemResult[Item, Result]]:
        """Yield the next result, if there is one by then."""
        with contextlib.suppress(queue.Empty):
            result = self._results.get(timeout=seconds)
            del self.running[result.index]
            yield result

    def abandon(self) -> Iterator[ItemResult[Item, Result]]:
        """Yield the results that there are, and those of all other items.

        The threads end.
        """
        self.close()
        while not self._results.empty():
            yield from self.wait(0)
        for index, item in self.running.items():
            yield ItemResult(index, item, is_abandoned=True)
