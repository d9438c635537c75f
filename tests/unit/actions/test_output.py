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


import argparse
import errno
import io
import os
import unittest
from unittest import mock

from osc_lib import exceptions as osc_exceptions

from osc_image_ext import exceptions
from osc_image_ext.actions import errors
from osc_image_ext.actions import output

NAMES, VALUES = ('id', 'status'), ('7', 'active')


class TestRequireStdout(unittest.TestCase):
    def test_closed(self) -> None:
        with self.assertRaisesRegex(exceptions.Error, 'is closed.$'):
            output.require_stdout(mock.Mock(stdout=None))
        output.require_stdout(mock.Mock(stdout=io.StringIO()))


class TestColumns(unittest.TestCase):
    def check(self, *columns: str, sort: tuple[str, ...] = ()) -> None:
        parsed_args = argparse.Namespace(
            columns=list(columns), sort_columns=list(sort)
        )
        output.check_columns(('ID', 'Some Name'), parsed_args)

    def test_columns_that_exist(self) -> None:
        self.check()
        self.check('ID', 'id', ' Some_name', 'some name')
        self.check(sort=('id', 'Some Name'))

    def test_columns_that_do_not(self) -> None:
        for columns, sort in (
            (('Resutl',), ()),
            (('ID', 'Resutl'), ()),
            ((), ('Resutl',)),
        ):
            with (
                self.subTest(columns),
                self.assertRaisesRegex(
                    osc_exceptions.CommandError,
                    '^There is no column "Resutl"; the columns are ID, Some '
                    'Name.$',
                ),
            ):
                self.check(*columns, sort=sort)

    def test_one_object_cannot_be_sorted(self) -> None:
        output.check_columns(('ID',), argparse.Namespace(columns=['id']))


class TestReportInterruption(unittest.TestCase):
    def test_an_interruption(self) -> None:
        for stop in (KeyboardInterrupt, SystemExit):
            with (
                self.assertLogs(output.LOG) as logged,
                self.assertRaises(stop),
                output.report_interruption(),
            ):
                raise stop
            self.assertEqual(
                'Interrupted. The command had finished, but its result was '
                'not shown.',
                logged.records[0].getMessage(),
            )

    def test_another_end(self) -> None:
        with self.assertNoLogs(output.LOG):
            with output.report_interruption():
                pass
            with (
                self.assertRaises(BrokenPipeError),
                output.report_interruption(),
            ):
                raise BrokenPipeError


class TestShow(unittest.TestCase):
    def failed(self, app: mock.Mock, error: Exception | None) -> str:
        with self.assertRaises(osc_exceptions.CommandError) as caught:
            output.show(app, mock.Mock(side_effect=error), NAMES, VALUES)
        return str(caught.exception)

    def test_what_is_shown(self) -> None:
        app = mock.Mock(stdout=io.StringIO())
        self.assertEqual(0, output.show(app, lambda: 0, NAMES, VALUES))

    def test_a_full_disk(self) -> None:
        with open('/dev/full', 'w') as full:
            app = mock.Mock(stdout=full)
            full.write('in the buffer')
            self.assertEqual(
                'Image 7 is in status active, but could not be shown: No '
                'space left on device.',
                self.failed(app, OSError(errno.ENOSPC, os.strerror(28))),
            )
            full.flush()  # does not fail any more

    def test_a_buffer_that_cannot_be_flushed(self) -> None:
        with open('/dev/full', 'w') as full:
            full.write('in the buffer')
            self.assertIn(
                'No space', self.failed(mock.Mock(stdout=full), None)
            )

    def test_an_interruption(self) -> None:
        for stop in (KeyboardInterrupt, SystemExit):
            with (
                self.assertLogs(errors.LOG) as logged,
                self.assertRaises(stop),
            ):
                produce_output = mock.Mock(side_effect=stop)
                output.show(mock.Mock(), produce_output, NAMES, VALUES)
            self.assertEqual(
                'Interrupted. Image 7 is in status active.',
                logged.records[0].getMessage(),
            )

    def test_the_image_of_a_volume(self) -> None:
        app = mock.Mock(stdout=io.StringIO())
        failing = mock.Mock(side_effect=ValueError('No such column'))
        with self.assertRaisesRegex(
            osc_exceptions.CommandError, '^Image 7 is in status uploading,'
        ):
            output.show(
                *(app, failing, ('id', 'image_id', 'status')),
                ('volume', '7', 'uploading'),
            )

    def test_an_unknown_column(self) -> None:
        app = mock.Mock(stdout=io.StringIO())
        self.assertEqual(
            'Image 7 is in status active, but could not be shown: No such '
            'column.',
            self.failed(app, ValueError('No such column')),
        )
