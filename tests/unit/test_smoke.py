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

"""What is tested with the oldest libraries that requirements.txt permits."""

import ast
from collections.abc import Iterator
from importlib import metadata
import itertools
import pathlib
import re
import unittest

CLONE = pathlib.Path(__file__).parents[2]
FUNCTIONAL = CLONE / 'tests' / 'functional'


def filters() -> dict[str, list[str]]:
    """Return the filters of smoke.txt by the comments before them."""
    found: dict[str, list[str]] = {}
    for line in (FUNCTIONAL / 'smoke.txt').read_text().splitlines():
        if line.startswith('# '):
            of_command = found.setdefault(line.removeprefix('# '), [])
        elif line:
            of_command.append(line)
    return found


def names() -> Iterator[str]:
    """Yield the names of the functional tests, without those of cases."""
    for path in FUNCTIONAL.glob('test_*.py'):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        name = f'{node.name}.{method.name}'
                        yield f'tests.functional.{path.stem}.{name}'


class TestSmoke(unittest.TestCase):
    def test_each_command_has_a_filter(self) -> None:
        commands = {
            point.name.replace('_', ' ')
            for point in metadata.distribution('osc-image-ext').entry_points
            if point.group.endswith('.v2')
        }
        filtered = {comment for comment, found in filters().items() if found}
        self.assertEqual(commands | {'openstack'}, filtered)

    def test_each_filter_finds_a_test(self) -> None:
        known = list(names())
        for pattern in itertools.chain(*filters().values()):
            with self.subTest(pattern):
                self.assertTrue(any(re.search(pattern, n) for n in known))


class TestLowerBounds(unittest.TestCase):
    def bounds(self, path: str, sign: str = '>=') -> set[tuple[str, str]]:
        """Return the names and versions of libraries in a file."""
        pattern = rf'^ *([\w.-]+){sign}([\d.]+)'
        return set(
            re.findall(pattern, (CLONE / path).read_text(), re.MULTILINE)
        )

    def test_they_are_those_that_are_tested(self) -> None:
        declared = self.bounds('requirements.txt')
        declared |= self.bounds('server/requirements.txt')
        declared |= self.bounds('setup.cfg')  # extras
        tested = self.bounds('lower-constraints.txt', '==')
        self.assertEqual(declared, tested)

    def test_they_are_those_that_users_read(self) -> None:
        page = (CLONE / 'doc/source/user/versions.rst').read_text()
        table = page[: page.index('Python, with')]
        rows = re.findall(r'\* - (\S+)\n +- ([\d.]+)\n', table)
        self.assertEqual(self.bounds('requirements.txt'), set(rows))
