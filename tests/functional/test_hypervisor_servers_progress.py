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

"""What people see while servers are changed, and what they are asked."""

import copy
import os
import pty
from typing import Any
import uuid

from tests.fixtures import faults
from tests.fixtures import terminal
from tests.functional import base
from tests.functional import compute_base

_METADATA = ('POST', '/metadata$')


class ProgressTest(compute_base.ComputeTest):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied_nova()
        self.command = (
            *('hypervisor', 'servers', 'set', '--progress', 'node-1'),
            *('--property', f'{self.name}=1', '--workers', '1'),
        )

    def slow(self, seconds: float) -> None:
        """Let each server take a while."""
        # Each body is one block.
        length = len(f'{{"metadata": {{"{self.name}": "1"}}}}')
        slow = faults.Slow(int(length / seconds))
        self.proxy.inject(*_METADATA, slow, times=8)

    def test_terminal(self) -> None:
        self.slow(0.3)
        screen = self.on_terminal(*self.command)
        self.assertEqual(0, screen.wait())
        drawn = [
            lines[-1]
            for lines in screen.screens
            if lines and lines[-1].startswith('chang')
        ]
        self.assertRegex(screen.lines[0], '^listed .* 8 servers ')
        self.assertGreater(len({line.split('%')[0] for line in drawn}), 5)
        for line in drawn:
            self.assertRegex(
                line,
                r'^(changing |changed  ) [━╸╺ ]{8,} '
                r'[0-8]/8 servers +\d+% +\d+(\.\d)? servers/s +\d+:\d\d$',
            )
        self.assertRegex(drawn[-1], '^changed .* 8/8 servers 100% ')
        self.assertTrue(screen.cursor_at_start)

    def test_narrow_terminal(self) -> None:
        screen = self.on_terminal(*self.command, columns=40)
        self.assertEqual(0, screen.wait())
        line = screen.lines[-1]
        self.assertRegex(line, r'^changed   8/8 servers 100% +0:\d\d$')

    def test_failures(self) -> None:
        self.proxy.inject(*_METADATA, faults.Answer(500), times=2)
        screen = self.on_terminal(*self.command)
        self.assertEqual(1, screen.wait())
        _listed, line, sentence = screen.lines
        self.assertRegex(line, r'^changed \(2 failed\) .* 8/8 servers 100%')
        self.assertEqual('2 of 8 servers could not be changed.', sentence)

    def test_log(self) -> None:
        self.proxy.inject(*_METADATA, faults.Answer(500))
        self.slow(0.6)
        result = self.run_openstack(*self.command, '-f', 'json')
        self.assertEqual(1, result.status)
        self.assertEqual(8, len(result.json))
        self.assertNotRegex(result.stderr, '[\r\x1b]')
        listing, listed, first, *between, last, _sentence = (
            result.stderr.splitlines()
        )
        self.assertEqual('node-1: listing', listing)
        self.assertRegex(listed, r'^node-1: listed, 8 servers in 0:0\d, ')
        self.assertEqual('node-1: changing 8 servers', first)
        self.assertGreater(len(between), 2)
        for line in between:
            self.assertRegex(
                line,
                r'^node-1: chang(ing|ed) \(1 failed\) [1-8]/8 servers, \d+%, '
                r'\d+(\.\d)? servers/s(, \d:\d\d left)?$',
            )
        self.assertRegex(
            last,
            r'^node-1: changed \(1 failed\), 8 servers in 0:0\d, '
            r'\d\.\d servers/s$',
        )

    def test_nothing_to_show(self) -> None:
        self.set('--property', f'{self.name}=1', 'node-1')
        result = self.run_openstack(*self.command)
        self.assertEqual(0, result.status)
        self.assertNotIn('changing', result.stderr)


class ConfirmationTest(compute_base.ComputeTest):
    """Has a Nova that lists a hundred servers which have just gone."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied_nova()
        self.list(100)
        self.command = (
            *('hypervisor', 'servers', 'set', 'anode-1'),
            *('--property', f'{self.name}=1', '-f', 'value', '-c', 'Result'),
        )

    def list(self, others: int) -> None:
        """Let the next list of servers have so many others."""

        def add(page: dict[str, Any]) -> None:
            [server] = page['servers']
            for _number in range(others):
                other = copy.deepcopy(server) | {'id': str(uuid.uuid4())}
                page['servers'].append(other)

        self.proxy.forget()
        self.proxy.inject('GET', '/servers/detail', faults.Edit(add))

    def asked(self, answer: bytes, *options: str) -> terminal.Terminal:
        """Run the command for somebody who sits at a terminal."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        os.write(master, answer)
        return self.on_terminal(*self.command, *options, stdin=slave)

    def test_yes(self) -> None:
        screen = self.asked(b'y\n')
        assert screen.process and screen.process.stdout
        stdout = screen.process.stdout.read().decode()
        self.assertEqual(0, screen.wait())
        question = 'Change 101 servers on anode-1? [y/N]'
        self.assertEqual([question], screen.lines)
        self.assertEqual({'demo-anode-1'}, self.having(self.name, '1'))
        self.assertEqual(['gone'] * 100 + ['updated'], sorted(stdout.split()))

    @base.cases(
        enter=(b'\n',), no=(b'n\n',), word=(b'what\n',), end=(b'\x04',)
    )
    def test_no(self, answer: bytes) -> None:
        screen = self.asked(answer)
        self.assertEqual(1, screen.wait())
        self.assertIn(
            'Aborted; no servers were changed.', ' '.join(screen.lines)
        )
        self.assertEqual([], self.writes(self.proxy))

    def test_not_asked(self) -> None:
        self.asked(b'', '--yes').wait()
        self.assertEqual({'demo-anode-1'}, self.having(self.name, '1'))

    def test_not_asked_if_not_on_a_terminal(self) -> None:
        self.openstack(*self.command)
        self.assertEqual({'demo-anode-1'}, self.having(self.name, '1'))

    def test_not_asked_for_a_hundred(self) -> None:
        self.list(99)
        screen = self.asked(b'')
        self.assertEqual(0, screen.wait())
        self.assertEqual([], screen.lines)

    def test_not_asked_for_a_dry_run(self) -> None:
        screen = self.asked(b'', '--dry-run')
        self.assertEqual(0, screen.wait())
        self.assertEqual([], screen.lines)
        self.assertEqual([], self.writes(self.proxy))
