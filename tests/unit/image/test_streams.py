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

import errno
import hashlib
import io
import os
import tempfile
from typing import Any
import unittest

import requests
from requests import utils as requests_utils
from urllib3.util import request as urllib3_request

from osc_image_ext import exceptions
from osc_image_ext.image import digest
from osc_image_ext.image import streams
from tests.fixtures import doubles

BLOCK = streams.BLOCK_SIZE


def content(length: int) -> bytes:
    """Return bytes that repeat at no power of two."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


class StreamTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.digests = digest.Digests(('sha256',))
        self.addCleanup(self.digests.close)

    def wrapped(
        self, source: io.BytesIO | bytes, size: int | None = None
    ) -> streams.VerboseFileWrapper:
        if isinstance(source, bytes):
            source = io.BytesIO(source)
        return streams.VerboseFileWrapper(
            source, 'disk.img', size, self.listener, self.digests
        )

    def assertHashed(self, data: bytes) -> None:
        expected = hashlib.sha256(data).hexdigest()
        self.assertEqual({'sha256': expected}, self.digests.result())


class TestIteration(StreamTestCase):
    def test_every_length_is_handed_out_whole_in_blocks(self) -> None:
        for length in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK):
            for size in (length, None):
                with self.subTest(length=length, size=size):
                    data = content(length)
                    blocks = list(self.wrapped(data, size))
                    self.assertEqual(data, b''.join(blocks))
                    self.assertEqual(-(-length // BLOCK), len(blocks))
                    self.assertHashed(data)

    def test_blocks_are_never_empty_nor_longer_than_block(self) -> None:
        lengths = [len(b) for b in self.wrapped(content(2 * BLOCK + 5))]
        self.assertEqual([BLOCK, BLOCK, 5], lengths)

    def test_short_reads_are_handed_on_as_they_come(self) -> None:
        data = content(20)
        blocks = list(self.wrapped(doubles.ShortReader(data), 20))
        self.assertEqual([7, 7, 6], [len(b) for b in blocks])
        self.assertEqual(data, b''.join(blocks))
        self.assertEqual([7, 14, 20], self.listener.heard('moved'))
        self.assertHashed(data)

    def test_a_pipe_is_not_waited_for_until_a_block_is_full(self) -> None:
        reader, writer = os.pipe()
        with os.fdopen(reader, 'rb', BLOCK) as source:
            body = streams.VerboseFileWrapper(source, 'a pipe')
            blocks = iter(body)
            os.write(writer, b'first')
            self.assertEqual(b'first', next(blocks))
            os.write(writer, b'second')
            self.assertEqual(b'second', next(blocks))
            os.close(writer)
            self.assertEqual([], list(blocks))

    def test_a_source_without_read1_is_read(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as raw:
            raw.write(content(BLOCK + 3))
            raw.seek(0)
            self.assertFalse(hasattr(raw, 'read1'))
            body = streams.VerboseFileWrapper(raw, 'raw')
            self.assertEqual(content(BLOCK + 3), b''.join(body))

    def test_neither_listener_nor_digests_are_needed(self) -> None:
        body = streams.VerboseFileWrapper(io.BytesIO(b'data'), 'disk.img')
        self.assertEqual([b'data'], list(body))
        self.assertEqual(4, body.position)

    def test_a_block_is_hashed_before_it_is_sent(self) -> None:
        blocks = iter(self.wrapped(content(BLOCK + 1)))
        self.assertHashed(next(blocks))

    def test_the_source_is_left_open(self) -> None:
        source = io.BytesIO(b'data')
        list(self.wrapped(source))
        self.assertFalse(source.closed)

    def test_the_wrapper_can_be_iterated_after_its_end(self) -> None:
        blocks = iter(self.wrapped(b'data'))
        self.assertEqual([b'data'], list(blocks))
        self.assertEqual([], list(blocks))


class TestTelling(StreamTestCase):
    def test_the_listener_hears_all_in_order(self) -> None:
        list(self.wrapped(content(BLOCK + 1), BLOCK + 1))
        self.assertEqual(
            [
                ('phase', 'uploading'),
                ('started', BLOCK + 1),
                ('moved', BLOCK),
                ('moved', BLOCK + 1),
                ('phase', 'storing'),
            ],
            self.listener.events,
        )

    def test_an_unknown_size_is_told_as_none(self) -> None:
        list(self.wrapped(b'data'))
        self.assertEqual([None], self.listener.heard('started'))

    def test_no_data_is_told_as_a_start_and_an_end(self) -> None:
        list(self.wrapped(b'', 0))
        self.assertEqual([0], self.listener.heard('started'))
        self.assertEqual([], self.listener.heard('moved'))
        self.assertEqual('storing', self.listener.heard('phase')[-1])

    def test_a_position_is_told_when_the_consumer_comes_back(self) -> None:
        body = self.wrapped(content(2 * BLOCK))
        blocks = iter(body)
        next(blocks)
        self.assertEqual([], self.listener.heard('moved'))
        self.assertEqual(0, body.position)
        next(blocks)
        self.assertEqual([BLOCK], self.listener.heard('moved'))
        self.assertEqual(BLOCK, body.position)

    def test_nothing_is_told_before_the_first_block_is_asked_for(self) -> None:
        iter(self.wrapped(b'data'))
        self.assertEqual([], self.listener.events)

    def test_storing_is_not_told_before_the_end(self) -> None:
        blocks = iter(self.wrapped(b'data'))
        next(blocks)
        self.assertEqual(['uploading'], self.listener.heard('phase'))


class TestRestart(StreamTestCase):
    def test_a_second_pass_is_the_same_as_the_first(self) -> None:
        data = content(BLOCK + 1)
        body = self.wrapped(data, len(data))
        first, second = list(body), list(body)
        self.assertEqual(first, second)
        self.assertEqual(len(data), body.position)
        self.assertHashed(data)

    def test_a_pass_starts_where_the_source_was_opened(self) -> None:
        source = io.BytesIO(b'header' + b'data')
        source.seek(6)
        body = self.wrapped(source, 4)
        self.assertEqual([b'data'], list(body))
        self.assertEqual([b'data'], list(body))
        self.assertHashed(b'data')

    def test_a_pass_that_was_given_up_leaves_no_trace(self) -> None:
        data = content(3 * BLOCK)
        body = self.wrapped(data, len(data))
        abandoned = iter(body)
        next(abandoned)
        next(abandoned)
        self.assertEqual(data, b''.join(body))
        self.assertHashed(data)

    def test_the_listener_hears_a_new_start_and_position_goes_back(
        self,
    ) -> None:
        body = self.wrapped(content(2 * BLOCK), 2 * BLOCK)
        abandoned = iter(body)
        next(abandoned)
        next(abandoned)
        again = iter(body)
        next(again)
        self.assertEqual(0, body.position)
        next(again)
        self.assertEqual([2 * BLOCK] * 2, self.listener.heard('started'))
        self.assertEqual([BLOCK, BLOCK], self.listener.heard('moved'))
        self.assertEqual(
            ['uploading', 'uploading'], self.listener.heard('phase')
        )

    def test_a_source_that_cannot_seek_is_read_once(self) -> None:
        body = self.wrapped(doubles.NonSeekableReader(b'data'))
        self.assertFalse(body.rewindable)
        self.assertEqual([b'data'], list(body))
        with self.assertRaisesRegex(
            exceptions.SourceError, '^disk.img can be read only once, so'
        ):
            list(body)
        self.assertEqual(1, len(self.listener.heard('started')))

    def test_a_source_that_cannot_seek_may_start_before_it_is_read(
        self,
    ) -> None:
        body = self.wrapped(doubles.NonSeekableReader(b'data'))
        iter(body)
        self.assertEqual([b'data'], list(body))

    def test_a_source_that_cannot_seek_is_spent_by_a_single_read(self) -> None:
        body = self.wrapped(doubles.NonSeekableReader(content(2 * BLOCK)))
        next(iter(body))
        with self.assertRaises(exceptions.SourceError):
            next(iter(body))

    def test_size_probes_move_nothing(self) -> None:
        for left_at in (0, 5, 10):
            with self.subTest(left_at=left_at):
                source = io.BytesIO(b'0123456789')
                body = self.wrapped(source, 10)
                source.seek(0, os.SEEK_END)
                source.seek(left_at)
                self.assertEqual([b'0123456789'], list(body))
                self.assertEqual(10, body.position)
                self.assertEqual(10, self.listener.heard('moved')[-1])
                self.assertHashed(b'0123456789')


class TestAnnouncedSize(StreamTestCase):
    def test_a_shorter_source_is_an_error(self) -> None:
        body = self.wrapped(b'12345', 9)
        handed_out = []
        with self.assertRaisesRegex(
            exceptions.SourceError,
            '^disk.img ended after 5 of 9 bytes.$',
        ):
            for block in body:
                handed_out.append(block)
        self.assertEqual([b'12345'], handed_out)
        self.assertNotIn('storing', self.listener.heard('phase'))

    def test_nothing_of_a_block_that_is_too_long_is_handed_out(self) -> None:
        for data, size, expected in (
            (b'12345', 4, 0),
            (b'1', 0, 0),
            (content(BLOCK + 2), BLOCK + 1, BLOCK),
            (content(BLOCK + 1), BLOCK, BLOCK),
        ):
            with self.subTest(held=len(data), size=size):
                handed_out = 0
                with self.assertRaisesRegex(
                    exceptions.SourceError,
                    f'^disk.img is longer than the expected {size} bytes.$',
                ):
                    for block in self.wrapped(data, size):
                        handed_out += len(block)
                self.assertEqual(expected, handed_out)

    def test_one_byte_is_not_a_plural(self) -> None:
        for data, expected in (
            (b'', '^disk.img ended after 0 of 1 byte.$'),
            (b'12', '^disk.img is longer than the expected 1 byte.$'),
        ):
            with (
                self.subTest(expected),
                self.assertRaisesRegex(exceptions.SourceError, expected),
            ):
                list(self.wrapped(data, 1))

    def test_an_empty_source_of_an_announced_size_is_an_error(self) -> None:
        with self.assertRaisesRegex(exceptions.SourceError, 'after 0 of'):
            list(self.wrapped(b'', 1))

    def test_a_failed_pass_may_be_repeated(self) -> None:
        source = io.BytesIO(b'123')
        body = self.wrapped(source, 4)
        with self.assertRaises(exceptions.SourceError):
            list(body)
        source.seek(0, os.SEEK_END)
        source.write(b'4')
        self.assertEqual([b'1234'], list(body))


class TestHeldBack(StreamTestCase):
    """The last block of a source whose end may be an error."""

    def test_it_is_not_handed_out_before_the_end_is_seen(self) -> None:
        error = OSError(errno.EIO, 'Input/output error')
        for length in (1, BLOCK, BLOCK + 1):
            with self.subTest(length):
                source = doubles.FailingReader(content(length), error)
                body = streams.VerboseFileWrapper(
                    source, 'disk.img', length, hold_last=True
                )
                sent = 0
                with self.assertRaises(exceptions.SourceError):
                    for block in body:
                        sent += len(block)
                self.assertLess(sent, length)
                self.assertFalse(body.complete)

    def test_all_is_handed_out_after_the_end(self) -> None:
        for length in (0, 1, BLOCK, 2 * BLOCK + 1):
            with self.subTest(length):
                data = content(length)
                body = streams.VerboseFileWrapper(
                    io.BytesIO(data), 'disk.img', length, hold_last=True
                )
                self.assertEqual(data, b''.join(body))
                self.assertTrue(body.complete)
                self.assertEqual(length, body.position)

    def test_a_source_that_is_too_long(self) -> None:
        source = io.BytesIO(content(2 * BLOCK))
        body = streams.VerboseFileWrapper(
            source, 'disk.img', BLOCK, hold_last=True
        )
        with self.assertRaisesRegex(exceptions.SourceError, 'is longer'):
            next(iter(body))


class TestOrigin(StreamTestCase):
    def test_progress_is_that_of_what_is_decompressed(self) -> None:
        positions = iter((10, 20))
        body = streams.VerboseFileWrapper(
            io.BytesIO(content(BLOCK + 1)),
            'disk.img',
            listener=self.listener,
            origin=streams.Origin(20, lambda: next(positions)),
        )
        list(body)
        self.assertEqual([20], self.listener.heard('started'))
        self.assertEqual([10, 20], self.listener.heard('moved'))
        self.assertEqual([BLOCK, BLOCK + 1], self.listener.heard('sent'))
        self.assertEqual(BLOCK + 1, body.position)


class TestFailingSource(StreamTestCase):
    def test_an_error_of_reading_is_a_source_error_with_its_reason(
        self,
    ) -> None:
        error = OSError(errno.EIO, 'Input/output error')
        blocks = iter(self.wrapped(doubles.FailingReader(b'data', error)))
        self.assertEqual(b'data', next(blocks))
        with self.assertRaisesRegex(
            exceptions.SourceError,
            '^Reading disk.img failed: Input/output error.$',
        ) as caught:
            next(blocks)
        self.assertIs(error, caught.exception.__cause__)
        self.assertNotIsInstance(caught.exception, OSError)

    def test_an_error_without_a_number_tells_its_text(self) -> None:
        source = doubles.FailingReader(b'', OSError('it broke'))
        with self.assertRaisesRegex(
            exceptions.SourceError, 'failed: it broke.$'
        ):
            list(self.wrapped(source))

    def test_an_error_of_rewinding_is_a_source_error(self) -> None:
        class Stuck(io.BytesIO):
            def seek(self, offset: int, whence: int = 0) -> int:
                raise OSError(errno.EIO, 'Input/output error')

        with self.assertRaisesRegex(exceptions.SourceError, 'Input/output'):
            list(self.wrapped(Stuck(b'data')))


class TestBeingSent(StreamTestCase):
    def prepared(self, body: streams.VerboseFileWrapper) -> dict[str, Any]:
        request = requests.Request('PUT', 'http://glance/file', data=body)
        prepared = request.prepare()
        self.assertIs(body, prepared.body)
        return {
            name: prepared.headers[name]
            for name in ('Content-Length', 'Transfer-Encoding')
            if name in prepared.headers
        }

    def test_it_has_nothing_that_makes_libraries_read_or_seek(self) -> None:
        body = self.wrapped(b'data', 4)
        for name in ('read', 'readinto', 'seek', 'tell', 'fileno', '__len__'):
            with self.subTest(name):
                self.assertFalse(hasattr(body, name))

    def test_len_is_there_when_the_size_is_known(self) -> None:
        self.assertEqual(4, self.wrapped(b'data', 4).len)
        self.assertEqual(0, self.wrapped(b'', 0).len)
        self.assertFalse(hasattr(self.wrapped(b'data'), 'len'))

    def test_requests_takes_the_size_for_its_length(self) -> None:
        for size, expected in ((4, 4), (0, 0), (None, 0)):
            with self.subTest(size=size):
                body = self.wrapped(b'data', size)
                self.assertEqual(expected, requests_utils.super_len(body))

    def test_a_known_size_is_sent_as_content_length(self) -> None:
        length = 5 * 1024**3
        headers = self.prepared(self.wrapped(b'', length))
        self.assertEqual({'Content-Length': str(length)}, headers)

    def test_no_size_or_none_at_all_is_sent_in_chunks(self) -> None:
        for size in (None, 0):
            with self.subTest(size=size):
                headers = self.prepared(self.wrapped(b'', size))
                self.assertEqual({'Transfer-Encoding': 'chunked'}, headers)

    def test_asking_for_the_length_reads_nothing(self) -> None:
        body = self.wrapped(doubles.NonSeekableReader(b'data'), 4)
        self.prepared(body)
        self.assertEqual([b'data'], list(body))

    def test_urllib3_sends_its_blocks_as_they_are(self) -> None:
        data = content(2 * BLOCK + 1)
        found = urllib3_request.body_to_chunks(
            self.wrapped(data, len(data)), 'PUT', 16384
        )
        assert found.chunks is not None
        self.assertEqual(
            [BLOCK, BLOCK, 1], [len(chunk) for chunk in found.chunks]
        )
        self.assertHashed(data)
