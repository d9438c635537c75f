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


"""image progress, of a Glance that does not report bytes."""

import subprocess
from typing import Any

from tests.fixtures import faults
from tests.functional import base
from tests.functional import import_base

_UNREPORTED = (
    'The image service does not report the bytes of uploads '
    '(glance-upload-progress is not installed there).'
)


# What Glance answers to a path that it does not know.
_NO_FILTER = faults.Answer(
    404,
    body='<html><h1>404 Not Found</h1>The resource could not be found.</html>',
    content_type='text/html',
    headers=(('X-Openstack-Request-Id', 'req-1'),),
)


class ProgressTest(import_base.ImportTest):
    """Has uploads and imports that stop in the middle."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        if self.region == 'multi':  # has the filter
            self.proxy.inject('GET', '/progress$', _NO_FILTER, times=50)
        self.stall = faults.Stall(import_base.SIZE // 2)
        self.addCleanup(self.stall.released.set)

    def uploading(self) -> subprocess.Popen[bytes]:
        """Start an upload, and return when it has stopped in the middle."""
        self.proxy.inject('PUT', '/file', self.stall)
        upload = self.start(
            'image', 'create', self.name, '--file', str(self.file)
        )
        self.assertTrue(self.stall.reached.wait(30))
        self.wait_for(lambda: self.image().status == 'saving')
        return upload

    def importing(self) -> str:
        """Start an import that stops in the middle; return the image's ID."""
        url = self.web.serve('slow.img', self.data, self.stall)
        image = self.queued()
        self.openstack(
            *('image', 'import', image.id, '--method', 'web-download'),
            *('--uri', url),
        )
        self.assertTrue(self.stall.reached.wait(30))
        return str(image.id)

    def shown(self, *options: str) -> dict[str, Any]:
        result = self.run_openstack(
            'image', 'progress', 'show', self.name, '-f', 'json', *options
        )
        self.assertEqual(0, result.status)
        self.stderr = result.stderr
        shown: dict[str, Any] = result.json
        return shown

    def listed(self, *options: str) -> list[dict[str, Any]]:
        """Return the rows of this test's images."""
        result = self.run_openstack(
            'image', 'progress', 'list', '-f', 'json', *options
        )
        self.assertEqual(0, result.status)
        self.stderr = result.stderr
        return [row for row in result.json if row['Name'] == self.name]

    def watching(self, *words: str) -> subprocess.Popen[bytes]:
        """Start to watch, and return when something has been reported."""
        process = self.start('image', 'progress', *words, '-f', 'json')
        assert process.stderr
        self.first_lines = [process.stderr.readline().decode()]
        if self.first_lines[0].strip() == _UNREPORTED:
            self.first_lines.append(process.stderr.readline().decode())
        return process


class ShowTest(ProgressTest):
    def test_queued(self) -> None:
        self.queued()
        shown = self.shown()
        self.assertEqual(
            ('queued', 'waiting', None, None),
            tuple(
                shown[key] for key in ('status', 'state', 'phase', 'received')
            ),
        )
        self.assertEqual('', self.stderr)

    def test_active(self) -> None:
        image = self.uploaded('fast')
        shown = self.shown('--watch')
        self.assertEqual(image.id, shown['id'])
        self.assertEqual(
            ('active', 'done', import_base.SIZE, 100),
            tuple(
                shown[key]
                for key in ('status', 'state', 'received', 'percent')
            ),
        )
        (store,) = shown['stores']
        self.assertEqual(('fast', 'done'), (store['store'], store['state']))
        self.assertEqual(f'{self.name}: active in 0:00\n', self.stderr)

    def test_upload(self) -> None:
        self.uploading()
        shown = self.shown()
        self.assertEqual(
            ('saving', 'upload', 'receiving', None),
            tuple(
                shown[key] for key in ('status', 'phase', 'state', 'received')
            ),
        )
        self.assertEqual(f'{_UNREPORTED}\n', self.stderr)

    def test_staged(self) -> None:
        self.staged()
        shown = self.shown()
        self.assertEqual(
            ('uploading', 'stage', 'done', import_base.SIZE),
            tuple(
                shown[key] for key in ('status', 'phase', 'state', 'received')
            ),
        )
        self.assertEqual('', self.stderr)

    def test_sigterm(self) -> None:
        image = self.queued()
        watch = self.watching('show', image.id, '--watch')
        watch.terminate()
        result = self.finish(watch)
        self.assertEqual((143, ''), (result.status, result.stdout))

    def test_stderr_that_cannot_be_written(self) -> None:
        self.uploaded()
        with open('/dev/full', 'wb') as full:
            result = self.run_openstack(
                *('image', 'progress', 'show', self.name, '--watch'),
                *('-f', 'json'),
                stderr=full,
            )
        self.assertEqual((0, 'done'), (result.status, result.json['state']))

    def test_import(self) -> None:
        self.importing()
        shown = self.shown()
        self.assertEqual(
            ('import', 'importing'), (shown['phase'], shown['state'])
        )

    def test_table(self) -> None:
        self.uploaded()
        result = self.openstack('image', 'progress', 'show', self.name)
        self.assertRegex(result.stdout, r'\| received +\| 3.0 MiB +\|')
        self.assertRegex(result.stdout, r'\| stores +\| fast: done +\|')

    def test_no_such_image(self) -> None:
        for options in ((), ('--watch',)):
            self.assertIn(
                'no-such',
                self.failing('image', 'progress', 'show', 'no-such', *options),
            )

    def test_timeout_without_watch(self) -> None:
        self.assertEqual(
            '--timeout requires --watch.',
            self.failing(
                *('image', 'progress', 'show', 'x', '--timeout', '5')
            ),
        )
        self.assertEqual([], self.proxy.seen)

    def test_image_of_somebody_else(self) -> None:
        self.queued()
        self.environ['OS_CLOUD'] = 'multi-other'
        error = self.failing('image', 'progress', 'show', self.name)
        self.assertIn(self.name, error)


