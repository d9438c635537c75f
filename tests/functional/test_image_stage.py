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

"""image stage: data for an image that exists, to be imported."""

import signal

from tests.fixtures import faults
from tests.functional import import_base


class StageTest(import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        self.image_id = self.queued().id
        self.command = ('image', 'stage', self.name)
        self.file_option = ('--file', str(self.file))

    def assert_staged(self) -> None:
        image = self.image()
        self.assertEqual('uploading', image.status)
        self.assertEqual({'staging': self.data}, self.kept(image.id))

    def test_file(self) -> None:
        result = self.openstack(*self.command, *self.file_option)
        self.assertEqual('', result.stdout)
        self.assert_staged()

    def test_standard_input(self) -> None:
        result = self.run_openstack(*self.command, data=self.data)
        self.assertEqual(0, result.status)
        self.assertEqual(
            'Reading image data from standard input.\n', result.stderr
        )
        self.assert_staged()

    def test_no_data(self) -> None:
        self.assertEqual(
            'No image data: specify --file or --fetch, or provide data on '
            'standard input.',
            self.failing(*self.command),
        )

    def test_in_a_log(self) -> None:
        result = self.run_openstack(
            *self.command, *self.file_option, '--progress'
        )
        self.assertEqual((0, ''), (result.status, result.stdout))
        first, *_, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: staging 3.0 MiB', first)
        self.assertRegex(last, ': staged, 3.0 MiB in 0:0')

    def test_on_a_terminal(self) -> None:
        screen = self.on_terminal(
            *self.command, *self.file_option, '--progress'
        )
        self.assertEqual(0, screen.wait())
        self.assertRegex(screen.lines[0], '^staged +━+ 3.0/3.0 MiB 100%')

    def test_staged_already(self) -> None:
        self.openstack(*self.command, *self.file_option)
        self.assertEqual(
            f'Image {self.image_id} is in status uploading; data can be '
            'uploaded only to a queued image.',
            self.failing(*self.command, *self.file_option),
        )
        self.assert_staged()

    def test_refused(self) -> None:
        self.proxied().inject(
            'PUT', '/stage', faults.Answer(413, body='Too much.')
        )
        self.assertEqual(
            f'The server rejected the data for image {self.image_id}: 413 '
            f'Request Entity Too Large: Too much. Image {self.image_id} was '
            'not deleted.',
            self.failing(*self.command, *self.file_option),
        )
        self.assertEqual('queued', self.image().status)

    def test_faults(self) -> None:
        proxy = self.proxied()
        proxy.inject('PUT', '/stage', faults.Answer(401, faults.When.AFTER))
        proxy.inject('PUT', '/stage', faults.Answer(503, faults.When.MIDDLE))
        result = self.run_openstack(*self.command, *self.file_option)
        self.assertEqual(0, result.status)
        self.assert_staged()

    def test_ctrl_c(self) -> None:
        stall = faults.Stall(1024**2)
        self.proxied().inject('PUT', '/stage', stall)
        process = self.start(*self.command, *self.file_option)
        self.assertTrue(stall.reached.wait(30))
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        stall.released.set()
        self.assertEqual(130, result.status)
        self.assertEqual(
            f'Interrupted. Image {self.image_id} was not deleted.\n',
            result.stderr,
        )
        self.assertEqual(self.image_id, self.image().id)


class SingleStoreStageTest(import_base.ImportTest):
    region = 'single'

    def test_file(self) -> None:
        image_id = self.queued().id
        self.openstack('image', 'stage', self.name, '--file', str(self.file))
        self.assertEqual('uploading', self.image().status)
        self.assertEqual({'staging': self.data}, self.kept(image_id))
