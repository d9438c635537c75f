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


"""image progress, of a Glance that reports bytes: a stub of its responses."""

import datetime
import json
from typing import Any

from tests.fixtures import faults
from tests.functional import base
from tests.functional import import_base

MIB = 1024**2


class ReportedTest(import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.image_id = str(self.queued().id)
        self.show = ('image', 'progress', 'show', self.image_id)

    def document(self, **changes: Any) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.UTC)
        return {
            'image_id': self.image_id,
            'status': 'saving',
            'phase': 'upload',
            'state': 'receiving',
            'received': 50 * MIB,
            'total': 200 * MIB,
            'stores': None,
            'attempt': 'req-1',
            'started_at': None,
            'updated_at': now.strftime('%Y-%m-%dT%H:%M:%SZ'),
            'status_code': None,
        } | changes

    def report(self, **changes: Any) -> None:
        """Let the next request for progress have this response."""
        self.answer(200, json.dumps(self.document(**changes)))

    def answer(
        self, status: int, body: str, content_type: str = 'application/json'
    ) -> None:
        self.proxy.inject(
            'GET',
            '/progress$',
            faults.Answer(status, body=body, content_type=content_type),
        )

    def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.openstack(*self.show, '-f', 'json').json
        return shown

    def test_upload(self) -> None:
        self.report()
        shown = self.shown()
        self.assertEqual(
            (self.name, 'saving', 'receiving', 50 * MIB, 200 * MIB, 25),
            tuple(
                shown[key]
                for key in (
                    *('name', 'status', 'state', 'received', 'total'),
                    'percent',
                )
            ),
        )

    def test_stores(self) -> None:
        stores = [
            {'store': 'fast', 'state': 'done', 'received': 9, 'total': 9},
            {'store': 'slow', 'state': 'importing', 'received': 1, 'total': 9},
        ]
        self.report(phase='import', state='importing', stores=stores)
        self.assertEqual(stores, self.shown()['stores'])

    def test_stalled(self) -> None:
        self.report(updated_at='2026-01-01T00:00:00Z')
        self.assertEqual('stalled', self.shown()['state'])

    def test_busy(self) -> None:
        self.answer(503, 'Busy.', 'text/plain')
        self.report()
        self.assertEqual('receiving', self.shown()['state'])

    @base.cases(
        negative=(-5, -7, 0, 0),
        huge=(10**400, None, 2**63 - 1, None),
        too_many=(5, 3, 3, 3),
        words=('many', 1.5, None, None),
    )
    def test_numbers(
        self, received: Any, total: Any, *expected: int | None
    ) -> None:
        self.report(received=received, total=total)
        shown = self.shown()
        self.assertEqual(expected, (shown['received'], shown['total']))
        self.report(received=received, total=total)
        self.openstack(*self.show)

    @base.cases(table=('table',), value=('value',), json=('json',))
    def test_escape_sequences(self, output: str) -> None:
        evil = '\x1b[2J\x07\n\u202e'
        self.report(
            stores=[{'store': evil, 'state': evil}],
            **dict.fromkeys(('phase', 'attempt', 'started_at'), evil),
        )
        result = self.openstack(*self.show, '-f', output)
        for control in ('\x1b', '\x07', '\u202e'):
            self.assertNotIn(control, result.stdout)

    @base.cases(
        login=(200, '<html>Sign in</html>', 'text/html'),
        cut=(200, '{"image_id": "'),
        list=(200, '[]'),
        no_state=(200, '{"image_id": "x", "status": "saving"}'),
        another=(
            200,
            '{"image_id": "x", "status": "saving", "state": "done"}',
        ),
        not_glance=(404, '<html>nginx</html>', 'text/html'),
    )
    def test_rubbish(self, *answer: Any) -> None:
        self.answer(*answer)
        self.assert_starts(
            f'Unexpected response to GET {self.proxy.url}/v2/images/'
            f'{self.image_id}/progress (',
            self.failing(*self.show),
        )

    def test_not_reported(self) -> None:
        self.answer(404, '{"message": "No."}')
        self.assertEqual('waiting', self.shown()['state'])

    def test_rejected(self) -> None:
        self.answer(403, '{"message": "No."}')
        self.assertEqual(
            'The server returned 403 Forbidden: No.',
            self.failing(*self.show),
        )

    def test_watch(self) -> None:
        for received in (50, 120, 200):
            self.report(received=received * MIB)
        self.report(status='active', state='done', received=200 * MIB)
        result = self.run_openstack(*self.show, '--watch', '-f', 'json')
        self.assertEqual(0, result.status)
        self.assertEqual('done', result.json['state'])
        first, *between, last = result.stderr.splitlines()
        self.assertEqual(f'{self.image_id}: receiving  50.0/200.0 MiB', first)
        self.assertIn('receiving 120.0/200.0 MiB, 60%, ', between[0])
        self.assertRegex(
            last, f'^{self.image_id}: active, 200.0 MiB in 0:0[34], '
        )

    def test_watch_on_a_terminal(self) -> None:
        for received in (50, 120):
            self.report(received=received * MIB)
        self.report(status='active', state='done', received=200 * MIB)
        screen = self.on_terminal(*self.show, '--watch')
        self.assertEqual(0, screen.wait())
        drawn = [lines[-1] for lines in screen.screens if lines]
        self.assertRegex(
            drawn[0], r'^receiving [━╸╺ ]+  50.0/200.0 MiB  25% +0 B/s'
        )
        self.assertRegex(drawn[-1], r'^active .* 200.0/200.0 MiB 100% ')

    def test_watch_a_failure(self) -> None:
        self.report()
        self.report(status='queued', state='failed', status_code=413)
        result = self.run_openstack(*self.show, '--watch', '-f', 'json')
        self.assertEqual((1, 413), (result.status, result.json['status_code']))
        self.assertEqual(
            f'The upload of image {self.image_id} failed with HTTP status '
            f'413. Image {self.image_id} is in status queued.',
            result.stderr.splitlines()[-1],
        )

    def test_watch_faults_that_pass(self) -> None:
        self.report()
        for fault in (
            faults.Answer(401),
            faults.Answer(502),
            faults.Reset(None),
        ):
            self.proxy.inject('GET', '/progress$', fault)
        self.report(status='active', state='done')
        result = self.run_openstack(*self.show, '--watch', '-f', 'json')
        self.assertEqual(0, result.status)
        self.assertIn('502', result.stderr)

    def test_watch_a_login_page(self) -> None:
        self.report()
        self.answer(200, '<html>Sign in</html>', 'text/html')
        result = self.run_openstack(*self.show, '--watch')
        self.assertEqual((1, ''), (result.status, result.stdout))
        self.assert_starts(
            'Unexpected response to GET ', result.stderr.splitlines()[-1]
        )
