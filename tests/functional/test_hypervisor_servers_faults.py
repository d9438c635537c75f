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

"""Servers that fail, vanish or are busy, and everything else at once."""

import signal
import threading
import time

from tests.fixtures import faults
from tests.fixtures import faulty_proxy
from tests.functional import base
from tests.functional import compute_base

_METADATA = ('POST', '/metadata$')


class FaultsTest(compute_base.ComputeTest):
    """Has a proxy before Nova, and a command for the servers of node-1."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied_nova()
        self.names = self.on('node-1')
        self.command = (
            *('hypervisor', 'servers', 'set', '-f', 'json'),
            *('--property', f'{self.name}=1', 'node-1'),
        )

    def inject(self, name: str, fault: faults.Fault, times: int = 1) -> None:
        """Do this to the properties of a server."""
        server_id = self.servers()[name]['id']
        self.proxy.inject('POST', f'{server_id}/metadata$', fault, times)

    def posts(self) -> list[faulty_proxy.Seen]:
        """Return the requests so far that set properties."""
        return self.proxy.requests(*_METADATA)

    def survives(self, *options: str) -> None:
        """Change the servers, all of which must get it."""
        result = self.run_openstack(*self.command, *options)
        self.assertEqual((0, ''), (result.status, result.stderr))
        self.assert_results({'updated': self.names}, result.json)
        self.assertEqual(self.names, self.having(self.name, '1'))

    def fails(self, count: int = 1) -> list[dict[str, str]]:
        """Change the servers, some of which must fail; return their rows."""
        result = self.run_openstack(*self.command)
        self.assertEqual(1, result.status)
        self.assertEqual(
            f'{count} of 8 servers could not be changed.\n', result.stderr
        )
        failed = [row for row in result.json if row['Result'] == 'failed']
        updated = [row for row in result.json if row['Result'] == 'updated']
        self.assertEqual((count, 8 - count), (len(failed), len(updated)))
        self.assertEqual(
            {row['Name'] for row in updated}, self.having(self.name, '1')
        )
        return failed


class EveryServerTest(FaultsTest):
    """Each has a row that tells the truth."""

    def test_500(self) -> None:
        broken = faults.Answer(
            500,
            body='{"computeFault": {"code": 500, "message": "It broke."}}',
            content_type='application/json',
        )
        self.inject('demo-node-1-3', broken, times=9)
        (row,) = self.fails()
        self.assertEqual('demo-node-1-3', row['Name'])
        self.assertEqual('500 Internal Server Error: It broke.', row['Reason'])
        self.assertEqual(8, len(self.posts()))

    def test_deleted_meanwhile(self) -> None:
        [server_id] = self.nova.boot('demo', 'node-1', self.name)
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        self.inject(self.name, stall)
        process = self.start(*self.command)
        self.assertTrue(stall.reached.wait(30))
        self.nova.call('DELETE', f'/servers/{server_id}')
        self.wait_for(lambda: self.name not in self.servers())
        stall.released.set()
        result = self.finish(process)
        self.assertEqual((0, ''), (result.status, result.stderr))
        expected = {'updated': self.names, 'gone': [self.name]}
        self.assert_results(expected, result.json)
        reasons = [row['Reason'] for row in result.json]
        self.assertEqual(1, reasons.count('The server no longer exists.'))

    def test_in_transition(self) -> None:
        busy = faults.Answer(409, body='It is being resized.')
        self.inject('demo-node-1-1', busy, times=2)
        self.inject('other-node-1-1', busy, times=1)
        self.survives()
        self.assertEqual(8 + 3, len(self.posts()))

    def test_in_transition_for_long(self) -> None:
        busy = faults.Answer(409, body='It is being resized.')
        self.inject('demo-node-1-1', busy, times=9)
        (row,) = self.fails()
        self.assertEqual('409 Conflict: It is being resized.', row['Reason'])
        self.assertEqual(7 + 4, len(self.posts()))

    def test_in_a_state_that_does_not_pass(self) -> None:
        server_id = self.servers()['demo-node-1-1']['id']
        self.addCleanup(self.reset_state, server_id, 'active')
        self.reset_state(server_id, 'error')
        (row,) = self.fails()
        self.assertEqual('demo-node-1-1', row['Name'])
        self.assertIn('while it is in vm_state error', row['Reason'])
        self.assertEqual(8, len(self.posts()))

    def reset_state(self, server_id: str, state: str) -> None:
        body = {'os-resetState': {'state': state}}
        self.nova.call('POST', f'/servers/{server_id}/action', body)

    def test_changed_in_part(self) -> None:
        server_id = self.servers()['demo-node-1-1']['id']
        broken = faults.Answer(500, body='It broke.')
        self.proxy.inject('PUT', f'{server_id}/tags/x', broken)
        result = self.run_openstack(*self.command, '--tag', 'x')
        self.assertEqual(1, result.status)
        (row,) = (row for row in result.json if row['Result'] == 'failed')
        self.assertEqual(
            '500 Internal Server Error: It broke. Some of its changes had '
            'already been applied.',
            row['Reason'],
        )
        self.assertEqual(self.names, self.having(self.name, '1'))

    def test_connection_that_breaks(self) -> None:
        self.inject('demo-node-1-1', faults.Reset(None))
        self.inject('demo-node-1-2', faults.Reset(0))
        self.survives()

    @base.cases(
        value=('demo-node-10 updated\nother-node-10 updated\n',),
        csv=(
            '"Name","Result"\n"demo-node-10","updated"\n'
            '"other-node-10","updated"\n',
        ),
        yaml=(
            '- Name: demo-node-10\n  Result: updated\n'
            '- Name: other-node-10\n  Result: updated\n',
        ),
    )
    def test_format(self, expected: str) -> None:
        result = self.openstack(
            *('hypervisor', 'servers', 'set', 'node-10', '--tag', 'x'),
            *('-c', 'Name', '-c', 'Result', '--sort-column', 'Name'),
            *('-f', self.id().rpartition('_')[2]),
        )
        self.assertEqual(expected, result.stdout)

    def test_table(self) -> None:
        result = self.openstack(
            'hypervisor', 'servers', 'set', 'node-10', '--tag', 'x'
        )
        heads = '| ID +| Name +| Hypervisor +| Result +| Reason +|\n'
        self.assertRegex(result.stdout, heads.replace('|', r'\|'))


class AtOnceTest(FaultsTest):
    def test_workers_with_connections_of_their_own(self) -> None:
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        self.proxy.inject(*_METADATA, stall, times=4)
        process = self.start(*self.command, '--workers', '4')
        self.wait_for(lambda: len(self.posts()) >= 4)
        time.sleep(0.5)
        self.assertEqual(4, len({seen.port for seen in self.posts()}))
        self.assertEqual(4, len(self.posts()))
        stall.released.set()
        self.assertEqual(0, self.finish(process).status)
        self.assertEqual(4, len({seen.port for seen in self.posts()}))
        self.assertEqual(self.names, self.having(self.name, '1'))

    def test_more_workers_than_connections_in_the_usual_pool(self) -> None:
        """Each keeps its connection, and nobody is warned."""
        names = ('node-1', 'node-10', 'anode-1', 'rack', 'rack-1')
        result = self.openstack(
            *('hypervisor', 'servers', 'set', '--workers', '14'),
            *('--property', f'{self.name}=1', '--tag', 'x', *names),
        )
        self.assertNotIn('pool', result.stderr)
        self.assertEqual(self.on(*names), self.having(self.name, '1'))
        ports = {seen.port for seen in self.proxy.seen}
        self.assertLessEqual(len(ports), 15)

    def test_one_worker(self) -> None:
        self.survives('--workers', '1')
        ids = [seen.path.split('/')[-2] for seen in self.posts()]
        self.assertEqual(8, len(ids))

    @base.cases(zero=('0',), negative=('-1',), word=('many',))
    def test_no_workers(self, number: str) -> None:
        result = self.run_openstack(*self.command, '--workers', number)
        self.assertEqual(2, result.status)
        self.assertIn(
            f"argument --workers: '{number}' is not a positive integer",
            result.stderr,
        )

    @base.cases(_429=(429,), _503=(503,))
    def test_retry_after(self, status: int) -> None:
        later = faults.Answer(status, headers=(('Retry-After', '2'),))
        self.inject('demo-node-1-1', later)
        self.inject('other-node-1-1', later)
        self.proxy.inject('GET', '/os-hypervisors', later)
        self.proxy.inject('GET', '/servers/detail', later)
        begun = time.monotonic()
        self.survives()
        self.assertGreater(time.monotonic() - begun, 6)
        self.assertEqual(8 + 2, len(self.posts()))

    def test_429_without_a_time(self) -> None:
        self.inject('demo-node-1-1', faults.Answer(429), times=2)
        self.survives()

    def test_proxy_that_does_not_reach_nova(self) -> None:
        self.inject('demo-node-1-1', faults.Answer(502), times=2)
        self.proxy.inject('GET', '/servers/detail', faults.Answer(504))
        self.survives()

    def test_token_that_expires(self) -> None:
        nova = self.useFixture(_ExpiringToken(self.nova.url))
        keystone = self.useFixture(
            faulty_proxy.FaultyProxy(self.cloud.keystone_url)
        )
        self.reconfigure(
            auth=self.cloud.auth(self.region) | {'auth_url': keystone.url},
            compute_endpoint_override=f'{nova.url}/v2.1',
        )
        self.survives('--workers', '4')
        statuses = [seen.status for seen in nova.requests(*_METADATA)]
        self.assertEqual(8 + 4, len(statuses))
        self.assertEqual(4, statuses.count(401))
        self.assertEqual(2, len(keystone.requests('POST', '/auth/tokens')))


class _ExpiringToken(faulty_proxy.FaultyProxy):
    """Refuses a token once it was good for three changes.

    Four requests are told so at the same time.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self._together = threading.Barrier(4)

    def take(self, seen: faulty_proxy.Seen) -> faults.Fault | None:
        fault = super().take(seen)
        first, *others = self.requests(*_METADATA) or [seen]
        if seen not in others[2:] or _token(seen) != _token(first):
            return fault
        self._together.wait(30)
        return faults.Answer(401)


