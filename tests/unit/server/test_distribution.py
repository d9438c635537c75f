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

"""What is declared of the distribution, and what its documentation says."""

import ast
import importlib.metadata
import pathlib
import sys
import tomllib
import unittest

import glance_upload_progress
from glance_upload_progress import filter as _filter
from glance_upload_progress import opts

CLONE = pathlib.Path(__file__).parents[3]
PACKAGE = pathlib.Path(glance_upload_progress.__path__[0])


class EntryPointsTest(unittest.TestCase):
    def setUp(self) -> None:
        text = CLONE.joinpath('server', 'pyproject.toml').read_text()
        self.declared = tomllib.loads(text)['project']['entry-points']

    def load(self, group: str, name: str) -> object:
        value = self.declared[group][name]
        return importlib.metadata.EntryPoint(name, value, group).load()

    def test_filter(self) -> None:
        # "use = egg:glance-upload-progress" looks for "main".
        found = self.load('paste.filter_factory', 'main')
        self.assertIs(_filter.filter_factory, found)

    def test_options(self) -> None:
        found = self.load('oslo.config.opts', 'glance_upload_progress')
        self.assertIs(opts.list_opts, found)


class IndependenceTest(unittest.TestCase):
    def test_the_filter_needs_nothing_of_the_client(self) -> None:
        permitted = {
            'glance_upload_progress',
            'oslo_config',
            'oslo_log',
            'pymemcache',
        }
        for path in sorted(PACKAGE.glob('*.py')):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or '']
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                else:
                    continue
                for name in names:
                    top = name.partition('.')[0]
                    with self.subTest(path=path.name, name=name):
                        self.assertIn(top, permitted | sys.stdlib_module_names)

    def test_the_client_needs_nothing_of_the_filter(self) -> None:
        for path in sorted(CLONE.joinpath('osc_image_ext').rglob('*.py')):
            with self.subTest(path.name):
                self.assertNotIn('glance_upload_progress', path.read_text())


class GuideTest(unittest.TestCase):
    def test_each_option_is_described(self) -> None:
        guide = CLONE / 'doc' / 'source' / 'admin' / 'upload_progress.rst'
        text = guide.read_text()
        [(_, listed)] = opts.list_opts()
        for opt in listed:
            with self.subTest(opt.dest):
                self.assertIn(f'``{opt.dest}``', text)
