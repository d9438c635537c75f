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

import unittest

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import exceptions
from osc_image_ext.actions import errors
from tests.fixtures import doubles


class TestTranslated(unittest.TestCase):
    def translate(self, error: BaseException) -> BaseException:
        try:
            with errors.as_command_error():
                raise error
        except BaseException as translated:
            return translated
        raise AssertionError('nothing was raised')

    def test_errors_of_the_layers_below_are_errors_of_a_command(self) -> None:
        for error, expected in (
            (exceptions.SourceError('It ended.'), 'It ended.'),
            (
                doubles.http_error(403, {'message': 'No.'}, reason='Denied'),
                'The server returned 403 Denied: No.',
            ),
            (sdk_exceptions.SDKException('No service.'), 'No service.'),
            (ksa_exceptions.EndpointNotFound('No image.'), 'No image.'),
            (
                doubles.broken(ConnectionRefusedError(111, 'Refused')),
                f'Cannot connect to {doubles.URL}: Refused.',
            ),
        ):
            with self.subTest(expected):
                translated = self.translate(error)
                self.assertIsInstance(translated, osc_exceptions.CommandError)
                self.assertEqual(expected, str(translated))
                self.assertIs(error, translated.__cause__)

    def test_notes_are_told(self) -> None:
        error = exceptions.TransferError('It broke.')
        error.add_note('Image 7 was deleted.')
        self.assertEqual(
            'It broke. Image 7 was deleted.', str(self.translate(error))
        )

    def test_an_error_of_a_command_stays_as_it_is(self) -> None:
        error = osc_exceptions.CommandError('bad options')
        self.assertIs(error, self.translate(error))

    def test_an_error_of_a_command_that_says_nothing_tells_its_cause(
        self,
    ) -> None:
        error = osc_exceptions.CommandError('')
        error.__cause__ = sdk_exceptions.NotFoundException('No project x')
        translated = self.translate(error)
        self.assertIsInstance(translated, osc_exceptions.CommandError)
        self.assertIn('No project x', str(translated))

    def test_any_other_error_is_one_sentence_with_its_notes(self) -> None:
        for error, expected in (
            (KeyError('id'), "Unexpected error: KeyError: 'id'."),
            (OverflowError(), 'Unexpected error: OverflowError.'),
            (
                ValueError('a\x1b[2J'),
                r'Unexpected error: ValueError: a\x1b[2J.',
            ),
        ):
            error.add_note('Image 7 was deleted.')
            translated = self.translate(error)
            self.assertIsInstance(translated, osc_exceptions.CommandError)
            self.assertIs(error, translated.__cause__)
            self.assertEqual(
                f'{expected} Image 7 was deleted.', str(translated)
            )

    def test_notes_of_an_error_of_a_command_are_kept(self) -> None:
        error = osc_exceptions.CommandError('No such column')
        error.add_note('Image 7 was deleted.')
        self.assertEqual(
            'No such column. Image 7 was deleted.', str(self.translate(error))
        )

    def test_an_interruption_tells_its_notes_and_goes_on(self) -> None:
        for stop in (KeyboardInterrupt(), SystemExit(143)):
            with self.subTest(stop=stop):
                stop.add_note('Image 7 was deleted.')
                with self.assertLogs(errors.LOG, 'ERROR') as logged:
                    self.assertIs(stop, self.translate(stop))
                (line,) = logged.records
                self.assertEqual(
                    'Interrupted. Image 7 was deleted.', line.getMessage()
                )

    def test_an_interruption_of_nothing_is_one_word(self) -> None:
        with self.assertLogs(errors.LOG, 'ERROR') as logged:
            self.translate(KeyboardInterrupt())
        self.assertEqual('Interrupted.', logged.records[0].getMessage())

    def test_no_error_is_none(self) -> None:
        with self.assertNoLogs(errors.LOG), errors.as_command_error():
            pass


class TestNoted(unittest.TestCase):
    def noted(self, stop: BaseException) -> list[str]:
        """Return the notes of what ended a block."""
        try:
            with errors.add_note_on_error(
                'It goes on.',
                unless=lambda stop: isinstance(stop, ZeroDivisionError),
            ):
                raise stop
        except BaseException as caught:
            self.assertIs(stop, caught)
        return getattr(stop, '__notes__', [])

    def test_whatever_ends_the_block_gets_the_note(self) -> None:
        for stop in (ValueError(), KeyboardInterrupt(), SystemExit(143)):
            with self.subTest(stop=stop):
                self.assertEqual(['It goes on.'], self.noted(stop))

    def test_what_decides_does_not(self) -> None:
        self.assertEqual([], self.noted(ZeroDivisionError()))


class TestGoverned(unittest.TestCase):
    def told(self, status: int) -> str:
        error = doubles.http_error(status, {'message': 'No.'}, reason='Not')
        try:
            with errors.explain_policy_error('some_policy'):
                raise error
        except sdk_exceptions.HttpException as caught:
            return ' '.join(getattr(caught, '__notes__', ()))

    def test_a_refusal_names_the_policy(self) -> None:
        self.assertEqual(
            'This requires the Glance policy some_policy, '
            'which by default allows administrators only.',
            self.told(403),
        )

    def test_other_errors_do_not(self) -> None:
        for status in (400, 401, 404):
            self.assertEqual('', self.told(status))
