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
from typing import Any
import unittest
from unittest import mock

from openstackclient.identity import common as identity_common
from osc_lib import exceptions as osc_exceptions

from osc_image_ext.actions import server_arguments
from osc_image_ext.commands import server_options
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles

DETAIL = '/os-hypervisors/detail'


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    server_options.add_selection(parser)
    return parser.parse_args(arguments)


class TestCheck(unittest.TestCase):
    def test_hypervisors_or_a_part_of_their_names(self) -> None:
        server_arguments.check(parse('node-1'))
        server_arguments.check(parse('node-1', 'node-2'))
        server_arguments.check(parse('--matching', 'node'))

    def test_neither_or_both(self) -> None:
        for arguments in ((), ('node-1', '--matching', 'node')):
            with self.subTest(arguments):
                with self.assertRaises(osc_exceptions.CommandError):
                    server_arguments.check(parse(*arguments))


class TestHypervisors(unittest.TestCase):
    def found(self, *arguments: str) -> list[str]:
        nova = compute_doubles.Nova()
        names = ('node-1', 'node-10')
        page = {'hypervisors': [compute_doubles.hypervisor(n) for n in names]}
        nova.answer('GET', DETAIL, page)
        found = server_arguments.find_hypervisors(
            _session.RetryingSession(nova.proxy), parse(*arguments)
        )
        return [each.name for each in found]

    def test_by_name_each_once(self) -> None:
        self.assertEqual(
            ['node-10', 'node-1'],
            self.found('node-10', 'node-1', 'node-10', 'id-of-node-1'),
        )

    def test_by_a_part_of_the_name(self) -> None:
        with self.assertLogs(level='WARNING') as logged:
            found = self.found('--matching', 'node')
        self.assertEqual(['node-1', 'node-10'], found)
        (record,) = logged.records
        self.assertEqual(
            'Hypervisors found: node-1, node-10.', record.getMessage()
        )


class TestFilters(unittest.TestCase):
    def filters(self, *arguments: str) -> Any:
        manager = mock.Mock()
        with mock.patch.object(
            identity_common, 'find_project', autospec=True
        ) as self.find_project:
            self.find_project.return_value.id = 'project-id'
            found = server_arguments.build_filters(manager, parse(*arguments))
        self.identity = manager.identity
        return found

    def test_none(self) -> None:
        self.assertEqual({}, self.filters())
        self.find_project.assert_not_called()

    def test_all(self) -> None:
        self.assertEqual(
            {'status': 'ACTIVE', 'name': '^web', 'project_id': 'project-id'},
            self.filters(
                *('--status', 'active', '--name', '^web'),
                *('--project', 'demo', '--project-domain', 'Default'),
            ),
        )
        self.find_project.assert_called_once_with(
            self.identity, 'demo', 'Default'
        )

    def test_an_unknown_status(self) -> None:
        with self.assertRaises(argparse.ArgumentError):
            parse('--status', 'up')