class WatchTest(ProgressTest):
    def test_upload(self) -> None:
        upload = self.uploading()
        watch = self.watching('show', self.name, '--watch')
        self.assertRegex(
            self.first_lines[-1],
            f'^{self.name}: receiving, bytes not reported, 0:0',
        )
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        self.assertEqual('done', result.json['state'])
        self.assertRegex(result.stderr, f'\n?{self.name}: active in 0:')
        self.assertEqual(0, self.finish(upload).status)

    def test_upload_on_a_terminal(self) -> None:
        upload = self.uploading()
        screen = self.on_terminal(
            'image', 'progress', 'show', self.name, '--watch'
        )
        self.wait_for(lambda: any('receiving' in s for s in screen.lines))
        self.stall.released.set()
        self.assertEqual(0, screen.wait())
        self.assertRegex(screen.lines[-1], r'^active +━+ +0:\d\d$')
        self.assertTrue(screen.cursor_at_start)
        self.assertEqual(0, self.finish(upload).status)

    def test_before_the_upload(self) -> None:
        image = self.queued()
        watch = self.watching('show', image.id, '--watch')
        self.assertIn(': waiting, 0:0', self.first_lines[0])
        self.openstack('image', 'upload', image.id, '--file', str(self.file))
        self.assertEqual(0, self.finish(watch).status)

    def test_import(self) -> None:
        image_id = self.importing()
        watch = self.watching('show', image_id, '--watch')
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        self.assertEqual(import_base.SIZE, result.json['received'])
        self.assert_active()

    def test_import_that_fails(self) -> None:
        image_id = self.importing()
        watch = self.watching('show', image_id, '--watch')
        self.break_store('fast')
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(1, result.status)
        self.assertEqual('failed', result.json['state'])
        self.assertRegex(
            result.stderr.splitlines()[-1],
            f'^The import of image {image_id} failed: .*Image {image_id} is '
            'in status ',
        )

    def test_copy(self) -> None:
        """The image is active all the time."""
        image = self.uploaded('fast')
        command = (
            *('image', 'import', image.id, '--method', 'copy-image'),
            *('--store', 'slow'),
        )
        self.openstack(*command)
        result = self.run_openstack(
            *('image', 'progress', 'show', image.id, '--watch', '-f', 'json')
        )
        self.assertEqual(0, result.status)
        stores = {
            store['store']: store['state'] for store in result.json['stores']
        }
        self.assertEqual({'fast': 'done', 'slow': 'done'}, stores)

    def test_upload_that_fails(self) -> None:
        image = self.queued()
        self.proxy.inject('PUT', '/file', self.stall)
        # More than what the buffers of connections could still deliver.
        large = str(self.source(64 * 1024**2, 'large.img'))
        upload = self.start('image', 'upload', image.id, '--file', large)
        self.wait_for(lambda: self.image().status == 'saving')
        watch = self.watching('show', image.id, '--watch')
        base.interrupt(upload)
        self.assertEqual(130, self.finish(upload).status)
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(1, result.status)
        self.assertEqual(
            f'The upload of image {image.id} failed. Image {image.id} is in '
            'status queued.',
            result.stderr.splitlines()[-1],
        )

    def test_image_that_is_deleted(self) -> None:
        image = self.queued()
        watch = self.watching('show', image.id, '--watch')
        self.glance.delete_image(image)
        result = self.finish(watch)
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assertEqual(
            f'Image {image.id} was deleted.', result.stderr.splitlines()[-1]
        )

    def test_timeout(self) -> None:
        image = self.queued()
        result = self.run_openstack(
            *('image', 'progress', 'show', image.id, '--watch'),
            *('--timeout', '1'),
        )
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assertEqual(
            f'Timed out watching image {image.id} (state: waiting).',
            result.stderr.splitlines()[-1],
        )

    @base.cases(show=('show',), list=('list',))
    def test_ctrl_c(self, command: str) -> None:
        upload = self.uploading()
        image = (self.name,) if command == 'show' else ()
        watch = self.watching(command, *image, '--watch')
        base.interrupt(watch)
        result = self.finish(watch)
        self.assertEqual((130, ''), (result.status, result.stdout))
        self.assertEqual(
            'Interrupted. Nothing was changed on the server.',
            result.stderr.splitlines()[-1],
        )
        self.assertNotIn('interrupted', result.stderr)
        self.stall.released.set()
        self.assertEqual(0, self.finish(upload).status)
        self.assert_active()

    def test_faults_that_pass(self) -> None:
        upload = self.uploading()
        watch = self.watching('show', self.name, '--watch')
        path = f'/images/{self.image().id}$'
        self.proxy.inject('GET', path, faults.Answer(401))
        self.proxy.inject('GET', path, faults.Answer(502), times=2)
        self.proxy.inject('GET', path, faults.Reset(None))
        self.wait_for(
            lambda: all(fault[1] != path for fault in self.proxy._faults)
        )
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        self.assertIn('502', result.stderr)
        self.assertEqual(0, self.finish(upload).status)


