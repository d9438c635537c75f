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

"""Hashing during a transfer, never as a separate pass."""

from collections.abc import Mapping
import hashlib
import queue
import threading
import types
from typing import Any

# Blocks that may wait to be hashed: enough to keep the thread busy, and a
# bound on memory, since the sender waits for a thread that lags behind.
_BACKLOG = 4


def supported(algorithm: str | None) -> bool:
    """Return whether this Python has an algorithm that Glance names.

    :param algorithm: a name of hashlib; FIPS builds have fewer.
    """
    try:
        return bool(algorithm and new(algorithm).digest_size)
    except ValueError:
        return False


def new(algorithm: str) -> Any:
    """Return a new hash object; it detects accidents, not attacks.

    :raises ValueError: if this Python has no such algorithm.
    """
    return hashlib.new(algorithm, usedforsecurity=False)


class Digests:
    """Digests of a stream, computed in a thread of their own.

    hashlib releases the GIL, so the thread that sends is delayed only if it is
    faster than the digests. One thread computes all of them, like Glance: a
    second one would be no gain while the image service waits for the first.

    :param algorithms: names that :func:`supported` accepts.
    :param known: {algorithm: hexadecimal digest} of those that are known, and
        so are not computed.
    """

    def __init__(
        self,
        algorithms: tuple[str, ...],
        known: Mapping[str, str] = types.MappingProxyType({}),
    ) -> None:
        self._known = known
        self._hashes = {
            name: new(name) for name in algorithms if name not in known
        }
        # The queues are those written in C: Ctrl-C in the middle of a call of
        # one written in Python may leave it locked for good.
        # Blocks; b'' restarts, an event is set when it is reached, None ends.
        self._items: queue.SimpleQueue[bytes | threading.Event | None] = (
            queue.SimpleQueue()
        )
        self._free_slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _slot in range(_BACKLOG):
            self._free_slots.put(None)
        # A daemon: an abandoned transfer must not keep the process alive.
        if self._hashes:
            threading.Thread(target=self._run, daemon=True).start()

    def restart(self) -> None:
        """Discard all data: the stream starts again from its beginning."""
        self._items.put(b'')

    def update(self, block: bytes) -> None:
        """Hash the next block (not empty); may wait for the thread."""
        if self._hashes:
            self._free_slots.get()
            self._items.put(block)

    def result(self) -> dict[str, str]:
        """Wait for the thread and return {algorithm: hexadecimal digest}."""
        if self._hashes:
            reached = threading.Event()
            self._items.put(reached)
            reached.wait()
        return {
            **self._known,
            **{name: str(h.hexdigest()) for name, h in self._hashes.items()},
        }

    def close(self) -> None:
        """End the thread; must be called once, on errors too."""
        self._items.put(None)

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif item:
                for hash_ in self._hashes.values():
                    hash_.update(item)
                self._free_slots.put(None)
            else:
                self._hashes = {name: new(name) for name in self._hashes}
