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


from typing import Any

from tests.fixtures import doubles
from tests.fixtures import importing_glance
from tests.unit.commands import test_image


class ImportTestCase(test_image.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(importing_glance.in_no_time())

    def use_importing(self, *steps: Any, **options: Any) -> Any:
        glance = importing_glance.ImportingGlance(*steps, **options)
        self.use(glance)
        return glance

    def create(self, *options: str) -> dict[str, Any]:
        return self.run_command(
            *('--import', '--file', self.file(), 'disk', *options)
        )


class TestImport(ImportTestCase):
    def test_it_is_waited_for(self) -> None:
        for option in ('--wait', '--progress'):
            glance = self.use_importing(
                importing_glance.Step(), importing_glance.active()
            )
            self.assertEqual('active', self.create(option)['status'])
            self.assertEqual([b'data'], glance.stored)
        self.assertEqual([], self.warnings())

    def test_it_is_not_waited_for(self) -> None:
        self.use_importing(importing_glance.Step())
        self.assertEqual('importing', self.create()['status'])
        self.assertEqual([], self.warnings())

    def test_its_end_is_shown(self) -> None:
        self.use_importing()
        self.create('--progress')
        *_, last = self.stderr.getvalue().splitlines()
        self.assertTrue(last.startswith('disk: active, verified, 4 B in'))

    def test_a_download_ends_as_stored(self) -> None:
        self.use_importing(importing_glance.active(size=5))
        self.run_command('--uri', 'http://x/y', '--progress', 'disk')
        *_, last = self.stderr.getvalue().splitlines()
        self.assertTrue(last.startswith('disk: active, stored, 5 B in'))
        self.assertEqual([], self.warnings())

    def test_standard_input_is_not_read_for_a_download(self) -> None:
        glance = self.use_importing()
        self.feed(b'data')
        self.run_command('--uri', 'http://x/y', '--wait', 'disk')
        self.assertEqual([], glance.stored)

    def test_stores_that_failed_are_warned_of(self) -> None:
        self.use_importing()
        self.create('--wait', '--all-stores')
        (warning,) = self.warnings()
        self.assertRegex(warning, 'was not imported into these stores: slow.$')

    def test_a_conversion_is_warned_of(self) -> None:
        self.use_importing(importing_glance.active(disk_format='qcow2'))
        self.create('--wait')
        (warning,) = self.warnings()
        self.assertIn('converted image', warning)
        self.assertIn('to disk format qcow2', warning)

    def test_no_digest_is_warned_of(self) -> None:
        step = importing_glance.active(
            hash_algo=None, hash_value=None, checksum=None
        )
        self.use_importing(step)
        self.create('--wait')
        (warning,) = self.warnings()
        self.assertIn('was not verified', warning)

    def test_no_digest_is_not_warned_of_if_none_is_wanted(self) -> None:
        self.use_importing()
        self.create('--wait', '--no-verify')
        self.assertEqual([], self.warnings())

    def test_another_format_is_warned_of(self) -> None:
        self.use_importing()
        self.run_command(
            *('--import', 'disk', '--file', self.file(test_image.QCOW2))
        )
        (warning,) = self.warnings()
        self.assertIn('looks like qcow2', warning)

    def test_no_data_is_refused(self) -> None:
        self.use_importing()
        self.assertRefused('No image data', '--import', 'disk')
        self.assertNothingDone()

    def test_what_the_cloud_does_not_offer_is_refused(self) -> None:
        self.use_importing()
        file = self.file()
        for words, *options in (
            (
                "Store 'no' is not available. Available: fast",
                '--store',
                'no',
                '--file',
                file,
            ),
            (
                "'no' is not available. Available: fast",
                '--store',
                'no',
                '--import',
                '--file',
                file,
            ),
            (
                "method 'glance-download'",
                '--remote-region=r',
                '--remote-image=i',
            ),
        ):
            self.assertRefused(words, 'disk', *options)
        self.assertNothingDone()


class TestStore(ImportTestCase):
    def test_a_direct_upload_goes_into_one_store(self) -> None:
        glance = self.use_importing(put=doubles.stores)
        self.run_command('--store', 'slow', '--file', self.file(), 'disk')
        headers = self.proxy.put.call_args.kwargs['headers']
        self.assertEqual('slow', headers['X-Image-Meta-Store'])
        self.assertEqual([], glance.imports)

    def test_without_one_nothing_is_said_of_it(self) -> None:
        self.run_command('--file', self.file(), 'disk')
        headers = self.proxy.put.call_args.kwargs['headers']
        self.assertNotIn('X-Image-Meta-Store', headers)

    def test_a_record_alone_has_none(self) -> None:
        self.use_importing()
        self.assertRefused(
            '^--store requires image data', '--store', 'fast', 'disk'
        )
        self.assertNothingDone()
