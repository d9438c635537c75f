#!/usr/bin/env python3
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

"""Check that the manual page has a section for each command.

usage: tools/check_manual.py PAGE
"""

from importlib import metadata
import pathlib
import re
import sys


def main(page: str) -> int:
    """Print the commands that the page does not describe."""
    text = pathlib.Path(page).read_text()
    sections = {
        name.replace('\\', '')
        for name in re.findall(r'^\.SS (.*)', text, re.M)
    }
    commands = {
        point.name.replace('_', ' ')
        for point in metadata.distribution('osc-image-ext').entry_points
        if point.group.endswith('.v2')
    }
    for name in sorted(commands - sections):
        print(f'{page} has no section about {name}')
    return 1 if commands - sections else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
