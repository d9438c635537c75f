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

"""image upload: data for an image that exists."""

import signal

from tests.fixtures import faults
from tests.functional import import_base


class UploadTest(import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        self.image_id = self.queued().id
        self.command = (
            *('image', 'upload', self.name, '--file', str(self.file)),
        )

    def test_file(self) -> None:
        shown = self.openstack(*self.command, '-f', 'json').json
        self.assert_active()
        self.assertEqual(
            (self.image_id, 'active'), (shown['id'], shown['status'])
        )

    def test_columns_are_those_of_image_show(self) -> None:
        uploaded = self.openstack(*self.command, '-f', 'json').json
        shown = self.openstack('image', 'show', self.name, '-f', 'json').json
        self.assertEqual(shown, uploaded)

    def test_standard_input(self) -> None:
        result = self.run_openstack(
            'image', 'upload', self.name, data=self.data
        )
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_in_a_log(self) -> None:
        result = self.run_openstack(*self.command, '--progress')
        self.assertRegex(result.stderr, ': verified, 3.0 MiB in 0:0')

    def test_size_that_is_wrong(self) -> None:
        self.assertIn(
            'but --size is 7', self.failing(*self.command, '--size', '7')
        )
        self.assertEqual('queued', self.image().status)

    def test_image_that_has_data(self) -> None:
        self.openstack(*self.command)
        self.assertIn('status active', self.failing(*self.command))
        self.assert_active()

    def test_image_that_is_not_there(self) -> None:
        self.assertIn('no-such', self.failing('image', 'upload', 'no-such'))

    def test_changed_byte(self) -> None:
        self.proxied().inject('PUT', '/file', faults.Flip(1000))
        error = self.failing(*self.command)
        self.assertRegex(
            error,
            r'^Verification of image (\S+) failed: .* Image \1 was '
            r'not deleted.$',
        )
        self.assertEqual(self.image_id, self.image().id)

    def test_faults(self) -> None:
        proxy = self.proxied()
        proxy.inject('PUT', '/file', faults.Answer(401, faults.When.AFTER))
        proxy.inject('PUT', '/file', faults.Answer(503, faults.When.MIDDLE))
        result = self.run_openstack(*self.command)
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_ctrl_c(self) -> None:
        stall = faults.Stall(1024**2)
        self.proxied().inject('PUT', '/file', stall)
        process = self.start(*self.command)
        self.assertTrue(stall.reached.wait(30))
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        stall.released.set()
        self.assertEqual(130, result.status)
        self.assertIn('was not deleted', result.stderr)
        self.assertEqual(self.image_id, self.image().id)


class SingleStoreUploadTest(import_base.ImportTest):
    """A Glance with one store, which has no name."""

    region = 'single'

    def setUp(self) -> None:
        super().setUp()
        self.queued()
        self.command = (
            *('image', 'upload', self.name, '--file', str(self.file)),
        )

    def test_file(self) -> None:
        self.openstack(*self.command)
        self.assert_active()

    def test_store_is_refused(self) -> None:
        self.assertEqual(
            'This deployment does not have multiple stores.',
            self.failing(*self.command, '--store', 'file'),
        )


class StoreTest(import_base.ImportTest):
    def test_another_store(self) -> None:
        self.queued()
        self.openstack(
            *('image', 'upload', self.name, '--file', str(self.file)),
            *('--store', 'slow'),
        )
        self.assert_active('slow')

    def test_no_such_store(self) -> None:
        self.queued()
        self.assertEqual(
            "Store 'no-such' is not available. Available: fast, slow.",
            self.failing('image', 'upload', self.name, '--store', 'no-such'),
        )