def _token(seen: faulty_proxy.Seen) -> str | None:
    return seen.headers.get('X-Auth-Token')


class InterruptedTest(FaultsTest):
    def interrupted(self, *numbers: int) -> base.Result:
        """Send signals while two of eight are in flight; let these go on."""
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        self.proxy.inject(*_METADATA, stall, times=2)
        process = self.start(*self.command, '--workers', '2', '--progress')
        self.wait_for(lambda: len(self.posts()) == 2)
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.5)
        stall.released.set()
        return self.finish(process)

    def assert_the_rest_skipped(self, result: base.Result) -> None:
        changed = self.having(self.name, '1')
        self.assertEqual(2, len(changed))
        expected = {'updated': changed, 'skipped': self.names - changed}
        self.assert_results(expected, result.json)
        *_, drawn, sentence = result.stderr.splitlines()
        self.assertIn('node-1: interrupted, 2 servers in 0:0', drawn)
        self.assertEqual('Interrupted; skipped 6 of 8 servers.', sentence)
        self.assertEqual(2, len(self.posts()))

    def test_ctrl_c(self) -> None:
        result = self.interrupted(signal.SIGINT)
        self.assertEqual(130, result.status)
        self.assert_the_rest_skipped(result)

    def test_sigterm(self) -> None:
        result = self.interrupted(signal.SIGTERM)
        self.assertEqual(143, result.status)
        self.assert_the_rest_skipped(result)

    def test_ctrl_c_twice(self) -> None:
        result = self.interrupted(signal.SIGINT, signal.SIGINT)
        self.assertEqual(130, result.status)
        results = [row['Result'] for row in result.json]
        self.assertEqual(['skipped'] * 6 + ['unknown'] * 2, sorted(results))
        self.assertIn('\nStopping; waiting for 2 requests.', result.stderr)
        self.assertNotIn('Traceback', result.stderr)

    def test_ctrl_c_while_servers_are_listed(self) -> None:
        later = faults.Answer(503, headers=(('Retry-After', '200'),))
        self.proxy.inject('GET', '/servers/detail', later)
        process = self.start(*self.command)
        self.wait_for(lambda: self.proxy.requests('GET', '/servers/detail'))
        time.sleep(0.5)
        begun = time.monotonic()
        base.interrupt(process)
        result = self.finish(process)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual((130, ''), (result.status, result.stdout))
        self.assertIn(
            '\nInterrupted. No servers were changed.\n', result.stderr
        )
        self.assertEqual([], self.posts())

    def test_ctrl_c_while_a_server_is_waited_for(self) -> None:
        """Nobody waits for Retry-After to be over."""
        later = faults.Answer(503, headers=(('Retry-After', '200'),))
        self.inject('demo-node-1-1', later, times=9)
        process = self.start(*self.command)
        self.wait_for(lambda: len(self.having(self.name, '1')) == 7)
        begun = time.monotonic()
        base.interrupt(process)
        result = self.finish(process)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(130, result.status)
        failed = {'demo-node-1-1'}
        expected = {'updated': self.names - failed, 'failed': failed}
        self.assert_results(expected, result.json)
