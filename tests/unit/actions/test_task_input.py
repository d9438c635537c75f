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

import os
import pathlib
import tempfile
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.actions import task_input


class TaskInputTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = pathlib.Path(folder) / 'input.json'

    def refused(self, argument: str) -> str:
        """Return the error that an argument causes."""
        with self.assertRaises(exceptions.Error) as caught:
            task_input.load(argument)
        return str(caught.exception)

    def standard_input(self, data: bytes) -> None:
        """Let standard input hold this data."""
        read, write = os.pipe()
        os.write(write, data)
        os.close(write)
        kept = os.dup(0)
        os.dup2(read, 0)
        self.addCleanup(os.close, read)
        self.addCleanup(os.dup2, kept, 0)
        self.enterContext(mock.patch('sys.stdin', mock.Mock()))


class TestLoad(TaskInputTestCase):
    def test_an_argument(self) -> None:
        self.assertEqual({'a': 1}, task_input.load('{"a": 1}'))
        self.assertEqual({'a': "it's"}, task_input.load("{'a': \"it's\"}"))

    def test_a_file(self) -> None:
        for data in (
            b'{"a": "\xc3\xa4"}',
            b"{'a': '\xc3\xa4'}",
            b'\xef\xbb\xbf{"a":\r\n"\xc3\xa4"\r\n}\r\n',
        ):
            self.path.write_bytes(data)
            self.assertEqual({'a': 'ä'}, task_input.load(f'@{self.path}'))

    def test_standard_input(self) -> None:
        self.standard_input(b'{"a": 1}\n')
        self.assertEqual({'a': 1}, task_input.load('-'))

    def test_a_fault_is_told_with_its_place_and_line(self) -> None:
        self.assertEqual(
            "--input, line 1, column 6, near '{\"a\" 1}': Expecting ':' "
            'delimiter.',
            self.refused('{"a" 1}'),
        )

    def test_the_line_is_the_one_that_is_wrong(self) -> None:
        for newline in ('\n', '\r\n', '\r'):
            text = newline.join(['{', '  "a": 1,', '  "b" 2', '}'])
            self.assertEqual(
                "--input, line 3, column 7, near '  \"b\" 2': Expecting ':' "
                'delimiter.',
                self.refused(text),
            )

    def test_a_long_line_is_cut_around_the_fault(self) -> None:
        error = self.refused('{"' + 'x' * 500 + '" 1, ' + '1, ' * 500)
        self.assertIn("column 505, near '..." + 'x' * 28 + '" 1, 1, 1', error)
        self.assertIn("...': Expecting", error)
        self.assertLess(len(error), 150)

    def test_a_line_does_not_steer_the_terminal(self) -> None:
        error = self.refused('{"\x1b[2J" 1}')
        self.assertIn(r'{"\x1b[2J" 1}', error)
        self.assertTrue(error.isprintable())

    def test_a_file_is_named_in_its_faults(self) -> None:
        self.path.write_text('{\n"a": 1,\n"a": 2}')
        self.assertEqual(
            f'{self.path}, line 3, column 1, near \'"a": 2}}\': duplicate '
            "key 'a'.",
            self.refused(f'@{self.path}'),
        )

    def test_standard_input_is_named_in_its_faults(self) -> None:
        self.standard_input(b'[1]')
        self.assertEqual(
            "Standard input, line 1, column 1, near '[1]': not a JSON object.",
            self.refused('-'),
        )

    def test_what_is_not_an_object(self) -> None:
        for text in ('[]', "['a']", '"a"', "'a'", '1', 'null', 'None'):
            with self.subTest(text):
                self.assertEqual(
                    f'--input, line 2, column 3, near {"  " + text!r}: not '
                    'a JSON object.',
                    self.refused(f'\n  {text}\n'),
                )

    def test_nothing_at_all(self) -> None:
        self.assertEqual('--input is empty.', self.refused(''))
        self.assertEqual('--input is empty.', self.refused(' \n'))
        self.path.touch()
        self.assertEqual(
            f'{self.path} is empty.', self.refused(f'@{self.path}')
        )
        self.standard_input(b'')
        self.assertEqual('Standard input is empty.', self.refused('-'))

    def test_a_file_that_cannot_be_read(self) -> None:
        self.assertEqual(
            f'Cannot read {self.path}: No such file or directory.',
            self.refused(f'@{self.path}'),
        )
        self.assertEqual(
            f'Cannot read {self.path.parent}: Is a directory.',
            self.refused(f'@{self.path.parent}'),
        )
        self.assertEqual(
            "Cannot read '': No such file or directory.", self.refused('@')
        )

    def test_a_file_that_is_an_image_by_mistake(self) -> None:
        with self.path.open('wb') as file:
            file.truncate(1024**2 + 1)
        self.assertEqual(
            f'{self.path} is larger than the 1 MiB limit for task input.',
            self.refused(f'@{self.path}'),
        )

    def test_what_is_not_text(self) -> None:
        self.path.write_bytes(b'{"a": "\xff"}')
        self.assertEqual(
            f'{self.path} is not UTF-8 text.', self.refused(f'@{self.path}')
        )
        self.assertEqual(
            '--input is not UTF-8 text.',
            self.refused(os.fsdecode(b'{"a": "\xff"}')),
        )

    def test_standard_input_that_is_closed(self) -> None:
        with mock.patch('sys.stdin', None):
            self.assertEqual('Standard input is closed.', self.refused('-'))


