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

import contextlib
from typing import Any
import unittest
from unittest import mock
import uuid

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.image import record
from tests.fixtures import doubles

ATTRS: dict[str, Any] = {'name': 'disk', 'disk_format': 'raw'}


class RecordTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = doubles.proxy()
        self.sleep = doubles.RecordedSleep()

    def made(self) -> dict[str, Any]:
        """Return the only record that was made."""
        (made,) = doubles.creations(self.proxy)
        return made

    def end(
        self,
        failure: BaseException | None = None,
        attrs: dict[str, Any] | None = None,
        keep: bool = False,
    ) -> BaseException | None:
        """Create an image, fail in the block; return what came out of it."""
        try:
            with record.create_or_delete(
                self.proxy, attrs or ATTRS, keep=keep, sleep=self.sleep
            ) as (self.image, self.protect):
                if failure:
                    raise failure
        except BaseException as error:
            return error
        return None

    def notes(self, error: BaseException | None) -> list[str]:
        return getattr(error, '__notes__', [])


class TestCreated(RecordTestCase):
    def test_the_record_has_what_was_given_and_an_id(self) -> None:
        self.assertIsNone(self.end())
        made = self.made()
        self.assertEqual(made.pop('id'), self.image.id)
        self.assertEqual(ATTRS, made)
        uuid.UUID(self.image.id)

    def test_the_users_properties_are_in_the_record_itself(self) -> None:
        # Names that the SDK's calls take for something else.
        names = (
            'data',
            'filename',
            'self',
            'cls',
            'connection',
            'session',
            'properties',
            'os_distro',
        )
        properties = {name: f'my {name}' for name in names}
        self.end(attrs={**ATTRS, 'properties': dict(properties)})
        made = self.made()
        del made['id']
        self.assertEqual({**ATTRS, **properties}, made)

    def test_the_users_id_is_used(self) -> None:
        self.end(attrs={**ATTRS, 'id': doubles.IMAGE_ID})
        self.assertEqual(doubles.IMAGE_ID, self.made()['id'])

    def test_the_image_is_as_glance_shows_it(self) -> None:
        self.end()
        self.assertEqual('queued', self.image.status)

    def test_a_block_that_succeeds_leaves_the_image(self) -> None:
        self.end()
        self.proxy.delete_image.assert_not_called()
        self.assertEqual([], self.sleep.seconds)


class TestProtect(RecordTestCase):
    def protected(self) -> Any:
        """Create an image, protect it, and return it as it is then."""
        with record.create_or_delete(
            self.proxy,
            {**ATTRS, 'is_protected': True},
            keep=True,
            sleep=self.sleep,
        ) as (image, protect):
            return protect(image)

    def test_the_record_is_not_protected_at_first(self) -> None:
        self.proxy.update_image.return_value = doubles.image()
        self.protected()
        self.assertNotIn('protected', self.made())
        self.proxy.update_image.assert_called_once_with(
            mock.ANY, is_protected=True
        )

    def test_only_if_asked_for(self) -> None:
        for wanted in ({}, {'is_protected': False}):
            self.end(attrs={**ATTRS, **wanted})
            self.assertIs(self.image, self.protect(self.image))
        self.proxy.update_image.assert_not_called()

    def test_a_connection_that_breaks(self) -> None:
        done = doubles.image(is_protected=True)
        lost = ksa_exceptions.ConnectFailure('It broke.')
        self.proxy.update_image.side_effect = [lost, done]
        image = self.protected()
        self.assertIs(done, image)

    def test_a_server_that_is_gone(self) -> None:
        lost = ksa_exceptions.ConnectFailure('It broke.')
        self.proxy.update_image.side_effect = lost
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            self.protected()
        self.assertAlmostEqual(300, sum(self.sleep.seconds), delta=5)

    def test_a_refusal_is_final(self) -> None:
        self.proxy.update_image.side_effect = doubles.http_error(403)
        with self.assertRaises(sdk_exceptions.HttpException):
            self.protected()
        self.assertEqual([], self.sleep.seconds)


class TestListener(RecordTestCase):
    def test_a_deletion_is_told(self) -> None:
        listener = mock.create_autospec(_listener.NullListener, instance=True)
        with contextlib.suppress(ValueError):
            with record.create_or_delete(self.proxy, ATTRS, listener=listener):
                raise ValueError
        listener.phase.assert_called_once_with('deleting')


