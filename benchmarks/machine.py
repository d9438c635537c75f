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

"""Detect whether other processes use the machine during a measurement."""

from collections.abc import Callable, Iterator
import os
import pathlib
import resource
import sys
import time
from typing import TypeVar

_Result = TypeVar('_Result')

# Fraction of one processor that others may use during a valid run.
_DISTURBED = 0.1
# Seconds for which a machine must be idle to count as quiet.
_SAMPLE = 0.2
_TRIES = 6

_PROC = pathlib.Path('/proc')


class Patience:
    """Waits for a quiet machine and repeats disturbed runs.

    When the time is used up, every run is valid. Without ``/proc`` every run
    is valid from the beginning.

    :param seconds: limit for all waits and repetitions together.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        #: largest fraction of one processor that others used during a run
        self.worst = 0.0

    def undisturbed(self, work: Callable[[], _Result]) -> _Result:
        """Run the work several times; return the least disturbed result."""
        tries: list[tuple[float, _Result]] = []
        for _ in range(_TRIES):
            began = time.monotonic()
            self._await_quiet()
            watch = _Watch()
            result = work()
            taken = watch.by_others()
            tries.append((taken, result))
            if taken < _DISTURBED or self._left <= 0:
                break
            self._left -= time.monotonic() - began
        taken, result = min(tries, key=lambda found: found[0])
        self.worst = max(self.worst, taken)
        return result

    def _await_quiet(self) -> None:
        while self._left > 0:
            watch = _Watch()
            time.sleep(_SAMPLE)
            if watch.by_others() < _DISTURBED:
                return
            self._left -= _SAMPLE


class _Watch:
    """Measures the use of the processors since its creation."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._all, self._ours = _busy(), _our_own()

    def by_others(self) -> float:
        """Return the fraction of one processor that others used."""
        busy = _busy() - self._all - (_our_own() - self._ours)
        return max(busy / (time.monotonic() - self._begun), 0.0)


def _busy() -> float:
    """Return the busy time of all processors together, in seconds."""
    if sys.platform != 'linux':
        return 0.0
    line = _PROC.joinpath('stat').read_text().partition('\n')[0]
    user, nice, system, _idle, _wait, irq, softirq = map(
        int, line.split()[1:8]
    )
    ticks = user + nice + system + irq + softirq
    return ticks / os.sysconf('SC_CLK_TCK')


def _our_own() -> float:
    """Return the seconds used by this process and all its descendants."""
    if sys.platform != 'linux':
        return 0.0
    usages = map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    ended = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return ended + sum(_descendants())


def _descendants() -> Iterator[float]:
    """Yield the seconds of each live descendant and its ended children."""
    found: dict[int, tuple[int, float]] = {}
    for folder in _PROC.glob('[0-9]*'):
        try:
            text = folder.joinpath('stat').read_text()
        except OSError:  # the process has just ended
            continue
        # The name before the parenthesis may contain any character.
        fields = text.rpartition(')')[2].split()
        ticks = sum(map(int, fields[11:15]))
        seconds = ticks / os.sysconf('SC_CLK_TCK')
        found[int(folder.name)] = int(fields[1]), seconds
    for seconds, ancestor in ((s, p) for p, s in found.values()):
        while ancestor in found and ancestor != os.getpid():
            ancestor = found[ancestor][0]
        if ancestor == os.getpid():
            yield seconds
