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

from osc_image_ext.actions import server_rows
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import server_changes


def server(*wanted: object) -> _batch.Server:
    changes = server_changes.ServerSettings(*wanted)  # type: ignore[arg-type]
    return _batch.Server('id', 'web', 'node-1', changes)


class TestTold(unittest.TestCase):
    def test_a_row_for_each(self) -> None:
        outcomes = [
            server_changes.Outcome('updated'),
            server_changes.Outcome('failed', '500\x1b[2J\nBroken.'),
        ]
        rows = server_rows.result_rows(
            [server({}, {}), server({}, {})], outcomes
        )
        known = ('id', 'web', 'node-1')
        self.assertEqual(
            [
                (*known, 'updated', ''),
                (*known, 'failed', r'500\x1b[2J Broken.'),
            ],
            list(rows),
        )

    def test_a_cell_for_each_column(self) -> None:
        (row,) = server_rows.dry_run_rows([server({}, {})])
        self.assertEqual(len(server_rows.COLUMNS), len(row))


class TestExpected(unittest.TestCase):
    def test_what_differs_as_options(self) -> None:
        for wanted, expected in (
            (({'a': '1', 'b': ''}, {}), '--property a=1 --property b='),
            (({'a': None}, {}), '--property a'),
            (({}, {'x y': True}), "--tag 'x y'"),
            (({}, {'x': False}), '--tag x'),
            (({}, {}, 'It is new'), "--description 'It is new'"),
            (({}, {}, ''), '--description'),
        ):
            with self.subTest(expected):
                (row,) = server_rows.dry_run_rows([server(*wanted)])
                self.assertEqual(('would update', expected), row[3:])

    def test_nothing_differs(self) -> None:
        (row,) = server_rows.dry_run_rows([server({}, {})])
        self.assertEqual(('unchanged', ''), row[3:])
