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

import hashlib
import io
from typing import Any
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import checked_source
from osc_image_ext.image import checksums
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams
from tests.fixtures import doubles

DATA = bytes(range(250)) * 10_000


class TestCheck(unittest.TestCase):
    def checked(
        self, data: io.BytesIO | None = None, expected: bytes = DATA
    ) -> _source.Source:
        file: Any = io.BufferedReader(data or io.BytesIO(DATA))
        value = hashlib.sha256(expected).hexdigest()
        return self.enterContext(
            checked_source.check(
                _source.Source(file, 'disk.img', len(DATA), 'disk.img'),
                checksums.Checksum('sha256', value),
            )
        )

    def body(self, source: _source.Source) -> streams.VerboseFileWrapper:
        return streams.VerboseFileWrapper(
            source.file,
            source.name,
            source.size,
            hold_last=source.checked_at_end,
        )

    def test_right_data_passes(self) -> None:
        for data in (
            io.BytesIO(DATA),
            doubles.ShortReader(DATA, 9999),
            doubles.NonSeekableReader(DATA),
        ):
            with self.subTest(type(data).__name__):
                body = self.body(self.checked(data))
                self.assertEqual(DATA, b''.join(body))

    def test_wrong_data_fails_before_all_is_sent(self) -> None:
        for expected in (DATA[:-1] + b'x', b'x' + DATA[1:], DATA[:-1], b''):
            body = self.body(self.checked(expected=expected))
            sent = 0
            with self.assertRaises(exceptions.ChecksumError) as caught:
                for block in body:
                    sent += len(block)
            self.assertLess(sent, len(DATA))
            self.assertEqual(
                'The checksum of disk.img is wrong: expected sha256 '
                f'{hashlib.sha256(expected).hexdigest()}, but its data has '
                f'{hashlib.sha256(DATA).hexdigest()}.',
                str(caught.exception),
            )

    def test_it_can_be_read_again(self) -> None:
        body = self.body(self.checked())
        next(iter(body))
        for _ in range(2):
            self.assertEqual(DATA, b''.join(body))

    def test_it_starts_where_the_file_stands(self) -> None:
        data = io.BytesIO(b'head' + DATA)
        data.seek(4)
        body = self.body(self.checked(data))
        for _ in range(2):
            self.assertEqual(DATA, b''.join(body))

    def test_what_can_be_read_once_stays_so(self) -> None:
        source = self.checked(doubles.NonSeekableReader(DATA))
        self.assertFalse(self.body(source).rewindable)

    def test_looking_ahead_counts_nothing_twice(self) -> None:
        source = self.checked()
        self.assertEqual(DATA[:100], source.peek()[:100])
        self.assertEqual(DATA, b''.join(self.body(source)))

    def test_the_rest_is_that_of_the_source(self) -> None:
        source = self.checked()
        self.assertEqual('disk.img', source.file_name)
        self.assertEqual(len(DATA), source.size)
        value = hashlib.sha256(DATA).hexdigest()
        self.assertEqual({'sha256': value}, source.published)