class TestCreationFails(RecordTestCase):
    def test_a_refused_one_deletes_nothing(self) -> None:
        self.proxy.post.side_effect = None
        self.proxy.post.return_value = doubles.response(
            403, {'message': 'You may not.'}, reason='Forbidden'
        )
        error = self.end()
        assert isinstance(error, sdk_exceptions.HttpException)
        self.assertEqual(
            'The server returned 403 Forbidden: You may not.',
            api_errors.describe(error),
        )
        self.proxy.delete_image.assert_not_called()

    def test_a_lost_answer_deletes_by_the_id_chosen_here(self) -> None:
        self.proxy.post.side_effect = doubles.reset
        error = self.end()
        self.assertIsInstance(error, ksa_exceptions.ConnectFailure)
        image_id = self.made()['id']
        self.proxy.delete_image.assert_called_once_with(
            image_id, ignore_missing=False
        )
        self.assertEqual([f'Image {image_id} was deleted.'], self.notes(error))

    def test_an_unclear_answer_deletes_by_the_id_chosen_here(self) -> None:
        for status in (409, 500, 502, 504):
            with self.subTest(status):
                self.proxy = doubles.proxy(
                    post=mock.Mock(
                        return_value=doubles.response(status, reason='Bad')
                    )
                )
                self.end()
                self.proxy.delete_image.assert_called_once_with(
                    self.made()['id'], ignore_missing=False
                )

    def test_a_conflict_deletes_nothing_of_the_users_id(self) -> None:
        self.proxy.post.side_effect = None
        self.proxy.post.return_value = doubles.response(409, reason='Bad')
        error = self.end(attrs={**ATTRS, 'id': doubles.IMAGE_ID})
        self.proxy.delete_image.assert_not_called()
        self.assertEqual([], self.notes(error))

    def test_a_lost_answer_deletes_nothing_of_the_users_id(self) -> None:
        self.proxy.post.side_effect = doubles.reset
        error = self.end(attrs={**ATTRS, 'id': doubles.IMAGE_ID})
        self.assertIsInstance(error, ksa_exceptions.ConnectFailure)
        self.proxy.delete_image.assert_not_called()
        self.assertEqual(
            [
                f'Image {doubles.IMAGE_ID} may have been created. To check, '
                f'run "openstack image show {doubles.IMAGE_ID}".'
            ],
            self.notes(error),
        )

    def test_an_image_that_appears_later_is_deleted(self) -> None:
        self.proxy.post.side_effect = KeyboardInterrupt
        missing = doubles.http_error(404, {'message': 'No image.'})
        self.proxy.delete_image.side_effect = [missing, missing, None]
        error = self.end()
        image_id = self.made()['id']
        self.assertEqual([f'Image {image_id} was deleted.'], self.notes(error))
        self.assertEqual([0.2, 0.5], self.sleep.seconds)

    def test_an_image_that_does_not_appear_may_still_do(self) -> None:
        self.proxy.post.side_effect = doubles.reset
        self.proxy.delete_image.side_effect = doubles.http_error(404)
        (note,) = self.notes(self.end())
        self.assertIn('may still be created. To check', note)
        self.assertLess(sum(self.sleep.seconds), 10)

    def test_a_second_interruption_ends_the_wait(self) -> None:
        self.proxy.post.side_effect = KeyboardInterrupt
        self.proxy.delete_image.side_effect = [
            doubles.http_error(404),
            KeyboardInterrupt,
        ]
        (note,) = self.notes(self.end())
        self.assertIn('may still be created', note)

    def test_an_image_that_was_not_created_is_not_called_deleted(
        self,
    ) -> None:
        self.proxy.delete_image.side_effect = doubles.http_error(404)
        for status in (409, 500):
            self.proxy.post.side_effect = None
            self.proxy.post.return_value = doubles.response(status)
            (note,) = self.notes(self.end())
            self.assertTrue(note.endswith('was not created.'))
        self.assertEqual([], self.sleep.seconds)

    def test_an_interruption_deletes_by_the_id_chosen_here(self) -> None:
        for stop in (KeyboardInterrupt(), SystemExit(143)):
            with self.subTest(stop=stop):
                self.proxy = doubles.proxy(post=mock.Mock(side_effect=stop))
                error = self.end()
                self.assertIs(stop, error)
                self.proxy.delete_image.assert_called_once_with(
                    self.made()['id'], ignore_missing=False
                )


