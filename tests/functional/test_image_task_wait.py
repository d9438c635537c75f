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

"""Tasks that are followed: what is seen of them, and what may interrupt."""

import json
import re
import signal
from typing import Any

from tests.fixtures import faults
from tests.functional import base
from tests.functional import task_base

_GET = ('GET', '/v2/tasks/')


class StalledTest(task_base.ImageTaskTest):
    """Has an import that goes on when the test lets it."""

    def setUp(self) -> None:
        super().setUp()
        self.stall = faults.Stall(task_base.SIZE // 2)
        self.url = self.web.serve('slow.img', self.data, self.stall)
        self.command = (*self.create, *self.shortcuts(self.url), '--wait')

    def assert_goes_on(self, task_id: str) -> None:
        """Check that the task ends well once it may."""
        self.assertEqual('processing', self.task(task_id).status)
        self.stall.released.set()
        self.assertEqual('success', self.ended(task_id))
        self.assert_imported()


class TimeoutTest(StalledTest):
    def test_it_names_the_task_and_how_to_go_on(self) -> None:
        error = self.failing(*self.command, '--timeout', '2')
        self.assertRegex(
            error,
            r'^Timed out waiting for task (\S{36}) \(status: processing\). '
            r'Task \1 continues on the server. To check it, run "openstack '
            r'image task show \1".$',
        )
        self.assert_goes_on(error.split()[5])

    def test_with_progress(self) -> None:
        result = self.run_openstack(
            *self.command, '--timeout', '0', '--progress'
        )
        self.assertEqual((1, ''), (result.status, result.stdout))
        drawn, error = result.stderr.splitlines()
        self.assertRegex(drawn, r'^\S{36}: failed in 0:0\d$')
        self.assert_starts('Timed out waiting for task', error)


class InterruptedTest(StalledTest):
    def interrupted(self, number: int, *options: str) -> base.Result:
        process = self.start(*self.command, *options)
        self.assertTrue(self.stall.reached.wait(30))
        process.send_signal(number)
        return self.finish(process)

    def assert_told(self, line: str) -> None:
        self.assertRegex(
            line,
            r'^Interrupted. Task (\S{36}) continues on the server. To check '
            r'it, run "openstack image task show \1".$',
        )
        self.assert_goes_on(line.split()[2])

    def test_ctrl_c(self) -> None:
        result = self.interrupted(signal.SIGINT)
        self.assertEqual((130, ''), (result.status, result.stdout))
        (line,) = result.stderr.splitlines()
        self.assert_told(line)

    def test_ctrl_c_on_a_terminal(self) -> None:
        screen = self.on_terminal(*self.command, '--progress')
        self.assertTrue(self.stall.reached.wait(30))
        assert screen.process
        screen.process.send_signal(signal.SIGINT)
        self.assertEqual(130, screen.wait())
        self.assertRegex(screen.lines[0], r'^interrupted .* 0:0\d$')
        self.assertTrue(screen.cursor_at_start)
        self.assert_told(_unwrapped(screen.lines[1:]))

    def test_sigterm(self) -> None:
        result = self.interrupted(signal.SIGTERM)
        self.assertEqual((143, ''), (result.status, result.stdout))
        self.assert_told(result.stderr.rstrip())


class FaultsTest(task_base.ImageTaskTest):
    """A server that does not answer at once is waited for."""

    def survives(self, *trouble: faults.Fault) -> base.Result:
        proxy = self.proxied()
        for fault in trouble:
            proxy.inject(*_GET, fault)
        result = self.run_openstack(
            *self.create, *self.shortcuts(self.url), '--wait', '-f', 'json'
        )
        self.assertEqual(0, result.status)
        self.assertEqual('success', result.json['status'])
        # On a busy machine the task is not finished at the first look.
        self.assertGreater(len(proxy.requests(*_GET)), len(trouble))
        self.assertEqual(1, len(proxy.requests('POST')))
        self.assert_imported()
        return result

    @base.cases(
        _503=(faults.Answer(503), '503'),
        token_that_expired=(faults.Answer(401), '^$'),
        reset=(faults.Reset(None), '^$'),
        proxy_that_lost_patience=(faults.Answer(504), '^$'),
    )
    def test_asked_again(self, fault: faults.Fault, words: str) -> None:
        self.assertRegex(self.survives(fault).stderr, words)

    def test_one_after_the_other(self) -> None:
        self.survives(faults.Answer(401), faults.Reset(0), faults.Answer(503))

    def test_token_that_is_not_accepted_any_more(self) -> None:
        self.proxied().inject(*_GET, faults.Answer(401, body='No.'), times=2)
        error = self.failing(*self.create, *self.shortcuts(self.url), '--wait')
        self.assertRegex(
            error,
            r'^The server returned 401 Unauthorized: No. Task \S{36} '
            r'continues on the server. To check it, run "openstack image '
            r'task ',
        )
        self.wait_for(self.images)
        self.wait_for(lambda: self.image().status == 'active')

    def test_outage_in_a_log(self) -> None:
        self.proxied().inject(*_GET, faults.Reset(0), times=2)
        result = self.run_openstack(
            *self.create, *self.shortcuts(self.url), '--progress'
        )
        self.assertEqual(0, result.status)
        self.assertRegex(
            result.stderr,
            ': pending, Cannot connect to the server: Connection reset by '
            r'peer., 0:0\d\n',
        )


class ProgressTest(StalledTest):
    """What people and logs see while a task runs."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.proxy.inject(*_GET, faults.Edit(_copied), times=2)
        self.command = (
            *self.create, *self.shortcuts(self.url), '--progress',
        )  # fmt: skip

    def drawn(self, columns: int) -> list[str]:
        """Follow the task on a terminal; return the lines in their order."""
        screen = self.on_terminal(*self.command, '-f', 'json', columns=columns)
        self.wait_for(lambda: 'Copied 5 MiB' in ' '.join(screen.lines))
        self.stall.released.set()
        assert screen.process and screen.process.stdout
        shown = json.loads(screen.process.stdout.read())
        self.assertEqual('success', shown['status'])
        self.assertEqual(0, screen.wait())
        self.assertTrue(screen.cursor_at_start)
        for lines in screen.screens:
            self.assertLessEqual(len(lines), 1, lines)
        return [lines[0] for lines in screen.screens if lines]

    def assert_drawn(self, lines: list[str], pattern: str) -> None:
        """Check that the lines have the phases, and that each is like this."""
        phases = [line.split()[0] for line in lines]
        self.assertEqual(
            ['pending', 'processing', 'success'], list(dict.fromkeys(phases))
        )
        for line in lines:
            self.assertRegex(line, pattern)

    def test_terminal(self) -> None:
        lines = self.drawn(80)
        self.assert_drawn(
            lines,
            r'^(pending   |processing|success   ) [━╸╺ ]{40,} '
            r'(Copied 5 MiB +)? *0:\d\d$',
        )
        self.assertGreater(len({line.split()[-1] for line in lines}), 2)

    def test_narrow_terminal(self) -> None:
        lines = self.drawn(40)
        self.assert_drawn(
            lines, r'^(pending|processing|success) .*(Copied 5 MiB)? *0:\d\d$'
        )

    def test_log(self) -> None:
        process = self.start(*self.command)
        self.assertTrue(self.stall.reached.wait(30))
        self.wait_for(lambda: len(self.proxy.requests(*_GET)) >= 2)
        self.stall.released.set()
        result = self.finish(process)
        self.assertEqual(0, result.status)
        self.assertNotRegex(result.stderr, '[\r\x1b]| B|100%')
        lines = [
            re.sub(r'^\S{36}: ', '', line)
            for line in result.stderr.splitlines()
        ]
        self.assertRegex(lines[0], r'^pending, 0:0\d$')
        self.assertRegex(lines[1], r'^processing, Copied 5 MiB, 0:0\d$')
        self.assertRegex(lines[-1], r'^success in 0:\d\d$')

    def test_failure(self) -> None:
        result = self.run_openstack(
            *self.create,
            *self.shortcuts(f'{self.web.url}/gone'),
            '--progress',
        )
        self.assertEqual((1, ''), (result.status, result.stdout))
        *_, drawn, error = result.stderr.splitlines()
        self.assertRegex(drawn, r'^\S{36}: failed in 0:0\d$')
        self.assertRegex(error, r'^Task \S{36} failed: ')


def _copied(task: dict[str, Any]) -> None:
    task['message'] = 'Copied 5 MiB'


def _unwrapped(lines: list[str]) -> str:
    """Return the text that a terminal of 80 columns broke into lines."""
    return ''.join(f'{line:80}' for line in lines).rstrip()
