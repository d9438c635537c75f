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
                if (next_item := next(numbered, None)) is None:
                    break
                threads.start(*next_item)
            if not threads.running or stop.at_once.is_set():
                break
            if stop.is_set() and not is_reported:
                is_reported = True
                on_stop(len(threads.running))
            yield from threads.wait(_POLL_INTERVAL)
    except BaseException:
        stop.set()
        raise
    yield from threads.abandon()
    for index, item in numbered:
        yield ItemResult(index, item)


class _Threads(Generic[Item, Result]):
    """The items in progress, each in a thread of its own."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self.running: dict[int, Item] = {}
        self._work = work
        self._results: queue.SimpleQueue[ItemResult[Item, Result]]
        self._results = queue.SimpleQueue()

    def start(self, index: int, item: Item) -> None:
        self.running[index] = item
        # Python would join a thread of concurrent.futures when it exits.
        threading.Thread(
            target=self._run, args=(index, item), name='bulk', daemon=True
        ).start()

    def _run(self, index: int, item: Item) -> None:
        try:
            self._results.put(ItemResult(index, item, self._work(item)))
        except BaseException as error:
            self._results.put(ItemResult(index, item, error=error))

    def wait(self, seconds: float) -> Iterator[ItemResult[Item, Result]]:
        """Yield the next result, if there is one by then."""
        with contextlib.suppress(queue.Empty):
            result = self._results.get(timeout=seconds)
            del self.running[result.index]
            yield result

    def abandon(self) -> Iterator[ItemResult[Item, Result]]:
        """Yield the results that there are, and those of all other items."""
        while not self._results.empty():
            yield from self.wait(0)
        for index, item in self.running.items():
            yield ItemResult(index, item, is_abandoned=True)
