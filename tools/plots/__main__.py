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

"""Draw the plots of the documentation, from the results of benchmarks.

``benchmarks/results.json`` is written by ``tox -e bench -- --json FILE``.
"""

from collections.abc import Mapping
import io
import re
import statistics
import sys
from typing import Any

import matplotlib
from matplotlib import figure as _figure

from benchmarks import results as _results
from benchmarks import table
from tests.fixtures import bootstrap
from tools.plots import charts

_RESULTS = bootstrap.CLONE / 'benchmarks' / 'results.json'
_DOCS = bootstrap.CLONE / 'doc' / 'source'
_TABLES = _DOCS / 'user' / 'performance_results.txt'
_IMAGES = _DOCS / 'images'

# Readable on white and on black, so that pages may be either.
_TEXT, _LINE = '#7a7a7a', '#7a7a7a55'
_MET, _MISSED = '#2e86c1', '#d35400'

_STYLE = {
    'svg.fonttype': 'none',  # text, in a font of the reader
    'svg.hashsalt': '',  # the same names in each run
    'font.family': ['sans-serif'],
    'font.size': 10,
    'text.color': _TEXT,
    'xtick.color': _TEXT,
    'axes.labelcolor': _TEXT,
}


def main() -> int:
    """Draw the charts and write the tables; return the exit status."""
    results = _results.read(_RESULTS)
    _TABLES.write_text(_results.render(results))
    for name, chart in charts.CHARTS.items():
        path = _IMAGES / f'{name}.svg'
        path.write_text(_draw(chart, results))
        print(path)
    return 0


def _draw(chart: charts.Chart, results: Mapping[str, _results.Result]) -> str:
    """Return an SVG."""
    with matplotlib.rc_context(_STYLE):
        height = 0.45 * len(chart.bars) + 0.6
        figure = _figure.Figure(figsize=(5.5, height), layout='constrained')
        axes = figure.add_subplot()
        for number, bar in enumerate(chart.bars):
            _draw_bar(axes, -number, bar.label, bar.find(results))
        _draw_scale(axes, chart)
        file = io.StringIO()
        nothing = dict.fromkeys(('Creator', 'Date', 'Format', 'Type'))
        figure.savefig(file, format='svg', transparent=True, metadata=nothing)
    # Parsers might load the DTD from the network.
    svg = re.sub(r'<!DOCTYPE.*?>\s*', '', file.getvalue(), flags=re.DOTALL)
    return '\n'.join(line.rstrip() for line in svg.splitlines()) + '\n'


def _draw_scale(axes: Any, chart: charts.Chart) -> None:
    if chart.logarithmic:
        axes.set_xscale('log')
    axes.set_xticks(chart.ticks, [f'{tick:g}' for tick in chart.ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.set_ylim(0.6 - len(chart.bars), 0.9)
    axes.set_xlabel(chart.axis)
    axes.spines[:].set_visible(False)
    axes.grid(axis='x', color=_LINE)


def _draw_bar(axes: Any, y: float, label: str, row: table.Row) -> None:
    color = _MISSED if row.missed() else _MET
    median = statistics.median(row.values)
    axes.hlines(y, min(row.values), max(row.values), color, linewidth=3)
    axes.plot(median, y, 'o', color=color, markersize=7)
    axes.vlines(1, y - 0.2, y + 0.2, _TEXT)
    if row.target:
        mark = '$[$' if row.target.sign == '>=' else '$]$'
        axes.plot(row.target.limit, y, marker=mark, color=_TEXT, markersize=10)
    # Above the bar, since pages may be narrow.
    place = axes.get_yaxis_transform()
    above = y + 0.3
    axes.text(0, above, label, transform=place, va='baseline')
    text = row.form.format(median)
    axes.text(1, above, text, transform=place, va='baseline', ha='right')


if __name__ == '__main__':
    sys.exit(main())
