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

"""Imports that are disturbed: by the network, by people, by time."""

import os
import signal

from tests.fixtures import faults
from tests.functional import base
from tests.functional import import_base

_STAGE = ('PUT', '/stage')
_TASKS = ('GET', '/tasks')


class StagingFaultTest(import_base.ImportTest):
    """The data is sent again, whole, or not at all."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()

    def survives(self, fault: faults.Fault, *options: str) -> base.Result:
        self.proxy.inject(*_STAGE, fault)
        result = self.run_openstack(*self.stage, '--wait', *options)
        self.assertEqual(0, result.status)
        self.assert_active()
        return result

    @base.cases(
        _401_before=(faults.Answer(401),),
        _401_in_the_middle=(faults.Answer(401, faults.When.MIDDLE),),
        _401_after=(faults.Answer(401, faults.When.AFTER),),
        _503_before=(faults.Answer(503),),
        _503_in_the_middle=(faults.Answer(503, faults.When.MIDDLE),),
    )
    def test_sent_again(self, fault: faults.Fault) -> None:
        self.survives(fault)

    def test_reset_in_the_middle(self) -> None:
        result = self.survives(faults.Reset(1024**2), '--progress')
        self.assertEqual(2, result.stderr.count(': staging 3.0 MiB\n'))
        self.assertIn('Retrying from the beginning.', result.stderr)

    @base.cases(
        reset=(faults.Reset(None),),
        gateway_timeout=(
            faults.Replace(504, '<h1>504 Gateway Time-out</h1>'),
        ),
    )
    def test_all_was_staged_before(self, fault: faults.Fault) -> None:
        self.survives(fault)
        self.assertEqual(1, len(self.proxy.requests(*_STAGE)))

    def test_503_after_all_was_staged(self) -> None:
        self.data = os.urandom(64 * 1024**2)
        self.file.write_bytes(self.data)
        self.survives(faults.Replace(503))
        self.assertEqual(1, len(self.proxy.requests(*_STAGE)))

    def test_refused(self) -> None:
        self.proxy.inject(*_STAGE, faults.Answer(413, body='Too much.'))
        self.assertRegex(
            self.failing(*self.stage),
            r'^The server rejected the data for image (\S+): 413 Request '
            r'Entity '
            r'Too Large: Too much. Image \1 was deleted.$',
        )
        self.assert_nothing_left()

    def test_pipe_is_not_sent_twice(self) -> None:
        self.proxy.inject(*_STAGE, faults.Answer(503, faults.When.MIDDLE))
        result = self.run_openstack(
            *self.create, '--import', '--wait', data=self.data
        )
        self.assertEqual(1, result.status)
        self.assertIn('can be read only once', result.stderr)
        self.assert_nothing_left()


class PollingFaultTest(import_base.ImportTest):
    """The server does not answer for a while."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()

    def test_401(self) -> None:
        self.proxy.inject(*_TASKS, faults.Answer(401))
        self.openstack(*self.stage, '--wait')
        self.assert_active()

    def test_503(self) -> None:
        self.proxy.inject(*_TASKS, faults.Answer(503), 2)
        result = self.run_openstack(*self.stage, '--wait')
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_reset(self) -> None:
        # The first two look for the task, the third one at it.
        self.proxy.inject(*_TASKS, faults.Reset(None), times=3)
        self.openstack('image', 'import', self.staged().id, '--wait')
        self.assert_active()

    def test_image_that_somebody_deletes(self) -> None:
        stall = faults.Stall(100)
        url = self.web.serve('slow.img', self.data, stall)
        process = self.start(*self.create, '--uri', url, '--wait')
        self.assertTrue(stall.reached.wait(30))
        image_id = self.image().id
        self._delete_images()
        result = self.finish(process)
        self.assertEqual(1, result.status)
        self.assert_starts(
            f'Image {image_id} was deleted during the import.',
            result.stderr,
        )


