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

"""What Glance says of an upload is true, whichever process is asked."""

import itertools
import os
import random
import threading
import time

from tests.fixtures import slow_body
from tests.functional import progress_base

_MIB = 1024 * 1024

# Seconds after which a process must know what another one has received: it is
# published every half second, on a machine that has much else to do.
_LAG = 2.0
# Questions while uploads are under way, at least.
_CHECKS = 20


class Observed:
    """An upload, and a history of what the store had of it."""

    def __init__(
        self, test: progress_base.ProgressTest, body: slow_body.SlowBody
    ) -> None:
        self.body = body
        self.image = test.queued()
        self.response = test.send(self.image, body)
        self.seen = [0]
        self._test = test
        self._history: list[tuple[float, int]] = [(0.0, 0)]

    def note_stored(self) -> None:
        """Remember what the store has now."""
        now = time.monotonic()
        self._history.append((now, self._test.stored_size(self.image)))

    def check(self) -> None:
        """Compare what Glance says with what was sent and what is stored."""
        asked = time.monotonic()
        received = self._test.progress(self.image)['received']
        sent = self.body.sent
        stored = max(
            size for when, size in self._history if when <= asked - _LAG
        )
        self._test.assertLessEqual(received or 0, sent)
        self._test.assertGreaterEqual(received or 0, stored)
        self._test.assertGreaterEqual(received or 0, self.seen[-1])
        self.seen.append(received or 0)


