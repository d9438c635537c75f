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

import unittest

from benchmarks import results
from tests.fixtures import bootstrap
from tools.plots import charts

RESULTS = bootstrap.CLONE / 'benchmarks' / 'results.json'
TABLES = bootstrap.CLONE / 'doc/source/user/performance_results.txt'


class TestPlots(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.results = results.read(RESULTS)

    def test_each_bar_has_a_result(self) -> None:
        for name, chart in charts.CHARTS.items():
            for bar in chart.bars:
                with self.subTest(name, label=bar.label):
                    bar.find(self.results)

    def test_the_tables_are_those_of_the_results(self) -> None:
        self.assertEqual(results.render(self.results), TABLES.read_text())

    def test_a_bar_without_a_result(self) -> None:
        bar = charts.Bar('label', ('sink', 'what', 'ours'), 'peer')
        with self.assertRaisesRegex(LookupError, 'no result'):
            bar.find(self.results)
