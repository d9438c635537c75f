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

"""Tables of results, with a verdict in each row."""

from collections.abc import Callable, Sequence
import dataclasses
import operator
import statistics


@dataclasses.dataclass(frozen=True)
class Target:
    """The required value of a median.

    :param sign: ``>=`` or ``<=``.
    """

    sign: str
    limit: float

    def met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        compare: Callable[[float, float], bool] = (
            operator.ge if self.sign == '>=' else operator.le
        )
        return compare(value, self.limit)


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison.

    :param what: subject of the comparison.
    :param values: one value for each pair of runs.
    :param target: None for information only.
    :param form: format of a value.
    """

    what: str
    ours: str
    peer: str
    values: Sequence[float]
    target: Target | None = None
    form: str = '{:.2f}'

    def missed(self) -> bool:
        """Return whether there is a target that the median misses."""
        median = statistics.median(self.values)
        return self.target is not None and not self.target.met(median)

    def cells(self) -> list[str]:
        """Return the cells as text."""
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
    """A titled group of comparisons."""

    title: str
    rows: Sequence[Row]

    def missed(self) -> bool:
        """Return whether a row misses its target."""
        return any(row.missed() for row in self.rows)

    def render(self) -> str:
        """Return the table as text for the README."""
        lines = [_HEADS, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        border = ['=' * width for width in widths]
        text = [
            '  '.join(map(str.ljust, line, widths)).rstrip()
            for line in (border, lines[0], border, *lines[1:], border)
        ]
        return '\n'.join([self.title, '', *text, ''])
