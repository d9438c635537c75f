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

from typing import Any
import unittest

from osc_image_ext import exceptions
from osc_image_ext.compute import hypervisors
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

UUID = '5e4f3a2b-0000-4000-8000-000000000001'
DETAIL = '/os-hypervisors/detail'
NODE = hypervisors.Hypervisor('id-of-node-1', 'node-1', 'node-1')


def named(*names: str) -> dict[str, Any]:
    return {'hypervisors': list(map(compute_doubles.hypervisor, names))}


class HypervisorsTestCase(unittest.TestCase):
    maximum = '2.96'
    chosen: str | None = None

    def setUp(self) -> None:
        super().setUp()
        self.nova = compute_doubles.Nova(self.maximum, self.chosen)
        self.session = _session.RetryingSession(self.nova.proxy)
        self.nova.answer(
            'GET', '/os-hypervisors/.*', compute_doubles.not_found()
        )

    def found(self, wanted: str) -> str:
        return hypervisors.find(self.session, wanted).id

    def asked(self) -> list[tuple[dict[str, str], str | None]]:
        return [
            (
                asked.options.get('params', {}),
                asked.options.get('microversion'),
            )
            for asked in self.nova.asked
        ]


class TestFind(HypervisorsTestCase):
    def test_by_exact_name(self) -> None:
        self.nova.answer('GET', DETAIL, named('node-10', 'node-1', 'anode-1'))
        self.assertEqual('id-of-node-1', self.found('node-1'))
        search = {'hypervisor_hostname_pattern': 'node-1'}
        self.assertEqual([(search, '2.53')], self.asked())

    def test_by_id(self) -> None:
        told = {'hypervisor': compute_doubles.hypervisor('node-1')}
        self.nova.answer('GET', f'/os-hypervisors/{UUID}', told)
        self.assertEqual('id-of-node-1', self.found(UUID))

    def test_a_name_that_looks_like_an_id(self) -> None:
        """As those of Ironic's nodes do."""
        self.nova.answer('GET', DETAIL, named(UUID))
        self.assertEqual(f'id-of-{UUID}', self.found(UUID))

    def test_none(self) -> None:
        self.nova.answer('GET', DETAIL, named('node-10'))
        for wanted in ('node-1', UUID, 'id-of-node', 'nöde', '%', ''):
            with self.subTest(wanted):
                with self.assertRaises(exceptions.HypervisorError) as raised:
                    self.found(wanted)
                self.assertEqual(
                    f'No hypervisor found with name or ID {wanted}.',
                    str(raised.exception),
                )

    def test_what_nova_could_not_search_for_is_not_asked(self) -> None:
        with self.assertRaises(exceptions.HypervisorError):
            self.found('nö/de?')
        self.assertEqual([], self.nova.asked)

    def test_several(self) -> None:
        self.nova.answer('GET', DETAIL, named('node-1', 'node-1'))
        with self.assertRaises(exceptions.HypervisorError) as raised:
            self.found('node-1')
        self.assertEqual(
            'More than one hypervisor is named node-1; use its ID.',
            str(raised.exception),
        )

    def test_what_nova_refuses_is_raised(self) -> None:
        self.nova.answer('GET', DETAIL, doubles.response(403))
        with self.assertRaises(exceptions.NovaError):
            self.found('node-1')

    def test_a_404_that_is_not_novas(self) -> None:
        page = doubles.response(404, '<p>No such page', 'text/html')
        self.nova.answer('GET', '/os-hypervisors/.*', page)
        for wanted in ('node-1', UUID):
            with self.subTest(wanted):
                with self.assertRaises(exceptions.UnexpectedResponse):
                    self.found(wanted)

    def test_an_id_and_something_that_is_no_json(self) -> None:
        page = doubles.response(200, '<p>Log in', 'text/html')
        self.nova.answer('GET', f'/os-hypervisors/{UUID}', page)
        with self.assertRaises(exceptions.UnexpectedResponse):
            self.found(UUID)


class TestOldCloud(HypervisorsTestCase):
    """Before 2.53 all are listed, and IDs are numbers."""

    maximum = '2.52'

    def setUp(self) -> None:
        super().setUp()
        page = named('node-10', 'node-1')
        page['hypervisors'][1]['id'] = 3
        self.nova.answer('GET', DETAIL, page)

    def test_by_name(self) -> None:
        self.assertEqual('3', self.found('node-1'))
        self.assertEqual([({}, None)], self.asked())

    def test_by_id(self) -> None:
        found = hypervisors.find(self.session, '3')
        self.assertEqual('node-1', found.name)

    def test_matching(self) -> None:
        found = hypervisors.list_matching(self.session, 'e-10')
        self.assertEqual(['node-10'], [each.name for each in found])


