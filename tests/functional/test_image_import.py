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

"""image import, of images that exist."""

import json

from tests.fixtures import faults
from tests.functional import base
from tests.functional import import_base


class ImportImageTest(import_base.ImportTest):
    def imported(self, image_id: str, *options: str) -> str:
        """Import, and wait; return the status that is shown."""
        shown = self.openstack(
            'image', 'import', image_id, '--wait', '-f', 'json', *options
        ).json
        self.assertEqual(image_id, shown['id'])
        return str(shown['status'])

    def test_staged(self) -> None:
        self.assertEqual('active', self.imported(self.staged().id))
        self.assert_active()

    def test_downloaded(self) -> None:
        image = self.queued()
        options = ('--method', 'web-download', '--uri', self.url)
        self.assertEqual('active', self.imported(image.id, *options))
        self.assert_active()

    def test_not_waited_for(self) -> None:
        image = self.staged()
        self.openstack('image', 'import', image.id)
        self.wait_for(lambda: self.image().status == 'active')
        self.wait_for(lambda: 'staging' not in self.kept(image.id))
        self.assert_active()

    def test_in_a_log(self) -> None:
        image = self.staged()
        result = self.run_openstack(
            'image', 'import', self.name, '--progress', '-f', 'json'
        )
        self.assertEqual(0, result.status)
        self.assertEqual(image.id, result.json['id'])
        first, *_, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: importing 3.0 MiB', first)
        self.assertRegex(last, ': active, stored, 3.0 MiB in 0:0')

    def test_on_a_narrow_terminal(self) -> None:
        self.staged()
        screen = self.on_terminal(
            *('image', 'import', self.name, '--progress'), columns=40
        )
        self.assertEqual(0, screen.wait())
        (line,) = screen.lines[:1]
        self.assertRegex(line, r'^active +3.0/3.0 MiB 100% .*0:0\d$')
        for lines in screen.screens:
            self.assertLess(len(lines[0]) if lines else 0, 40)

    def test_failure(self) -> None:
        image = self.queued()
        url = f'{self.web.url}/no-such'
        command = (
            *('image', 'import', image.id, '--method', 'web-download'),
            *('--uri', url),
        )
        self.assertRegex(
            self.failing(*command, '--wait'),
            r'^Task \S+ failed: Task failed due to Internal Error. .*'
            f'Image {image.id} is in status queued.$',
        )
        self.assertEqual(image.id, self.image().id)

    def test_after_a_failure_it_can_be_imported_again(self) -> None:
        image = self.queued()
        self.web.truncate('disk.img', 100)
        command = (
            *('image', 'import', image.id, '--method', 'web-download'),
            *('--uri', self.url, '--wait'),
        )
        self.assertIn('failed', self.failing(*command))
        self.web.truncated.clear()
        self.openstack(*command)
        self.assert_active()

    def test_errors_are_errors(self) -> None:
        image = self.queued()
        self.assertEqual(
            f'The server rejected the import of image {image.id}: 409 '
            "Conflict: Image needs to be staged before 'glance-direct' method "
            'can be used.',
            self.failing('image', 'import', image.id),
        )

    def test_no_such_image(self) -> None:
        self.assertIn('no-such', self.failing('image', 'import', 'no-such'))

    @base.cases(
        download=('requires --uri', '--method', 'web-download'),
        uri=('requires --method web-download', '--uri', 'http://127.0.0.1/x'),
        image=('requires --method glance-download', '--remote-image', 'x'),
        region=('Both --remote-region and', '--method', 'glance-download'),
        copy=('requires --store', '--method', 'copy-image'),
        failure=('require --store', '--disallow-failure'),
        timeout=('requires --wait', '--timeout', '5'),
        no_uri=('not a URI', '--method', 'web-download', '--uri', 'x'),
    )
    def test_refused(self, words: str, *options: str) -> None:
        """Nothing was asked for."""
        proxy = self.proxied()
        error = self.failing('image', 'import', 'x', *options)
        self.assertIn(words, error)
        self.assertEqual([], proxy.requests('POST'))

    def test_what_is_sent_fits_the_cloud(self) -> None:
        proxy = self.proxied()
        self.openstack('image', 'import', self.staged().id, '--wait')
        (post,) = proxy.requests('POST', '/import')
        self.assertEqual(
            {'method': {'name': 'glance-direct'}}, json.loads(post.content)
        )

    def test_a_task_that_has_the_lock(self) -> None:
        stall = faults.Stall(100)
        url = self.web.serve('slow.img', self.data, stall)
        image = self.queued()
        command = (
            *('image', 'import', image.id, '--method', 'web-download'),
            *('--uri', url),
        )
        self.openstack(*command)
        self.assertTrue(stall.reached.wait(30))
        self.assertRegex(
            self.failing(*command),
            r'^The server rejected the import of image \S+: 409 '
            r'Conflict: .* Task \S{36} is still using the image. To check '
            r'it, run "openstack image task list --image \S{36}".$',
        )


