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

"""Imports point one way: commands, actions, progress and services, leaves."""

import ast
from collections.abc import Iterator
import pathlib
import unittest

import osc_image_ext

PACKAGE = 'osc_image_ext'
ROOT = pathlib.Path(osc_image_ext.__path__[0])

# What any layer may import.
BASE = {'exceptions', 'i18n'}
LEAVES = {
    'text',
    'api_errors',
    'responses',
    'retry',
    'bulk',
    'listener',
    *BASE,
}

# Layer -> what of this package it may import.
ALLOWED = {
    'commands': {'commands', 'actions', *BASE},
    'actions': {
        'actions',
        'commands',
        'progress',
        'image',
        'compute',
        *LEAVES,
    },
    'progress': {'progress', 'listener', 'text', 'i18n'},
    'image': {'image', *LEAVES},
    'compute': {'compute', *LEAVES},
    'retry': {'text', 'api_errors', *BASE},
    'api_errors': {'text', *BASE},
    'responses': {'text', 'api_errors', *BASE},
    'text': set[str](),
    'bulk': set[str](),
    'listener': set[str](),
    'exceptions': {'i18n'},
    'plugin': set[str](),
    'i18n': set[str](),
}


def imported(source: str, module: str) -> Iterator[str]:
    """Yield what a module imports of this package, wherever it does so.

    :param module: its dotted name within the package.
    :returns: dotted names within the package.
    """
    inside = [PACKAGE, *module.split('.')]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level] if node.level else []
            parent = '.'.join([*above, *filter(None, [node.module])])
            names = [f'{parent}.{alias.name}' for alias in node.names]
        else:
            continue
        for name in names:
            if name == PACKAGE or name.startswith(f'{PACKAGE}.'):
                yield name.removeprefix(PACKAGE).lstrip('.')


def forbidden(source: str, module: str) -> list[str]:
    """Return the imports of a module that its layer does not allow."""
    allowed = ALLOWED.get(module.split('.')[0], set())
    return [
        name
        for name in imported(source, module)
        if not any(name == a or name.startswith(f'{a}.') for a in allowed)
    ]


def modules() -> Iterator[tuple[str, pathlib.Path]]:
    """Yield each module of the package, by its name within it."""
    for path in sorted(ROOT.rglob('*.py')):
        parts = path.relative_to(ROOT).with_suffix('').parts
        yield '.'.join(parts), path


class TestLayers(unittest.TestCase):
    def test_every_module_is_in_a_layer(self) -> None:
        layers = {name.split('.')[0] for name, _ in modules()}
        self.assertEqual({*ALLOWED, '__init__'}, layers)

    def test_no_import_points_up(self) -> None:
        for name, path in modules():
            with self.subTest(name):
                self.assertEqual([], forbidden(path.read_text(), name))

    def test_packages_are_empty(self) -> None:
        for name, path in modules():
            if name.endswith('__init__'):
                with self.subTest(name):
                    self.assertEqual('', path.read_text())


class TestTheTest(unittest.TestCase):
    def test_arrows_that_point_up_are_found(self) -> None:
        for module, source in (
            ('progress.display', 'from osc_image_ext.image import upload'),
            ('progress.display', 'from osc_image_ext import image'),
            ('progress.display', 'from osc_image_ext.image import *'),
            ('progress.display', 'import osc_image_ext.commands.image'),
            ('image.upload', 'from osc_image_ext.progress import meter'),
            ('image.upload', 'from ..progress import meter'),
            ('image.upload', 'from .. import commands'),
            ('image.upload', 'import os, osc_image_ext.plugin as p'),
            ('exceptions', 'from osc_image_ext.image import data'),
            ('exceptions', 'from . import plugin'),
            ('i18n', 'import osc_image_ext'),
            ('plugin', 'from osc_image_ext.i18n import _'),
            ('nowhere', 'from osc_image_ext import i18n'),
        ):
            with self.subTest(module=module, source=source):
                self.assertEqual(1, len(forbidden(source, module)))

    def test_arrows_in_functions_are_found(self) -> None:
        source = 'def f():\n  if 1:\n    from osc_image_ext import commands\n'
        self.assertEqual(['commands'], forbidden(source, 'image.upload'))

    def test_arrows_that_point_down_are_not(self) -> None:
        for module, source in (
            ('actions.image', 'from osc_image_ext.progress import display'),
            ('commands.image', 'from osc_image_ext import exceptions'),
            ('progress.live', 'from osc_image_ext import listener'),
            ('progress.live', 'from . import display'),
            ('image.upload', 'from osc_image_ext.i18n import _'),
            ('image.upload', 'import osc_image_extras.commands'),
            ('exceptions', 'from osc_image_ext.i18n import _'),
            ('plugin', 'import argparse'),
        ):
            with self.subTest(module=module, source=source):
                self.assertEqual([], forbidden(source, module))
