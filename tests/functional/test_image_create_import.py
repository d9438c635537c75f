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

"""image create by import: staged, followed, verified, and put into stores."""

from typing import Any

from tests.fixtures import faults
from tests.functional import base
from tests.functional import import_base


class CreateByImportTest(import_base.ImportTest):
    def test_staged(self) -> None:
        shown = self.openstack(*self.stage, '--wait', '-f', 'json').json
        image = self.assert_active()
        self.assertEqual(('active', image.id), (shown['status'], shown['id']))

    def test_columns_are_those_of_image_show(self) -> None:
        created = self.openstack(*self.stage, '--wait', '-f', 'json').json
        shown = self.openstack('image', 'show', self.name, '-f', 'json').json
        self.assertEqual(shown, created)

    def test_not_waited_for(self) -> None:
        self.openstack(*self.stage)
        self.wait_for(lambda: self.image().status == 'active')
        self.wait_for(lambda: 'staging' not in self.kept(self.image().id))
        self.assert_active()

    def test_from_standard_input(self) -> None:
        result = self.run_openstack(
            *(*self.create, '--import', '--wait'), data=self.data
        )
        self.assertEqual(0, result.status)
        self.assertEqual(
            'Reading image data from standard input.\n', result.stderr
        )
        self.assert_active()

    def test_downloaded(self) -> None:
        self.openstack(*self.create, '--uri', self.url, '--wait')
        self.assert_active()

    @base.cases(waited_for=('--wait',), not_waited_for=())
    def test_protected(self, *options: str) -> None:
        self.openstack(*self.stage, '--protected', *options)
        self.wait_for(lambda: self.image().status == 'active')
        self.assertTrue(self.image().is_protected)

    def test_no_property_but_the_users_and_glances(self) -> None:
        self.openstack(*self.stage, '--wait', '--property', 'a=b')
        properties = self.image().properties
        ours = {
            name: value
            for name, value in properties.items()
            if name != 'stores' and not name.startswith('os_glance_')
        }
        self.assertEqual({'a': 'b'}, ours)

    def test_in_a_log(self) -> None:
        result = self.run_openstack(*self.stage, '--progress', '-f', 'json')
        self.assertEqual('active', result.json['status'])
        first, *_, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: staging 3.0 MiB', first)
        self.assertIn(f'{self.name}: importing 3.0 MiB\n', result.stderr)
        self.assertRegex(last, ': active, verified, 3.0 MiB in 0:0')

    def test_on_a_terminal(self) -> None:
        # Long enough to be drawn.
        slow = faults.Slow(import_base.SIZE)
        proxy = self.proxied()
        proxy.inject('PUT', '/stage', slow)
        proxy.inject('GET', '/tasks', faults.Edit(_processing), times=4)
        screen = self.on_terminal(*self.stage, '--progress', '-f', 'json')
        self.assertEqual(0, screen.wait())
        phases = []
        for lines in screen.screens:
            phases += [line.split()[0] for line in lines if line]
        order = list(dict.fromkeys(phases))
        if 'queued' in order:  # a fast server has begun before we look
            order.remove('queued')
        self.assertEqual(['staging', 'importing', 'active'], order)
        self.assertRegex(
            screen.lines[0],
            r'^active +━+ 3.0/3.0 MiB 100% verified +0:0\d$',
        )
        self.assertTrue(screen.cursor_at_start)

    def test_value_with_the_bar_on(self) -> None:
        result = self.run_openstack(
            *self.stage, '--progress', '-f', 'value', '-c', 'id'
        )
        self.assertEqual(f'{self.image().id}\n', result.stdout)

    def test_a_byte_changed_on_the_way(self) -> None:
        self.proxied().inject('PUT', '/stage', faults.Flip(1000))
        error = self.failing(*self.stage, '--wait')
        self.assertRegex(
            error, r'^Verification of image (\S+) failed: .* \1 was deleted.$'
        )
        self.assert_nothing_left()

    def test_a_changed_byte_that_nobody_wants_to_know_of(self) -> None:
        self.proxied().inject('PUT', '/stage', faults.Flip(1000))
        self.openstack(*self.stage, '--wait', '--no-verify')
        self.assertEqual('active', self.image().status)

    @base.cases(at_once=(), waited_for=('--wait',), protected=('--protected',))
    def test_import_that_is_not_accepted(self, *options: str) -> None:
        self.proxied().inject(
            'POST', '/import', faults.Answer(403, body='No imports.')
        )
        self.assertRegex(
            self.failing(*self.stage, *options),
            r'^The server rejected the import of image (\S+): 403 '
            r'Forbidden: No imports. Image \1 was deleted.$',
        )
        self.assert_nothing_left()

    @base.cases(reset=(faults.Reset(None),), _503=(faults.Replace(503),))
    def test_acceptance_that_is_lost(self, fault: faults.Fault) -> None:
        self.proxied().inject('POST', '/import', fault)
        self.openstack(*self.stage, '--wait')
        self.assert_active()

    def test_order_that_is_lost(self) -> None:
        proxy = self.proxied()
        proxy.inject('POST', '/import', faults.Answer(502), times=2)
        proxy.inject('GET', '/tasks', faults.Answer(502), times=2)
        self.openstack(*self.stage, '--wait')
        self.assert_active()
        self.assertEqual(3, len(proxy.requests('POST', '/import')))

    def test_uri_that_answers_404(self) -> None:
        url = f'{self.web.url}/no-such'
        self.assertRegex(
            self.failing(*self.create, '--uri', url, '--wait'),
            r'^Task \S{36} failed: Task failed due to Internal Error. .*'
            r'Image \S{36} was deleted.$',
        )
        self.assert_nothing_left()

    def test_uri_that_answers_404_and_nobody_waits(self) -> None:
        self.openstack(*self.create, '--uri', f'{self.web.url}/no-such')
        self.assertNotEqual('active', self.image().status)

    def test_uri_that_stops_in_the_middle(self) -> None:
        self.web.truncate('disk.img', import_base.SIZE // 2)
        error = self.failing(*self.create, '--uri', self.url, '--wait')
        self.assertRegex(error, '^Task .* failed: .* was deleted.$')
        self.assert_nothing_left()

    def test_uri_that_is_filtered(self) -> None:
        error = self.failing(*self.create, '--uri', 'http://example.org/x')
        self.assertIn('does not pass filtering', error)
        self.assert_nothing_left()

    def test_keep_failed(self) -> None:
        url = f'{self.web.url}/no-such'
        error = self.failing(
            *self.create, '--uri', url, '--wait', '--keep-failed'
        )
        image = self.image()
        self.assertEqual('queued', image.status)
        self.assertIn(f'Image {image.id} was kept.', error)

    @base.cases(
        wait=('require --import', '--wait', '--file', 'disk.img'),
        two_stores=(
            *('requires --import', '--store', 'a', '--store', 'b'),
            *('--file', 'disk.img'),
        ),
        all_stores=(
            *('requires --import', '--all-stores', '--file', 'disk.img'),
        ),
        allow_failure=(
            *('require --all-stores', '--import', '--allow-failure'),
            *('--file', 'disk.img'),
        ),
        timeout=(
            *('requires --wait', '--import', '--timeout', '3'),
            *('--file', 'disk.img'),
        ),
        uri_and_file=(
            *('cannot be used with', '--uri', 'http://127.0.0.1/x'),
            *('--file', 'disk.img'),
        ),
        uri_and_image=(
            *('cannot be used with', '--uri', 'http://127.0.0.1/x'),
            *('--remote-image', 'x'),
        ),
        region_alone=('Both --remote-region and', '--remote-region', 'x'),
        no_uri=('is not a URI', '--uri', 'disk.img'),
        no_data=('No image data', '--import'),
        store_without_data=('requires image data', '--store', 'fast'),
        region=(
            *('is not supported by', '--remote-region', 'a'),
            *('--remote-image', 'b'),
        ),
        store_to_import_to=(
            *('is not available', '--import', '--store', 'no-such'),
            *('--file', 'disk.img'),
        ),
        store=('is not available', '--store', 'no-such', '--file', 'disk.img'),
        volume=(
            *('cannot be used with --volume', '--volume', 'v'),
            *('--uri', 'http://127.0.0.1/x'),
        ),
    )
    def test_refused(self, words: str, *options: str) -> None:
        """Nothing was made."""
        proxy = self.proxied()
        error = self.failing(*self.create, *options, cwd=self.folder)
        self.assertIn(words, error)
        self.assertEqual([], proxy.requests('POST'))


class SingleStoreCreateByImportTest(import_base.ImportTest):
    """A Glance with one store, which has no name."""

    region = 'single'

    def test_staged(self) -> None:
        shown = self.openstack(*self.stage, '--wait', '-f', 'json').json
        image = self.assert_active()
        self.assertEqual(('active', image.id), (shown['status'], shown['id']))

    def test_in_a_log(self) -> None:
        result = self.run_openstack(*self.stage, '--progress')
        self.assertNotRegex(result.stderr, ', to (?!the store,)')
        self.assertRegex(result.stderr, ': active, verified, 3.0 MiB in 0:0')

    def test_uri_that_answers_404(self) -> None:
        url = f'{self.web.url}/no-such'
        error = self.failing(*self.create, '--uri', url, '--wait')
        self.assertRegex(error, r'^Task .* Image \S{36} was deleted.$')
        self.assert_nothing_left()

    @base.cases(
        one=('--store', 'file'),
        all=('--all-stores',),
        without_data=('--store', 'fast'),
    )
    def test_stores_are_refused(self, *options: str) -> None:
        command = self.create if 'fast' in options else self.stage
        self.assertEqual(
            'This deployment does not have multiple stores.',
            self.failing(*command, *options),
        )
        self.assertEqual([], self.images())


class StoresTest(import_base.ImportTest):
    """Where the data goes."""

    def test_direct_upload_into_one(self) -> None:
        proxy = self.proxied()
        self.openstack(
            *self.create, '--file', str(self.file), '--store', 'slow'
        )
        self.assert_active('slow')
        self.assertEqual([], proxy.requests('POST', '/import'))

    def test_one(self) -> None:
        self.openstack(*self.stage, '--wait', '--store', 'slow')
        self.assert_active('slow')

    def test_two(self) -> None:
        self.openstack(
            *self.stage, '--wait', '--store', 'slow', '--store', 'fast'
        )
        self.assert_active('slow', 'fast')

    def test_all(self) -> None:
        self.openstack(*self.stage, '--wait', '--all-stores')
        self.assert_active('fast', 'slow')

    def test_all_of_what_is_downloaded(self) -> None:
        self.openstack(
            *self.create, '--uri', self.url, '--wait', '--all-stores'
        )
        self.assert_active('fast', 'slow')

    def test_each_is_shown(self) -> None:
        result = self.run_openstack(*self.stage, '--progress', '--all-stores')
        self.assertIn('to fast (1 of 2)', result.stderr)

    def test_stores_that_are_offered(self) -> None:
        self.assertEqual(
            "Store 'no-such' is not available. Available: fast, slow.",
            self.failing(*self.stage, '--store', 'no-such'),
        )

    def test_methods_that_are_offered(self) -> None:
        self.assertEqual(
            "Import method 'glance-download' is not supported by this "
            'deployment. Supported: glance-direct, web-download, copy-image.',
            self.failing(
                *(*self.create, '--remote-region', 'single'),
                *('--remote-image', self.uploaded().id),
            ),
        )


class BrokenStoreTest(import_base.ImportTest):
    """The store slow fails."""

    def setUp(self) -> None:
        super().setUp()
        self.break_store()

    def test_some_may_fail(self) -> None:
        result = self.run_openstack(
            *self.stage, '--wait', '--all-stores', '-f', 'json'
        )
        self.assertEqual(0, result.status)
        image = self.image()
        self.assertEqual(
            f'Image {image.id} was not imported into these stores: slow.\n',
            result.stderr,
        )
        self.assertEqual('fast', result.json['properties']['stores'])
        self.assertEqual({'fast': self.data}, self.kept_beside(image.id))

    def test_none_may_fail(self) -> None:
        self.assertRegex(
            self.failing(
                *self.stage, '--wait', '--all-stores', '--disallow-failure'
            ),
            r'^Task \S+ failed: .* Failed stores: slow. Image \S+ was '
            r'deleted.$',
        )
        self.assertEqual([], self.images())
        self.assertEqual({}, self.kept_beside())

    @base.cases(silently=(), with_progress=('--progress',))
    def test_the_only_one_fails(self, *options: str) -> None:
        result = self.run_openstack(
            *self.stage, '--wait', '--store', 'slow', *options
        )
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assertRegex(
            result.stderr.splitlines()[-1],
            r'^Task \S+ failed: .* Failed stores: slow. Image \S+ was '
            r'deleted.$',
        )
        self.assertEqual([], self.images())

    def kept_beside(self, image_id: str = '') -> dict[str, bytes]:
        """Return what lies in the stores that are folders."""
        return {
            path.parent.name: path.read_bytes()
            for path in self.lying() - self._before
            if not image_id or path.name == image_id
        }


def _processing(answer: dict[str, Any]) -> None:
    for task in answer['tasks']:
        task['status'] = 'processing'
