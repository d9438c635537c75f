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

"""Nothing is left behind, whatever ends an upload."""

import signal
import time

from tests.fixtures import faults
from tests.functional import base

_PUT = ('PUT', '/file')
_SIZE = 3 * 1024**2


class InterruptedTest(base.FunctionalTest):
    """A signal in the middle of an upload."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.stall = faults.Stall(_SIZE // 2)
        self.addCleanup(self.stall.released.set)
        self.proxy.inject(*_PUT, self.stall)
        file = str(self.source(_SIZE))
        self.command = (
            *('image', 'create', '--progress', '--file', file, self.name),
        )

    def interrupted(
        self, *options: str, number: int = signal.SIGINT
    ) -> base.Result:
        process = self.start(*self.command, *options)
        self.assertTrue(self.stall.reached.wait(30))
        process.send_signal(number)
        return self.finish(process)

    def assert_nothing_left(self) -> None:
        self.assertEqual([], self.images())
        self.stall.released.set()
        folder = self.cloud.stored(self.region, 'x').parent
        (created,) = self.proxy.requests('PUT')
        image_id = created.path.split('/')[-2]
        self.wait_for(lambda: not (folder / image_id).exists())

    def test_ctrl_c_on_a_terminal(self) -> None:
        screen = self.on_terminal(*self.command)
        self.assertTrue(self.stall.reached.wait(30))
        assert screen.process
        screen.process.send_signal(signal.SIGINT)
        self.assertEqual(130, screen.wait())
        self.assert_starts('interrupted', screen.lines[0])
        self.assertRegex(
            ' '.join(screen.lines[1:]),
            r'^Interrupted. (.* may remain in the store. )?Image .+ was '
            r'deleted.$',
        )
        self.assertTrue(screen.cursor_at_start)
        self.assert_nothing_left()

    def test_ctrl_c_in_a_log(self) -> None:
        result = self.interrupted()
        self.assertEqual((130, ''), (result.status, result.stdout))
        *_, drawn, sentence = result.stderr.splitlines()
        self.assertRegex(drawn, ': interrupted, .* in 0:0')
        self.assertRegex(
            sentence,
            r'^Interrupted. (.* may remain in the store. )?Image \S+ was '
            r'deleted.$',
        )
        self.assert_nothing_left()

    def test_sigterm(self) -> None:
        result = self.interrupted(number=signal.SIGTERM)
        self.assertEqual(143, result.status)
        self.assertIn('was deleted', result.stderr)
        self.assert_nothing_left()

    def test_keep_failed(self) -> None:
        result = self.interrupted('--keep-failed')
        self.assertEqual(130, result.status)
        self.assertIn(f'Image {self.image().id} was kept.', result.stderr)

    def test_protected(self) -> None:
        result = self.interrupted('--protected')
        self.assertEqual(130, result.status)
        self.assert_nothing_left()


class FinishedTest(base.FunctionalTest):
    """A signal when the image has been shown, and Python exits."""

    @base.cases(ctrl_c=(signal.SIGINT,), sigterm=(signal.SIGTERM,))
    def test_status(self, number: signal.Signals) -> None:
        process = self.start(
            *('image', 'create', '-f', 'value', '-c', 'status', self.name),
            real=True,  # which takes its time
        )
        assert process.stdout
        self.assertEqual(b'queued\n', process.stdout.readline())
        time.sleep(0.02)
        process.send_signal(number)
        result = self.finish(process)
        self.assertEqual((0, ''), (result.status, result.stderr))


class FailedTest(base.FunctionalTest):
    """An upload that the server refuses."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        file = str(self.source(_SIZE))
        self.command = ('image', 'create', '--file', file, self.name)
        refused = faults.Answer(413, faults.When.MIDDLE, 'Too much.')
        self.proxy.inject(*_PUT, refused)

    def test_deleted(self) -> None:
        self.assertRegex(
            self.failing(*self.command),
            r'^The server rejected the data for image (\S+): 413 Request '
            r'Entity '
            r'Too Large: Too much. Image \1 was deleted.$',
        )
        self.assertEqual([], self.images())

    def test_kept(self) -> None:
        error = self.failing(*self.command, '--keep-failed')
        image = self.image()
        self.assertEqual('queued', image.status)
        self.assertIn(f'Image {image.id} was kept.', error)

    def test_protected(self) -> None:
        self.failing(*self.command, '--protected')
        self.assertEqual([], self.images())

    def test_deletion_fails_at_first(self) -> None:
        self.proxy.inject('DELETE', '', faults.Answer(500), times=2)
        self.assertIn('was deleted', self.failing(*self.command))
        self.assertEqual([], self.images())

    def test_deletion_fails(self) -> None:
        denied = faults.Answer(403, body='Not yours.')
        self.proxy.inject('DELETE', '', denied)
        self.assertRegex(
            self.failing(*self.command),
            r'Too much. Image \S+ could not be deleted: .* 403 '
            r'Forbidden: Not yours.$',
        )

    def test_source_shrinks(self) -> None:
        """A file that is cut while it is sent, as by a disk that fills."""
        stall = faults.Stall(_SIZE // 2)
        self.proxy.forget()
        self.proxy.inject(*_PUT, stall)
        source = self.source(40 * _SIZE)
        process = self.start(
            'image', 'create', self.name, '--file', str(source)
        )
        self.assertTrue(stall.reached.wait(30))
        with source.open('r+b') as file:
            file.truncate(30 * _SIZE)
        stall.released.set()
        result = self.finish(process)
        self.assertEqual(1, result.status)
        self.assertIn('ended after 94371840 of ', result.stderr)
        self.assertEqual([], self.images())
