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
from concurrent import futures
import dataclasses
import threading
from typing import Generic, TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


@dataclasses.dataclass(frozen=True)
class ItemResult(Generic[Item, Result]):
    """The result of an item; without result and error it was skipped.

    :param index: position of the item, from 0.
    :param result: what the work returned.
    :param error: what the work raised, which it should not.
    """

    index: int
    item: Item
    result: Result | None = None
    error: BaseException | None = None


def run(
    items: Iterable[Item],
    work: Callable[[Item], Result],
    workers: int,
    stop: threading.Event | None = None,
) -> Iterator[ItemResult[Item, Result]]:
    """Do the work for each item; yield the results as they come.

    Items are started in order, and taken from ``items`` only then. Once
    ``stop`` is set no more are started: those in progress are finished, the
    others yielded as skipped. Each item is yielded exactly once.

    Leaving the loop early, by an exception too, sets ``stop`` and waits for
    the items in progress.

    :param work: called in other threads; returns something other than None.
    :param workers: number of items in progress at a time.
    """
    stop = stop or threading.Event()
    numbered = enumerate(items)
    running: dict[futures.Future[Result], tuple[int, Item]] = {}
    with futures.ThreadPoolExecutor(workers, 'bulk') as pool:
        try:
            while True:
                while len(running) < workers and not stop.is_set():
                    if (next_item := next(numbered, None)) is None:
                        break
                    future = pool.submit(work, next_item[1])
                    running[future] = next_item
                if not running:
                    break
                done, _ = futures.wait(running, None, futures.FIRST_COMPLETED)
                for future in done:
                    yield _item_result(*running.pop(future), future)
        except BaseException:
            stop.set()
            raise
    for index, item in numbered:
        yield ItemResult(index, item)


def _item_result(
    index: int, item: Item, future: futures.Future[Result]
) -> ItemResult[Item, Result]:
    error = future.exception()
    if error:
        return ItemResult(index, item, error=error)
    return ItemResult(index, item, future.result())
