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

"""What both distributions do in environments that have nothing else."""

import json
from typing import ClassVar
import unittest

from tests.packaging import base

_IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
    print(module.name)
"""

_LOAD_ENTRY_POINTS = """
from importlib import metadata
for point in metadata.distribution('glance-upload-progress').entry_points:
    print(f'{point.group} {point.name} {point.load().__name__}')
"""


class TestClient(unittest.TestCase):
    environment: ClassVar[base.Environment]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.environment = base.Environment('client')
        cls.install()

    @classmethod
    def install(cls) -> None:
        cls.environment.pip('install', '--quiet', base.built('.').wheel)

    def options(self, *command: str) -> str:
        """Return the help text of a command."""
        return self.environment.run('openstack', *command, '--help')

    def commands(self) -> list[str]:
        """Return the commands that openstack finds in the plugin's group."""
        listed = self.environment.run(
            *('openstack', 'command', 'list', '-f', 'json'),
            *('--group', 'openstack.image_ext.v2'),
        )
        return [
            name for group in json.loads(listed) for name in group['Commands']
        ]

    def test_pip_finds_nothing_missing(self) -> None:
        self.environment.pip('check')

    def test_each_module_has_what_it_imports(self) -> None:
        imported = self.environment.run(
            *('python', '-c', _IMPORT_ALL, 'osc_image_ext')
        )
        self.assertIn('osc_image_ext.actions.image_create', imported)

    def test_openstack_starts(self) -> None:
        version = self.environment.run('openstack', '--version')
        self.assertRegex(version, r'^openstack \d')

    def test_core_lists_its_commands(self) -> None:
        self.assertIn('image create', self.commands())

    def test_a_new_command_has_help(self) -> None:
        self.assertIn('--watch', self.options('image', 'progress', 'show'))

    def test_a_command_of_core_s_is_replaced_until_it_is_removed(self) -> None:
        self.assertIn('--no-verify', self.options('image', 'create'))
        self.environment.pip('uninstall', '--yes', 'osc-image-ext')
        self.addCleanup(self.install)
        options = self.options('image', 'create')
        self.assertNotIn('--no-verify', options)
        self.assertIn('--progress', options)
        self.assertEqual([], self.commands())


class TestFilter(unittest.TestCase):
    environment: ClassVar[base.Environment]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.environment = base.Environment('filter')
        cls.environment.pip('install', '--quiet', base.built('server').wheel)

    def test_pip_finds_nothing_missing(self) -> None:
        self.environment.pip('check')

    def test_each_module_has_what_it_imports(self) -> None:
        imported = self.environment.run(
            *('python', '-c', _IMPORT_ALL, 'glance_upload_progress')
        )
        self.assertIn('glance_upload_progress.filter', imported)

    def test_its_entry_points_load(self) -> None:
        loaded = self.environment.run('python', '-c', _LOAD_ENTRY_POINTS)
        self.assertEqual(
            {
                'oslo.config.opts glance_upload_progress list_opts',
                'paste.filter_factory main filter_factory',
            },
            set(loaded.splitlines()),
        )

    def test_its_options_are_listed(self) -> None:
        sample = self.environment.run(
            'oslo-config-generator', '--namespace', 'glance_upload_progress'
        )
        self.assertIn('[upload_progress]', sample)
        self.assertIn('#memcache_servers =', sample)