class SingleStoreImportImageTest(import_base.ImportTest):
    """A Glance with one store, which has no name."""

    region = 'single'

    def test_staged(self) -> None:
        image = self.staged()
        shown = self.openstack(
            'image', 'import', image.id, '--wait', '-f', 'json'
        ).json
        self.assertEqual('active', shown['status'])
        self.assert_active()

    def test_what_is_sent_fits_the_cloud(self) -> None:
        proxy = self.proxied()
        self.openstack('image', 'import', self.staged().id, '--wait')
        (post,) = proxy.requests('POST', '/import')
        self.assertEqual(
            {'method': {'name': 'glance-direct'}}, json.loads(post.content)
        )

    @base.cases(one=('--store', 'file'), all=('--all-stores',))
    def test_stores_are_refused(self, *options: str) -> None:
        self.assertEqual(
            'This deployment does not have multiple stores.',
            self.failing('image', 'import', self.queued().id, *options),
        )

    def test_copies_are_refused(self) -> None:
        self.assertEqual(
            "Import method 'copy-image' is not supported by this deployment. "
            'Supported: glance-direct, web-download.',
            self.failing(
                *('image', 'import', self.name, '--method', 'copy-image'),
                '--all-stores',
            ),
        )


class CopyTest(import_base.ImportTest):
    """Into more stores."""

    def setUp(self) -> None:
        super().setUp()
        self.image_id = self.uploaded('fast').id
        self.command = (
            *('image', 'import', self.image_id, '--method', 'copy-image'),
        )

    def test_into_one(self) -> None:
        self.openstack(*self.command, '--store', 'slow', '--wait')
        self.assert_active('fast', 'slow')

    def test_into_all(self) -> None:
        result = self.run_openstack(
            *self.command, '--all-stores', '--progress', '-f', 'json'
        )
        self.assertEqual(0, result.status)
        self.assertIn(': importing, to slow, 0:0', result.stderr)
        stores = result.json['properties']['stores'].split(',')
        self.assertEqual(['fast', 'slow'], sorted(stores))
        self.assert_active('fast', 'slow')

    def test_into_all_where_it_is_already(self) -> None:
        for _ in range(2):
            self.openstack(*self.command, '--all-stores', '--wait')
        self.assert_active('fast', 'slow')

    def test_where_it_is_already(self) -> None:
        self.assertIn(
            "Image is already present at store 'fast'",
            self.failing(*self.command, '--store', 'fast', '--wait'),
        )

    @base.cases(
        allowed=('--allow-failure',), not_allowed=('--disallow-failure',)
    )
    def test_only_store_fails(self, option: str) -> None:
        self.break_store()
        self.assertRegex(
            self.failing(*self.command, '--store', 'slow', '--wait', option),
            r'^Task \S+ failed: .* Failed stores: slow. Image '
            r'\S+ is in status active.$',
        )

    def test_store_that_may_fail(self) -> None:
        """The task is a success, and the image is nowhere new."""
        self.break_store()
        self.assertEqual(
            f'Image {self.image_id} was not imported into these stores: slow. '
            f'Image {self.image_id} is in status active.',
            self.failing(*self.command, '--all-stores', '--wait'),
        )

    def test_by_a_user_who_may_not(self) -> None:
        self.environ['OS_CLOUD'] = 'multi-member'
        self.glance.update_image(self.image_id, visibility='public')
        error = self.failing(*self.command, '--store', 'slow')
        self.assertIn('403 Forbidden', error)


class StoresTest(import_base.ImportTest):
    @base.cases(
        options=('--store', 'slow', '--store', 'fast'),
        one_option=('--store', 'slow', 'fast', '--wait'),
    )
    def test_two(self, *options: str) -> None:
        image = self.staged()
        self.openstack('image', 'import', '--wait', image.id, *options)
        self.assert_active('slow', 'fast')

    def test_failed_import_that_stays_importing(self) -> None:
        """Glance leaves it so; that is why the task is what counts."""
        self.break_store()
        image = self.staged()
        self.assertRegex(
            self.failing(
                *('image', 'import', image.id, '--wait', '--all-stores'),
                '--disallow-failure',
            ),
            r'^Task \S+ failed: .* Failed stores: slow. Image \S+ is '
            r'in status importing.$',
        )

    def test_image_of_somebody_else(self) -> None:
        image = self.queued(visibility='public')
        self.environ['OS_CLOUD'] = 'multi-member'
        error = self.failing(
            *('image', 'import', image.id, '--method', 'web-download'),
            *('--uri', self.url),
        )
        self.assertIn('403 Forbidden', error)
        self.assertEqual('queued', self.image().status)
