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
from typing import Any
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import download
from osc_image_ext.image import file_target
from osc_image_ext.image import save
from tests.fixtures import doubles
from tests.fixtures import downloads

_DATA = bytes(range(256)) * 4
_HALF = len(_DATA) // 2
_WRONG = b'x' + _DATA[1:]


class _Memory(file_target.FileTarget):
    """A target without a file."""

    def __init__(self, existing: bytes = b'') -> None:
        self.data = bytearray(existing)
        self.position = len(existing)
        self.events: list[str] = []

    def begin(self, size: int) -> None:
        self.events.append(f'begin {size}')

    def read_existing(self):  # type: ignore[no-untyped-def]
        yield bytes(self.data[:100])
        yield bytes(self.data[100:])

    def prepare(self) -> None:
        self.events.append('prepare')

    def write(self, block: bytes) -> None:
        self.data += block
        self.position += len(block)

    def restart(self) -> None:
        self.events.append('restart')
        self.data.clear()
        self.position = 0

    def commit(self) -> None:
        self.events.append('commit')


class SaveTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.target = _Memory()
        self.use()

    def use(self, *behaviours: downloads.Behaviour) -> None:
        self.source = downloads.Source(_DATA, *behaviours)

    def save(self, verify: bool = True, **attributes: object) -> str | None:
        result = save.save_image(
            self.source.proxy,
            self.source.image(**attributes),
            self.target,
            self.listener,
            save.DownloadOptions(block_size=100, verify=verify),
            doubles.RecordedSleep(),
        )
        self.assertIs(result.unverified, result.verified is None)
        return result.verified

    def fails(self, **attributes: Any) -> exceptions.CorruptDataError:
        with self.assertRaises(exceptions.CorruptDataError) as caught:
            self.save(**attributes)
        self.assertNotIn('commit', self.target.events)
        return caught.exception


class TestSave(SaveTestCase):
    def test_new(self) -> None:
        self.assertEqual('sha512', self.save())
        self.assertEqual(_DATA, self.target.data)
        self.assertEqual(
            ['begin 1024', 'prepare', 'commit'], self.target.events
        )
        self.assertEqual(
            ['downloading', 'verifying', 'verified'],
            self.listener.heard('phase'),
        )
        self.assertEqual([len(_DATA)], self.listener.heard('started'))

    def test_not_verified(self) -> None:
        cases: tuple[dict[str, Any], ...] = (
            {'verify': False, 'hash_value': 'wrong'},
            {'hash_algo': None, 'checksum': None},
        )
        for arguments in cases:
            self.target = _Memory()
            self.assertIsNone(self.save(**arguments))
            self.assertIn('commit', self.target.events)
            self.assertEqual('saved', self.listener.heard('phase')[-1])

    def test_md5(self) -> None:
        self.assertEqual('md5', self.save(hash_value=None))
        self.target = _Memory()
        md5 = hashlib.md5(_DATA).hexdigest()
        self.use(downloads.sends(Content_MD5=md5))
        self.assertEqual('md5', self.save(hash_algo=None, checksum=None))

    def test_nothing_before_the_response(self) -> None:
        self.use(downloads.answers(403))
        with self.assertRaises(exceptions.TransferError):
            self.save()
        self.assertEqual(['begin 1024'], self.target.events)

    def test_algorithm_is_not_available(self) -> None:
        with self.assertRaises(exceptions.UnsupportedAlgorithm):
            self.save(hash_algo='crc32c')
        self.assertEqual([], self.target.events)
        self.assertEqual([], self.source.starts)


class TestWrongData(SaveTestCase):
    def test_in_one_part(self) -> None:
        self.source.data = _WRONG
        error = self.fails(
            hash_value=hashlib.sha512(_DATA).hexdigest(),
        )
        self.assertEqual(hashlib.sha512(_WRONG).hexdigest(), error.actual)
        self.assertEqual(hashlib.sha512(_DATA).hexdigest(), error.expected)
        self.assertIn('openstack image verify', error.__notes__[0])
        self.assertEqual([None], self.source.starts)

    def test_in_parts(self) -> None:
        """A byte of the first part was changed; the second try has none."""
        first = downloads.data_response(
            _WRONG[:_HALF], Content_Length=str(len(_DATA))
        )
        self.use(lambda source, start: first)
        with self.assertLogs(save.LOG), self.assertLogs(download.LOG):
            self.assertEqual('sha512', self.save())
        self.assertEqual(_DATA, self.target.data)
        self.assertEqual([None, _HALF, None], self.source.starts)

    def test_twice_the_same(self) -> None:
        self.use(downloads.sends(_HALF))
        with self.assertLogs(save.LOG), self.assertLogs(download.LOG):
            error = self.fails(hash_value='0')
        self.assertIn('Two downloads have the same', error.__notes__[0])

    def test_twice_and_not_the_same(self) -> None:
        self.target = _Memory(_WRONG[:_HALF])
        self.use(downloads.sends(), downloads.sends())
        with self.assertLogs(save.LOG):
            error = self.fails(hash_value='0')
        self.assertIn('image verify', error.__notes__[0])

    def test_target_that_cannot_restart(self) -> None:
        self.target.is_restartable = False
        self.use(downloads.sends(_HALF))
        with self.assertLogs(download.LOG):
            self.fails(hash_value='0')
        self.assertNotIn('restart', self.target.events)


class TestResume(SaveTestCase):
    def test_part(self) -> None:
        self.target = _Memory(_DATA[:_HALF])
        self.assertEqual('sha512', self.save())
        self.assertEqual([_HALF], self.source.starts)
        self.assertEqual(_DATA, self.target.data)
        self.assertEqual(
            [
                ('phase', 'reading'),
                ('started', _HALF),
                ('moved', 100),
                ('moved', _HALF),
                ('phase', 'downloading'),
                ('started', len(_DATA)),
                ('moved', _HALF),
            ],
            self.listener.events[:7],
        )

    def test_complete(self) -> None:
        self.target = _Memory(_DATA)
        self.assertEqual('sha512', self.save())
        self.assertEqual([], self.source.starts)
        self.assertEqual(['begin 1024', 'commit'], self.target.events)

    def test_not_verified(self) -> None:
        self.target = _Memory(_WRONG[:_HALF])
        self.assertIsNone(self.save(verify=False))
        self.assertNotIn('reading', self.listener.heard('phase'))

    def test_wrong_and_complete(self) -> None:
        self.target = _Memory(_WRONG)
        with self.assertLogs(save.LOG):
            self.assertEqual('sha512', self.save())
        self.assertEqual([None], self.source.starts)
        self.assertEqual(_DATA, self.target.data)
