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

"""Compare this package with its peers on this machine."""

import argparse
from collections.abc import Callable, Mapping, Sequence
import pathlib
import signal
import sys

from benchmarks import copying
from benchmarks import download
from benchmarks import glance
from benchmarks import memory
from benchmarks import programs
from benchmarks import progress_filter
from benchmarks import results
from benchmarks import scale
from benchmarks import servers
from benchmarks import sources
from benchmarks import startup
from benchmarks import table
from benchmarks import transfer
from benchmarks import workspace
from tests.fixtures import bootstrap

_Measure = Callable[
    [programs.Programs, workspace.Workspace, bool], table.Table
]
_PARTS: Mapping[str, _Measure] = {
    'sink': transfer.measure,
    'glance': glance.measure,
    'sources': sources.measure,
    'memory': memory.measure,
    'filter': progress_filter.measure,
    'save': download.measure,
    'servers': servers.measure,
    'scale': scale.measure,
    'copy': copying.measure,
    'startup': startup.measure,
}


def main() -> int:
    """Print the tables.

    :returns: 0; 1 if a target is missed; 2 if the measurement failed.
    """
    args = _arguments()
    # Signals also stop the processes and remove the files.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return _compare(args.only or list(_PARTS), args.quick, args.json)
    except (RuntimeError, bootstrap.BootstrapError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser('benchmarks', description=__doc__)
    parser.add_argument(
        '--only',
        choices=_PARTS,
        action='append',
        help='run this part (may be given more than once)',
    )
    parser.add_argument(
        '--quick',
        action='store_true',
        help='small images and few rounds, to try it out: proves nothing',
    )
    parser.add_argument(
        '--json',
        type=pathlib.Path,
        metavar='FILE',
        help='write the results to this file, too (results of other parts '
        'remain in it)',
    )
    return parser.parse_args()


def _compare(
    parts: Sequence[str], quick: bool, file: pathlib.Path | None
) -> int:
    found = programs.find()
    missed = False
    for name in parts:
        with workspace.Workspace() as place:
            result = _PARTS[name](found, place, quick)
        print(result.render(), flush=True)
        if file:
            results.add(file, name, result)
        missed |= result.missed()
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