class TestGathered(TaskInputTestCase):
    def gathered(
        self, text: str = '{}', *properties: str, **options: Any
    ) -> dict[str, Any]:
        """Gather an input, properties of the image, and other options."""
        given: dict[str, Any] = {
            'type': 'import',
            'input': text,
            'import_from': None,
            'import_from_format': None,
            'image_properties': [*properties],
        }
        given |= options
        return task_input.build(
            given['type'],
            given['input'],
            {key: given[key] for key in ('import_from', 'import_from_format')},
            given['image_properties'],
        )

    def assert_refused(self, error: str, *args: str, **options: Any) -> None:
        with self.assertRaises(exceptions.Error) as caught:
            self.gathered(*args, **options)
        self.assertEqual(error, str(caught.exception))

    def test_nothing_is_an_empty_object(self) -> None:
        self.assertEqual({}, self.gathered())

    def test_shortcuts(self) -> None:
        self.assertEqual(
            {
                'import_from': 'http://example.org',
                'import_from_format': '',
                'image_properties': {'name': 'a=b', 'os_distro': ''},
            },
            self.gathered(
                '{}',
                'name=a=b',
                'os_distro=',
                import_from='http://example.org',
                import_from_format='',
            ),
        )

    def test_shortcuts_beside_an_input(self) -> None:
        self.assertEqual(
            {
                'import_from': 'a',
                'import_from_format': 'raw',
                'image_properties': {'name': 'b', 'os_distro': 'c'},
            },
            self.gathered(
                '{"import_from": "a", "image_properties": {"name": "b"}}',
                'os_distro=c',
                import_from_format='raw',
            ),
        )

    def test_a_shortcut_that_is_in_the_input_too(self) -> None:
        self.assert_refused(
            '--import-from conflicts with import_from in --input.',
            '{"import_from": "a"}',
            import_from='a',
        )
        self.assert_refused(
            '--import-from-format conflicts with import_from_format in '
            '--input.',
            '{"import_from_format": null}',
            import_from_format='raw',
        )

    def test_a_property_that_is_there_twice(self) -> None:
        text = '{"image_properties": {"name": "a"}}'
        error = "Image property 'name' is specified more than once."
        self.assert_refused(error, text, 'name=a')
        self.assert_refused(error, '{}', 'name=a', 'name=b')

    def test_properties_that_are_not_an_object(self) -> None:
        self.assert_refused(
            '--image-property conflicts with image_properties in --input, '
            'which '
            'is not an object.',
            '{"image_properties": ["name"]}',
            'name=a',
        )

    def test_a_property_without_a_key_or_a_value(self) -> None:
        for text in ('name', '=a', ''):
            with self.subTest(text):
                self.assert_refused(
                    f'--image-property takes key=value, not {text!r}.',
                    '{}',
                    text,
                )

    def test_properties_have_the_types_that_glance_wants(self) -> None:
        for text, value in (
            ('min_disk=5', 5),
            ('min_ram=512', 512),
            ('protected=true', True),
            ('protected=False', False),
            ('os_hidden=1', True),
            ('tags=a', ['a']),
            ('tags=a,b', ['a', 'b']),
            ('hw_disk_bus=1', '1'),
            ('name=true', 'true'),
        ):
            with self.subTest(text):
                key = text.partition('=')[0]
                gathered = self.gathered('{}', text)
                self.assertEqual({key: value}, gathered['image_properties'])

    def test_properties_of_the_wrong_type(self) -> None:
        for key, value in (
            ('min_disk', '5G'),
            ('min_ram', ''),
            ('protected', 'maybe'),
            ('os_hidden', ''),
        ):
            with self.subTest(key):
                self.assert_refused(
                    f'Invalid value {value!r} for image property {key}.',
                    '{}',
                    f'{key}={value}',
                )

    def test_shortcuts_are_for_imports(self) -> None:
        error = (
            '--import-from, --import-from-format and --image-property are '
            'only valid with --type import.'
        )
        for options in (
            {'import_from': 'a'},
            {'import_from_format': 'a'},
            {'image_properties': ['a=b']},
        ):
            with self.subTest(options=options):
                self.assert_refused(error, type='api_image_import', **options)
        self.assertEqual({'a': 1}, self.gathered('{"a": 1}', type='any'))
