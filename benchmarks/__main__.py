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

"""Compare this package's uploads with their peers, on this machine."""

import argparse
from collections.abc import Callable, Mapping
import signal
import sys

from benchmarks import glance
from benchmarks import memory
from benchmarks import programs
from benchmarks import startup
from benchmarks import table
from benchmarks import transfer
from benchmarks import workspace

_Measure = Callable[
    [programs.Programs, workspace.Workspace, bool], table.Table
]
_PARTS: Mapping[str, _Measure] = {
    'sink': transfer.measure,
    'glance': glance.measure,
    'memory': memory.measure,
    'startup': startup.measure,
}


def main() -> int:
    """Print the tables; return 1 if a target is missed."""
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
    args = parser.parse_args()
    # An end by a signal stops the processes and removes the files, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    found = programs.find()
    missed = False
    for name in args.only or _PARTS:
        with workspace.Workspace() as place:
            result = _PARTS[name](found, place, args.quick)
        print(result.render(), flush=True)
        missed |= result.missed()
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
