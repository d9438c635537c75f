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
from typing import Any
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions
import urllib3

from osc_image_ext import exceptions
from osc_image_ext.image import download as _download
from tests.fixtures import doubles
from tests.fixtures import downloads

_DATA = bytes(range(256)) * 4
_HALF = len(_DATA) // 2
_RESET = ConnectionResetError(errno.ECONNRESET, 'Connection reset by peer')


class DownloadTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sleep = doubles.RecordedSleep()
        self.listener = doubles.RecordingListener()

    def use(
        self, *behaviours: downloads.Behaviour, **attributes: object
    ) -> None:
        self.source = downloads.Source(_DATA, *behaviours)
        self.download = _download.Download(
            self.source.proxy,
            self.source.image(**attributes),
            self.listener,
            block_size=100,
            sleep=self.sleep,
        )

    def read(self, start: int = 0) -> bytes:
        self.download.open(start)
        return b''.join(self.download.read_blocks())

    def read_logged(self, start: int = 0) -> list[str]:
        """Check that all data is read; return the warnings."""
        with self.assertLogs(_download.LOG) as logs:
            self.assertEqual(_DATA[start:], self.read(start))
        return [record.getMessage() for record in logs.records]


class TestRead(DownloadTestCase):
    def test_all(self) -> None:
        self.use()
        with self.assertNoLogs(_download.LOG):
            self.assertEqual(_DATA, self.read())
        self.assertEqual([None], self.source.starts)
        self.assertFalse(self.download.resumed)
        positions = self.listener.heard('moved')
        self.assertEqual(sorted(positions), positions)
        self.assertEqual(len(_DATA), positions[-1])

    def test_request(self) -> None:
        self.use()
        self.read(5)
        self.source.proxy.get.assert_called_once_with(
            f'/images/{doubles.IMAGE_ID}/file',
            headers={'Range': 'bytes=5-', 'Accept-Encoding': 'identity'},
            stream=True,
            skip_cache=True,
            connect_retries=0,
            status_code_retries=0,
        )

    def test_preferred_stores(self) -> None:
        source = downloads.Source(_DATA)
        download = _download.Download(
            source.proxy, source.image(), stores=('fast', 'a&b,c')
        )
        download.open()
        path = f'/images/{doubles.IMAGE_ID}/file?prefer=fast,a%26b%2Cc'
        self.assertEqual([path], source.urls)

    def test_rest(self) -> None:
        self.use()
        self.assertEqual(_DATA[5:], self.read(5))
        self.assertTrue(self.download.resumed)

    def test_empty_image(self) -> None:
        self.source = downloads.Source(b'')
        self.download = _download.Download(
            self.source.proxy, self.source.image()
        )
        self.assertEqual(b'', self.read())

    def test_position_counts_once_a_block_was_used(self) -> None:
        self.use()
        self.download.open()
        blocks = self.download.read_blocks()
        next(blocks)
        self.assertEqual([], self.listener.heard('moved'))
        next(blocks)
        self.assertEqual([100], self.listener.heard('moved'))

    def test_size_of_the_response(self) -> None:
        self.use(size=None)
        self.assertEqual(_DATA, self.read())
        self.assertEqual(len(_DATA), self.download.size)

    def test_no_size_at_all(self) -> None:
        self.use(
            lambda source, start: downloads.data_response(b'x'), size=None
        )
        with self.assertRaisesRegex(
            exceptions.TransferError, 'does not report the size'
        ):
            self.download.open()

    def test_md5_of_the_response(self) -> None:
        self.use(downloads.sends(Content_MD5='0123'))
        self.read()
        self.assertEqual('0123', self.download.content_md5)

    def test_silence(self) -> None:
        for timeout, expected in ((None, 60.0), (5.0, 5.0)):
            self.use()
            self.source.proxy.session.timeout = timeout
            response = downloads.data_response(_DATA)
            response.raw = mock.Mock()
            self.source.behaviours = [lambda *_args, r=response: r]
            self.download.open()
            response.raw._fp.fp.raw._sock.settimeout.assert_called_with(
                expected
            )

    def test_closed_early(self) -> None:
        self.use()
        self.download.open()
        next(blocks := self.download.read_blocks())
        blocks.close()
        response = self.download._response
        assert response
        self.download.close()
        self.assertTrue(response.raw.closed)
        self.download.close()


