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

"""The troubleshooting page has each message that users may meet.

A message is what the code translates and ends like a sentence, or a refusal of
argparse. Everything else is a help text, a label such as the name of a phase,
or, if it has several words, a part of messages, such as the reason of another
error; the page has those, too.
"""

import ast
from collections.abc import Iterator
import functools
import itertools
import pathlib
import re
import unittest

import glance_upload_progress
import osc_image_ext

PACKAGE = pathlib.Path(osc_image_ext.__path__[0])
FILTER = pathlib.Path(glance_upload_progress.__path__[0])
DOCS = pathlib.Path(__file__).parents[2] / 'doc' / 'source'
PAGE = 'user/troubleshooting.rst'
FILTER_PAGE = 'admin/upload_progress.rst'
PARTS = 'Parts of messages'

# Values that are sentences: a message may end with one.
_SENTENCES = ('message', 'problem', 'reason', 'response')
_ENDS = ('.', '? [y/N] ', *(f'%({name})s' for name in _SENTENCES))
# Labels that begin with a capital letter: names of sources of image data.
_NAMES = {'Image %s', 'Standard input'}
# A label of so many words is a part of messages.
_PART_WORDS = 3

_LOG_METHODS = ('debug', 'info', 'warning', 'error', 'exception')
_PLACEHOLDER = re.compile(r'%(?:\((\w+)\))?[drs]')
_VALUE = re.compile(r'\{[^}]*\}')


def is_call(node: ast.AST, *names: str) -> bool:
    """Return whether a node calls a function or method of one of the names."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func
    found = getattr(name, 'attr', None) or getattr(name, 'id', None)
    return found in names


def translated(tree: ast.AST) -> Iterator[str]:
    """Yield what is translated; of two forms, the plural."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_call(node, '_', 'ngettext'):
            texts = [ast.literal_eval(text) for text in node.args[:2]]
            yield texts[1 if is_call(node, 'ngettext') else 0]


def refusals(tree: ast.AST) -> Iterator[str]:
    """Yield what argparse reports as an error of an option."""
    for node in ast.walk(tree):
        if is_call(node, 'ArgumentTypeError'):
            yield from translated(node)


def logged(tree: ast.AST) -> Iterator[str]:
    """Yield the messages that a module logs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and is_call(node, *_LOG_METHODS):
            message = node.args[0]
            if not isinstance(message, ast.Name):
                yield ast.literal_eval(message)


def show(text: str) -> str:
    """Return a text as the page has it.

    :raises AssertionError: if a placeholder has no name that could be shown.
    """

    def name(match: re.Match[str]) -> str:
        assert match[1], f'Name the placeholders of {text!r}.'
        value = match[1].upper().replace('_', ' ')
        return f'{{{value}}}'

    return _PLACEHOLDER.sub(name, text).strip()


def words(text: str) -> list[str]:
    """Return the words by which entries are ordered."""
    return re.findall('[a-z0-9]+', _VALUE.sub(' ', text).lower())


class Texts:
    """What the code translates, but for help texts."""

    def __init__(self) -> None:
        self.messages: set[str] = set()
        self.labels: set[str] = set()
        for path in PACKAGE.rglob('*.py'):
            tree = ast.parse(path.read_text())
            self.messages.update(refusals(tree))
            if path.parent.name != 'commands':
                for text in translated(tree):
                    is_message = text.endswith(_ENDS)
                    (self.messages if is_message else self.labels).add(text)

    def parts(self) -> set[str]:
        return {
            label
            for label in self.labels
            if len(words(_PLACEHOLDER.sub(' ', label))) >= _PART_WORDS
        }


def find_entries(text: str) -> list[str]:
    """Return the entries of a page that are described."""
    return re.findall(r'^:samp:`(.*)`\n    \S', text, re.MULTILINE)


read_texts = functools.cache(Texts)


class PageTestCase(unittest.TestCase):
    def assert_entries(
        self, expected: set[str], entries: list[str], page: str = PAGE
    ) -> None:
        """Check that a page has each text once, and no other."""
        shown = {show(text) for text in expected}
        missing = sorted(shown - set(entries), key=words)
        self.assertEqual([], missing, f'Describe these in doc/source/{page}.')
        stale = sorted(set(entries) - shown)
        self.assertEqual(
            [], stale, f'Remove these from {page}: the code has no such text.'
        )
        self.assertEqual(len(shown), len(entries), f'{page} has one twice.')

    def assert_sorted(self, entries: list[str], page: str = PAGE) -> None:
        misplaced = [
            entry
            for before, entry in itertools.pairwise(entries)
            if words(entry) < words(before)
        ]
        self.assertEqual([], misplaced, f'Move these up in {page}.')


class TestTroubleshooting(PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.texts = read_texts()
        text = (DOCS / PAGE).read_text()
        self.entries, self.parts = text.split(f'\n{PARTS}\n')

    def test_each_message(self) -> None:
        entries = find_entries(self.entries)
        self.assert_entries(self.texts.messages, entries)

    def test_each_part(self) -> None:
        self.assert_entries(self.texts.parts(), find_entries(self.parts))

    def test_alphabet(self) -> None:
        for text in (self.entries, self.parts):
            self.assert_sorted(find_entries(text))

    def test_headings(self) -> None:
        sections = re.split(r'^([A-Z])\n=\n', self.entries, flags=re.MULTILINE)
        for letter, text in zip(sections[1::2], sections[2::2], strict=True):
            initials = {words(e)[0][0] for e in find_entries(text)}
            self.assertEqual(
                {letter.lower()}, initials, f'Correct the headings of {PAGE}.'
            )

    def test_other_texts_are_labels(self) -> None:
        wrong = {
            label
            for label in self.texts.labels - _NAMES
            if label[0].isupper() or label.startswith('-') or '. ' in label
        }
        self.assertEqual(set(), wrong, 'Messages end with a full stop.')


class TestMessagesOfTheFilter(PageTestCase):
    def test_each_message(self) -> None:
        messages = {
            message
            for path in FILTER.glob('*.py')
            for message in logged(ast.parse(path.read_text()))
        }
        entries = find_entries((DOCS / FILTER_PAGE).read_text())
        self.assert_entries(messages, entries, FILTER_PAGE)
        self.assert_sorted(entries, FILTER_PAGE)