class TestBlockFails(RecordTestCase):
    def test_the_image_is_deleted_and_the_failure_says_so(self) -> None:
        failure = exceptions.TransferError('It broke.')
        self.assertIs(failure, self.end(failure))
        self.proxy.delete_image.assert_called_once_with(
            self.image.id, ignore_missing=False
        )
        self.assertEqual(
            [f'Image {self.image.id} was deleted.'], self.notes(failure)
        )

    def test_any_end_counts(self) -> None:
        for stop in (KeyboardInterrupt(), SystemExit(143), ValueError()):
            with self.subTest(stop=stop):
                self.proxy = doubles.proxy()
                self.assertIs(stop, self.end(stop))
                self.proxy.delete_image.assert_called_once()
                self.assertIn('was deleted.', self.notes(stop)[0])

    def test_it_is_kept_if_that_was_asked_for(self) -> None:
        for stop in (exceptions.Error('It broke.'), KeyboardInterrupt()):
            with self.subTest(stop=stop):
                self.assertIs(stop, self.end(stop, keep=True))
                self.assertEqual(
                    [f'Image {self.image.id} was kept.'], self.notes(stop)
                )
        self.proxy.delete_image.assert_not_called()


class TestDeletion(RecordTestCase):
    def deleting(self, *answers: Any) -> exceptions.Error:
        """Fail, with such answers to each DELETE; return the failure."""
        self.proxy.delete_image.side_effect = answers
        failure = exceptions.TransferError('It broke.')
        self.assertIs(failure, self.end(failure))
        return failure

    def test_wrong_data_is_never_kept(self) -> None:
        failure = exceptions.ChecksumError('NAME', 'md5', '0', '1')
        error = self.end(failure, keep=True)
        self.assertIn('was deleted', self.notes(error)[0])
        self.proxy.delete_image.assert_called_once()

    def test_a_busy_glance_is_asked_again(self) -> None:
        failure = self.deleting(
            *(doubles.http_error(status) for status in (409, 429, 500)),
            doubles.broken(ConnectionResetError(104, 'Reset')),
            None,
        )
        self.assertIn('was deleted.', self.notes(failure)[0])
        self.assertEqual(5, self.proxy.delete_image.call_count)
        self.assertEqual(4, len(self.sleep.seconds))

    def test_an_odd_response_is_no_failure(self) -> None:
        failure = self.deleting(
            exceptions.UnexpectedResponse('A login page.'),
            doubles.http_error(404, {'message': 'No image.'}),
        )
        self.assertIn('was deleted.', self.notes(failure)[0])

    def test_waits_grow(self) -> None:
        self.deleting(*[doubles.http_error(409)] * 4, None)
        self.assertEqual(sorted(self.sleep.seconds), self.sleep.seconds)
        self.assertGreater(self.sleep.seconds[0], 0)

    def test_its_failure_is_told_after_that_of_the_upload(self) -> None:
        busy = doubles.http_error(409, {'message': 'In use.'}, reason='No')
        failure = self.deleting(*[busy] * 100)
        self.assertEqual(
            f'It broke. Image {self.image.id} could not be deleted: '
            'The server returned 409 No: In use.',
            api_errors.describe(failure),
        )
        self.assertLess(self.proxy.delete_image.call_count, 10)
        self.assertLess(sum(self.sleep.seconds), 30)

    def test_a_refusal_is_final(self) -> None:
        forbidden = doubles.http_error(403, {'message': 'You may not.'})
        self.proxy.get_image.side_effect = [doubles.image(is_protected=False)]
        failure = self.deleting(forbidden)
        self.assertIn('You may not.', api_errors.describe(failure))
        self.proxy.delete_image.assert_called_once()
        self.assertEqual([], self.sleep.seconds)

    def test_a_protected_image_is_unprotected_first(self) -> None:
        protected = doubles.http_error(403, {'message': 'It is protected.'})
        self.proxy.get_image.side_effect = [doubles.image(is_protected=True)]
        failure = self.deleting(protected, None)
        self.proxy.update_image.assert_called_once_with(
            self.image.id, is_protected=False
        )
        self.assertIn('was deleted.', api_errors.describe(failure))

    def test_a_server_that_is_gone_is_told_as_such(self) -> None:
        self.proxy.delete_image.side_effect = doubles.refuse
        failure = exceptions.TransferError('It broke.')
        self.end(failure)
        text = self.notes(failure)[0]
        self.assertIn(
            f'could not be deleted: Cannot connect to {doubles.URL}: ', text
        )

    def test_a_server_that_is_gone_is_told_with_its_own_reason(self) -> None:
        self.proxy.delete_image.side_effect = doubles.refuse
        failure = exceptions.TransferError('It broke.')
        self.end(failure)
        self.assertIn(': Connection refused.', self.notes(failure)[0])

    def test_an_interruption_ends_it(self) -> None:
        failure = self.deleting(KeyboardInterrupt())
        self.assertEqual(
            [
                f'Image {self.image.id} may still exist on the server. To '
                f'check, run "openstack image show {self.image.id}".'
            ],
            self.notes(failure),
        )

    def test_an_interruption_of_a_wait_ends_it(self) -> None:
        self.proxy.delete_image.side_effect = doubles.http_error(409)
        failure = KeyboardInterrupt()
        with mock.patch.object(self, 'sleep', side_effect=KeyboardInterrupt):
            self.assertIs(failure, self.end(failure))
        self.assertIn('may still exist', self.notes(failure)[0])
        self.proxy.delete_image.assert_called_once()

    def test_a_signal_to_terminate_ends_it(self) -> None:
        self.proxy.delete_image.side_effect = SystemExit(143)
        failure = KeyboardInterrupt()
        self.assertIs(failure, self.end(failure))
        self.assertIn('may still exist', self.notes(failure)[0])


