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

"""Which servers are changed, and what becomes of them."""

import json
from typing import Any, cast

from tests.fixtures import faults
from tests.functional import base
from tests.functional import compute_base

_LISTS = r'/servers/detail\?'


class WhichServersTest(compute_base.ComputeTest):
    """The property of a test is found on the right servers, and no others."""

    def test_exact_name_all_projects_all_pages(self) -> None:
        proxy = self.proxied_nova()
        rows = self.set('--property', f'{self.name}=1', 'node-1')
        expected = self.on('node-1')
        self.assertEqual(8, len(expected))
        self.assertEqual(expected, self.having(self.name, '1'))
        self.assert_results({'updated': expected}, rows)
        self.assertEqual({'node-1'}, {row['Hypervisor'] for row in rows})
        # Nova's last page is an empty one if those before it are full.
        lists = len(proxy.requests('GET', _LISTS))
        self.assertEqual(8 // compute_base.PAGE + 1, lists)

    def test_by_id(self) -> None:
        (wanted,) = (
            hypervisor.id
            for hypervisor in self.compute.hypervisors()
            if hypervisor.name == 'node-10'
        )
        self.set('--property', f'{self.name}=1', wanted)
        self.assertEqual(self.on('node-10'), self.having(self.name, '1'))

    def test_several_hypervisors(self) -> None:
        names = ('rack-1', 'node-10', 'rack-1')
        rows = self.set('--property', f'{self.name}=1', *names)
        self.assertEqual(self.on(*names), self.having(self.name, '1'))
        where = [row['Hypervisor'] for row in rows]
        self.assertEqual(['rack-1'] * 2 + ['node-10'] * 2, where)

    def test_hypervisors_of_one_host(self) -> None:
        self.set('--property', f'{self.name}=1', 'rack')
        self.assertEqual({'demo-rack'}, self.having(self.name, '1'))

    def test_matching(self) -> None:
        result = self.run_openstack(
            *('hypervisor', 'servers', 'set', '--matching', 'node-1'),
            *('--property', f'{self.name}=1', '-f', 'json'),
        )
        self.assertEqual(0, result.status)
        found = 'Hypervisors found: anode-1, node-1, node-10.\n'
        self.assertEqual(found, result.stderr)
        expected = self.on('node-1', 'node-10', 'anode-1')
        self.assert_results({'updated': expected}, result.json)
        self.assertEqual(expected, self.having(self.name, '1'))

    def test_no_hypervisor_matches(self) -> None:
        error = self.refused('--matching', 'node-2')
        self.assertEqual(
            'No hypervisor found whose name contains node-2.', error
        )

    @base.cases(
        part_of_a_name=('node',),
        beginning=('node-',),
        id=('b8f4b3a0-0000-4000-8000-000000000000',),
        letter=('nöde',),
        number=('1',),
    )
    def test_unknown_hypervisor(self, unknown: str) -> None:
        self.assertEqual(
            f'No hypervisor found with name or ID {unknown}.',
            self.refused('node-1', unknown),
        )

    def test_several_hypervisors_of_that_name(self) -> None:
        proxy = self.proxied_nova()
        twice = faults.Edit(
            lambda page: page.update(hypervisors=page['hypervisors'] * 2)
        )
        proxy.inject('GET', '/os-hypervisors', twice)
        error = self.refused('anode-1')
        self.assertEqual(
            'More than one hypervisor is named anode-1; use its ID.', error
        )

    @base.cases(neither=(), both=('node-1', '--matching', 'node'))
    def test_hypervisors_or_matching(self, *args: str) -> None:
        self.assertEqual(
            'Specify either hypervisors or --matching.',
            self.refused(*args),
        )

    def test_not_an_administrator(self) -> None:
        self.environ['OS_CLOUD'] = 'multi-member'
        self.assertIn('403 Forbidden', self.refused('node-1'))

    def refused(self, *args: str) -> str:
        """Set something, which must fail and change nothing."""
        option = ('--property', f'{self.name}=1')
        error = self.failing('hypervisor', 'servers', 'set', *option, *args)
        self.assertEqual(set(), self.having(self.name, '1'))
        return error


class FiltersTest(compute_base.ComputeTest):
    def changed(self, *args: str) -> set[str]:
        """Return the names of the servers that the filters leave."""
        rows = self.set('--property', f'{self.name}=1', 'node-1', *args)
        changed = self.having(self.name, '1')
        self.assert_results({'updated': changed}, rows)
        return changed

    def test_project(self) -> None:
        expected = self.on('node-1', project='other')
        self.assertEqual(expected, self.changed('--project', 'other'))

    def test_project_by_id_and_domain(self) -> None:
        servers = self.servers()
        project = servers['demo-node-1-1']['tenant_id']
        expected = self.on('node-1', project='demo')
        options = ('--project', project, '--project-domain', 'default')
        self.assertEqual(expected, self.changed(*options))

    def test_unknown_project(self) -> None:
        error = self.failing(
            *('hypervisor', 'servers', 'set', 'node-1', '--property', 'a=1'),
            *('--project', 'nowhere'),
        )
        self.assertIn("No project with a name or ID of 'nowhere'", error)

    def test_status(self) -> None:
        server_id = self.servers()['other-node-1-2']['id']
        self.addCleanup(self.wait_for_status, server_id, 'ACTIVE')
        self.addCleanup(self.compute.start_server, server_id)
        self.compute.stop_server(server_id)
        self.wait_for_status(server_id, 'SHUTOFF')
        changed = self.changed('--status', 'shutoff')
        self.assertEqual({'other-node-1-2'}, changed)

    def wait_for_status(self, server_id: str, status: str) -> None:
        path = f'/servers/{server_id}'
        self.wait_for(
            lambda: self.nova.call('GET', path)['server']['status'] == status
        )

    def test_unknown_status(self) -> None:
        result = self.run_openstack(
            *('hypervisor', 'servers', 'set', 'node-1', '--property', 'a=1'),
            *('--status', 'up'),
        )
        self.assertEqual(2, result.status)
        self.assertIn("invalid choice: 'UP'", result.stderr)

    def test_name(self) -> None:
        expected = {'demo-node-1-2', 'demo-node-1-3', 'other-node-1-2'}
        self.assertEqual(expected, self.changed('--name', '[23]$'))

    def test_name_that_is_no_regular_expression(self) -> None:
        error = self.failing(
            *('hypervisor', 'servers', 'set', 'node-1', '--property', 'a=1'),
            *('--name', '['),
        )
        self.assertIn("'[' is not a 'regex'", error)

    @base.cases(set=(), dry_run=('--dry-run',))
    def test_no_servers(self, *option: str) -> None:
        result = self.run_openstack(
            *('hypervisor', 'servers', 'set', 'node-1', '--property'),
            *('a=1', '--name', 'nothing', '-f', 'json', *option),
        )
        self.assertEqual((0, []), (result.status, result.json))
        text = 'No matching servers on node-1.\n'
        self.assertEqual(text, result.stderr)


class WhatTest(compute_base.ComputeTest):
    """What is set and unset is read back from Nova."""

    def server(self, name: str = 'demo-anode-1') -> tuple[Any, Any, Any]:
        """Return metadata, tags and description, as they are now."""
        server = self.servers()[name]
        tags = sorted(server['tags'])
        return server['metadata'], tags, server['description']

    def test_all_at_once_merged(self) -> None:
        first = ('--property', 'kept=1', '--property', 'env=test')
        self.set(*first, '--tag', 'kept', '--description', 'old', 'anode-1')
        self.set(
            *('--property', 'env=prod', '--property', 'more='),
            *('--tag', 'audited', '--tag', 'blue'),
            *('--description', 'Für den Prüfer', 'anode-1'),
        )
        properties = {'kept': '1', 'env': 'prod', 'more': ''}
        tags = ['audited', 'blue', 'kept']
        self.assertEqual((properties, tags, 'Für den Prüfer'), self.server())

    def test_each_alone(self) -> None:
        self.set('--property', 'env=prod', 'anode-1')
        self.assertEqual(({'env': 'prod'}, [], None), self.server())
        self.set('--tag', 'blue', 'anode-1')
        self.assertEqual(({'env': 'prod'}, ['blue'], None), self.server())
        self.set('--description', 'new', 'anode-1')
        self.assertEqual(({'env': 'prod'}, ['blue'], 'new'), self.server())

    def test_unset(self) -> None:
        self.set(
            *('--property', 'a=1', '--property', 'b=2', '--property', 'c=3'),
            *('--tag', 'x', '--tag', 'y', '--tag', 'z'),
            *('--description', 'new', 'anode-1'),
        )
        self.unset(
            *('--property', 'a', '--property', 'b', '--property', 'never'),
            *('--property', 'ä/b', '--tag', 'ä'),
            *('--tag', 'x', '--tag', 'y', '--tag', 'never'),
            *('--description', 'anode-1'),
        )
        self.assertEqual(({'c': '3'}, ['z'], None), self.server())

    def test_unset_leaves_the_rest(self) -> None:
        self.set(
            *('--property', 'a=1', '--tag', 'x', '--description', 'new'),
            'anode-1',
        )
        self.unset('--property', 'a', 'anode-1')
        self.assertEqual(({}, ['x'], 'new'), self.server())
        self.unset('--tag', 'x', 'anode-1')
        self.assertEqual(({}, [], 'new'), self.server())
        self.unset('--description', 'anode-1')
        self.assertEqual(({}, [], None), self.server())

    def test_empty_description(self) -> None:
        self.set('--description', 'new', 'anode-1')
        self.set('--description', '', 'anode-1')
        self.assertFalse(self.server()[2])

    def test_difficult_properties(self) -> None:
        difficult = {
            'server': 'a',
            'self': 'b',
            'session': 'c',
            'a b:c.d-e_f': 'with = and = and %2F',
            'empty': '',
            'text': 'Größe 大小 \U0001f40d "quoted" \'so\'',
        }
        options = []
        for key, value in difficult.items():
            options += ['--property', f'{key}={value}']
        self.set(*options, 'anode-1')
        self.assertEqual(difficult, self.server()[0])
        options = []
        for key in difficult:
            options += ['--property', key]
        self.unset(*options, 'anode-1')
        self.assertEqual({}, self.server()[0])

    def test_difficult_tags(self) -> None:
        difficult = sorted(['Größe', '大小', 'a b?c#d%2Fe', '.', '..', '+&='])
        options = []
        for tag in difficult:
            options += ['--tag', tag]
        self.set('--tag', 'kept', *options, 'anode-1')
        self.assertEqual(sorted([*difficult, 'kept']), self.server()[1])
        self.unset(*options, 'anode-1')
        self.assertEqual(['kept'], self.server()[1])

    def test_tags_of_others_are_kept(self) -> None:
        """What cannot be named in a URL is set with all the others."""
        proxy = self.proxied_nova()
        server_id = self.servers()['demo-anode-1']['id']
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        proxy.inject('POST', '/metadata', stall)
        process = self.start(
            *('hypervisor', 'servers', 'set', 'anode-1', '--tag', 'Größe'),
            *('--property', 'a=1'),
        )
        self.assertTrue(stall.reached.wait(30))
        self.nova.call('PUT', f'/servers/{server_id}/tags/theirs')
        stall.released.set()
        self.assertEqual(0, self.finish(process).status)
        self.assertEqual(['Größe', 'theirs'], self.server()[1])

    def test_property_that_has_no_address(self) -> None:
        """Its DELETE could become that of the server."""
        message = 'Property "{}" cannot be removed through the Nova API.'
        result = self.run_openstack(
            *('hypervisor', 'servers', 'set', 'anode-1'),
            *('--property', '..=1'),
        )
        self.assertEqual(0, result.status)
        self.assertEqual(message.format('..'), result.stderr.strip())
        for key in ('..', '.'):
            self.assertEqual(
                message.format(key),
                self.failing(
                    *('hypervisor', 'servers', 'unset', 'anode-1'),
                    *('--property', key),
                ),
            )
        self.assertEqual({'..': '1'}, self.server()[0])

    @base.cases(set=('set',), unset=('unset',))
    def test_nothing_given(self, verb: str) -> None:
        proxy = self.proxied_nova()
        self.assertEqual(
            'Specify at least one of --property, --tag and --description.',
            self.failing('hypervisor', 'servers', verb, 'anode-1'),
        )
        self.assertEqual([], proxy.seen)

    @base.cases(
        value=('is too long', '--property', 'a=' + 256 * 'x'),
        key=('does not match any', '--property', 256 * 'x' + '=1'),
        letter=('does not match any', '--property', 'ä=1'),
        tag=('is too long', '--tag', 61 * 'x'),
        comma=('without characters', '--tag', 'a,b'),
        slash=("'a/b' does not match", '--tag', 'a/b'),
        description=('is too long', '--description', 256 * 'x'),
    )
    def test_limit_in_novas_words(self, words: str, *option: str) -> None:
        row = self.failed('anode-1', *option)
        self.assertIn('400 Bad Request: ', row['Reason'])
        self.assertIn(words, row['Reason'])
        self.assertEqual(({}, [], None), self.server())

    def test_quota_of_properties_in_novas_words(self) -> None:
        options = []
        for number in range(129):
            options += ['--property', f'{number}=1']
        row = self.failed('anode-1', *options)
        self.assertIn('Maximum number of metadata items', row['Reason'])

    def test_quota_of_tags_in_novas_words(self) -> None:
        options = []
        for number in range(51):
            options += ['--tag', f'{number}']
        row = self.failed('anode-1', *options)
        self.assertIn('per-server limit 50', row['Reason'])
        self.assertIn(
            'Some of its changes had already been applied.', row['Reason']
        )
        self.assertEqual(50, len(self.server()[1]))

    def failed(self, *args: str) -> dict[str, str]:
        """Set something that Nova refuses; return the row that tells it."""
        result = self.run_openstack(
            'hypervisor', 'servers', 'set', *args, '-f', 'json'
        )
        self.assertEqual(1, result.status)
        self.assertEqual(
            '1 of 1 server could not be changed.\n', result.stderr
        )
        (row,) = result.json
        self.assertEqual('failed', row['Result'])
        return cast(dict[str, str], row)


class MicroversionTest(compute_base.ComputeTest):
    @base.cases(
        set_description=('2.18', '2.19', 'set', '--description', 'x'),
        unset_description=('2.18', '2.19', 'unset', '--description'),
        set_tag=('2.25', '2.26', 'set', '--tag', 'x'),
        unset_tag=('2.25', '2.26', 'unset', '--tag', 'x'),
    )
    def test_chosen(
        self, chosen: str, needed: str, verb: str, *option: str
    ) -> None:
        self.assertEqual(
            f'--os-compute-api-version {needed} or greater is required to '
            f'support the {option[0]} option.',
            self.last_line(
                *('--os-compute-api-version', chosen),
                *('hypervisor', 'servers', verb, *option, 'anode-1'),
                *(('--property', 'a=1') if verb == 'set' else ()),
            ),
        )

    @base.cases(
        description=('2.18', '2.19', '--description'),
        tag=('2.25', '2.26', '--tag'),
    )
    def test_reached(self, reached: str, needed: str, option: str) -> None:
        proxy = self.proxied_nova()
        old = faults.Edit(lambda document: _reach(document, reached))
        proxy.inject('GET', '/v2.1/?$', old, times=9)
        self.assertEqual(
            f'--os-compute-api-version {needed} or greater is required to '
            f'support the {option} option.',
            self.last_line(
                *('hypervisor', 'servers', 'set', option, 'x'),
                *('--property', 'a=1', 'anode-1'),
            ),
        )
        self.assertEqual([], self.writes(proxy))

    def last_line(self, *args: str) -> str:
        """Run openstack, which must fail; older ones warn of the version."""
        result = self.run_openstack(*args)
        self.assertEqual((1, ''), (result.status, result.stdout))
        return result.stderr.splitlines()[-1]

    @base.cases(
        property=('2.1', ({'a': '1'}, [], None), '--property', 'a=1'),
        description=('2.19', ({}, [], 'new'), '--description', 'new'),
        tag=('2.26', ({}, ['x'], None), '--tag', 'x'),
        all=(
            *('2.96', ({'a': '1'}, ['x'], 'new'), '--property', 'a=1'),
            *('--tag', 'x', '--description', 'new'),
        ),
    )
    def test_least_that_does(
        self, version: str, expected: tuple[Any, ...], *options: str
    ) -> None:
        result = self.run_openstack(
            *('--os-compute-api-version', version),
            *('hypervisor', 'servers', 'set', *options, 'anode-1'),
        )
        self.assertEqual(0, result.status)
        server = self.servers()['demo-anode-1']
        keys = ('metadata', 'tags', 'description')
        self.assertEqual(expected, tuple(server[key] for key in keys))

    def test_cloud_that_is_old(self) -> None:
        """Before 2.53 there is no search, and IDs are numbers."""
        proxy = self.proxied_nova()
        old = faults.Edit(lambda document: _reach(document, '2.52'))
        proxy.inject('GET', '/v2.1/?$', old, times=9)
        self.set('--property', 'a=1', 'anode-1')
        self.assertEqual({'demo-anode-1'}, self.having('a', '1'))
        (listed,) = proxy.requests('GET', '/os-hypervisors')
        self.assertNotIn('?', listed.path)


def _reach(document: dict[str, Any], version: str) -> None:
    """Let a Nova say that it does not reach further than this."""
    document['version']['version'] = version


class OnlyWhatDiffersTest(compute_base.ComputeTest):
    def setUp(self) -> None:
        super().setUp()
        self.options = (
            *('--property', 'a=1', '--property', 'b=', '--tag', 'x'),
            *('--description', 'new', 'node-10'),
        )
        self.names = self.on('node-10')

    def test_again(self) -> None:
        self.set(*self.options)
        proxy = self.proxied_nova()
        rows = self.set(*self.options)
        self.assert_results({'unchanged': self.names}, rows)
        self.assertEqual([], self.writes(proxy))

    def test_again_with_one_that_differs(self) -> None:
        self.set(*self.options)
        server_id = self.servers()['other-node-10']['id']
        metadata = {'metadata': {'a': '2'}}
        self.nova.call('POST', f'/servers/{server_id}/metadata', metadata)
        proxy = self.proxied_nova()
        rows = self.set(*self.options)
        expected = {
            'unchanged': ['demo-node-10'],
            'updated': ['other-node-10'],
        }
        self.assert_results(expected, rows)
        (seen,) = self.writes(proxy)
        self.assertIn(server_id, seen.path)
        metadata = {'metadata': {'a': '1'}}
        self.assertEqual(metadata, json.loads(seen.content))

    def test_unset_again(self) -> None:
        options = ('--property', 'a', '--tag', 'x', '--description')
        self.set(*self.options)
        rows = self.unset(*options, 'node-10')
        self.assert_results({'updated': self.names}, rows)
        proxy = self.proxied_nova()
        rows = self.unset(*options, 'node-10')
        self.assert_results({'unchanged': self.names}, rows)
        self.assertEqual([], self.writes(proxy))

    def test_dry_run(self) -> None:
        self.set('--property', 'a=1', '--tag', 'x', 'node-10')
        proxy = self.proxied_nova()
        rows = self.set('--dry-run', *self.options, '--tag', 'a b')
        self.assert_results({'would update': self.names}, rows)
        self.assertEqual(
            {"--property b= --tag 'a b' --description new"},
            {row['Reason'] for row in rows},
        )
        rows = self.unset('--dry-run', '--property', 'b', 'node-10')
        self.assert_results({'unchanged': self.names}, rows)
        rows = self.unset(
            *('--dry-run', '--property', 'a', '--tag', 'x', '--description'),
            'node-10',
        )
        self.assertEqual(
            {'--property a --tag x'}, {row['Reason'] for row in rows}
        )
        self.assertEqual([], self.writes(proxy))
        self.assertEqual(self.names, self.having('a', '1'))

    def test_one_post_for_all_properties(self) -> None:
        proxy = self.proxied_nova()
        self.set('--property', 'a=1', '--property', 'b=2', 'node-10')
        posts = proxy.requests('POST', '/metadata$')
        self.assertEqual(posts, self.writes(proxy))
        self.assertEqual(2, len(posts))
