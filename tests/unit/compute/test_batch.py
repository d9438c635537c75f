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

import dataclasses
import functools
import threading
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import bulk
from osc_image_ext import exceptions
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import hypervisors
from osc_image_ext.compute import outcomes
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

NODES = [
    hypervisors.Hypervisor(f'id-{name}', name, name)
    for name in ('node-1', 'node-2', 'node-3')
]
ECHO = compute_doubles.echo
WANTED = server_changes.ServerSettings({'a': '1'}, {})


def servers(node: str, *names: str, **attributes: Any) -> dict[str, Any]:
    """Return a page of servers on a node."""
    where = {
        'OS-EXT-SRV-ATTR:host': node,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': node,
    }
    listed = [
        compute_doubles.server(
            id=f'id-{name}', name=name, **where, **attributes
        )
        for name in names
    ]
    return {'servers': listed}


class BatchTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nova = compute_doubles.Nova()
        self.stop = bulk.Stop()
        self.batch = _batch.Batch(
            _session.RetryingSession(self.nova.proxy),
            WANTED,
            '2.1',
            1,
            self.stop,
        )
        self.listener = doubles.RecordingListener()


class TestSurvey(BatchTestCase):
    def list_servers(self, *pages: Any) -> list[_batch.Server]:
        self.nova.answer('GET', '/servers/detail', *pages)
        return self.batch.list_servers(
            NODES[: len(pages)], {'name': 'x'}, self.listener
        )

    def test_all_servers_in_the_order_of_their_hypervisors(self) -> None:
        found = self.list_servers(
            servers('node-1', 'a', 'b'),
            servers('node-2'),
            servers('node-3', 'c'),
        )
        self.assertEqual(
            [('a', 'node-1'), ('b', 'node-1'), ('c', 'node-3')],
            [(each.name, each.hypervisor) for each in found],
        )
        names = {asked.options['params']['name'] for asked in self.nova.asked}
        self.assertEqual({'x'}, names)

    def test_what_each_lacks(self) -> None:
        page = servers('node-1', 'a', metadata={'a': '1'})
        page['servers'] += servers('node-1', 'b')['servers']
        first, second = self.list_servers(page)
        self.assertFalse(first.changes)
        self.assertEqual(WANTED, second.changes)

    def test_one_that_is_seen_twice(self) -> None:
        (found,) = self.list_servers(
            servers('node-1', 'a'), servers('node-2', 'a')
        )
        self.assertEqual('a', found.name)

    def test_what_nova_refuses_is_raised(self) -> None:
        with self.assertRaises(exceptions.NovaError):
            self.list_servers(servers('node-1', 'a'), doubles.response(500))

    def test_what_the_listener_hears(self) -> None:
        self.list_servers(servers('node-1', 'a', 'b'), servers('node-2', 'c'))
        self.assertEqual(
            [
                ('phase', 'listing'),
                ('started', None),
                ('moved', 1),
                ('moved', 2),
                ('moved', 3),
                ('phase', 'listed'),
            ],
            self.listener.events,
        )


class ChangeTestCase(BatchTestCase):
    def on_stop(self, count: int) -> None:
        """Do nothing when the change is stopped."""

    def change(self, *names: str) -> list[outcomes.Outcome]:
        """Change servers; those with a capital letter lack nothing."""
        return self.batch.change(
            [
                _batch.Server(
                    f'id-{name}',
                    name,
                    'node-1',
                    server_changes.ServerSettings({}, {})
                    if name.isupper()
                    else WANTED,
                )
                for name in names
            ],
            functools.partial(
                server_changes.apply_changes,
                self.batch.session,
                microversion='2.1',
            ),
            self.listener,
            self.on_stop,
        )

    def answer(self, *answers: Any) -> None:
        self.nova.answer('POST', '/servers/.*/metadata', *answers)

    def results(self, *names: str) -> list[str]:
        return [outcome.result for outcome in self.change(*names)]


