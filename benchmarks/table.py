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

"""Results: rows of a table, each with its verdict."""

from collections.abc import Callable, Sequence
import dataclasses
import operator
import statistics


@dataclasses.dataclass(frozen=True)
class Target:
    """What a median has to be.

    :param sign: ``>=`` or ``<=``.
    """

    sign: str
    limit: float

    def met(self, value: float) -> bool:
        """Tell whether a value is on the right side of it."""
        compare: Callable[[float, float], bool] = (
            operator.ge if self.sign == '>=' else operator.le
        )
        return compare(value, self.limit)


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison.

    :param what: what was compared.
    :param values: one for each pair of runs.
    :param target: None for what is only told.
    :param form: how a value is written.
    """

    what: str
    ours: str
    peer: str
    values: Sequence[float]
    target: Target | None = None
    form: str = '{:.2f}'

    def missed(self) -> bool:
        """Tell whether the median misses the target, if there is one."""
        median = statistics.median(self.values)
        return self.target is not None and not self.target.met(median)

    def cells(self) -> list[str]:
        """Return what it says, cell by cell."""
        write = self.form.format
        median = write(statistics.median(self.values))
        spread = f'{write(min(self.values))}..{write(max(self.values))}'
        target = verdict = ''
        if self.target is not None:
            target = f'{self.target.sign} {write(self.target.limit)}'
            verdict = 'NOT met' if self.missed() else 'met'
        return [
            self.what,
            self.ours,
            self.peer,
            median,
            spread,
            target,
            verdict,
        ]


_HEADS = ['what', 'ours', 'peer', 'median', 'min..max', 'target', 'verdict']


@dataclasses.dataclass(frozen=True)
class Table:
    """Comparisons that belong together."""

    title: str
    rows: Sequence[Row]

    def missed(self) -> bool:
        """Tell whether one of them misses its target."""
        return any(row.missed() for row in self.rows)

    def render(self) -> str:
        """Return it as text, fit for the README."""
        lines = [_HEADS, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        border = ['=' * width for width in widths]
        text = [
            '  '.join(map(str.ljust, line, widths)).rstrip()
            for line in (border, lines[0], border, *lines[1:], border)
        ]
        return '\n'.join([self.title, '', *text, ''])
