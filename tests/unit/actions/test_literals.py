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

import json
import sys
from typing import Any
import unittest
from unittest import mock
import warnings

from osc_image_ext.actions import literals

# What both can spell, and its value.
VALUES: tuple[Any, ...] = (
    {},
    {'a': 1},
    {'a': {'b': {'a': [1, -2.5, 'x', True, False, None, [], {}]}}},
    [{'a': 1}, {'a': 2}],
    {'a': "it's", 'b': 'say "no"', 'c': '\'"'},
    {'{"a": 1, "a": 2}': '}{'},
    {'ä': '日本', '😀': '\u2028'},
    {'line': 'one\ntwo\ttab', 'path': 'C:\\new'},
    'NaN',
    -0.0,
    10**300,
)


class TestValue(unittest.TestCase):
    def test_json(self) -> None:
        for value in VALUES:
            for indent in (None, 2):
                text = json.dumps(value, indent=indent)
                with self.subTest(text):
                    self.assertEqual(value, literals.parse(text))

    def test_json_that_is_not_ascii(self) -> None:
        text = json.dumps(VALUES[6], ensure_ascii=False)
        self.assertEqual(VALUES[6], literals.parse(text))

    def test_python(self) -> None:
        for value in VALUES:
            with self.subTest(value=value):
                self.assertEqual(value, literals.parse(repr(value)))

    def test_quotes_within_a_value_survive(self) -> None:
        for text in ("{'a': \"it's\"}", "{'a': 'it\\'s'}", '{"a": "it\'s"}'):
            with self.subTest(text):
                self.assertEqual({'a': "it's"}, literals.parse(text))
        self.assertEqual(
            {'a': 'say "no"'}, literals.parse("{'a': 'say \"no\"'}")
        )

    def test_what_python_lets_pass(self) -> None:
        for text, value in (
            ('{"a": 1,}', {'a': 1}),
            ("\n  {'a':\n1, # one\n}\n", {'a': 1}),
            ("{'a': 'b' 'c'}", {'a': 'bc'}),
            ("{'a': 0x10}", {'a': 16}),
            ('{"a": True, "b": None}', {'a': True, 'b': None}),
        ):
            with self.subTest(text):
                self.assertEqual(value, literals.parse(text))

    def test_an_odd_backslash_is_kept_without_a_word(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            self.assertEqual({'a': r'C:\d'}, literals.parse(r"{'a': 'C:\d'}"))


class TestFault(unittest.TestCase):
    def fault(self, text: str) -> literals.ParseError:
        with self.assertRaises(literals.ParseError) as caught:
            literals.parse(text)
        return caught.exception

    def assert_fault(self, text: str, reason: str, near: str) -> None:
        """Check why a text is refused, and what stands where it is wrong."""
        fault = self.fault(text)
        self.assertRegex(fault.reason, f'^{reason}$')
        self.assertTrue(
            text[fault.offset :].startswith(near),
            (fault.offset, text[fault.offset :]),
        )

    def test_json_that_is_wrong(self) -> None:
        for text, reason, near in (
            ('{"a" 1}', "Expecting ':' delimiter", '1}'),
            ('{"a": 1 "b": 2}', "Expecting ',' delimiter", '"b"'),
            ('{"a":\n 1,\n b: 2}', 'Expecting property name .*', 'b'),
            ('{a: 1}', 'Expecting property name .* double quotes', 'a: 1}'),
            ('{"a": yes}', 'Expecting value', 'yes'),
            ('{"a": "b}', 'Unterminated string', '"b}'),
            ('{"a": "\n"}', 'Invalid control character', '\n"}'),
            ('{"a": 1} {}', 'Extra data', '{}'),
            ('nonsense', 'Expecting value', 'nonsense'),
            ('{"a": True, "b": true}', 'Expecting value', 'True'),
        ):
            with self.subTest(text):
                self.assert_fault(text, reason, near)

    def test_python_that_is_wrong(self) -> None:
        for text, reason, near in (
            ("{'a' 1}", '.*', ''),
            ("{'a': 1", '.*never closed', "{'a'"),
            ("{'a': [1}", '.*', '}'),
            ("\n\n {'a':\n 1,\n 'b\n}", '.*', "'b\n"),
            (
                "{'a': true}",
                'true is neither quoted nor a Python literal',
                'true}',
            ),
            ("{a: 'b'}", 'a is neither quoted nor .*', "a: 'b'"),
            ("{'a': nan}", 'nan is neither quoted nor .*', 'nan'),
            ("{'ö': 'ä', 'b': nan}", 'nan is neither quoted .*', 'nan'),
        ):
            with self.subTest(text):
                self.assert_fault(text, reason, near)

    def test_a_key_that_is_there_twice(self) -> None:
        for text, near in (
            ('{"a": 1, "a" : 2}', '"a" : 2'),
            ('{"a": 1, "\\u0061": 2}', '"\\u0061": 2'),
            ('{"b": [{"a": 1}, {"a": 2}], "b": 3}', '"b": 3'),
            ('{"x": {"a": "a", "b": {}, "a": 2}}', '"a": 2'),
            ("{'ö': {'a': 1,\n 'b': 1, 'a': 2}}", "'a': 2"),
            ('{\'a\': 1, "a": 2}', '"a": 2'),
        ):
            with self.subTest(text):
                self.assert_fault(text, "duplicate key '.'", near)

    def test_a_number_that_is_none(self) -> None:
        for text, near in (
            ('{"NaN": NaN}', 'NaN}'),
            ('{"a": [1, -Infinity]}', '-Infinity'),
            ('{"a": 1e999}', '1e999'),
            ("{'a': -1e999}", '1e999'),
            ("{'a': 1e999}", '1e999'),
        ):
            with self.subTest(text):
                self.assert_fault(text, r'\S+ is not a finite number', near)

    def test_what_json_does_not_know(self) -> None:
        for value in (
            '(1, 2)',
            '{1, 2}',
            "b'x'",
            '1j',
            '...',
            "f'{x}'",
            '1 + 2',
            '-True',
            '+1',
            'not 1',
            'lambda: 1',
            '[x for x in y]',
            "__import__('os').system('false')",
        ):
            text = f"{{'a': {value}}}"
            with self.subTest(text):
                self.assert_fault(
                    text, 'value cannot be represented in JSON', value
                )

    def test_keys_that_json_does_not_know(self) -> None:
        for key in ('1', 'None', "b'x'", '(1, 2)', "'x' + 'y'"):
            text = f"{{'a': {{{key}: 1}}}}"
            with self.subTest(text):
                self.assert_fault(text, 'key is not a string', key)
        self.assert_fault("{'a': {**b}}", 'key is not a string', '{**b}')

    def test_what_cannot_be_parsed_at_all(self) -> None:
        for text in (
            '[' * 100_000,
            "{'a':" * 100_000,
            '{"a": %s}' % ('9' * 5000),
            "{'a\0': 1}",
            '\0',
        ):
            with self.subTest(text[:20]):
                self.assertTrue(self.fault(text).reason)

    def test_a_parser_that_gives_up(self) -> None:
        text = " {'a': 1}"
        for error in (MemoryError, RecursionError, ValueError):
            with mock.patch('ast.parse', side_effect=error):
                self.assert_fault(
                    text, 'not valid JSON or a Python literal', "{'a'"
                )

    def test_nothing_is_said_by_the_parser(self) -> None:
        with self.assertNoLogs(), warnings.catch_warnings():
            warnings.simplefilter('error')
            self.fault("{'a': 1 is 1}")
        self.assertNotIn('antigravity', sys.modules)
