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

"""Records as text, also forged ones."""

import dataclasses
import json
from typing import Any
import unittest

from glance_upload_progress import codec
from glance_upload_progress import records
from tests.unit.server import doubles

RECORD = doubles.record(
    targets=('fast', 'slow'),
    copies=(records.Copy('fast', 3, 4), records.Copy(None, 1, None)),
    status_code=204,
)


def forged(**values: Any) -> bytes:
    return json.dumps(dataclasses.asdict(RECORD) | values).encode()


class CodecTest(unittest.TestCase):
    def decode(self, value: object) -> records.Record | None:
        return codec.Codec(None).decode(value, RECORD.image_id)

    def test_record_survives(self) -> None:
        for key in (None, 'secret'):
            with self.subTest(key):
                coder = codec.Codec(key)
                value = coder.encode(RECORD)
                self.assertTrue(value.isascii())
                self.assertEqual(RECORD, coder.decode(value, RECORD.image_id))

    def test_record_of_another_image_is_ignored(self) -> None:
        for key in (None, 'secret'):
            with self.subTest(key):
                coder = codec.Codec(key)
                value = coder.encode(RECORD)
                self.assertIsNone(coder.decode(value, doubles.OTHER_ID))

    def test_record_without_the_right_signature_is_ignored(self) -> None:
        coder = codec.Codec('secret')
        signed = coder.encode(RECORD)
        for value in (
            forged(),
            codec.Codec('guess').encode(RECORD),
            signed.replace(b'upload', b'import'),
            signed.partition(b' ')[2],
            b'\xff ' + forged(),
            b'',
        ):
            with self.subTest(value):
                self.assertIsNone(coder.decode(value, RECORD.image_id))

    def test_signature_is_not_for_those_without_a_key(self) -> None:
        self.assertIsNone(self.decode(codec.Codec('a').encode(RECORD)))

    def test_rubbish_is_ignored(self) -> None:
        for value in (
            None,
            7,
            'text',
            b'',
            b'\x80\x04K\x01.',
            b'[]',
            b'null',
            b'{}',
            b'[' * 100_000,
            b'{"image_id": ' + b'9' * 100_000 + b'}',
            forged(phase='download'),
            forged(state=None),
            forged(state=[]),
            forged(received='7'),
            forged(received=True),
            forged(total=1.5),
            forged(started_at='now'),
            forged(started_at=float('inf')),
            forged(updated_at=float('nan')),
            forged(targets=7),
            forged(targets=['\x1b[2J']),
            forged(targets=[None]),
            forged(copies=None),
            forged(copies=[7]),
            forged(copies=[{'store': 'fast'}]),
        ):
            with self.subTest(value):
                self.assertIsNone(self.decode(value))

    def test_numbers_are_limited(self) -> None:
        for values, received, total in (
            ({'received': -5, 'total': 10}, 0, 10),
            ({'received': 50, 'total': 10}, 10, 10),
            ({'received': 5, 'total': -1}, 0, 0),
            ({'received': 10**30, 'total': None}, 2**63 - 1, None),
            ({'received': None, 'total': 10**30}, None, 2**63 - 1),
        ):
            with self.subTest(values):
                record = self.decode(forged(**values))
                assert record is not None
                self.assertEqual(received, record.received)
                self.assertEqual(total, record.total)

    def test_copies_are_limited(self) -> None:
        copies = [{'store': 'fast', 'received': 9, 'total': 5}] * 1000
        record = self.decode(forged(copies=copies, targets=['fast'] * 1000))
        assert record is not None
        self.assertEqual((records.Copy('fast', 5, 5),) * 100, record.copies)
        self.assertEqual(('fast',) * 100, record.targets)

    def test_times_can_be_written(self) -> None:
        record = self.decode(forged(started_at=-1, updated_at=1e300))
        assert record is not None
        self.assertEqual(0, record.started_at)
        self.assertEqual(253402300799, record.updated_at)

    def test_what_is_not_needed_is_dropped(self) -> None:
        for status_code in (-1, 99, 600, 'x', None):
            with self.subTest(status_code):
                record = self.decode(
                    forged(status_code=status_code, attempt='a b', more=1)
                )
                assert record is not None
                self.assertIsNone(record.status_code)
                self.assertIsNone(record.attempt)


class CleanAttemptTest(unittest.TestCase):
    def test_request_id(self) -> None:
        self.assertEqual('req-0-a', codec.clean_attempt('req-0-a'))

    def test_anything_else(self) -> None:
        for text in (None, '', 7, 'a\n', 'a' * 65, '\x1b[2J', 'req-ä'):
            with self.subTest(text):
                self.assertIsNone(codec.clean_attempt(text))
