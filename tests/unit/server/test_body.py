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

"""The request body, counted."""

import io
from typing import Any
import unittest
from unittest import mock

from glance_upload_progress import body


class Count:
    """Adds up what a body reports."""

    def __init__(self) -> None:
        self.events: list[str | int] = []

    def on_start(self) -> None:
        self.events.append('start')

    def on_data(self, count: int) -> None:
        self.events.append(count)

    def on_end(self) -> None:
        self.events.append('end')


class Trickle(io.BytesIO):
    """Returns a few bytes at a time."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 3))


class CountingReaderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.count = Count()

    def reader(self, data: bytes = b'0123456789') -> body.CountingReader:
        return body.CountingReader(io.BytesIO(data), self.count)

    def test_nothing_is_read_before_glance_does(self) -> None:
        self.reader()
        self.assertEqual([], self.count.events)

    def test_reads_are_counted(self) -> None:
        reader = self.reader()
        self.assertEqual(b'0123', reader.read(4))
        self.assertEqual(b'456789', reader.read(6))
        self.assertEqual(['start', 4, 6], self.count.events)
        self.assertEqual(b'', reader.read(4))
        self.assertEqual('end', self.count.events[-1])

    def test_empty_read_starts_nothing(self) -> None:
        self.assertEqual(b'', self.reader().read(0))
        self.assertEqual([], self.count.events)

    def test_read_is_not_short_unless_the_body_ends(self) -> None:
        reader = body.CountingReader(Trickle(b'0123456789'), self.count)
        self.assertEqual(b'01234567', reader.read(8))
        self.assertEqual(['start', 3, 3, 2], self.count.events)
        self.assertEqual(b'89', reader.read(8))
        self.assertEqual('end', self.count.events[-1])

    def test_all_is_read(self) -> None:
        for arguments in ((), (-1,), (None,)):
            with self.subTest(arguments):
                self.assertEqual(b'0123456789', self.reader().read(*arguments))

    def test_large_read_is_counted_in_slices(self) -> None:
        data = bytes(2 * body.SLICE + 5)
        self.assertEqual(data, self.reader(data).read(8 * body.SLICE))
        self.assertEqual(
            ['start', body.SLICE, body.SLICE, 5, 'end'], self.count.events
        )

    def test_buffer_of_a_read_is_not_that_of_the_next(self) -> None:
        data = bytes(range(256)) * (3 * body.SLICE // 256)
        reader = self.reader(data)
        size = body.SLICE + 7
        self.assertEqual(data[:size], first := reader.read(size))
        self.assertEqual(data[size:], reader.read(2 * size))
        self.assertEqual(data[:size], first)

    def test_read_that_is_too_large_for_a_buffer(self) -> None:
        self.assertEqual(b'0123456789', self.reader().read(2**62))

    def test_lines_are_counted(self) -> None:
        lines = [b'ab\n', b'c\n', b'd']
        data = b''.join(lines)
        self.assertEqual(lines, list(self.reader(data)))
        self.assertEqual(lines, self.reader(data).readlines())
        self.assertEqual(b'ab', self.reader(data).readline(2))
        self.assertEqual(['start', 3, 2, 1, 'end'] * 2, self.count.events[:10])

    def test_lost_connection_is_passed_on(self) -> None:
        source = mock.Mock()
        source.read.side_effect = [b'ab', OSError('lost')]
        reader = body.CountingReader(source, self.count)
        self.assertRaises(OSError, reader.read, 4)
        self.assertEqual(['start', 2], self.count.events)

    def test_other_attributes_are_those_of_the_source(self) -> None:
        source = mock.Mock()
        body.CountingReader(source, self.count).close()
        source.close.assert_called_once_with()


class CapturingReaderTest(unittest.TestCase):
    def test_first_bytes_are_kept(self) -> None:
        reader = body.CapturingReader(io.BytesIO(b'ab\ncd\nef\ngh'), 7)
        self.assertEqual(b'a', reader.read(1))
        self.assertEqual(b'b\n', reader.readline())
        self.assertEqual([b'cd\n', b'ef\n', b'gh'], reader.readlines())
        self.assertEqual(b'ab\ncd\ne', reader.captured)

    def test_lines_are_kept(self) -> None:
        reader = body.CapturingReader(io.BytesIO(b'ab\ncd'), 99)
        self.assertEqual([b'ab\n', b'cd'], list(reader))
        self.assertEqual(b'ab\ncd', reader.captured)
        self.assertEqual(5, reader.tell())


class ChunkedInputTest(unittest.TestCase):
    def setUp(self) -> None:
        self.uwsgi = mock.Mock()
        # One more call would raise StopIteration.
        self.uwsgi.chunked_read.side_effect = [b'0123', b'45', b'6789', b'']
        self.input = body.ChunkedInput(self.uwsgi)

    def test_reads_have_the_size_that_is_asked_for(self) -> None:
        read = [self.input.read(size) for size in (3, 5, 0, 9, 9)]
        self.assertEqual([b'012', b'34567', b'', b'89', b''], read)

    def test_all_is_read(self) -> None:
        self.assertEqual(b'0', self.input.readline(1))
        self.assertEqual(b'123456789', self.input.read())
        self.assertEqual(b'', self.input.read())


class InstallTest(unittest.TestCase):
    def install(
        self, uwsgi: object, **headers: str
    ) -> tuple[dict[str, Any], Count]:
        environ: dict[str, Any] = {'wsgi.input': io.BytesIO(b'abc'), **headers}
        count = Count()
        modules = {'uwsgi': uwsgi}
        with mock.patch.dict('sys.modules', modules):
            body.install(environ, count)
        return environ, count

    def test_input_is_counted(self) -> None:
        for headers in ({}, {'HTTP_TRANSFER_ENCODING': 'chunked'}):
            with self.subTest(headers):
                environ, count = self.install(None, **headers)
                self.assertEqual(b'abc', environ['wsgi.input'].read())
                self.assertIn(3, count.events)
                del environ['wsgi.input']
                self.assertEqual(headers, environ)

    def test_chunked_body_of_uwsgi_is_read_in_place_of_glance(self) -> None:
        uwsgi = mock.Mock()
        uwsgi.chunked_read.side_effect = [b'de', b'']
        environ, count = self.install(uwsgi, HTTP_TRANSFER_ENCODING='Chunked')
        self.assertEqual(b'de', environ['wsgi.input'].read())
        self.assertEqual(['start', 2, 'end'], count.events)
        self.assertEqual('identity', environ['HTTP_TRANSFER_ENCODING'])
        self.assertTrue(environ['wsgi.input_terminated'])

    def test_body_with_a_length_under_uwsgi_is_in_its_input(self) -> None:
        environ, _ = self.install(mock.Mock(), CONTENT_LENGTH='3')
        self.assertEqual(b'abc', environ['wsgi.input'].read(3))
