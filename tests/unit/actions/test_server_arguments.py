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
import re
import threading
from typing import Any
import unittest
from unittest import mock

from openstack.compute.v2 import _proxy
from openstackclient.identity import common as identity_common
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import exceptions
from osc_image_ext.actions import server_arguments
from osc_image_ext.commands import server_options
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

DETAIL = '/os-hypervisors/detail'


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument('--workers', type=int, default=4)
    server_options.add_selection(parser)
    return parser.parse_args(arguments)


class TestCheck(unittest.TestCase):
    def test_hypervisors_or_a_part_of_their_names(self) -> None:
        server_arguments.check_selection(parse('node-1'))
        server_arguments.check_selection(parse('node-1', 'node-2'))
        server_arguments.check_selection(parse('--matching', 'node'))

    def test_neither_or_both(self) -> None:
        for arguments in ((), ('node-1', '--matching', 'node')):
            with self.subTest(arguments):
                with self.assertRaises(osc_exceptions.CommandError):
                    server_arguments.check_selection(parse(*arguments))

    def test_empty_values(self) -> None:
        """As those of unset variables: they would select everything."""
        for option in ('--project', '--project-domain', '--name'):
            with self.subTest(option):
                self.assert_refused(
                    f'^The value of {option} must not be empty.$',
                    *('node-1', option, ''),
                )
        self.assert_refused(
            '^The value of --matching must not be empty.$', '--matching', ''
        )
        for names in (('',), ('node-1', '')):
            self.assert_refused(
                '^The name of a hypervisor must not be empty.$', *names
            )
        with self.assertRaises(argparse.ArgumentError):
            parse('node-1', '--status', '')

    def assert_refused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            server_arguments.check_selection(parse(*arguments))


class TestHypervisors(unittest.TestCase):
    def found(
        self,
        *arguments: str,
        names: tuple[str, ...] = ('node-1', 'node-10'),
    ) -> list[str]:
        nova = compute_doubles.Nova()
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

    def test_the_first_that_does_not_exist(self) -> None:
        with self.assertRaisesRegex(
            exceptions.HypervisorError, 'with name or ID none.$'
        ):
            self.found('node-1', 'none', '--workers', '1')

    def test_several_at_a_time(self) -> None:
        together = threading.Barrier(2)
        nova = compute_doubles.Nova()

        def answer(options: Any) -> Any:
            together.wait(10)
            name = options['params']['hypervisor_hostname_pattern']
            return {'hypervisors': [compute_doubles.hypervisor(name)]}

        nova.proxy.request.side_effect = lambda *_args, **options: (
            doubles.response(200, answer(options))
        )
        found = server_arguments.find_hypervisors(
            _session.RetryingSession(nova.proxy), parse('b', 'a')
        )
        self.assertEqual(['b', 'a'], [each.name for each in found])

    def test_by_a_part_of_the_name(self) -> None:
        with self.assertLogs(level='WARNING') as logged:
            found = self.found('--matching', 'node')
        self.assertEqual(['node-1', 'node-10'], found)
        (record,) = logged.records
        self.assertEqual(
            'Hypervisors found: node-1, node-10.', record.getMessage()
        )

    def test_names_do_not_control_the_terminal(self) -> None:
        with self.assertLogs(server_arguments.LOG) as logged:
            self.found('--matching', 'node', names=('node-\x1b[2J',))
        self.assertTrue(logged.output[0].endswith('found: node-\\x1b[2J.'))


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


NOTHING = '^Specify at least one of --property, --tag and --description.$'


class TestSet(unittest.TestCase):
    def desired(self, *arguments: str) -> server_changes.ServerSettings:
        parser = argparse.ArgumentParser()
        server_options.add_set(parser)
        return server_arguments.set_settings(parser.parse_args(arguments))

    def test_all_at_once(self) -> None:
        desired = self.desired(
            *('--property', 'a=1', '--property', 'b=2', '--tag', 'x'),
            *('--tag', 'y', '--description', 'new'),
        )
        self.assertEqual({'a': '1', 'b': '2'}, desired.properties)
        self.assertEqual({'x': True, 'y': True}, desired.tags)
        self.assertEqual('new', desired.description)

    def test_difficult_properties(self) -> None:
        for text, key, value in (
            ('server=x', 'server', 'x'),
            ('self=x', 'self', 'x'),
            ('a=b=c', 'a', 'b=c'),
            ('a==', 'a', '='),
            ('a=', 'a', ''),
            ('a= b ', 'a', ' b '),
            ('a=大小', 'a', '大小'),
        ):
            with self.subTest(text):
                desired = self.desired('--property', text)
                self.assertEqual({key: value}, desired.properties)

    def test_the_last_value_of_a_key_counts(self) -> None:
        desired = self.desired('--property', 'a=1', '--property', 'a=2')
        self.assertEqual({'a': '2'}, desired.properties)

    def test_a_run_knows_nothing_of_the_one_before(self) -> None:
        self.desired('--property', 'a=1', '--tag', 'x')
        desired = self.desired('--property', 'b=1', '--tag', 'y')
        self.assertEqual({'b': '1'}, desired.properties)
        self.assertEqual({'y': True}, desired.tags)

    def test_an_empty_description_is_one(self) -> None:
        self.assertEqual('', self.desired('--description', '').description)

    def test_an_empty_tag_is_none(self) -> None:
        with self.assertRaisesRegex(
            osc_exceptions.CommandError, '^A tag must not be empty.$'
        ):
            self.desired('--tag', '')

    def test_a_property_that_could_not_be_removed(self) -> None:
        for key in ('.', '..'):
            with self.assertLogs(level='WARNING') as logged:
                self.desired('--property', f'{key}=1')
            (record,) = logged.records
            self.assertEqual(
                f'Property "{key}" cannot be removed through the Nova API.',
                record.getMessage(),
            )

    def test_nothing(self) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, NOTHING):
            self.desired()


