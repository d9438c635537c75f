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

"""Imports, as their open files show them."""

from collections.abc import Sequence
import json
import pathlib
import unittest

from glance_upload_progress import descriptors
from glance_upload_progress import directories
from glance_upload_progress import imports
from glance_upload_progress import records
from tests.unit.server import doubles

State = records.State

STAGING = pathlib.PurePath('/staging')
WHERE = directories.Directories(
    STAGING,
    {pathlib.PurePath('/fast'): 'fast', pathlib.PurePath('/slow'): 'slow'},
)
STAGED = STAGING / doubles.IMAGE_ID


def read(
    position: int, path: pathlib.PurePath = STAGED
) -> descriptors.OpenFile:
    return descriptors.OpenFile(path, position, is_written=False, size=100)


def written(
    position: int, path: pathlib.PurePath = STAGED
) -> descriptors.OpenFile:
    return descriptors.OpenFile(path, position, is_written=True, size=position)


def in_store(store: str, position: int) -> descriptors.OpenFile:
    return written(position, pathlib.PurePath('/', store, doubles.IMAGE_ID))


class ImportTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.exists = True
        self.files: list[descriptors.OpenFile] = []

    def start(self, *targets: str) -> imports.Import:
        return imports.Import(
            doubles.IMAGE_ID,
            'req-1',
            targets or None,
            WHERE,
            find=self._find,
            exists=lambda path: self.exists,
            clock=lambda: self.now,
        )

    def _find(self, part: str) -> Sequence[descriptors.OpenFile]:
        self.assertEqual(doubles.IMAGE_ID, part)
        return self.files

    def look(
        self, found: imports.Import, *files: descriptors.OpenFile
    ) -> records.Record:
        self.files = list(files)
        found.update()
        return found.snapshot()

    def test_nothing_is_known_before_a_file_is_open(self) -> None:
        found = self.start('fast')
        record = self.look(found)
        self.assertFalse(found.is_public)
        self.assertEqual(State.WAITING, record.state)
        self.assertIsNone(record.received)
        self.assertEqual(('fast',), record.targets)

    def test_files_elsewhere_are_none_of_the_import(self) -> None:
        found = self.start('fast')
        self.look(found, in_store('fast', 3), read(3, pathlib.PurePath('/x')))
        self.assertFalse(found.is_public)

    def test_data_is_received(self) -> None:
        found = self.start('fast')
        source = read(30, pathlib.PurePath('/slow', doubles.IMAGE_ID))
        record = self.look(found, written(20), source)
        self.assertTrue(found.is_public)
        self.assertEqual(State.RECEIVING, record.state)
        self.assertEqual((20, None), (record.received, record.total))
        self.assertEqual((), record.copies)

    def test_nothing_is_guessed_between_two_steps(self) -> None:
        found = self.start('fast')
        self.look(found, written(20))
        record = self.look(found)
        self.assertEqual(State.IMPORTING, record.state)
        self.assertEqual((None, None), (record.received, record.total))

    def test_one_store(self) -> None:
        record = self.look(self.start('ceph'), read(40))
        self.assertEqual(State.IMPORTING, record.state)
        self.assertEqual((40, 100), (record.received, record.total))
        self.assertEqual((records.Copy('ceph', 40, 100),), record.copies)

    def test_several_stores_that_are_directories(self) -> None:
        found = self.start('fast', 'slow')
        record = self.look(
            found,
            *(read(40), read(25)),
            *(in_store('fast', 39), in_store('slow', 24)),
        )
        self.assertEqual((25, 100), (record.received, record.total))
        self.assertEqual(
            (records.Copy('fast', 39, 100), records.Copy('slow', 24, 100)),
            record.copies,
        )

    def test_store_that_is_not_certain(self) -> None:
        for targets in (('ceph', 'fast'), ()):
            with self.subTest(targets):
                record = self.look(
                    self.start(*targets),
                    *(read(40), read(25), in_store('fast', 39)),
                )
                self.assertEqual(25, record.received)
                self.assertEqual((), record.copies)

    def test_plugin_that_writes_another_file(self) -> None:
        other = written(7, STAGED.with_suffix('.uc'))
        record = self.look(self.start('fast'), read(40), other)
        self.assertEqual(State.IMPORTING, record.state)
        self.assertIsNone(record.received)
        self.assertEqual((), record.copies)

    def test_end(self) -> None:
        found = self.start('fast')
        self.look(found, read(40))
        for _ in range(10):
            self.look(found)
        self.exists = False
        for _ in range(19):
            self.look(found)
        self.exists = True
        self.look(found)
        self.exists = False
        for _ in range(19):
            self.look(found)
        self.assertFalse(found.is_over)
        self.look(found)
        self.assertTrue(found.is_over)

    def test_import_of_another_host_is_given_up(self) -> None:
        found = self.start('fast')
        self.exists = False
        self.look(found)
        self.now += 3599
        self.look(found)
        self.assertFalse(found.is_over)
        self.now += 2
        self.look(found)
        self.assertTrue(found.is_over)
        self.look(found, read(1))
        self.assertFalse(found.is_public)


class ParseTargetsTest(unittest.TestCase):
    def test_targets(self) -> None:
        for request, header, default, expected in (
            ({'stores': ['slow', 'fast']}, None, 'fast', ['slow', 'fast']),
            ({}, None, 'fast', ['fast']),
            ({}, 'slow', 'fast', ['slow']),
            ({}, None, None, None),
            ({'all_stores': True}, None, 'fast', None),
            ({'stores': 'slow'}, None, 'fast', None),
            ({'stores': [7]}, None, 'fast', None),
            ({'stores': []}, None, 'fast', None),
            ([], None, 'fast', None),
        ):
            with self.subTest(request=request, header=header):
                environ = {'HTTP_X_IMAGE_META_STORE': header} if header else {}
                body = json.dumps(request).encode()
                found = imports.parse_targets(body, environ, default)
                self.assertEqual(expected, found)

    def test_no_json(self) -> None:
        for body in (b'', b'{', b'\xff'):
            with self.subTest(body):
                self.assertIsNone(imports.parse_targets(body, {}, 'fast'))