class TestLostConnection(DownloadTestCase):
    def test_any_way(self) -> None:
        for error, reason in (
            (None, 'the data ended early'),
            (_RESET, 'Connection reset by peer'),
            (TimeoutError('timed out'), 'timed out'),
            (
                urllib3.exceptions.ProtocolError('Connection broken'),
                'the data ended early',
            ),
        ):
            with self.subTest(error):
                self.use(downloads.sends(_HALF, error))
                (warning,) = self.read_logged()
                self.assertEqual(
                    f'The download of image {doubles.IMAGE_ID} was '
                    f'interrupted: {reason}. Resuming at byte {_HALF}.',
                    warning,
                )
                self.assertEqual([None, _HALF], self.source.starts)
                self.assertTrue(self.download.resumed)

    def test_before_the_first_byte(self) -> None:
        self.use(
            downloads.raises(doubles.broken(_RESET)),
            downloads.answers(503, reason='Service Unavailable'),
            downloads.answers(429, reason='Too Many Requests'),
        )
        warnings = self.read_logged()
        self.assertIn('peer. Retrying.', warnings[0])
        self.assertIn(
            'interrupted: the server returned 503 Service Unavailable. Retry',
            warnings[1],
        )
        self.assertFalse(self.download.resumed)
        self.assertEqual([0, 1, 4], self.sleep.seconds)

    def test_new_data_begins_another_series(self) -> None:
        broken = downloads.raises(doubles.broken(_RESET))
        self.use(broken, broken, downloads.sends(_HALF), broken)
        self.read_logged()
        self.assertEqual([0, 1, 0, 1], self.sleep.seconds)

    def test_enough_attempts(self) -> None:
        busy = downloads.answers(503, reason='Service Unavailable')
        self.use(downloads.sends(_HALF), *[busy] * 10)
        with (
            self.assertLogs(_download.LOG) as logs,
            self.assertRaisesRegex(
                exceptions.TransferError, 'returned 503 Service Unavailable.$'
            ),
        ):
            self.read()
        self.assertEqual(5, len(logs.records))
        self.assertEqual([0, 1, 4, 10, 20], self.sleep.seconds)
        self.assertEqual([None, *[_HALF] * 5], self.source.starts)

    def test_errors_that_will_not_pass(self) -> None:
        for error in (
            ksa_exceptions.SSLError('certificate'),
            exceptions.UnexpectedResponse('login page'),
            KeyboardInterrupt(),
        ):
            with self.subTest(error), self.assertRaises(type(error)):
                self.use()
                self.source.proxy.get.side_effect = error
                self.read()
        self.assertEqual([], self.sleep.seconds)

    def test_more_data_than_the_image_has(self) -> None:
        self.use(
            lambda source, start: downloads.data_response(_DATA + b'x'),
        )
        with self.assertRaisesRegex(exceptions.TransferError, 'more than'):
            self.read()


class TestStoreWithoutRanges(DownloadTestCase):
    def test_all_data_again(self) -> None:
        another: dict[str, Any]
        another = {'Content_Range': f'bytes 0-9/{len(_DATA)}'}
        for behaviours in (
            [downloads.answers(400, 'randomly')],
            [downloads.answers(416)],
            [downloads.sends(**another)],
            [downloads.ignores_range()],
        ):
            with self.subTest(behaviours):
                self.use(downloads.sends(_HALF), *behaviours)
                _interrupted, again = self.read_logged()
                self.assertIn('Downloading again from the beginn', again)

    def test_position_goes_back(self) -> None:
        self.use(downloads.sends(_HALF), downloads.ignores_range())
        self.read_logged()
        positions = self.listener.heard('moved')
        lowest = positions.index(100, 1)
        self.assertEqual(_HALF, positions[lowest - 1])
        self.assertEqual(len(_DATA), positions[-1])

    def test_said_and_asked_once(self) -> None:
        self.use(
            downloads.sends(_HALF),
            downloads.answers(400),
            downloads.sends(_HALF - 1),
            downloads.sends(_HALF + 1),
        )
        warnings = self.read_logged()
        again = [text for text in warnings if 'from the beginning' in text]
        self.assertEqual(1, len(again))
        self.assertEqual([None, _HALF, *[None] * 3], self.source.starts)
        # Half of the data was nothing new.
        self.assertEqual([0, 1, 0], self.sleep.seconds)

    def test_resumed_from_another_run(self) -> None:
        self.use(downloads.answers(400))
        (again,) = self.read_logged(7)
        self.assertIn('Downloading again', again)

    def test_400_without_a_range(self) -> None:
        self.use(downloads.answers(400, 'Store a is not', 'text/plain'))
        with self.assertRaisesRegex(exceptions.TransferError, 'Store a is'):
            self.download.open()
