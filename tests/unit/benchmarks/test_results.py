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

import pathlib
import tempfile
import unittest

from benchmarks import results
from benchmarks import table


class TestResults(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / 'results.json'

    def make_table(self, *values: float) -> table.Table:
        """Return a table with a row with a target and one without."""
        target = table.Target('>=', 1.5)
        rows = [
            table.Row('speed', 'ours', 'curl', values, target, '{:.3f}'),
            table.Row('memory', 'ours', '', values),
        ]
        return table.Table('Title', rows)

    def test_what_was_added_is_read(self) -> None:
        measured = self.make_table(4, 1.25, 2, 1)
        results.add(self.path, 'sink', measured)
        found = results.read(self.path)['sink']
        self.assertEqual(measured.render(), found.table.render())
        self.assertEqual(results.describe_machine(), found.machine)

    def test_other_parts_remain(self) -> None:
        for part, value in (('sink', 1), ('glance', 2), ('sink', 3)):
            results.add(self.path, part, self.make_table(value))
        found = {
            part: result.table.rows[0].values[0]
            for part, result in results.read(self.path).items()
        }
        self.assertEqual({'sink': 3, 'glance': 2}, found)

    def test_a_day(self) -> None:
        results.add(self.path, 'sink', self.make_table(1))
        self.assertRegex(
            results.read(self.path)['sink'].date, r'^\d{4}-\d\d-\d\d$'
        )
