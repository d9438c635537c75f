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

"""Downloads that end early, and those that go on with what is left."""

import re
import shlex
import signal
import subprocess

from tests.fixtures import faults
from tests.functional import base
from tests.functional import save_base

_SIZE = save_base.SIZE
_HALF = _SIZE // 2


class ResumeTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.stored_image()
        self.proxy = self.proxied()

    def started(
        self, *options: str, held: int = _HALF
    ) -> subprocess.Popen[bytes]:
        """Start a download that stops half way.

        :param held: bytes of all files then.
        """
        self.freeze = faults.Freeze(_HALF)
        self.addCleanup(self.freeze.released.set)
        self.proxy.inject(*save_base.GET, self.freeze)
        process = self.start(*self.save, *options)
        self.assertTrue(self.freeze.reached.wait(30))
        self.wait_for(lambda: self._count_bytes() >= held)
        return process

    def _count_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.directory.iterdir())

    def leave_part(self, data: bytes) -> None:
        """Leave what a failed download has left."""
        self.partial().write_bytes(data)
        self.partial().chmod(0o600)

    def requested(self) -> list[str | None]:
        """Return the range of each request for data."""
        return [
            seen.headers.get('Range')
            for seen in self.proxy.requests(*save_base.GET)
        ]

    @base.cases(
        ctrl_c=(signal.SIGINT, 130),
        terminated=(signal.SIGTERM, 143),
    )
    def test_signal(self, number: signal.Signals, status: int) -> None:
        process = self.started()
        process.send_signal(number)
        result = self.finish(process)
        self.assertEqual(status, result.status)
        self.assertEqual(_HALF, len(self.assert_partial(result.stderr)))
        match = re.search('run "openstack (.*)"', result.stderr)
        assert match
        self.openstack(*shlex.split(match[1]))
        self.assert_saved()
        self.assertEqual([None, f'bytes={_HALF}-'], self.requested())

    def test_killed(self) -> None:
        process = self.started()
        process.kill()
        process.wait()
        (name,) = self.listed()
        self.assertRegex(name, r'^[.]disk[.]img[.].*[.][0-9a-f]{8}[.]part$')
        self.openstack(*self.save, '--resume')
        self.assert_saved()
        self.assertEqual([None, f'bytes={_HALF}-'], self.requested())

    def test_killed_and_not_resumed(self) -> None:
        process = self.started()
        process.kill()
        process.wait()
        (name,) = self.listed()
        result = self.run_openstack(*self.save)
        self.assertEqual(0, result.status)
        self.assertIn(name, result.stderr)
        self.assertIn('not used without --resume', result.stderr)
        self.assertEqual(self.data, self.target.read_bytes())
        self.assertEqual([name, 'disk.img'], self.listed())

    def test_file_of_another_command_that_runs(self) -> None:
        process = self.started()
        self.openstack(*self.save, '--resume')
        self.assertEqual(self.data, self.target.read_bytes())
        self.assertEqual([None, None], self.requested())
        process.kill()

    def test_two_at_once(self) -> None:
        started = []
        for number in (1, 2):
            process = self.started(held=number * _HALF)
            started.append((process, self.freeze))
        for process, freeze in started:
            freeze.released.set()
            self.assertEqual(0, self.finish(process).status)
        self.assert_saved()

    def test_two_that_resume(self) -> None:
        self.leave_part(self.data[:_HALF])
        processes = [self.start(*self.save, '--resume') for _each in '12']
        for process in processes:
            self.assertEqual(0, self.finish(process).status)
        self.assert_saved()
        self.assertEqual(
            {None, f'bytes={_HALF}-'}, set(self.requested()) | {None}
        )

    def test_nothing_to_resume(self) -> None:
        self.openstack(*self.save, '--resume')
        self.assert_saved()

    def test_complete(self) -> None:
        self.leave_part(self.data)
        self.openstack(*self.save, '--resume')
        self.assert_saved()
        self.assertEqual([], self.requested())

    @base.cases(
        damaged=(lambda data: b'x' + data[1:_HALF], [f'bytes={_HALF}-', None]),
        damaged_and_complete=(lambda data: b'x' + data[1:], [None]),
    )
    def test_wrong(self, change: object, requested: list[str | None]) -> None:
        assert callable(change)
        self.leave_part(change(self.data))
        result = self.run_openstack(*self.save, '--resume')
        self.assertEqual(0, result.status)
        self.assertIn('Downloading again from the beginning.', result.stderr)
        self.assert_saved()
        self.assertEqual(requested, self.requested())

    def test_too_long(self) -> None:
        self.leave_part(self.data + b'x')
        self.openstack(*self.save, '--resume')
        self.assert_saved()
        self.assertEqual([None], self.requested())

    def test_store_cannot_send_a_part(self) -> None:
        self.leave_part(self.data[:_HALF])
        self.proxy.inject(*save_base.GET, faults.Answer(400, body='No.'))
        result = self.run_openstack(*self.save, '--resume')
        self.assertEqual(0, result.status)
        self.assertIn('Downloading again from the beginning.', result.stderr)
        self.assert_saved()

    def test_refused(self) -> None:
        self.leave_part(self.data[:_HALF])
        self.proxy.inject(*save_base.GET, faults.Answer(403))
        result = self.run_openstack(*self.save, '--resume')
        self.assertEqual(1, result.status)
        self.assertEqual(_HALF, len(self.assert_partial(result.stderr)))

    def test_progress(self) -> None:
        self.leave_part(self.data[:_HALF])
        result = self.run_openstack(*self.save, '--resume', '--progress')
        first, *_others, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: reading 1.5 MiB', first)
        downloading = f'{self.name}: downloading 1.5/3.0 MiB\n'
        self.assertIn(downloading, result.stderr)
        self.assertRegex(last, ': verified, 3.0 MiB in ')

    def test_sparse(self) -> None:
        for image in self.images():
            self.glance.delete_image(image)
        self.stored_image(b'a' * 100_000 + bytes(_SIZE - 100_000))
        process = self.started('--sparse', held=100_000)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertLessEqual(100_000, len(self.assert_partial(result.stderr)))
        self.openstack(*self.save, '--sparse', '--resume')
        self.assert_saved()
        self.assertLess(self.target.stat().st_blocks * 512, 300_000)
