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
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import progress_report
from tests.fixtures import doubles

DATE = 'Sat, 21 Nov 2026 20:14:36 GMT'
DOCUMENT = {
    'image_id': doubles.IMAGE_ID,
    'status': 'saving',
    'phase': 'upload',
    'state': 'receiving',
    'received': 500,
    'total': 2000,
    'stores': None,
    'attempt': 'req-1',
    'started_at': '2026-11-21T20:14:34Z',
    'updated_at': '2026-11-21T20:14:36Z',
    'status_code': None,
}


def parse(date: str | None = DATE, **changes: Any) -> Any:
    """Parse a document with other values."""
    response = doubles.response(200, {**DOCUMENT, **changes})
    if date:
        response.headers['Date'] = date
    return progress_report.parse(response, doubles.IMAGE_ID)


class TestParse(unittest.TestCase):
    def test_an_upload(self) -> None:
        self.assertEqual(
            progress_report.ImageProgress(
                doubles.IMAGE_ID,
                'saving',
                'receiving',
                'upload',
                500,
                2000,
                attempt='req-1',
                started_at='2026-11-21T20:14:34Z',
                updated_at='2026-11-21T20:14:36Z',
                is_reported=True,
            ),
            parse(),
        )

    def test_an_import(self) -> None:
        stores = [
            {'store': 'fast', 'state': 'done', 'received': 9, 'total': 9},
            {'store': None, 'state': 'importing', 'new key': 1},
        ]
        found = parse(phase='import', state='importing', stores=stores)
        self.assertEqual(
            (
                progress_report.StoreProgress('fast', 'done', 9, 9),
                progress_report.StoreProgress(None, 'importing'),
            ),
            found.stores,
        )

    def test_no_record(self) -> None:
        nothing = dict.fromkeys(list(DOCUMENT)[4:])
        found = parse(phase=None, **nothing)
        self.assertFalse(found.is_reported)
        self.assertIsNone(found.received)

    def test_keys_that_are_not_known_and_keys_that_are_missing(self) -> None:
        response = doubles.response(
            200,
            {
                'image_id': doubles.IMAGE_ID,
                'status': 'saving',
                'state': 'thinking',
                'mood': 'good',
            },
        )
        found = progress_report.parse(response, doubles.IMAGE_ID)
        self.assertEqual('thinking', found.state)
        self.assertFalse(found.is_running)
        self.assertFalse(found.is_over)

    def test_numbers_are_limited(self) -> None:
        for received, total, expected in (
            (-5, 10, (0, 10)),
            (20, 10, (10, 10)),
            (10**300, None, (2**63 - 1, None)),
            (5, -1, (0, 0)),
            (True, False, (None, None)),
            ('5', 5.5, (None, None)),
            ([], {}, (None, None)),
        ):
            with self.subTest(received=received, total=total):
                found = parse(received=received, total=total)
                self.assertEqual(expected, (found.received, found.total))

    def test_text_is_fit_for_a_terminal(self) -> None:
        evil = '\x1b[2Jx\n' + 'y' * 1000
        found = parse(
            **dict.fromkeys(('attempt', 'started_at', 'phase'), evil),
            stores=[{'store': evil, 'state': evil}],
        )
        for text in (
            found.attempt,
            found.started_at,
            found.phase,
            found.stores[0].store,
            found.stores[0].state,
        ):
            self.assertTrue(text.isprintable())
            self.assertLess(len(text), 500)

    def test_values_of_other_types_are_not_known(self) -> None:
        found = parse(
            phase=5,
            attempt=5,
            started_at=5,
            stores={'fast': 1},
            status_code='200',
            updated_at=[],
        )
        self.assertEqual((), found.stores)
        self.assertIsNone(found.phase)
        self.assertFalse(found.is_reported)
        self.assertIsNone(found.status_code)
        self.assertEqual(
            'waiting', parse(stores=['fast', None]).stores[0].state
        )

    def test_what_is_not_about_the_image_is_not_believed(self) -> None:
        for changes in (
            {'image_id': 'another'},
            {'image_id': None},
            {'status': None},
            {'status': ''},
            {'state': 5},
        ):
            with (
                self.subTest(changes),
                self.assertRaises(exceptions.UnexpectedResponse),
            ):
                parse(**changes)


class TestStalled(unittest.TestCase):
    def test_by_the_clock_of_the_server(self) -> None:
        for state, updated_at, expected in (
            ('receiving', '2026-11-21T20:14:06Z', 'receiving'),
            ('receiving', '2026-11-21T20:14:05Z', 'stalled'),
            ('receiving', '2026-11-21T21:14:05+01:00', 'stalled'),
            ('storing', '2026-11-20T20:14:36Z', 'stalled'),
            ('importing', '2026-11-20T20:14:36Z', 'stalled'),
            ('done', '2026-11-20T20:14:36Z', 'done'),
            ('failed', '2026-11-20T20:14:36Z', 'failed'),
            ('receiving', '2027-01-01T00:00:00Z', 'receiving'),
            ('receiving', '2026-11-20T20:14:36', 'receiving'),
            ('receiving', 'yesterday', 'receiving'),
            ('receiving', None, 'receiving'),
        ):
            with self.subTest(state, updated_at=updated_at):
                found = parse(state=state, updated_at=updated_at)
                self.assertEqual(expected, found.state)

    def test_a_server_without_a_clock(self) -> None:
        far = f'Sat, 21 Nov 2026 20:14:36 +{"9" * 14}'
        for date in (None, '', 'yesterday', far, DATE.replace('GMT', '-0000')):
            found = parse(date, updated_at='2020-01-01T00:00:00Z')
            self.assertEqual('receiving', found.state)

    def test_it_is_still_running(self) -> None:
        found = parse(updated_at='2020-01-01T00:00:00Z')
        self.assertTrue(found.is_running)
        self.assertFalse(found.is_over)


class TestImageProgress(unittest.TestCase):
    def test_percent(self) -> None:
        for received, total, percent in (
            (0, 3, 0),
            (2, 3, 66),
            (2999, 3000, 99),
            (3, 3, 100),
            (None, 3, None),
            (3, None, None),
            (0, 0, None),
        ):
            found = parse(received=received, total=total)
            self.assertEqual(percent, found.percent)

    def test_when_it_is_over(self) -> None:
        for status, state, is_over in (
            ('saving', 'receiving', False),
            ('active', 'done', True),
            ('deactivated', 'done', True),
            ('active', 'importing', False),
            ('uploading', 'done', False),
            ('importing', 'done', False),
            ('queued', 'waiting', False),
            ('queued', 'failed', True),
            ('active', 'failed', True),
        ):
            with self.subTest(status, state=state):
                found = parse(status=status, state=state)
                self.assertIs(is_over, found.is_over)