class TruthTest(progress_base.ProgressTest):
    uploads = 20

    def test_counter_is_between_sent_and_stored(self) -> None:
        size = 3 * _MIB
        data = os.urandom(size)
        observed = [
            Observed(
                self,
                kind(
                    data,
                    pause=random.uniform(0.05, 0.1),
                    # The end comes when there was enough to see.
                    hold=size - _MIB,
                ),
            )
            for kind in (slow_body.SlowBody, slow_body.SizedSlowBody)
            for _ in range(self.uploads // 2)
        ]
        is_over = threading.Event()
        self.addCleanup(is_over.set)

        def note() -> None:
            while not is_over.wait(0.1):
                for upload in observed:
                    upload.note_stored()

        self.threads.submit(note)
        running = observed
        for checks in itertools.count(1):
            time.sleep(random.uniform(0, 0.3))
            random.choice(running).check()
            if checks == _CHECKS:
                for upload in observed:
                    upload.body.release()
            running = [
                upload for upload in running if not upload.response.done()
            ]
            if not running:
                break
        self.assert_was_not_vacuous(observed)
        for upload in observed:
            self.assertEqual(204, upload.response.result().status_code)
            self.wait_until(
                upload.image, state='done', received=size, status_code=204
            )
            stored = self.server.glance.folder / 'fast' / upload.image.id
            self.assertEqual(data, stored.read_bytes())

    def assert_was_not_vacuous(self, observed: list[Observed]) -> None:
        """Check that the uploads were seen under way, at many moments."""
        seen = [number for upload in observed for number in upload.seen[1:]]
        self.assertGreaterEqual(len(seen), _CHECKS)
        self.assertGreaterEqual(len(set(seen)), 8)


class UwsgiTruthTest(TruthTest):
    kind = 'uwsgi'
    # Each of its four processes handles one request at a time.
    uploads = 2


class UwsgiWithoutThreadsTruthTest(UwsgiTruthTest):
    kind = 'uwsgi-without-threads'


class UploadProgressTest(progress_base.ProgressTest):
    def test_upload_with_all_that_is_known(self) -> None:
        image, body, response = self.hold(3 * _MIB, _MIB)
        self.wait_until(image, state='receiving', phase='upload')
        self.wait_for(lambda: (self.progress(image)['received'] or 0) > 9e5)
        found = self.progress(image)
        self.assertEqual(image.id, found['image_id'])
        self.assertEqual('saving', found['status'])
        self.assertEqual(3 * _MIB, found['total'])
        self.assertLessEqual(found['received'], body.sent)
        self.assertRegex(found['attempt'], '^req-')
        self.assertRegex(found['started_at'], r'^\d{4}-.*T.*Z$')
        self.assertIsNone(found['status_code'])
        self.assertIsNone(found['stores'])
        body.release()
        self.assertEqual(
            found['attempt'],
            response.result().headers['x-openstack-request-id'],
        )

    def test_staging(self) -> None:
        image, body, response = self.hold(3 * _MIB, _MIB, 'stage')
        self.wait_until(image, state='receiving', phase='stage')
        body.release()
        self.assertEqual(204, response.result().status_code)
        self.wait_until(image, state='done', received=3 * _MIB)
        self.assertEqual('uploading', self.progress(image)['status'])

    def test_size_that_is_announced_separately(self) -> None:
        image = self.queued()
        body = slow_body.SlowBody(os.urandom(2 * _MIB), hold=_MIB)
        self.addCleanup(body.release)
        headers = {
            'Content-Type': 'application/octet-stream',
            'X-OpenStack-Image-Size': str(2 * _MIB),
        }
        url = f'/images/{image.id}/file'
        self.threads.submit(self.glance.put, url, data=body, headers=headers)
        self.wait_until(image, state='receiving', total=2 * _MIB)

    def test_image_without_data(self) -> None:
        image = self.queued()
        found = self.progress(image)
        self.assertEqual('waiting', found['state'])
        self.assertIsNone(found['phase'])

    def test_other_methods(self) -> None:
        image = self.queued()
        path = f'/images/{image.id}/progress'
        for method in (
            self.glance.put,
            self.glance.post,
            self.glance.patch,
            self.glance.delete,
            self.glance.head,
        ):
            response = method(path)
            self.assertEqual(405, response.status_code)
            self.assertEqual('GET', response.headers['Allow'])
        self.assertEqual('queued', self.image().status)

    def test_older_version_in_the_path(self) -> None:
        image = self.queued()
        url = f'{self.server.glance.url}/v2.5/images/{image.id}/progress'
        response = self.glance.session.get(url)
        self.assertEqual('waiting', response.json()['state'])

    def test_failed_upload_and_the_next_attempt(self) -> None:
        image = self.queued()
        headers = {
            'Content-Type': 'application/octet-stream',
            'X-OpenStack-Image-Size': '7',
        }
        url = f'/images/{image.id}/file'
        response = self.glance.put(url, data=b'12345', headers=headers)
        self.assertEqual(400, response.status_code)
        self.wait_until(image, state='failed', received=5, status_code=400)
        body = slow_body.SizedSlowBody(os.urandom(2 * _MIB), hold=_MIB)
        sent = self.send(image, body)
        self.wait_for(body.held.is_set)
        self.wait_until(
            image, state='receiving', total=2 * _MIB, status_code=None
        )
        body.release()
        sent.result()
        self.wait_until(image, state='done', received=2 * _MIB)

    def test_refused_requests_leave_the_record_alone(self) -> None:
        image, body, response = self.hold(3 * _MIB, _MIB, user='multi-member')
        self.wait_until(image, state='receiving', total=3 * _MIB)
        before = self.progress(image)
        for user, status in (('multi-member', 409), ('multi-other', 404)):
            sent = self.send(image, b'other', user=user).result()
            self.assertEqual(status, sent.status_code)
        time.sleep(1.5)
        for _ in range(8):  # any process may be asked
            found = self.progress(image)
            for name in ('state', 'attempt', 'total', 'started_at'):
                self.assertEqual(before[name], found[name])
        body.release()
        self.assertEqual(204, response.result().status_code)

    def test_stalled_client(self) -> None:
        image, _, _ = self.hold(3 * _MIB, _MIB)
        self.wait_for(lambda: (self.progress(image)['received'] or 0) > 9e5)
        before = self.progress(image)
        # Longer than a record lives without a report.
        time.sleep(7)
        self.assertEqual(before, self.progress(image))

    def test_legacy_keys(self) -> None:
        image, body, response = self.hold(3 * _MIB, _MIB)
        self.wait_for(lambda: (self.progress(image)['received'] or 0) > 9e5)
        self.assertEqual(b'3145728', self._legacy(image.id, 'total'))
        received = self._legacy(image.id, 'uploading')
        assert received is not None
        self.assertLessEqual(int(received), body.sent)
        self.assertGreater(int(received), 900_000)
        body.release()
        response.result()
        self.wait_for(
            lambda: self._legacy(image.id, 'uploading') == b'3145728'
        )

    def test_legacy_keys_of_a_failed_upload(self) -> None:
        image = self.queued()
        headers = {
            'Content-Type': 'application/octet-stream',
            'X-OpenStack-Image-Size': '7',
        }
        url = f'/images/{image.id}/file'
        self.glance.put(url, data=b'12345', headers=headers)
        self.wait_until(image, state='failed', status_code=400)
        self.assertIsNone(self._legacy(image.id, 'total'))
        self.assertIsNone(self._legacy(image.id, 'uploading'))

    def _legacy(self, image_id: str, name: str) -> bytes | None:
        """Return the value that all servers have."""
        values: set[bytes | None] = {
            client.get(f'{image_id}_{name}_size') for client in self.clients()
        }
        # They are written one after another.
        return min(values, key=lambda value: int(value or 0))
