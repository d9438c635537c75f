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

"""The document: what a record and an image say together."""

import json
from typing import Any
import unittest

from glance_upload_progress import document
from glance_upload_progress import records
from tests.unit.server import doubles

Phase = records.Phase
State = records.State

TASK = {'os_glance_import_task': '7'}


def image(status: str, **values: Any) -> dict[str, Any]:
    return {'id': doubles.IMAGE_ID, 'status': status, 'size': None, **values}


def importing(**values: Any) -> dict[str, Any]:
    return image('importing', **TASK, **values)


def import_record(**values: Any) -> records.Record:
    defaults: dict[str, Any] = {
        'phase': Phase.IMPORT,
        'state': State.IMPORTING,
        'targets': ('fast', 'slow'),
    }
    return doubles.record(**defaults | values)


def rows(
    image: dict[str, Any], record: records.Record | None
) -> list[tuple[Any, ...]] | None:
    stores = document.build(image, record)['stores']
    return stores and [tuple(store.values()) for store in stores]


class WithoutRecordTest(unittest.TestCase):
    def test_state_is_that_of_the_status(self) -> None:
        for status, state in (
            ('queued', 'waiting'),
            ('saving', 'receiving'),
            ('uploading', 'receiving'),
            ('active', 'done'),
            ('deactivated', 'done'),
            ('killed', 'failed'),
            ('deleted', 'failed'),
            ('pending_delete', 'failed'),
            ('new in some release', 'waiting'),
        ):
            with self.subTest(status):
                found = document.build(image(status), None)
                expected = {
                    'image_id': doubles.IMAGE_ID,
                    'status': status,
                    'state': state,
                }
                shown = {k: v for k, v in found.items() if v is not None}
                self.assertEqual(expected, shown)
                self.assertEqual(11, len(found))

    def test_staged_data(self) -> None:
        staged = image('uploading', size=7)
        self.assertEqual('done', document.build(staged, None)['state'])

    def test_import(self) -> None:
        for status, state in (
            ('queued', 'waiting'),
            ('uploading', 'importing'),
            ('importing', 'importing'),
            ('active', 'importing'),
        ):
            with self.subTest(status):
                found = document.build(image(status, **TASK), None)
                self.assertEqual(state, found['state'])

    def test_import_that_glance_has_given_up(self) -> None:
        found = document.build(image('importing'), None)
        self.assertEqual('failed', found['state'])

    def test_stores_of_an_import(self) -> None:
        shown = importing(
            stores='fast',
            os_glance_importing_to_stores='slow',
            os_glance_failed_import='tape',
        )
        self.assertEqual(
            [
                ('fast', 'done', None, None),
                ('slow', 'importing', None, None),
                ('tape', 'failed', None, None),
            ],
            rows(shown, None),
        )

    def test_stores_after_an_import(self) -> None:
        self.assertIsNone(rows(image('active', stores='fast'), None))


class UploadTest(unittest.TestCase):
    def test_running(self) -> None:
        found = document.build(image('saving'), doubles.record())
        self.assertEqual(
            {
                'image_id': doubles.IMAGE_ID,
                'status': 'saving',
                'phase': 'upload',
                'state': 'receiving',
                'received': 30,
                'total': 100,
                'stores': None,
                'attempt': 'req-1',
                'started_at': '1970-01-01T00:16:40Z',
                'updated_at': '1970-01-01T00:16:47Z',
                'status_code': None,
            },
            json.loads(json.dumps(found)),
        )

    def test_status_and_record(self) -> None:
        upload, stage = Phase.UPLOAD, Phase.STAGE
        receiving, storing = State.RECEIVING, State.STORING
        done, failed = State.DONE, State.FAILED
        for phase, state, status, shown, is_used in (
            (upload, receiving, 'saving', 'receiving', True),
            (upload, storing, 'saving', 'storing', True),
            (stage, storing, 'uploading', 'storing', True),
            (stage, done, 'uploading', 'done', True),
            # The record is late.
            (upload, receiving, 'active', 'done', True),
            (upload, receiving, 'queued', 'failed', True),
            (stage, receiving, 'queued', 'failed', True),
            (upload, storing, 'deleted', 'failed', True),
            (upload, failed, 'queued', 'failed', True),
            (upload, done, 'deactivated', 'done', True),
            # The record is that of an earlier attempt.
            (upload, failed, 'saving', 'receiving', False),
            (upload, done, 'saving', 'receiving', False),
            (stage, failed, 'uploading', 'receiving', False),
            (upload, failed, 'uploading', 'receiving', False),
            (stage, done, 'saving', 'receiving', False),
            (stage, done, 'importing', 'failed', False),
            (stage, done, 'active', 'done', False),
        ):
            with self.subTest(phase=phase, state=state, status=status):
                record = doubles.record(phase=phase, state=state)
                found = document.build(image(status), record)
                self.assertEqual(shown, found['state'])
                self.assertEqual(is_used, found['phase'] is not None)

    def test_import_of_data_that_was_staged(self) -> None:
        record = doubles.record(phase=Phase.STAGE, state=State.DONE)
        found = document.build(importing(), record)
        self.assertEqual('importing', found['state'])
        self.assertIsNone(found['phase'])

    def test_stored_image_has_its_size(self) -> None:
        found = document.build(image('active', size=77), doubles.record())
        self.assertEqual((77, 77), (found['received'], found['total']))

    def test_size_of_which_the_client_was_wrong(self) -> None:
        record = doubles.record(received=120, total=100)
        found = document.build(image('saving'), record)
        self.assertEqual((100, 100), (found['received'], found['total']))

    def test_unknown_total(self) -> None:
        record = doubles.record(total=None)
        found = document.build(image('saving'), record)
        self.assertEqual((30, None), (found['received'], found['total']))


