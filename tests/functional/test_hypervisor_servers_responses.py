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

"""Responses that are not Nova's, and a Nova that never responds."""

import signal
import time

from tests.fixtures import faults
from tests.functional import base
from tests.functional import compute_base

_PAGE = ('<html><body>Log in</body></html>', 'text/html')


class ResponsesTest(compute_base.ComputeTest):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied_nova()
        self.names = self.on('node-1')
        self.command = (
            *('hypervisor', 'servers', 'set', '-f', 'json'),
            *('--property', f'{self.name}=1', 'node-1'),
        )

    @base.cases(success=(200,), redirection=(302,), not_found=(404,))
    def test_page_for_a_change(self, status: int) -> None:
        page = faults.Answer(status, body=_PAGE[0], content_type=_PAGE[1])
        self.proxy.inject('POST', '/metadata$', page, times=8)
        result = self.run_openstack(*self.command)
        self.assertEqual(1, result.status)
        self.assert_results({'failed': self.names}, result.json)
        for row in result.json:
            self.assertIn('Unexpected response to POST', row['Reason'])
        self.assertEqual(set(), self.having(self.name, '1'))

    @base.cases(success=(200,), not_found=(404,))
    def test_page_for_a_hypervisor(self, status: int) -> None:
        page = faults.Answer(status, body=_PAGE[0], content_type=_PAGE[1])
        self.proxy.inject('GET', '/os-hypervisors', page, times=9)
        error = self.failing(*self.command)
        self.assertIn('Unexpected response to GET', error)
        self.assertEqual([], self.writes(self.proxy))

    @base.cases(
        interrupt=(signal.SIGINT, 130), terminate=(signal.SIGTERM, 143)
    )
    def test_no_response(self, number: int, status: int) -> None:
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        self.proxy.inject('POST', '/metadata$', stall, times=8)
        process = self.start(*self.command)
        self.wait_for(
            lambda: len(self.proxy.requests('POST', '/metadata$')) == 8
        )
        process.send_signal(number)
        time.sleep(0.5)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(status, result.status)
        self.assert_results({'unknown': self.names}, result.json)
        self.assertEqual(
            [
                'Stopping; waiting for 8 requests. Press Ctrl-C again to '
                'stop at once.',
                'The result is unknown for 8 of 8 servers.',
                'Interrupted; skipped 0 of 8 servers.',
            ],
            result.stderr.splitlines(),
        )

    def test_no_list(self) -> None:
        stall = faults.Stall(0)
        self.addCleanup(stall.released.set)
        self.proxy.inject('GET', '/servers/detail', stall)
        process = self.start(*self.command)
        self.wait_for(lambda: self.proxy.requests('GET', '/servers/detail'))
        base.interrupt(process)
        result = self.finish(process)
        self.assertEqual((130, ''), (result.status, result.stdout))
        self.assertEqual(
            'Interrupted. No servers were changed.\n', result.stderr
        )

    def test_column_that_does_not_exist(self) -> None:
        error = self.failing(*self.command, '-c', 'Resutl')
        self.assertIn('There is no column "Resutl"', error)
        self.assertEqual([], self.proxy.seen)
