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
import threading
from typing import Any
import unittest

from osc_image_ext import bulk
from osc_image_ext.image import download
from osc_image_ext.image import verify
from tests.fixtures import doubles
from tests.fixtures import downloads

_DATA = bytes(range(256)) * 4
_RESET = ConnectionResetError(errno.ECONNRESET, 'Connection reset by peer')


def _spoilt(byte: bytes = b'x') -> downloads.Behaviour:
    """Send data whose first byte is another."""

    def behave(source: downloads.Source, start: int | None) -> Any:
        return downloads.data_response(byte + source.data[1:])

    return behave


class TestVerifyImage(unittest.TestCase):
    def verify(
        self, *behaviours: downloads.Behaviour, **attributes: Any
    ) -> verify.VerifyResult:
        self.source = downloads.Source(_DATA, *behaviours)
        self.listener = doubles.RecordingListener()
        return verify.verify_image(
            self.source.proxy,
            self.source.image(**attributes),
            self.listener,
            doubles.RecordedSleep(),
            iter((1.0, 3.5)).__next__,
        )

    def test_verified(self) -> None:
        result = self.verify()
        self.assertEqual(
            verify.VerifyResult('verified', 'sha512', 2.5, ''), result
        )
        self.assertEqual(len(_DATA), self.listener.heard('moved')[-1])

    def test_different(self) -> None:
        result = self.verify(_spoilt(), _spoilt())
        self.assertEqual(
            ('different', 'sha512'), (result.result, result.algorithm)
        )
        self.assertRegex(
            result.reason,
            '^Expected [0-9a-f]{128}, but two downloads have [0-9a-f]{128}.$',
        )

    def test_damaged_on_its_way(self) -> None:
        result = self.verify(_spoilt())
        self.assertEqual('verified', result.result)
        self.assertIn('damaged on its way', result.reason)
        result = self.verify(_spoilt(), _spoilt(b'y'))
        self.assertEqual('failed', result.result)

    def test_no_digest(self) -> None:
        result = self.verify(hash_algo=None, checksum=None)
        self.assertEqual('no digest', result.result)
        self.assertEqual([], self.listener.heard('moved'))
        result = self.verify(
            downloads.sends(Content_MD5=hashlib.md5(_DATA).hexdigest()),
            hash_algo=None,
            checksum=None,
        )
        self.assertEqual('md5', result.algorithm)

    def test_failures(self) -> None:
        for behaviour, status, expected, words in (
            (downloads.answers(204), 'active', 'lost', 'lost the data'),
            (downloads.answers(204), 'queued', 'failed', 'no data yet'),
            (downloads.answers(403), 'active', 'failed', 'download_image'),
            (
                downloads.raises(ZeroDivisionError('x')),
                'active',
                'failed',
                'Unexpected error: ZeroDivisionError: x.',
            ),
        ):
            with self.subTest(words):
                result = self.verify(behaviour, status=status)
                self.assertEqual(expected, result.result)
                self.assertIn(words, result.reason)

    def test_algorithm_is_not_available(self) -> None:
        result = self.verify(hash_algo='crc32c')
        self.assertEqual('failed', result.result)
        self.assertIn('crc32c is not available', result.reason)


class TestVerifyImages(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = downloads.Source(_DATA)
        self.listener = doubles.RecordingListener()
        self.stop = bulk.Stop()

    def verify(self, count: int, workers: int = 1) -> list[str]:
        images = [self.source.image(id=str(i)) for i in range(count)]
        return [
            result.result
            for result in verify.verify_images(
                self.source.proxy,
                images,
                self.listener,
                workers=workers,
                stop=self.stop,
                sleep=doubles.RecordedSleep(),
            )
        ]

    def test_in_order(self) -> None:
        self.source.behaviours = [downloads.sends(), downloads.answers(204)]
        self.assertEqual(['verified', 'lost', 'verified'], self.verify(3))
        self.assertEqual([3 * len(_DATA)], self.listener.heard('started'))
        self.assertEqual(3 * len(_DATA), self.listener.heard('moved')[-1])
        self.assertEqual(
            ['verifying', 'finished'], self.listener.heard('phase')
        )

    def test_connection_is_lost(self) -> None:
        self.source.behaviours = [downloads.sends(100, _RESET)]
        with self.assertLogs(download.LOG):
            self.assertEqual(['verified'], self.verify(1))

    def test_several_at_a_time(self) -> None:
        barrier = threading.Barrier(2, timeout=10)

        def meet(source: downloads.Source, start: int | None) -> Any:
            barrier.wait()
            return downloads.sends()(source, start)

        self.source.behaviours = [meet, meet]
        self.assertEqual(['verified'] * 2, self.verify(2, workers=2))

    def test_stopped(self) -> None:
        """What is in progress is given up at once."""
        waits = threading.Event()
        self.addCleanup(waits.set)

        def stop(source: downloads.Source, start: int | None) -> Any:
            self.stop.set()
            waits.wait(10)
            raise ValueError

        self.source.behaviours = [downloads.sends(), stop]
        self.assertEqual(['verified', 'skipped', 'skipped'], self.verify(3))
        self.assertEqual('interrupted', self.listener.heard('phase')[-1])

    def test_nothing(self) -> None:
        self.assertEqual([], self.verify(0))
