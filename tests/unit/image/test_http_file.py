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

import urllib3

from osc_image_ext import exceptions
from osc_image_ext.image import filters
from osc_image_ext.image import http_file
from tests.fixtures import web_double

DATA = bytes(range(256)) * 4096  # 1 MiB
SIZE = len(DATA)
PART = 300_000
LOST = urllib3.exceptions.ProtocolError('lost', ConnectionResetError())
TAG: dict[str, Any] = {'ETag': '"1"'}


def whole(data: bytes = DATA, **headers: Any) -> Any:
    return web_double.reply(
        200, data, Content_Length=str(len(data)), **{**TAG, **headers}
    )


def broken(after: int = PART, **headers: Any) -> Any:
    return web_double.reply(
        200,
        DATA[:after],
        LOST,
        Content_Length=str(SIZE),
        **{**TAG, **headers},
    )


def part(
    start: int,
    end: int = SIZE,
    error: Exception | None = None,
    said: str = '',
    **headers: Any,
) -> Any:
    said = said or f'bytes {start}-{SIZE - 1}/{SIZE}'
    return web_double.reply(
        206,
        DATA[start:end],
        error,
        Content_Range=said,
        **{'Content_Length': str(SIZE - start), **TAG, **headers},
    )


class HttpFileTestCase(unittest.TestCase):
    def opened(self, *replies: Any) -> http_file.HttpFile:
        self.fake = web_double.FakeWeb(*replies)
        self.addCleanup(self.fake.web.close)
        url = 'http://example.org/disk.img'
        return http_file.HttpFile(self.fake.web, url, 'NAME')

    def read(self, *replies: Any) -> bytes:
        with self.assertLogs(http_file.LOG) as logged:
            http_file.LOG.warning('the first')
            data = filters.buffered(self.opened(*replies)).read()
        self.warnings = logged.output[1:]
        return data

    def failed(self, kind: type[exceptions.SourceError], *replies: Any) -> str:
        with self.assertRaises(kind) as caught:
            self.read(*replies)
        return str(caught.exception)


class TestReading(HttpFileTestCase):
    def test_all_is_read(self) -> None:
        self.assertEqual(DATA, self.read(whole()))
        self.assertEqual([], self.warnings)

    def test_what_the_server_says_of_it(self) -> None:
        file = self.opened(whole())
        self.assertEqual((SIZE, True), (file.size, file.delimited))
        file = self.opened(web_double.reply(Transfer_Encoding='chunked'))
        self.assertEqual((None, True), (file.size, file.delimited))
        file = self.opened(web_double.reply())
        self.assertEqual((None, False), (file.size, file.delimited))

    def test_other_statuses_are_errors(self) -> None:
        for status in (204, 206, 404, 403, 500):
            replies = [web_double.reply(status)] * 4
            self.assertEqual(
                f'Cannot fetch NAME: the server returned {status} Some '
                'Reason.',
                self.failed(exceptions.SourceError, *replies),
            )


class TestResuming(HttpFileTestCase):
    def test_the_rest_is_requested(self) -> None:
        self.assertEqual(DATA, self.read(broken(), part(PART)))
        self.assertEqual([None, f'bytes={PART}-'], self.fake.headers('Range'))
        self.assertEqual([None, '"1"'], self.fake.headers('If-Range'))
        self.assertRegex(
            self.warnings[0],
            f'NAME broke off after {PART} bytes: .*Resuming.$',
        )

    def test_a_total_need_not_be_known(self) -> None:
        rest = part(PART, said=f'bytes {PART}-{SIZE - 1}/*')
        self.assertEqual(DATA, self.read(broken(), rest))

    def test_a_date_identifies_data_too(self) -> None:
        date: dict[str, Any] = {'ETag': 'W/"1"', 'Last_Modified': 'Sat'}
        data = self.read(broken(**date), part(PART, **date))
        self.assertEqual(DATA, data)
        self.assertEqual([None, 'Sat'], self.fake.headers('If-Range'))

    def test_every_byte_renews_the_patience(self) -> None:
        starts = range(PART, SIZE - 5000, 5000)
        replies = [part(start, start + 5000, LOST) for start in starts]
        last = part(starts[-1] + 5000)
        self.assertEqual(DATA, self.read(broken(), *replies, last))
        self.assertEqual({1}, set(self.fake.sleep.seconds))

    def test_it_ends(self) -> None:
        nothing = [part(PART, PART, LOST) for _ in range(9)]
        text = self.failed(exceptions.SourceError, broken(), *nothing)
        self.assertRegex(text, f'^Fetching NAME broke off after {PART} bytes')
        self.assertEqual([1, 2, 4, 8, 16], self.fake.sleep.seconds)

    def test_a_body_that_ends_early(self) -> None:
        short = web_double.reply(
            200, DATA[:PART], Content_Length=str(SIZE), **TAG
        )
        self.assertEqual(DATA, self.read(short, part(PART)))
        self.assertIn('the server closed the connection', self.warnings[0])

    def test_nothing_was_read(self) -> None:
        self.assertEqual(DATA, self.read(broken(0), whole()))
        self.assertEqual([None, None], self.fake.headers('Range'))


class TestNotResumed(HttpFileTestCase):
    def test_what_is_not_the_rest(self) -> None:
        for other in (
            whole(),
            part(PART - 1),
            part(PART, said=f'bytes {PART}-{SIZE - 2}/{SIZE}'),
            part(PART, said=f'bytes {PART}-{SIZE}/{SIZE + 1}'),
            part(PART, said='what'),
            part(PART, ETag='"2"'),
            web_double.reply(206, DATA[PART:]),
            web_double.reply(404),
            web_double.reply(416),
        ):
            text = self.failed(exceptions.SourceInterrupted, broken(), other)
            self.assertRegex(text, f'broke off after {PART} bytes')

    def test_what_cannot_be_identified(self) -> None:
        cases: tuple[dict[str, Any], ...] = (
            {'ETag': ''},
            {'ETag': 'W/"1"'},
            {'Accept_Ranges': 'none'},
        )
        for headers in cases:
            self.failed(exceptions.SourceInterrupted, broken(**headers))
            self.fake.send.assert_called_once()


class TestRewinding(HttpFileTestCase):
    def test_it_is_fetched_again(self) -> None:
        file = filters.buffered(self.opened(broken(), whole()))
        file.read1(PART)
        file.seek(0)
        self.assertEqual(DATA, file.read())
        self.assertEqual([None, None], self.fake.headers('Range'))

    def test_what_was_only_looked_at_is_not(self) -> None:
        file = filters.buffered(self.opened(whole()))
        file.peek(1)
        file.seek(0)
        self.assertEqual(DATA, file.read())
        self.fake.send.assert_called_once()

    def test_its_size_must_be_the_same(self) -> None:
        file = filters.buffered(self.opened(whole(), whole(DATA + b'x')))
        file.read()
        file.seek(0)
        with self.assertRaisesRegex(
            exceptions.SourceError, 'size of NAME changed'
        ):
            file.read()

    def test_other_places_cannot_be_reached(self) -> None:
        file = self.opened(whole())
        for place in ((1, 0), (0, 2), (-1, 1)):
            with self.assertRaises(OSError):
                file.seek(*place)