class TestGetImage(RecordTestCase):
    def settled(self, *answers: Any) -> Any:
        self.proxy.get_image.side_effect = answers
        return self.get_image()

    def get_image(self) -> Any:
        return record.get_image(
            self.proxy,
            doubles.IMAGE_ID,
            self.sleep,
            lambda image: image.status != 'saving',
        )

    def images(self, *statuses: str) -> list[Any]:
        return [doubles.image(status=status) for status in statuses]

    def test_an_image_that_is_done_with_is_returned_at_once(self) -> None:
        for status in ('queued', 'active', 'killed', 'deleted'):
            with self.subTest(status):
                (image,) = self.images(status)
                self.assertIs(image, self.settled(image))
        self.proxy.get_image.assert_called_with(doubles.IMAGE_ID)
        self.assertEqual([], self.sleep.seconds)

    def test_an_image_that_is_being_saved_is_waited_for(self) -> None:
        image = self.settled(*self.images('saving', 'saving', 'active'))
        self.assertEqual('active', image.status)
        self.assertEqual(2, len(self.sleep.seconds))

    def test_an_image_that_is_never_done_with_is_given_up_after_five_minutes(
        self,
    ) -> None:
        image = self.settled(*self.images('saving') * 100)
        self.assertEqual('saving', image.status)
        self.assertAlmostEqual(300, sum(self.sleep.seconds), delta=5)

    def test_a_server_that_comes_back_is_asked_again(self) -> None:
        error = doubles.broken(ConnectionRefusedError(111, 'Refused'))
        image = self.settled(error, error, *self.images('active'))
        self.assertEqual('active', image.status)
        self.assertEqual(2, len(self.sleep.seconds))

    def test_a_proxy_without_a_server_is_asked_again(self) -> None:
        errors = [doubles.http_error(status) for status in (502, 503, 504)]
        image = self.settled(*errors, *self.images('active'))
        self.assertEqual('active', image.status)

    def test_a_server_that_stays_away_is_an_error(self) -> None:
        self.proxy.get_image.side_effect = doubles.refuse
        with self.assertRaises(ksa_exceptions.ConnectionError):
            self.get_image()
        self.assertAlmostEqual(300, sum(self.sleep.seconds), delta=5)

    def test_an_image_that_was_deleted_is_an_error(self) -> None:
        with self.assertRaises(sdk_exceptions.HttpException):
            self.settled(doubles.http_error(404))
        self.assertEqual([], self.sleep.seconds)
