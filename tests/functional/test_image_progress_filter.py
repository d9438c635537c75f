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


"""image progress, of a Glance with glance-upload-progress."""

import os
import subprocess
from typing import Any

from tests.functional import progress_base

_SIZE = 10_000_000
# Glance reads 64 KiB at a time.
_HELD = 4 * 1024**2


class FilterTest(progress_base.ProgressTest):
    def setUp(self) -> None:
        super().setUp()
        self.reconfigure(image_endpoint_override=self.server.glance.url)

    def shown(self, image: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.openstack(
            'image', 'progress', 'show', image.id, '-f', 'json'
        ).json
        return shown

    def watching(self, *words: str) -> subprocess.Popen[bytes]:
        """Start to watch, and return when something has been reported."""
        process = self.start('image', 'progress', *words, '-f', 'json')
        assert process.stderr
        self.first_line = process.stderr.readline().decode().strip()
        return process

    def test_upload(self) -> None:
        image, body, response = self.hold(_SIZE, _HELD)
        self.wait_until(image, received=_HELD)
        shown = self.shown(image)
        self.assertEqual(
            ('saving', 'upload', 'receiving', _HELD, _SIZE, 41),
            tuple(
                shown[key]
                for key in (
                    *('status', 'phase', 'state', 'received', 'total'),
                    'percent',
                )
            ),
        )
        watch = self.watching('show', image.id, '--watch')
        self.assertEqual(f'{image.id}: receiving 4.0/9.5 MiB', self.first_line)
        body.release()
        self.assertEqual(204, response.result().status_code)
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        self.assertEqual('done', result.json['state'])
        self.assertEqual(_SIZE, result.json['received'])
        self.assertRegex(
            result.stderr.splitlines()[-1],
            f'^{image.id}: active, 9.5 MiB in 0:0',
        )

    def test_upload_of_unknown_size_that_fails(self) -> None:
        image = self.queued()
        upload = self.start('image', 'upload', image.id, stdin=subprocess.PIPE)
        assert upload.stdin
        upload.stdin.write(os.urandom(_HELD))
        upload.stdin.flush()
        self.wait_until(image, state='receiving')
        watch = self.watching('show', image.id, '--watch')
        self.assertIn(': receiving', self.first_line)
        upload.kill()
        result = self.finish(watch)
        self.assertEqual(1, result.status)
        self.assertIsNone(result.json['total'])
        # The response that Glance has for a client that is gone.
        self.assertEqual(
            f'The upload of image {image.id} failed with HTTP status 500. '
            f'Image {image.id} is in status queued.',
            result.stderr.splitlines()[-1],
        )

    def test_list(self) -> None:
        image, body, response = self.hold(_SIZE, _HELD)
        self.wait_until(image, received=_HELD)
        command = ('image', 'progress', 'list', '-f', 'json')
        (row,) = [
            row
            for row in self.openstack(*command).json
            if row['ID'] == image.id
        ]
        self.assertEqual((_HELD, 41), (row['Received'], row['Percent']))
        watch = self.watching('list', '--watch')
        body.release()
        self.assertEqual(204, response.result().status_code)
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        (row,) = [row for row in result.json if row['ID'] == image.id]
        self.assertEqual('active', row['Status'])

    def test_import(self) -> None:
        image = self.queued()
        data = os.urandom(_SIZE)
        response = self.send(image, data, 'stage').result()
        self.assertEqual(204, response.status_code)
        shown = self.shown(image)
        self.assertEqual(
            ('uploading', 'stage', 'done', _SIZE),
            tuple(
                shown[key] for key in ('status', 'phase', 'state', 'received')
            ),
        )
        watch = self.watching('show', image.id, '--watch')
        self.assertIn(': staged', self.first_line)
        self.openstack('image', 'import', image.id, '--all-stores')
        result = self.finish(watch)
        self.assertEqual(0, result.status)
        # An import of so little may be too fast to be seen.
        self.assertIn(result.json['phase'], ('import', None))
        states = {
            store['store']: store['state'] for store in result.json['stores']
        }
        self.assertEqual({'fast': 'done', 'slow': 'done'}, states)

    def test_users_who_cannot_see_the_image(self) -> None:
        image, _body, _response = self.hold(_SIZE, _HELD)
        self.environ['OS_CLOUD'] = 'multi-other'
        config = {'image_endpoint_override': self.server.glance.url}
        self.region = 'multi-other'
        self.reconfigure(**config)
        error = self.failing('image', 'progress', 'show', image.id)
        self.assertIn(image.id, error)
