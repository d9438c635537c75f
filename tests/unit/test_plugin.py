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

import argparse
import importlib
from importlib import metadata
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

import osc_image_ext
from osc_image_ext import plugin

OURS = 'osc-image-ext'
CORE = 'python-openstackclient'
ORDERS = ((OURS, CORE), (CORE, OURS))

RESOLVE = """
    import importlib.metadata
    import json
    import sys

    first, commands = sys.argv[1], json.loads(sys.argv[2])
    found = [d.metadata['Name'] for d in importlib.metadata.distributions()]
    assert found[0] == first, found[0]

    from openstackclient import shell

    app = shell.OpenStackShell()
    app.options, rest = app.parser.parse_known_args(sys.argv[3:])
    app.configure_logging()
    app.initialize_app(rest)
    for words in commands:
        command, name, rest = app.command_manager.find_command(words)
        print(f'{name}: {command.__module__}:{command.__name__}')
"""


def run_python(code: str, *arguments: str, **environ: str) -> str:
    """Run code in an interpreter of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, '-P', '-c', textwrap.dedent(code), *arguments],
        env={'PATH': os.environ.get('PATH', ''), **environ},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.strip()


class TestModule(unittest.TestCase):
    def test_it_follows_the_version_of_cores_image_plugin(self) -> None:
        core = importlib.import_module('openstackclient.image.client')
        self.assertEqual(core.API_VERSION_OPTION, plugin.API_VERSION_OPTION)
        self.assertEqual(core.DEFAULT_API_VERSION, plugin.DEFAULT_API_VERSION)
        self.assertNotEqual(core.API_NAME, plugin.API_NAME)

    def test_versions_are_cores_to_check(self) -> None:
        for version in ('1', '2', '2.16', 'nonsense'):
            self.assertTrue(plugin.check_api_version(version))

    def test_its_client_is_cores(self) -> None:
        manager = mock.Mock()
        self.assertIs(manager.image, plugin.make_client(manager))

    def test_it_adds_no_global_option(self) -> None:
        parser = argparse.ArgumentParser()
        before = list(parser._actions)
        self.assertIs(parser, plugin.build_option_parser(parser))
        self.assertEqual(before, parser._actions)

    def test_it_imports_the_standard_library_alone(self) -> None:
        imported = run_python(
            """
            import argparse, sys, typing
            before = set(sys.modules)
            sys.path[:0] = sys.argv[1:]
            import osc_image_ext.plugin
            print(*set(sys.modules) - before)
            """,
            str(pathlib.Path(osc_image_ext.__path__[0]).parent),
        )
        self.assertEqual(
            {'osc_image_ext', 'osc_image_ext.plugin'}, set(imported.split())
        )


class TestEntryPoints(unittest.TestCase):
    def points(self) -> metadata.EntryPoints:
        return metadata.distribution(OURS).entry_points

    def test_the_plugin_is_an_extension_of_the_client(self) -> None:
        (point,) = self.points().select(group='openstack.cli.extension')
        self.assertIs(plugin, point.load())
        self.assertEqual(plugin.API_NAME, point.name)

    def test_every_command_is_there(self) -> None:
        for point in self.points():
            with self.subTest(point.name):
                self.assertTrue(point.load())

    def test_commands_bring_nothing_along_that_works(self) -> None:
        # cliff loads all of them at each start of "openstack".
        loaded = run_python(
            """
            import importlib.metadata, sys
            there = importlib.metadata.distribution(sys.argv[1])
            for point in there.entry_points:
                point.load()
            print(*sys.modules)
            """,
            OURS,
        ).split()
        layers = tuple(
            f'osc_image_ext.{layer}.'
            for layer in ('image', 'compute', 'progress')
        )
        self.assertEqual(
            [], [name for name in loaded if name.startswith(layers)]
        )
        self.assertIn('osc_image_ext.commands.image', loaded)

    def test_commands_are_in_the_plugins_group(self) -> None:
        groups = {point.group for point in self.points()}
        self.assertIn(f'openstack.{plugin.API_NAME}.v2', groups)
        self.assertNotIn('openstack.image.v2', groups)


class TestResolution(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.folder = pathlib.Path(folder)

    def distribution(self, name: str) -> str:
        """Copy what describes a distribution; return the folder."""
        there = metadata.distribution(name)
        folder = self.folder / name
        info = folder / f'{name.replace("-", "_")}-{there.version}.dist-info'
        info.mkdir(parents=True, exist_ok=True)
        for file in ('METADATA', 'entry_points.txt'):
            text = there.read_text(file) or there.read_text('PKG-INFO')
            assert text
            (info / file).write_text(text)
        return str(folder)

    def resolved(
        self, order: tuple[str, str], commands: list[str], *options: str
    ) -> list[str]:
        """Resolve commands with two distributions in this order."""
        package = pathlib.Path(osc_image_ext.__path__[0]).parent
        path = [*(self.distribution(name) for name in order), str(package)]
        return run_python(
            RESOLVE,
            order[0],
            json.dumps([command.split() for command in commands]),
            *('--os-auth-type', 'none', '--os-endpoint', 'http://localhost'),
            *(*options, *commands[0].split()),
            PYTHONPATH=os.pathsep.join(path),
            HOME=str(self.folder),
            XDG_CACHE_HOME=str(self.folder / 'cache'),
            XDG_CONFIG_HOME=str(self.folder / 'config'),
        ).splitlines()

    def test_each_command_is_ours_in_both_orders(self) -> None:
        expected = {
            'image copy': 'image_copy:CopyImage',
            'image create': 'image:CreateImage',
            'image import': 'image_import:ImportImage',
            'image save': 'image_save:SaveImage',
            'image stage': 'image_upload:StageImage',
            'image upload': 'image_upload:UploadImage',
            'image verify': 'image_verify:VerifyImage',
            'image task create': 'image_task:CreateImageTask',
            'image task list': 'image_task:ListImageTask',
            'image progress show': 'image_progress:ShowImageProgress',
            'image progress list': 'image_progress:ListImageProgress',
            'hypervisor servers set': (
                'hypervisor_servers:SetHypervisorServers'
            ),
            'hypervisor servers unset': (
                'hypervisor_servers:UnsetHypervisorServers'
            ),
        }
        points = metadata.distribution(OURS).entry_points
        ours = {
            point.name.replace('_', ' ')
            for point in points
            if point.group.endswith('.v2')
        }
        self.assertEqual(ours, expected.keys())
        for order in ORDERS:
            with self.subTest(order):
                self.assertEqual(
                    [
                        f'{name}: osc_image_ext.commands.{command}'
                        for name, command in expected.items()
                    ],
                    self.resolved(order, list(expected)),
                )

    def test_version_1_of_the_api_is_cores(self) -> None:
        for order in ORDERS:
            with self.subTest(order):
                (found,) = self.resolved(
                    order, ['image create'], '--os-image-api-version', '1'
                )
                self.assertEqual(
                    'image create: openstackclient.image.v1.image:CreateImage',
                    found,
                )