class ListTest(ProgressTest):
    def test_nothing(self) -> None:
        self.queued()
        self.uploaded()
        self.assertEqual([], self.listed())

    def test_upload(self) -> None:
        self.uploading()
        (row,) = self.listed()
        self.assertEqual(
            ('saving', 'upload', 'receiving', None),
            tuple(row[key] for key in ('Status', 'Phase', 'State', 'Percent')),
        )
        self.assertEqual(f'{_UNREPORTED}\n', self.stderr)

    def test_all_statuses(self) -> None:
        self.uploading()
        self.stall = faults.Stall(100)
        self.addCleanup(self.stall.released.set)
        self.importing()
        self.staged()
        self.assertEqual(
            {'saving', 'importing', 'uploading'},
            {row['Status'] for row in self.listed()},
        )

    def test_images_of_somebody_else(self) -> None:
        self.uploading()
        self.environ['OS_CLOUD'] = 'multi-other'
        self.assertEqual([], self.listed())

    def test_a_column_that_does_not_exist(self) -> None:
        self.assertRegex(
            self.failing('image', 'progress', 'list', '-c', 'Bytes'),
            '^There is no column "Bytes"; the columns are ID, Name, ',
        )
        self.assertEqual([], self.proxy.seen)

    def test_watch(self) -> None:
        upload = self.uploading()
        watch = self.watching('list', '--watch')
        self.assertRegex(
            self.first_lines[-1],
            f'^{self.name}: receiving, bytes not reported, 0:0',
        )
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        (row,) = [row for row in result.json if row['Name'] == self.name]
        self.assertEqual('active', row['Status'])
        self.assertEqual(0, self.finish(upload).status)

    def test_watch_on_a_terminal(self) -> None:
        upload = self.uploading()
        screen = self.on_terminal(
            'image', 'progress', 'list', '--watch', columns=120
        )
        line = f'{self.name} receiving'
        self.wait_for(
            lambda: any(shown.startswith(line) for shown in screen.lines)
        )
        count = len(screen.lines)
        screen.resize(60)
        self.wait_for(lambda: max(map(len, screen.lines[1:])) < 60)
        self.assertEqual(count, len(screen.lines))
        self.stall.released.set()
        self.assertEqual(0, screen.wait())
        self.assertRegex(screen.lines[-1], f'^{self.name}: active in 0:')
        self.assertTrue(screen.cursor_at_start)
        self.assertEqual(0, self.finish(upload).status)


class SingleStoreTest(ProgressTest):
    """A Glance with one store, which has no name."""

    region = 'single'

    def test_import(self) -> None:
        image_id = self.importing()
        watch = self.watching('show', image_id, '--watch')
        self.stall.released.set()
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        self.assertEqual([], result.json['stores'])
        self.assert_active()
