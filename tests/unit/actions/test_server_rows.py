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

import shlex
from typing import Any
import unittest

from osc_image_ext.actions import server_rows
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import outcomes as _outcomes
from osc_image_ext.compute import server_changes


def server(*wanted: object) -> _batch.Server:
    changes = server_changes.ServerSettings(*wanted)  # type: ignore[arg-type]
    return _batch.Server('id', 'web', 'node-1', changes)


class TestTold(unittest.TestCase):
    def test_a_row_for_each(self) -> None:
        outcomes = [
            _outcomes.Outcome('updated'),
            _outcomes.Outcome('failed', '500\x1b[2J\nBroken.'),
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
        (row,) = server_rows.dry_run_rows([server({}, {})], False)
        self.assertEqual(len(server_rows.COLUMNS), len(row))


class TestExpected(unittest.TestCase):
    def assert_options(
        self, wanted: Any, expected: str, is_unset: bool = False
    ) -> None:
        with self.subTest(expected):
            (row,) = server_rows.dry_run_rows([server(*wanted)], is_unset)
            self.assertEqual(('would update', expected), row[3:])

    def test_what_to_set_as_options(self) -> None:
        for wanted, expected in (
            (({'a': '1', 'b': ''}, {}), '--property a=1 --property b='),
            (({}, {'x y': True}), "--tag 'x y'"),
            (({}, {}, 'It is new'), "--description 'It is new'"),
            (({}, {}, ''), "--description ''"),
        ):
            self.assert_options(wanted, expected)

    def test_what_to_unset_as_options(self) -> None:
        for wanted, expected in (
            (({'a': None, 'b c': None}, {}), "--property a --property 'b c'"),
            (({}, {'x': False}), '--tag x'),
            (({}, {}, ''), '--description'),
        ):
            self.assert_options(wanted, expected, is_unset=True)

    def test_nothing_is_squeezed_or_cut(self) -> None:
        for value in ('a  b', ' a ', 'x' * 1000, "it's", 'ö大', '$a', '\\'):
            (row,) = server_rows.dry_run_rows(
                [server({'k': value}, {})], False
            )
            self.assertEqual(['--property', f'k={value}'], shlex.split(row[4]))

    def test_what_controls_a_terminal_is_escaped(self) -> None:
        for value, expected in (
            ('a\nb', r"$'k=a\nb'"),
            ('\x1b[2J', r"$'k=\033[2J'"),
            ("\t\\'", r"$'k=\011\\\''"),
            ('\x85', r"$'k=\302\205'"),
            ('\udcff', r"$'k=\377'"),
        ):
            self.assert_options(({'k': value}, {}), f'--property {expected}')

    def test_values_that_look_like_options(self) -> None:
        self.assert_options(
            ({'-k': '1'}, {'-x y': True}, '--yes'),
            "--property=-k=1 --tag='-x y' --description=--yes",
        )

    def test_nothing_differs(self) -> None:
        (row,) = server_rows.dry_run_rows([server({}, {})], False)
        self.assertEqual(('unchanged', ''), row[3:])
