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
import io
from typing import Any
import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import image_file
from tests.fixtures import doubles
from tests.fixtures import downloads

_DATA = bytes(range(256)) * 4
_RESET = ConnectionResetError(errno.ECONNRESET, 'Connection reset by peer')


class TestImageFile(unittest.TestCase):
    def open(
        self, *behaviours: downloads.Behaviour, **options: Any
    ) -> image_file.ImageFile:
        self.source = downloads.Source(_DATA, *behaviours)
        file = image_file.ImageFile(
            self.source.proxy,
            self.source.image(),
            doubles.RecordedSleep(),
            **options,
        )
        self.addCleanup(file.close)
        return file

    def test_data(self) -> None:
        file = self.open()
        self.assertEqual(_DATA, io.BufferedReader(file).read())
        self.assertEqual(len(_DATA), file.tell())
        self.assertEqual([None], self.source.starts)

    def test_buffer_that_is_smaller_than_a_block(self) -> None:
        file = self.open()
        self.assertEqual(
            [_DATA[:10], _DATA[10:20]], [file.read(10), file.read(10)]
        )

    def test_lost_connection_is_resumed(self) -> None:
        with self.assertLogs():
            file = self.open(downloads.sends(100, _RESET))
            self.assertEqual(_DATA, file.readall())
        self.assertEqual([None, 100], self.source.starts)

    def test_rewound(self) -> None:
        file = self.open()
        file.read(10)
        file.seek(0)
        self.assertEqual(_DATA, file.readall())
        self.assertEqual([None, None], self.source.starts)

    def test_rewound_before_anything_was_read(self) -> None:
        file = self.open()
        file.open()
        file.seek(0)
        self.assertEqual(_DATA, file.readall())
        self.assertEqual([None], self.source.starts)

    def test_only_to_the_beginning(self) -> None:
        with self.assertRaises(io.UnsupportedOperation):
            self.open().seek(5)

    def test_all_errors_are_those_of_a_source(self) -> None:
        for behaviour in (
            downloads.answers(403, 'No.', 'text/plain'),
            downloads.answers(204),
            downloads.raises(ValueError('odd')),
        ):
            with self.assertRaises(exceptions.SourceError):
                self.open(behaviour).open()
        with self.assertRaises(exceptions.SourceError), self.assertLogs():
            self.open(*[downloads.sends(0, _RESET)] * 9).read(10)

    def test_stopped(self) -> None:
        def stop() -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.open(on_read=stop).read(10)