class TestOldChoice(TestOldCloud):
    """As an old cloud, if the user wants it so."""

    maximum = '2.96'
    chosen = '2.40'


class TestMatching(HypervisorsTestCase):
    def test_all_with_that_part(self) -> None:
        self.nova.answer('GET', DETAIL, named('node-10', 'node-1', 'other'))
        found = hypervisors.list_matching(self.session, 'node')
        names = [each.name for each in found]
        self.assertEqual(['node-1', 'node-10'], names)

    def test_none(self) -> None:
        with self.assertRaises(exceptions.HypervisorError) as raised:
            hypervisors.list_matching(self.session, 'node')
        self.assertEqual(
            'No hypervisor found whose name contains node.',
            str(raised.exception),
        )


class TestServers(HypervisorsTestCase):
    def servers(self, *pages: dict[str, Any], **filters: str) -> list[str]:
        self.nova.answer('GET', '/servers/detail', *pages)
        found = hypervisors.list_servers(self.session, NODE, filters, '2.26')
        return [server['name'] for server in found]

    def test_how_they_are_asked_for(self) -> None:
        self.servers({'servers': []}, status='ACTIVE')
        expected = {
            'all_tenants': 'True',
            'host': 'node-1',
            'node': r'^node\-1$',
            'status': 'ACTIVE',
        }
        self.assertEqual([(expected, '2.26')], self.asked())

    def test_pages_are_followed_to_the_last(self) -> None:
        def page(*names: str, more: bool) -> dict[str, Any]:
            servers = [
                compute_doubles.server(name=name, id=f'id-{name}')
                for name in names
            ]
            links = [{'rel': 'next', 'href': 'http://hidden/servers?x'}]
            return {'servers': servers} | (
                {'servers_links': links} if more else {}
            )

        found = self.servers(
            page('a', 'b', more=True),
            page('c', 'd', more=True),
            page(more=False),
        )
        self.assertEqual(['a', 'b', 'c', 'd'], found)
        markers = [params.get('marker') for params, _version in self.asked()]
        self.assertEqual([None, 'id-b', 'id-d'], markers)

    def test_an_empty_page_is_the_last(self) -> None:
        page = {'servers': [], 'servers_links': [{'rel': 'next'}]}
        self.assertEqual([], self.servers(page))

    def deleted(self, *markers: str) -> None:
        """Let servers be deleted once they are listed."""

        def answer(options: dict[str, Any]) -> Any:
            marker = options['params'].get('marker')
            if marker in markers:
                message = {'message': f'marker [{marker}] not found'}
                return doubles.response(400, {'badRequest': message})
            servers = [
                compute_doubles.server(name=name, id=f'id-{name}')
                for name in ('abcd' if marker is None else 'ef')
            ]
            links = {'servers_links': ['next']} if marker is None else {}
            return {'servers': servers, **links}

        self.nova.answer('GET', '/servers/detail', answer)

    def listed(self) -> list[str]:
        found = hypervisors.list_servers(self.session, NODE, {}, '2.26')
        return [server['name'] for server in found]

    def test_a_marker_that_is_deleted_in_between(self) -> None:
        self.deleted('id-d', 'id-c')
        self.assertEqual(list('abcdef'), self.listed())
        markers = [params.get('marker') for params, _version in self.asked()]
        self.assertEqual([None, 'id-d', 'id-c', 'id-b'], markers)

    def test_a_whole_page_that_is_deleted_in_between(self) -> None:
        self.deleted(*(f'id-{name}' for name in 'abcd'))
        with self.assertRaisesRegex(exceptions.NovaError, 'marker'):
            self.listed()

    def test_only_those_that_are_really_there(self) -> None:
        host = 'OS-EXT-SRV-ATTR:host'
        node = 'OS-EXT-SRV-ATTR:hypervisor_hostname'
        elsewhere: list[dict[str, Any]] = [
            {node: 'node-10'},
            {node: 'anode-1'},
            {host: 'twin'},
            {node: None},
        ]
        servers = [
            compute_doubles.server(name='elsewhere', **attributes)
            for attributes in elsewhere
        ]
        servers.append(compute_doubles.server(name='here'))
        # What Nova tells of servers in a cell that does not answer.
        servers.append({'id': 'unknown', 'status': 'UNKNOWN'})
        self.assertEqual(['here'], self.servers({'servers': servers}))

    def test_what_nova_refuses_is_raised(self) -> None:
        self.nova.answer('GET', '/servers/detail', doubles.response(400))
        with self.assertRaises(exceptions.NovaError):
            list(hypervisors.list_servers(self.session, NODE, {}, '2.1'))
