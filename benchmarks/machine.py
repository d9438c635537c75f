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

"""Telling whether others use the machine while something is measured."""

from collections.abc import Callable, Iterator
import os
import pathlib
import resource
import sys
import time
from typing import TypeVar

_Result = TypeVar('_Result')

# How much of one processor others may take during a run that counts.
_DISTURBED = 0.1
# Seconds in which a machine shows that it is quiet.
_SAMPLE = 0.2
_TRIES = 6

_PROC = pathlib.Path('/proc')


class Patience:
    """Waits for a quiet machine and repeats what was disturbed.

    Not for ever: when the time is used up, whatever comes counts. Where
    there is no ``/proc`` it always does.

    :param seconds: that all waiting and repeating may take.
    """

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        #: the most of one processor that others took during a run
        self.worst = 0.0

    def undisturbed(self, work: Callable[[], _Result]) -> _Result:
        """Return what the least disturbed of some tries returns."""
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
    """Watches the processors from its making."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._all, self._ours = _busy(), _our_own()

    def by_others(self) -> float:
        """Return how much of one processor others took since then."""
        busy = _busy() - self._all - (_our_own() - self._ours)
        return max(busy / (time.monotonic() - self._begun), 0.0)


def _busy() -> float:
    """Return the seconds that all processors together have worked."""
    if sys.platform != 'linux':
        return 0.0
    line = _PROC.joinpath('stat').read_text().partition('\n')[0]
    user, nice, system, _idle, _wait, irq, softirq = map(
        int, line.split()[1:8]
    )
    ticks = user + nice + system + irq + softirq
    return ticks / os.sysconf('SC_CLK_TCK')


def _our_own() -> float:
    """Return the seconds of this process and all that it ever started."""
    if sys.platform != 'linux':
        return 0.0
    usages = map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    ended = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return ended + sum(_descendants())


def _descendants() -> Iterator[float]:
    """Return the seconds of each one that runs, and of its ended ones."""
    found: dict[int, tuple[int, float]] = {}
    for folder in _PROC.glob('[0-9]*'):
        try:
            text = folder.joinpath('stat').read_text()
        except OSError:  # it has just ended
            continue
        # The name before the parenthesis may hold anything.
        fields = text.rpartition(')')[2].split()
        ticks = sum(map(int, fields[11:15]))
        seconds = ticks / os.sysconf('SC_CLK_TCK')
        found[int(folder.name)] = int(fields[1]), seconds
    for seconds, ancestor in ((s, p) for p, s in found.values()):
        while ancestor in found and ancestor != os.getpid():
            ancestor = found[ancestor][0]
        if ancestor == os.getpid():
            yield seconds
