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

"""How many tests passed, failed and were skipped, in one run or several.

Standard library only: tools/test.py runs before anything is installed.
"""

import collections
from collections.abc import Mapping
import json
import os
import pathlib

# The variable that names a file: a run adds a line to it, for whoever started
# several of them to write the sum.
VARIABLE = 'TESTS_SUMMARY'


def report(counts: Mapping[str, int]) -> str:
    """Return the last line that a run writes.

    :param counts: of ``passed``, ``failed`` and ``skipped``
    """
    if path := os.environ.get(VARIABLE):
        with open(path, 'a') as file:
            file.write(json.dumps(counts) + '\n')
        return f'of this run: {text(counts)}'
    return text(counts)


def text(counts: Mapping[str, int]) -> str:
    """Return counts as people and CI read them."""
    result = f'{counts["passed"]} passed, {counts["failed"]} failed'
    if counts['skipped']:
        result += f', {counts["skipped"]} skipped'
    return result


def total(path: pathlib.Path) -> Mapping[str, int]:
    """Return the sum of what runs have added to a file."""
    counts = collections.Counter[str]()
    for line in path.read_text().splitlines():
        counts.update(json.loads(line))
    return counts