class TestUnset(unittest.TestCase):
    def desired(self, *arguments: str) -> server_changes.ServerSettings:
        parser = argparse.ArgumentParser()
        server_options.add_unset(parser)
        return server_arguments.unset_settings(parser.parse_args(arguments))

    def test_all_at_once(self) -> None:
        desired = self.desired(
            *('--property', 'a', '--property', 'b', '--tag', 'x'),
            *('--tag', 'y', '--description'),
        )
        self.assertEqual({'a': None, 'b': None}, desired.properties)
        self.assertEqual({'x': False, 'y': False}, desired.tags)
        self.assertEqual('', desired.description)

    def test_the_description_is_left_alone(self) -> None:
        self.assertIsNone(self.desired('--tag', 'x').description)

    def test_empty_and_with_a_value(self) -> None:
        for option, value, text in (
            ('--property', '', 'The key of a property must not be empty.'),
            (
                '--property',
                'a=1',
                'Specify only the key, not the value: "a=1".',
            ),
            ('--tag', '', 'A tag must not be empty.'),
        ):
            with self.subTest(value):
                with self.assertRaisesRegex(
                    osc_exceptions.CommandError, f'^{re.escape(text)}$'
                ):
                    self.desired(option, value)

    def test_a_property_that_cannot_be_named(self) -> None:
        for key in ('.', '..'):
            with self.assertRaisesRegex(
                osc_exceptions.CommandError,
                f'Property "{re.escape(key)}" cannot',
            ):
                self.desired('--property', key)

    def test_nothing(self) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, NOTHING):
            self.desired()


class TestVersion(unittest.TestCase):
    def microversion(
        self, *desired: Any, maximum: str = '2.96', chosen: str | None = None
    ) -> str:
        proxy: _proxy.Proxy
        proxy = compute_doubles.Nova(maximum, chosen).proxy
        return server_arguments.microversion(
            proxy, server_changes.ServerSettings(*desired)
        )

    def test_the_least_that_does(self) -> None:
        self.assertEqual('2.1', self.microversion({'a': '1'}, {}))
        self.assertEqual('2.19', self.microversion({'a': '1'}, {}, 'new'))
        self.assertEqual('2.19', self.microversion({}, {}, ''))
        self.assertEqual('2.26', self.microversion({}, {'x': True}))
        self.assertEqual('2.26', self.microversion({}, {'x': False}, 'new'))

    def test_the_users_choice(self) -> None:
        for chosen in ('2.26', '2.96'):
            microversion = self.microversion(
                {}, {'x': True}, 'new', chosen=chosen
            )
            self.assertEqual(chosen, microversion)
        self.assertEqual(
            '2.1', self.microversion({'a': '1'}, {}, chosen='2.1')
        )

    def test_what_is_not_reached(self) -> None:
        for limits in ({'maximum': '2.18'}, {'chosen': '2.18'}):
            with self.subTest(limits):
                self.assert_refused('2.19', '--description', '', **limits)
        for limits in ({'maximum': '2.25'}, {'chosen': '2.25'}):
            with self.subTest(limits):
                self.assert_refused('2.26', '--tag', None, **limits)

    def assert_refused(
        self, needed: str, option: str, description: Any, **limits: str
    ) -> None:
        tags = {} if description is not None else {'x': True}
        with self.assertRaises(osc_exceptions.CommandError) as raised:
            self.microversion({'a': '1'}, tags, description, **limits)
        self.assertEqual(
            f'--os-compute-api-version {needed} or greater is required to '
            f'support the {option} option.',
            str(raised.exception),
        )
