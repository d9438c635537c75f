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

"""The catalogues have what the code has, and German has all of it."""

import ast
from collections.abc import Iterator, Sequence
import io
import pathlib
import re
import unittest

from babel.messages import catalog as _catalog
from babel.messages import mofile

from tools import messages

# "%d", "%(name)s", "%%"
_PLACEHOLDER = re.compile(r'%(?:\(\w+\))?[a-z%]')

# Words in columns are data: scripts compare them.
_DATA = {'no digest', 'would update'}

_HINT = 'Run "tox -e messages", and translate what it prints.'


def forms(text: str | Sequence[str] | None) -> list[str]:
    """Return a message, or its singular and its plurals."""
    return [text] if isinstance(text, str) else list(text or ())


def ids(catalog: _catalog.Catalog) -> set[tuple[str, ...]]:
    return {tuple(forms(message.id)) for message in catalog if message.id}


def translations(
    catalog: _catalog.Catalog,
) -> dict[tuple[str, ...], list[str]]:
    """Return {message: translation} of what is translated."""
    missing = set(messages.list_untranslated(catalog))
    return {
        tuple(forms(message.id)): forms(message.string)
        for message in catalog
        if message.id and forms(message.id)[0] not in missing
    }


class TestCatalogues(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.template = messages.read(messages.TEMPLATE)
        self.catalogues = {
            path: messages.read(path) for path in messages.list_catalogues()
        }

    def test_the_template_has_the_messages_of_the_code(self) -> None:
        self.assertEqual(ids(messages.extract()), ids(self.template), _HINT)

    def test_each_has_the_messages_of_the_template(self) -> None:
        for path, catalog in self.catalogues.items():
            with self.subTest(path.parents[1].name):
                self.assertEqual(ids(self.template), ids(catalog), _HINT)

    def test_each_is_compiled(self) -> None:
        for path, catalog in self.catalogues.items():
            with (
                self.subTest(path.parents[1].name),
                path.with_suffix('.mo').open('rb') as file,
            ):
                expected = io.BytesIO()
                mofile.write_mo(expected, catalog)
                expected.seek(0)
                self.assertEqual(
                    translations(mofile.read_mo(expected)),
                    translations(mofile.read_mo(file)),
                    _HINT,
                )

    def test_placeholders_are_those_of_the_message(self) -> None:
        for path, catalog in self.catalogues.items():
            self.assertEqual([], list(catalog.check()))
            for original, translated in translations(catalog).items():
                for form in translated:
                    with self.subTest(path.parents[1].name, text=form):
                        self.assertEqual(
                            sorted(_PLACEHOLDER.findall(original[-1])),
                            sorted(_PLACEHOLDER.findall(form)),
                        )

    def test_german_has_all_messages(self) -> None:
        """So nothing in the code prevents a translation."""
        path = messages.LOCALE / 'de/LC_MESSAGES/osc_image_ext.po'
        german = self.catalogues[path]
        self.assertEqual([], list(messages.list_untranslated(german)), _HINT)

    def test_sentences_stay_sentences(self) -> None:
        for path, catalog in self.catalogues.items():
            for original, translated in translations(catalog).items():
                for form in translated:
                    with self.subTest(path.parents[1].name, text=form):
                        self.assertEqual(
                            _end(original[-1]), _end(form), 'Its end differs.'
                        )


def _end(text: str) -> str:
    """Return the full stop and the spaces at the end of a text."""
    match = re.search(r'[.?:\s]*$', text)
    return match[0] if match else ''


# How many of their first arguments are texts.
_FUNCTIONS = {'_': 1, 'ngettext': 2}


class TestCode(unittest.TestCase):
    """What Babel does not extract cannot be translated."""

    def test_what_is_translated_is_literal(self) -> None:
        for path, tree in _trees():
            for call in _calls(tree):
                for text in call.args[: _FUNCTIONS.get(_name(call), 0)]:
                    with self.subTest(f'{path}:{text.lineno}'):
                        self.assertIsInstance(text, ast.Constant)

    def test_phases_are_translated(self) -> None:
        for path, tree in _trees():
            for call in _calls(tree):
                if _name(call) == 'phase' and call.args:
                    with self.subTest(f'{path}:{call.lineno}'):
                        self.assertNotIsInstance(call.args[0], ast.Constant)

    def test_words_are_translated(self) -> None:
        for path, tree in _trees():
            for text in _untranslated(tree):
                with self.subTest(f'{path}:{text.lineno}'):
                    self.assertIn(text.value, _DATA, 'Use _() of i18n.')


def _trees() -> Iterator[tuple[pathlib.Path, ast.Module]]:
    package = messages.CLONE / 'osc_image_ext'
    for path in sorted(package.rglob('*.py')):
        yield path.relative_to(package), ast.parse(path.read_text())


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    """Return the name of the function or method that is called."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ''


def _untranslated(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield texts of several words that are not passed to ``_()``."""
    known = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):  # a docstring, if it is a constant
            known.add(id(node.value))
        elif isinstance(node, ast.Call) and _name(node) in _FUNCTIONS:
            known.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in known
            and re.search('[A-Za-z]{2} [a-z]{2}', node.value)
        ):
            yield node