class StalledTest(import_base.ImportTest):
    """Glance downloads from a server that does not go on."""

    def setUp(self) -> None:
        super().setUp()
        self.stall = faults.Stall(import_base.SIZE // 2)
        self.url = self.web.serve('slow.img', self.data, self.stall)
        self.download = (*self.create, '--uri', self.url, '--progress')

    def import_command(self) -> tuple[str, ...]:
        return (
            *('image', 'import', self.queued().id, '--method', 'web-download'),
            *('--uri', self.url, '--progress'),
        )

    def interrupted(
        self, *command: str, number: int = signal.SIGINT
    ) -> base.Result:
        process = self.start(*command)
        self.assertTrue(self.stall.reached.wait(30))
        # A moment later the import is being followed.
        self.wait_for(lambda: self.image().status == 'importing')
        process.send_signal(number)
        return self.finish(process)

    def test_ctrl_c_deletes_what_was_made(self) -> None:
        result = self.interrupted(*self.download)
        self.assertEqual((130, ''), (result.status, result.stdout))
        self.assertRegex(
            result.stderr.splitlines()[-1],
            r'^Interrupted. The import of image (\S+) was still '
            r'running; partial data may remain in the store. Image \1 was '
            r'deleted.$',
        )
        self.stall.released.set()
        self.assert_nothing_left()

    def test_sigterm_deletes_what_was_made(self) -> None:
        result = self.interrupted(*self.download, number=signal.SIGTERM)
        self.assertEqual(143, result.status)
        self.assertIn('was deleted', result.stderr)
        self.assertEqual([], self.images())

    def test_ctrl_c_and_keep(self) -> None:
        result = self.interrupted(*self.download, '--keep-failed')
        self.assertEqual(130, result.status)
        image = self.image()
        self.assertIn(
            f'Interrupted. Image {image.id} was kept.', result.stderr
        )

    def test_ctrl_c_only_stops_watching_what_existed(self) -> None:
        result = self.interrupted(*self.import_command())
        self.assertEqual((130, ''), (result.status, result.stdout))
        image = self.image()
        self.assertEqual(
            f'Interrupted. The import of image {image.id} continues on '
            'the server. To check it, run '
            f'"openstack image task list --image {image.id} --long".',
            result.stderr.splitlines()[-1],
        )
        self.stall.released.set()
        self.wait_for(lambda: self.image().status == 'active')

    def test_timeout(self) -> None:
        result = self.run_openstack(*self.import_command(), '--timeout', '2')
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assertRegex(
            result.stderr.splitlines()[-1],
            r'^Timed out waiting for task \S{36} \(status: processing\). The '
            r'import of image (\S+) continues on the server. To check it, run '
            r'"openstack image task list --image \1 --long".$',
        )
        self.stall.released.set()
        self.wait_for(lambda: self.image().status == 'active')

    def test_timeout_of_what_was_made(self) -> None:
        error = self.failing(
            *self.create, '--uri', self.url, '--wait', '--timeout', '1'
        )
        self.assert_starts('Timed out waiting', error)
        self.assertIn('was deleted', error)
        self.stall.released.set()
        self.assert_nothing_left()


class InterruptedStagingTest(import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        # More than what lies in the buffers of the connections.
        with self.file.open('r+b') as file:
            file.truncate(60 * 1024**2)
        self.stall = faults.Stall(import_base.SIZE)
        self.addCleanup(self.stall.released.set)
        self.proxied().inject(*_STAGE, self.stall)

    def test_ctrl_c_on_a_terminal(self) -> None:
        screen = self.on_terminal(*self.stage, '--progress')
        self.assertTrue(self.stall.reached.wait(30))
        assert screen.process
        screen.process.send_signal(signal.SIGINT)
        self.stall.released.set()
        self.assertEqual(130, screen.wait())
        self.assert_starts('interrupted', screen.lines[0])
        self.assertRegex(
            ' '.join(screen.lines[1:]),
            r'^Interrupted. Image \S+ was deleted.$',
        )
        self.assert_nothing_left()


class InterruptedCopyTest(import_base.ImportTest):
    """Glance writes to a store just now: that must not stay there."""

    def test_nothing_stays_in_the_store(self) -> None:
        with self.file.open('r+b') as file:
            file.truncate(200 * 1024**2)
        process = self.start(*self.stage, '--wait')

        def copying() -> bool:
            return any(
                image.status == 'importing' and self._half(image.id)
                for image in self.images()
            )

        self.wait_for(copying, 60)
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual(130, result.status)
        self.assertRegex(
            result.stderr, r'^Interrupted. Image \S+ was deleted.\n$'
        )
        self.assert_nothing_left()

    def _half(self, image_id: str) -> bool:
        stored = self.cloud.stored(self.region, image_id)
        return stored.exists() and stored.stat().st_size > 10 * 1024**2
