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

"""Position, rate and remaining time of a transfer."""

import collections
from collections.abc import Callable
import time

Clock = Callable[[], float]

# Seconds over which the rate is averaged: long enough to be readable, short
# enough to show a stall.
_RATE_WINDOW = 10.0


class Meter:
    """The state of a transfer: what a listener gets, and what follows of it.

    The listener's methods are called for each block and only store values. A
    display calls :meth:`sample` before it draws.

    :param clock: returns seconds, monotonic.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self.name = ''
        self.started(None)
        #: whether something is counted, which is not so during a wait
        self.counting = False

    def started(self, total: int | None, position: int = 0) -> None:
        self.counting = True
        self.message = ''
        self.total = total
        self.position = self._started_from = position
        #: bytes sent, None if the position says that
        self.sent: int | None = None
        self._started_at = self._clock()
        self._samples = collections.deque([(self._started_at, position, 0)])

    def moved(self, position: int, sent: int | None = None) -> None:
        self.position = position
        self.sent = sent

    def phase(self, name: str, message: str = '') -> None:
        self.name = name
        self.message = message

    def sample(self) -> None:
        """Record the current position, for the rate."""
        now = self._clock()
        samples = self._samples  # a new start may replace it at any time
        samples.append((now, self.position, self.sent or 0))
        while now - samples[1][0] > _RATE_WINDOW:
            samples.popleft()

    @property
    def server_reported(self) -> bool:
        """Whether the position is one that the server reports."""
        return self.counting and bool(self.message)

    @property
    def elapsed(self) -> float:
        """Seconds since the last start."""
        return self._clock() - self._started_at

    @property
    def fraction(self) -> float | None:
        """From 0 to 1; None while the total is not known."""
        if self.total is None:
            return None
        return min(1.0, self.position / self.total) if self.total else 1.0

    @property
    def average(self) -> float:
        """Bytes a second since the start."""
        moved = max(0, self.position - self._started_from)
        return moved / max(self.elapsed, 1e-3)

    @property
    def rate(self) -> float:
        """Bytes a second over the last seconds."""
        then, position, _sent = self._samples[0]
        moved = max(0, self.position - position)
        return moved / max(self._clock() - then, 1e-3)

    @property
    def sent_rate(self) -> float:
        """Bytes sent a second over the last seconds."""
        then, _position, sent = self._samples[0]
        moved = max(0, (self.sent or 0) - sent)
        return moved / max(self._clock() - then, 1e-3)

    @property
    def eta(self) -> float | None:
        """Seconds remaining at this rate; None if not known."""
        if self.total is None or self.rate <= 0:
            return None
        return (self.total - self.position) / self.rate
