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


import argparse
from typing import Any
from unittest import mock

from openstackclient.image.v2 import image as core

from osc_image_ext.commands import image_upload
from tests.fixtures import doubles
from tests.fixtures import importing_glance
from tests.unit.commands import test_image


class ExistingImageTestCase(test_image.CommandTestCase):
    kind: Any

    def use(self, glance: doubles.Glance) -> None:
        super().use(glance)
        glance.attributes.update(disk_format='raw', container_format='bare')
        app = mock.Mock(client_manager=self.manager, stderr=self.stderr)
        self.command: Any = self.kind(app, None)

    def refuses_images_with_data(self) -> None:
        self.glance.statuses = ['active']
        self.assertRefused(
            'is in status active; data can be uploaded only to a',
            *('disk', '--file', self.file()),
        )
        self.assertNothingDone()


class TestStage(ExistingImageTestCase):
    kind = image_upload.StageImage

    def setUp(self) -> None:
        super().setUp()
        self.use(importing_glance.ImportingGlance())

    def stage(self, *options: str) -> None:
        self.command.take_action(self.parse('disk', *options))

    def test_every_option_of_cores_is_here(self) -> None:
        theirs = core.StageImage(self.command.app, None).get_parser('x')
        ours = self.command.get_parser('x')
        expected = [a.option_strings for a in theirs._actions]
        if ['--size'] not in expected:  # core 8 has none
            expected.append(['--size'])
        expected += [['--fetch'], ['--checksum'], ['--decompress']]
        self.assertEqual(expected, [a.option_strings for a in ours._actions])

    def test_a_file(self) -> None:
        self.stage('--file', self.file())
        self.assertEqual([b'data'], self.glance.stored)
        self.assertEqual([], self.warnings())

    def test_standard_input(self) -> None:
        self.feed(b'data')
        self.stage()
        self.assertEqual([b'data'], self.glance.stored)

    def test_progress(self) -> None:
        self.stage('--file', self.file(), '--progress')
        first, last = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: staging 4 B', first)
        self.assertTrue(last.startswith('disk: staged, 4 B in'))

    def test_no_data(self) -> None:
        self.assertRefused('No image data', 'disk')
        self.assertNothingDone()

    def test_an_image_with_data(self) -> None:
        self.refuses_images_with_data()

    def test_another_format_is_warned_of(self) -> None:
        self.stage('--file', self.file(test_image.QCOW2))
        (warning,) = self.warnings()
        self.assertIn('looks like qcow2', warning)
        # The command has no option that changes the format.
        self.assertNotIn('--', warning)

    def test_a_failure_deletes_nothing(self) -> None:
        self.use(
            importing_glance.ImportingGlance(
                put=doubles.answers(413, 'Too much.', 'text/plain')
            )
        )
        self.assertRefused(
            r'413: Too much. Image \S+ was not deleted.$',
            *('disk', '--file', self.file()),
        )
        self.proxy.delete_image.assert_not_called()


class TestUpload(ExistingImageTestCase):
    kind = image_upload.UploadImage

    def setUp(self) -> None:
        super().setUp()
        self.use(importing_glance.ImportingGlance(put=doubles.stores))

    def test_a_file(self) -> None:
        columns = self.run_command('disk', '--file', self.file())
        self.assertEqual('active', columns['status'])
        self.assertEqual([b'data'], self.glance.stored)
        self.assertEqual([], self.warnings())

    def test_progress(self) -> None:
        self.run_command('disk', '--file', self.file(), '--progress')
        *_, last = self.stderr.getvalue().splitlines()
        self.assertTrue(last.startswith('disk: verified, 4 B in'))

    def test_a_store(self) -> None:
        self.run_command('disk', '--file', self.file(), '--store', 'slow')
        headers = self.proxy.put.call_args.kwargs['headers']
        self.assertEqual('slow', headers['X-Image-Meta-Store'])

    def test_a_store_that_is_not_offered(self) -> None:
        self.assertRefused(
            "^Store 'no' is not available",
            *('disk', '--file', self.file(), '--store', 'no'),
        )
        self.assertNothingDone()

    def test_an_image_with_data(self) -> None:
        self.refuses_images_with_data()

    def test_what_differs_is_told_and_left(self) -> None:
        def spoil(glance: doubles.Glance, body: Any) -> Any:
            answer = doubles.stores(glance, body)
            glance.attributes['hash_value'] = 'f' * 128
            return answer

        self.use(importing_glance.ImportingGlance(put=spoil))
        self.assertRefused(
            r'Verification of image .* was not deleted.$',
            *('disk', '--file', self.file()),
        )
        self.proxy.delete_image.assert_not_called()

    def test_no_verification(self) -> None:
        self.use(importing_glance.ImportingGlance(put=importing_glance.spoils))
        self.glance.behaviours = [doubles.stores]
        self.run_command('disk', '--file', self.file(), '--no-verify')
        self.proxy.images.assert_not_called()

    def test_no_digest_is_warned_of(self) -> None:
        def store(glance: doubles.Glance, body: Any) -> Any:
            answer = doubles.stores(glance, body)
            for name in ('hash_value', 'hash_algo', 'checksum'):
                del glance.attributes[name]
            return answer

        self.use(importing_glance.ImportingGlance(put=store))
        self.run_command('disk', '--file', self.file())
        self.assertIn('was not verified', self.warnings()[0])

    def test_a_size_that_is_wrong(self) -> None:
        self.assertRefused(
            'but --size is 9', 'disk', '--file', self.file(), '--size', '9'
        )
        with (
            mock.patch.object(
                argparse.ArgumentParser, 'error', side_effect=SystemExit
            ),
            self.assertRaises(SystemExit),
        ):
            self.parse('disk', '--size', '-1')