class ImportTest(unittest.TestCase):
    def test_data_is_received(self) -> None:
        record = import_record(state=State.RECEIVING, total=None)
        found = document.build(importing(size=99), record)
        self.assertEqual('receiving', found['state'])
        self.assertEqual((30, 99), (found['received'], found['total']))

    def test_stores_wait_while_data_is_received(self) -> None:
        shown = importing(os_glance_importing_to_stores='fast,slow')
        self.assertEqual(
            [
                ('fast', 'waiting', None, None),
                ('slow', 'waiting', None, None),
            ],
            rows(shown, import_record(state=State.RECEIVING)),
        )

    def test_copy_into_one_of_two_stores(self) -> None:
        record = import_record(copies=(records.Copy('slow', 3, 9),))
        shown = importing(os_glance_importing_to_stores='fast,slow', stores='')
        self.assertEqual(
            [('fast', 'waiting', None, None), ('slow', 'importing', 3, 9)],
            rows(shown, record),
        )
        found = document.build(shown, record)
        self.assertEqual('importing', found['state'])
        self.assertEqual((30, 100), (found['received'], found['total']))

    def test_copies_that_are_not_certain(self) -> None:
        shown = importing(os_glance_importing_to_stores='fast,slow')
        self.assertEqual(
            [
                ('fast', 'importing', None, None),
                ('slow', 'importing', None, None),
            ],
            rows(shown, import_record()),
        )

    def test_copy_that_has_just_ended(self) -> None:
        # The record is older than the image.
        record = import_record(copies=(records.Copy('fast', 3, 9),))
        shown = importing(
            os_glance_importing_to_stores='slow', stores='fast', size=9
        )
        self.assertEqual(
            [('fast', 'done', 9, 9), ('slow', 'waiting', None, None)],
            rows(shown, record),
        )

    def test_copy_of_an_active_image(self) -> None:
        record = import_record(targets=('slow',), state=State.RECEIVING)
        shown = image(
            'active',
            **TASK,
            size=100,
            stores='fast',
            os_glance_importing_to_stores='slow',
        )
        self.assertEqual('receiving', document.build(shown, record)['state'])
        self.assertEqual(
            [('slow', 'waiting', None, None)], rows(shown, record)
        )

    def test_ends(self) -> None:
        for status, stores, failed, state, states in (
            ('active', 'fast,slow', '', 'done', ['done', 'done']),
            ('active', 'fast', 'slow', 'done', ['done', 'failed']),
            ('active', 'tape', 'fast,slow', 'failed', ['failed', 'failed']),
            # All stores must succeed: the first is not to blame.
            ('active', 'tape', 'slow', 'failed', ['failed', 'failed']),
            ('queued', '', 'slow', 'failed', ['failed', 'failed']),
            ('importing', '', 'slow', 'failed', ['failed', 'failed']),
        ):
            with self.subTest(status=status, stores=stores, failed=failed):
                shown = image(
                    status,
                    size=5,
                    stores=stores,
                    os_glance_failed_import=failed,
                    os_glance_importing_to_stores='',
                )
                found = document.build(shown, import_record())
                self.assertEqual(state, found['state'])
                self.assertEqual(
                    states, [store['state'] for store in found['stores']]
                )

    def test_one_store_without_a_name(self) -> None:
        record = import_record(targets=None)
        found = document.build(importing(), record)
        self.assertIsNone(found['stores'])
        self.assertEqual(30, found['received'])
        found = document.build(image('active', size=5), record)
        self.assertEqual(('done', 5), (found['state'], found['received']))

    def test_all_stores(self) -> None:
        shown = importing(
            os_glance_importing_to_stores='slow', stores='fast', size=5
        )
        self.assertEqual(
            [('fast', 'done', 5, 5), ('slow', 'importing', None, None)],
            rows(shown, import_record(targets=None)),
        )
