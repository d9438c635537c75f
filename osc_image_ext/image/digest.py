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

# Blocks that may wait for a hasher: enough to keep it busy, and a bound on
# memory, since the sender waits for a hasher that lags behind.
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
    """Digests of a stream, each computed in a thread of its own.

    hashlib releases the GIL, so the thread that sends is delayed only if it is
    faster than the slowest digest.

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
        self._hashers = [
            _Hasher(name) for name in algorithms if name not in known
        ]

    def restart(self) -> None:
        """Discard all data: the stream starts again from its beginning."""
        for hasher in self._hashers:
            hasher.items.put(b'')

    def update(self, block: bytes) -> None:
        """Hash the next block (not empty); may wait for a hasher."""
        for hasher in self._hashers:
            hasher.put(block)

    def result(self) -> dict[str, str]:
        """Wait for the hashers and return {algorithm: hexadecimal digest}."""
        computed = {h.algorithm: h.hexdigest() for h in self._hashers}
        return {**self._known, **computed}

    def close(self) -> None:
        """End the threads; must be called once, on errors too."""
        for hasher in self._hashers:
            hasher.items.put(None)


class _Hasher:
    """One algorithm, its queue of blocks and its thread.

    The queues are those written in C: Ctrl-C in the middle of a call of one
    written in Python may leave it locked for good.
    """

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        #: blocks; b'' restarts, an event is set when it is reached, None ends
        self.items: queue.SimpleQueue[bytes | threading.Event | None] = (
            queue.SimpleQueue()
        )
        self._free_slots: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _slot in range(_BACKLOG):
            self._free_slots.put(None)
        self._hash = new(algorithm)
        # A daemon: an abandoned transfer must not keep the process alive.
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, block: bytes) -> None:
        """Queue a block; wait while too many are queued."""
        self._free_slots.get()
        self.items.put(block)

    def _run(self) -> None:
        while (item := self.items.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif item:
                self._hash.update(item)
                self._free_slots.put(None)
            else:
                self._hash = new(self.algorithm)

    def hexdigest(self) -> str:
        """Wait until all blocks are hashed; return the digest."""
        reached = threading.Event()
        self.items.put(reached)
        reached.wait()
        return str(self._hash.hexdigest())
