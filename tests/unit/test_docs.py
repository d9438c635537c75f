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

"""The documentation has a place for each command."""

from importlib import metadata
import pathlib
import re
import unittest

from tests.fixtures import console

DOCS = pathlib.Path(__file__).parents[2] / 'doc' / 'source'


class TestCommands(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.commands = {
            point.name.replace('_', ' ')
            for point in metadata.distribution('osc-image-ext').entry_points
            if point.group.endswith('.v2')
        }

    def test_the_reference_has_each_command(self) -> None:
        pages = ''.join(
            page.read_text() for page in (DOCS / 'cli').glob('*.rst')
        )
        documented = re.findall(r':command: (.*)', pages)
        self.assertEqual(sorted(self.commands), sorted(documented))

    def test_the_front_page_names_each_subject(self) -> None:
        page = (DOCS / 'index.rst').read_text()
        for subject in ('image create', 'hypervisor servers set'):
            with self.subTest(subject):
                self.assertIn(subject, self.commands)
                self.assertIn(subject, page)

    def test_the_summary_names_each_subject(self) -> None:
        summary = metadata.metadata('osc-image-ext')['Summary']
        for subject in ('upload', 'import', 'server'):
            with self.subTest(subject):
                self.assertIn(subject, summary)


class TestExamples(unittest.TestCase):
    """Each command on a page is run by a functional test, or has a reason."""

    def test_commands_are_in_console_blocks(self) -> None:
        for path in console.pages():
            with self.subTest(path.name):
                shown = re.findall(r'^ +\$ .*', path.read_text(), re.M)
                self.assertEqual(
                    [command.strip() for command in shown],
                    console.commands(path),
                    'Commands are shown in ".. code-block:: console" only, '
                    'since others are not tested.',
                )

    def test_what_is_not_run_has_a_reason(self) -> None:
        for path in console.pages():
            for skip in re.findall(r'^ *\.\. skip:.*', path.read_text(), re.M):
                with self.subTest(path.name, skip=skip):
                    self.assertRegex(skip, r'^\.\. skip: next "[^"]+"$')


class TestExample(unittest.TestCase):
    """What is found in a block, and what is compared."""

    def setUp(self) -> None:
        super().setUp()
        self.commands: list[str] = []
        self.outcomes: dict[str, tuple[int, str]] = {}

    def run_command(self, command: str) -> tuple[int, str]:
        self.commands.append(command)
        return self.outcomes.get(command, (0, ''))

    def check(self, *lines: str) -> str:
        return console.check('\n'.join(lines), self.run_command)

    def test_commands_of_several_lines(self) -> None:
        block = ['$ a \\', '    b', '$ c <<END', '> d', '> END', '$ e']
        self.assertEqual('', self.check(*block))
        self.assertEqual(
            ['a \\\n    b', 'c <<END\nd\nEND', 'e'], self.commands
        )

    def test_other_output(self) -> None:
        self.outcomes = {'a': (0, 'one\ntwo')}
        self.assertEqual('', self.check('$ a', 'one', 'two', '$ b'))
        self.assertIn('one\ntwo', self.check('$ a', 'one', 'three', '$ b'))

    def test_output_that_is_not_shown(self) -> None:
        self.outcomes = {'a': (0, 'Warning.')}
        self.assertIn('Warning.', self.check('$ a', '$ b'))

    def test_output_that_is_missing(self) -> None:
        self.assertIn('one', self.check('$ a', 'one'))

    def test_status(self) -> None:
        self.outcomes = {'a': (1, ''), 'echo $?': (0, '1')}
        self.assertIn('status 1', self.check('$ a', '$ b'))
        self.assertEqual('', self.check('$ a', '$ echo $?', '1'))

    def test_output_without_a_command(self) -> None:
        with self.assertRaisesRegex(ValueError, 'not a command: one'):
            self.check('one')

    def test_what_differs_from_run_to_run(self) -> None:
        for shown, printed in (
            ('0d4f8f4e-4f0b-46f1-9a43-2a8d7b9d5e66 |',) * 2,
            (
                'ID 0d4f8f4e-4f0b-46f1-9a43-2a8d7b9d5e66.',
                'ID c2f7a6de-0c1e-4a73-8a55-1f5d1a0f6b42.',
            ),
            (f'sha1 {"a" * 40}', f'sha1 {"b" * 40}'),
            ('at 2026-11-21T20:14:34Z', 'at 2027-01-02T03:04:05Z'),
            (
                'verified ━━━━ 100% 9.5 MiB/s  0:07',
                'verified ━━ 100% 1 KiB/s 1:00',
            ),
            ('a very\nlong sentence', 'a very long sentence'),
            ('first\n...\nlast', 'first\nsecond\nthird\nlast'),
            ('first\n...\nlast', 'first\nlast'),
        ):
            with self.subTest(shown):
                self.assertTrue(console.is_expected(f'{shown}\n', printed))

    def test_what_must_not_differ(self) -> None:
        for shown, printed in (
            ('64.0/64.0 MiB', '63.0/64.0 MiB'),
            ('verified ━━━━ 100%', 'stored ━━━━ 100%'),
            ('1 of 3 servers', '2 of 3 servers'),
            ('', 'Traceback'),
        ):
            with self.subTest(shown):
                self.assertFalse(console.is_expected(f'{shown}\n', printed))
