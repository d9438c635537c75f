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

"""Alternating runs, so that a disturbance affects all contenders."""

from collections.abc import Callable, Iterable, Mapping
import operator
import sys
from typing import TypeVar

from benchmarks import machine

_Result = TypeVar('_Result')

# Seconds per round for waits for a quiet machine.
_PATIENCE = 60.0


def alternate(
    title: str,
    contenders: Mapping[str, Callable[[], _Result]],
    count: int,
) -> dict[str, list[_Result]]:
    """Run contenders in turns; return their results by round.

    The order is reversed every other round, so that a slow drift of the
    machine favors none of them. An additional first round fills the caches,
    and is not counted.

    :param title: title for progress messages.
    """
    results: dict[str, list[_Result]] = {name: [] for name in contenders}
    names = list(contenders)
    patience = machine.Patience(_PATIENCE * count)
    for number in range(count + 1):
        if sys.stderr.isatty():
            print(f'{title}: {number}/{count}', file=sys.stderr)
        for name in names:
            result = patience.undisturbed(contenders[name])
            if number:
                results[name].append(result)
        names.reverse()
    print(
        f'{title}: others took up to {patience.worst:.0%} of one processor '
        'during a run',
        file=sys.stderr,
    )
    return results


def ratios(ours: Iterable[float], peers: Iterable[float]) -> list[float]:
    """Return our values divided by the peer's, for each round."""
    return list(map(operator.truediv, ours, peers))


def differences(ours: Iterable[float], peers: Iterable[float]) -> list[float]:
    """Return our values minus the peer's, for each round."""
    return list(map(operator.sub, ours, peers))