class TestChange(ChangeTestCase):
    def test_outcomes_in_the_order_of_the_servers(self) -> None:
        self.answer(ECHO, doubles.response(400, reason='Bad'), ECHO)
        changed = self.change('A', 'b', 'C', 'd', 'e')
        self.assertEqual(
            ['unchanged', 'updated', 'unchanged', 'failed', 'updated'],
            [outcome.result for outcome in changed],
        )
        self.assertEqual('400 Bad.', changed[3].reason)

    def test_those_that_lack_nothing_get_no_request(self) -> None:
        self.assertEqual(['unchanged'] * 2, self.results('A', 'B'))
        self.assertEqual([], self.nova.asked)

    def test_none(self) -> None:
        self.assertEqual([], self.change())

    def test_an_error_that_nobody_thought_of(self) -> None:
        self.answer(ValueError('strange'), ECHO)
        (first, second) = self.change('a', 'b')
        self.assertEqual('updated', second.result)
        self.assertEqual('failed', first.result)
        self.assertIn('strange.', first.reason)

    def test_what_the_listener_hears(self) -> None:
        self.answer(ECHO, doubles.response(400), ECHO)
        self.change('a', 'B', 'c', 'd')
        self.assertEqual(
            [
                ('phase', 'changing'),
                ('started', 3),
                ('moved', 1),
                ('phase', 'changing (1 failed)'),
                ('moved', 2),
                ('phase', 'changing (1 failed)'),
                ('moved', 3),
                ('phase', 'changed (1 failed)'),
            ],
            self.listener.events,
        )

    def test_all_is_well(self) -> None:
        self.answer(ECHO)
        self.change('a')
        self.assertEqual(('phase', 'changed'), self.listener.events[-1])

    def test_stopped(self) -> None:
        def request(path: str, method: str, **options: Any) -> Any:
            if path == '/servers/id-b/metadata':
                self.stop.set()
            return doubles.response(200, options['json'])

        self.nova.proxy.request.side_effect = request
        self.assertEqual(
            ['updated', 'updated', 'unchanged', 'skipped', 'skipped'],
            self.results('a', 'b', 'C', 'd', 'e'),
        )
        self.assertEqual([1, 2, 2, 2], self.listener.heard('moved'))
        self.assertEqual(('phase', 'interrupted'), self.listener.events[-1])

    def test_stopped_at_once(self) -> None:
        """What is in progress may still change its server."""
        block = threading.Event()
        reported: list[int] = []
        self.addCleanup(block.set)

        def request(path: str, method: str, **options: Any) -> Any:
            if path == '/servers/id-b/metadata':
                self.stop.set()
                block.wait(10)
            return doubles.response(200, options['json'])

        def at_once(count: int) -> None:
            reported.append(count)
            self.stop.at_once.set()

        self.nova.proxy.request.side_effect = request
        with mock.patch.object(self, 'on_stop', at_once):
            changed = self.change('a', 'b', 'C', 'd')
        self.assertEqual(
            ['updated', 'unknown', 'unchanged', 'skipped'],
            [outcome.result for outcome in changed],
        )
        self.assertEqual(
            'The command was stopped before Nova responded. The server may '
            'have been changed; run the command with --dry-run to find out.',
            changed[1].reason,
        )
        self.assertEqual([1], reported)


class TestSameFailures(ChangeTestCase):
    """Ten in a row for the same reason, and no others are tried."""

    def results_of(self, *statuses: int) -> list[str]:
        answers: list[Any] = [
            ECHO
            if status == 200
            else doubles.response(status, {'message': 'No.'})
            for status in statuses
        ]
        self.answer(*answers)
        return self.results(*[f's{n}' for n in range(12)])

    def test_the_rest_is_skipped(self) -> None:
        self.assertEqual(
            ['failed'] * 10 + ['skipped'] * 2, self.results_of(403)
        )
        self.assertEqual(10, len(self.nova.asked))

    def test_the_reason_is_in_the_row(self) -> None:
        self.answer(doubles.response(403))
        changed = self.change(*[f's{n}' for n in range(11)])
        self.assertEqual(
            'Not tried after 10 failures in a row for the same reason.',
            changed[10].reason,
        )

    def test_the_id_of_the_server_makes_no_difference(self) -> None:
        def reject(path: str, method: str, **_options: Any) -> Any:
            server_id = path.split('/')[2]
            return doubles.response(400, {'message': f'Not {server_id}.'})

        self.nova.proxy.request.side_effect = reject
        names = [f'{n:02}' for n in range(11)]
        self.assertEqual(['failed'] * 10 + ['skipped'], self.results(*names))

    def test_a_success_in_between(self) -> None:
        found = self.results_of(*[403] * 9, 200, *[403] * 2)
        self.assertEqual(['failed'] * 9 + ['updated'] + ['failed'] * 2, found)

    def test_different_reasons(self) -> None:
        self.assertEqual(
            ['failed'] * 12, self.results_of(*[403] * 9, 400, *[403] * 2)
        )

    def test_the_states_of_servers(self) -> None:
        state = {'OS-EXT-STS:vm_state': 'error'}
        self.nova.answer('GET', '/servers/[^/]*', {'server': state})
        self.answer(doubles.response(409))
        names = [f's{n}' for n in range(12)]
        self.assertEqual(['failed'] * 12, self.results(*names))

    def test_keep_going(self) -> None:
        self.batch = dataclasses.replace(self.batch, keep_going=True)
        self.assertEqual(['failed'] * 12, self.results_of(403))
