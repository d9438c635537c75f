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

"""Results as data: what the tables show, and the machine they are from."""

from collections.abc import Mapping
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
from typing import Any

from benchmarks import table

_GIB = 1024**3


@dataclasses.dataclass(frozen=True)
class Result:
    """The table of one part, as one run has measured it.

    :param date: day of the run, as in 2026-11-21.
    """

    date: str
    machine: str
    table: table.Table


def describe_machine() -> str:
    """Return what is needed to compare results with those of others."""
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    return (
        f'{_processor()}, {os.cpu_count()} processors, '
        f'{memory / _GIB:.0f} GiB of memory, '
        f'{platform.system()} {platform.release()}, '
        f'Python {platform.python_version()}'
    )


def add(path: pathlib.Path, part: str, measured: table.Table) -> None:
    """Replace the result of a part in a file; keep those of other parts."""
    results = dict(read(path)) if path.exists() else {}
    today = datetime.date.today().isoformat()
    results[part] = Result(today, describe_machine(), measured)
    write(path, results)


def write(path: pathlib.Path, results: Mapping[str, Result]) -> None:
    """Write the results of parts by their names."""
    data = {part: _dump(result) for part, result in results.items()}
    path.write_text(json.dumps(data, indent=1) + '\n')


def read(path: pathlib.Path) -> Mapping[str, Result]:
    """Return the results of parts by their names.

    The values of a row are its minimum, its median and its maximum.
    """
    data = json.loads(path.read_text())
    return {part: _load(result) for part, result in data.items()}


def render(results: Mapping[str, Result]) -> str:
    """Return the tables as text, each with its origin."""
    return '\n'.join(
        f'{result.table.render()}\n{result.date}, {result.machine}\n'
        for result in results.values()
    )


def _processor() -> str:
    """Return the name of the processor."""
    try:
        known = pathlib.Path('/proc/cpuinfo').read_text()
    except OSError:
        known = ''
    found = re.search(r'^model name\s*: (.*)', known, re.MULTILINE)
    return found[1] if found else platform.machine()


def _dump(result: Result) -> dict[str, Any]:
    return {
        'date': result.date,
        'machine': result.machine,
        'title': result.table.title,
        'rows': [_dump_row(row) for row in result.table.rows],
    }


def _dump_row(row: table.Row) -> dict[str, Any]:
    dumped: dict[str, Any] = {
        'what': row.what,
        'ours': row.ours,
        'peer': row.peer,
        'minimum': min(row.values),
        'median': statistics.median(row.values),
        'maximum': max(row.values),
        'form': row.form,
    }
    if row.target:
        dumped['target'] = dataclasses.asdict(row.target)
    return dumped


def _load(data: Mapping[str, Any]) -> Result:
    rows = [_load_row(row) for row in data['rows']]
    measured = table.Table(data['title'], rows)
    return Result(data['date'], data['machine'], measured)


def _load_row(data: Mapping[str, Any]) -> table.Row:
    target = data.get('target')
    return table.Row(
        data['what'],
        data['ours'],
        data['peer'],
        [data[name] for name in ('minimum', 'median', 'maximum')],
        table.Target(**target) if target else None,
        data['form'],
    )
