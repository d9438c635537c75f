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

from collections.abc import Iterable
import hashlib
import io
import itertools
import threading
from typing import Any, cast
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import plugin
from keystoneauth1 import session as ksa_session
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
import requests
from requests import adapters

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import data as _data
from osc_image_ext.image import source
from osc_image_ext.image import streams
from osc_image_ext.image import upload
from tests.fixtures import doubles

BLOCK = streams.BLOCK_SIZE
DATA = bytes(range(250)) * 10_000


class UploadTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.sleep = doubles.RecordedSleep()

    def upload(
        self,
        proxy: Any,
        data: io.BytesIO | bytes = DATA,
        size: int | None = len(DATA),
        attrs: dict[str, Any] | None = None,
        **options: Any,
    ) -> upload.UploadResult:
        if isinstance(data, bytes):
            data = io.BytesIO(data)
        file: Any = io.BufferedReader(data, BLOCK)
        return upload.create_image(
            proxy,
            {'name': 'disk', **(attrs or {})},
            source.Source(file, 'disk.img', size),
            self.listener,
            sleep=self.sleep,
            **options,
        )

    def failed(self, proxy: Any, *args: Any, **options: Any) -> BaseException:
        """Upload what must fail; return the error."""
        try:
            self.upload(proxy, *args, **options)
        except BaseException as error:
            return error
        raise AssertionError('it did not fail')

    def assertDeleted(self, proxy: Any, error: BaseException) -> None:
        (made,) = doubles.creations(proxy)
        proxy.delete_image.assert_called_once_with(
            made['id'], ignore_missing=False
        )
        note = f'Image {made["id"]} was deleted.'
        self.assertTrue(api_errors.describe(error).endswith(note))


class TestUpload(UploadTestCase):
    def test_what_was_stored_is_returned(self) -> None:
        glance = doubles.Glance()
        done = self.upload(glance.proxy)
        self.assertEqual([DATA], glance.stored)
        self.assertEqual('active', done.image.status)
        self.assertEqual(len(DATA), done.image.size)
        self.assertEqual('sha512', done.verified)
        glance.proxy.delete_image.assert_not_called()
        self.assertEqual([], self.sleep.seconds)

    def test_no_data_is_stored_as_such(self) -> None:
        glance = doubles.Glance()
        self.assertEqual('sha512', self.upload(glance.proxy, b'', 0).verified)
        self.assertEqual([b''], glance.stored)

    def test_the_request_names_image_type_and_size(self) -> None:
        glance = doubles.Glance()
        done = self.upload(glance.proxy)
        call = glance.proxy.put.call_args
        self.assertEqual((f'/images/{done.image.id}/file',), call.args)
        self.assertEqual(
            {
                'Content-Type': 'application/octet-stream',
                'Accept': 'application/json',
                'X-OpenStack-Image-Size': str(len(DATA)),
            },
            call.kwargs['headers'],
        )

    def test_an_unknown_size_is_not_announced(self) -> None:
        glance = doubles.Glance()
        self.upload(glance.proxy, size=None)
        headers = glance.proxy.put.call_args.kwargs['headers']
        self.assertNotIn('X-OpenStack-Image-Size', headers)

    def test_no_size_at_all_is_announced(self) -> None:
        glance = doubles.Glance()
        self.upload(glance.proxy, b'', 0)
        headers = glance.proxy.put.call_args.kwargs['headers']
        self.assertEqual('0', headers['X-OpenStack-Image-Size'])

    def test_a_store_that_takes_its_time_is_waited_for(self) -> None:
        def stores_slowly(
            glance: doubles.Glance, body: Iterable[bytes]
        ) -> requests.Response:
            answer = doubles.stores(glance, body)
            glance.statuses = ['saving', 'saving', 'active']
            return answer

        done = self.upload(doubles.Glance(stores_slowly).proxy)
        self.assertEqual('active', done.image.status)
        self.assertEqual(2, len(self.sleep.seconds))

    def test_the_listener_hears_of_the_transfer(self) -> None:
        self.upload(doubles.Glance().proxy)
        self.assertEqual([len(DATA)], self.listener.heard('started'))
        self.assertEqual(len(DATA), self.listener.heard('moved')[-1])
        self.assertEqual(
            ['uploading', 'storing', 'verified'], self.listener.heard('phase')
        )

    def test_the_source_is_left_open(self) -> None:
        data = io.BytesIO(DATA)
        file: Any
        with io.BufferedReader(data) as file:
            upload.create_image(
                doubles.Glance().proxy,
                {'name': 'disk'},
                source.Source(file, 'disk.img', None),
                self.listener,
            )
            self.assertFalse(file.closed)

    def test_the_threads_end_whatever_happens(self) -> None:
        before = set(threading.enumerate())
        self.upload(doubles.Glance().proxy)
        self.failed(doubles.Glance(doubles.answers(413)).proxy)
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            self.assertFalse(thread.is_alive())


class TestVerification(UploadTestCase):
    def test_the_clouds_algorithm_is_used(self) -> None:
        glance = doubles.Glance(algorithm='sha256')
        newest = doubles.image(hash_algo='sha256')
        glance.proxy.images.return_value = iter([newest])
        self.assertEqual('sha256', self.upload(glance.proxy).verified)

    def test_a_cloud_that_has_only_md5_is_verified_by_that(self) -> None:
        glance = doubles.Glance(algorithm=None)
        self.assertEqual('md5', self.upload(glance.proxy).verified)

    def corrupting(self, keep_length: bool) -> doubles.Glance:
        def corrupt(glance: doubles.Glance, body: Iterable[bytes]) -> Any:
            data = b''.join(body)
            return doubles.stores(
                glance,
                [data[:-1] + (b'\xff' if keep_length else b'')],
            )

        return doubles.Glance(corrupt)

    def test_a_changed_byte_deletes_the_image_and_names_both_digests(
        self,
    ) -> None:
        glance = self.corrupting(keep_length=True)
        error = self.failed(glance.proxy)
        self.assertIsInstance(error, exceptions.VerificationError)
        sent = hashlib.sha512(DATA).hexdigest()
        stored = glance.attributes['hash_value']
        self.assertIn(f'the server reports {stored}.', str(error))
        self.assertIn(f'expected sha512 {sent},', str(error))
        self.assertDeleted(glance.proxy, error)

    def test_a_missing_byte_is_told_as_a_length(self) -> None:
        glance = self.corrupting(keep_length=False)
        error = self.failed(glance.proxy)
        self.assertIn(
            f'size {len(DATA)}, but the server reports {len(DATA) - 1}.',
            str(error),
        )
        self.assertDeleted(glance.proxy, error)

    def test_a_published_digest_is_compared_instead_of_computed(self) -> None:
        file: Any = io.BufferedReader(io.BytesIO(DATA))
        with self.assertRaisesRegex(
            exceptions.VerificationError, 'expected sha512 published,'
        ):
            upload.create_image(
                doubles.Glance().proxy,
                {'name': 'disk'},
                source.Source(
                    *(file, 'disk.img', len(DATA)),
                    published={'sha512': 'published'},
                ),
                self.listener,
            )

    def test_turned_off_nothing_is_asked_nor_hashed(self) -> None:
        glance = self.corrupting(keep_length=True)
        with mock.patch.object(hashlib, 'new') as new:
            glance.algorithm = None
            done = self.upload(glance.proxy, verify=False)
        self.assertIsNone(done.verified)
        new.assert_not_called()
        glance.proxy.images.assert_not_called()

    def test_turned_off_the_length_is_compared(self) -> None:
        glance = self.corrupting(keep_length=False)
        error = self.failed(glance.proxy, verify=False)
        self.assertIsInstance(error, exceptions.VerificationError)

    def test_a_server_without_digests_leaves_it_unverified(self) -> None:
        def stores_alone(glance: doubles.Glance, body: Iterable[bytes]) -> Any:
            answer = doubles.stores(glance, body)
            glance.attributes = {'size': len(DATA)}
            return answer

        self.assertIsNone(
            self.upload(doubles.Glance(stores_alone).proxy).verified
        )


class TestRefusal(UploadTestCase):
    def test_it_is_told_in_the_servers_words_and_is_final(self) -> None:
        for status, reason in (
            (400, 'Bad Request'),
            (401, 'Unauthorized'),
            (403, 'Forbidden'),
            (410, 'Gone'),
            (413, 'Request Entity Too Large'),
            (415, 'Unsupported Media Type'),
        ):
            with self.subTest(status):
                body = f'{status} {reason}\n\nDenying: quota.\n'
                glance = doubles.Glance(
                    doubles.answers(status, body, 'text/plain', reason)
                )
                error = self.failed(glance.proxy)
                self.assertIsInstance(error, exceptions.TransferError)
                (made,) = doubles.creations(glance.proxy)
                self.assertEqual(
                    f'The server rejected the data for image {made["id"]}: '
                    f'{status} {reason}: Denying: quota.',
                    str(error),
                )
                self.assertDeleted(glance.proxy, error)
                glance.proxy.put.assert_called_once()
                glance.proxy.get_image.assert_not_called()

    def test_the_image_is_kept_if_that_was_asked_for(self) -> None:
        glance = doubles.Glance(doubles.answers(413))
        error = self.failed(glance.proxy, keep_failed=True)
        self.assertTrue(api_errors.describe(error).endswith(' was kept.'))
        glance.proxy.delete_image.assert_not_called()

    def test_both_failures_are_told_the_uploads_first(self) -> None:
        glance = doubles.Glance(
            doubles.answers(413, {'message': 'Too large.'})
        )
        glance.proxy.delete_image.side_effect = doubles.http_error(
            403, {'message': 'Not yours.'}
        )
        text = api_errors.describe(self.failed(glance.proxy))
        self.assertRegex(
            text, r'Too large\. Image .* not be deleted: .*Not yours\.$'
        )

    def test_an_image_that_did_not_become_active_is_an_error(self) -> None:
        for status in ('killed', 'queued', 'saving', 'importing'):
            with self.subTest(status):
                glance = doubles.Glance(doubles.answers(204, then=status))
                error = self.failed(glance.proxy)
                self.assertRegex(
                    str(error),
                    f'^The upload finished, but .* in status {status}.$',
                )
                self.assertDeleted(glance.proxy, error)
                glance.proxy.put.assert_called_once()

    def test_an_image_that_vanished_is_an_error(self) -> None:
        glance = doubles.Glance()
        glance.proxy.get_image.side_effect = doubles.http_error(404)
        error = self.failed(glance.proxy)
        self.assertIsInstance(error, sdk_exceptions.HttpException)

    def test_a_refused_record_sends_nothing(self) -> None:
        glance = doubles.Glance()
        glance.proxy.post.side_effect = None
        glance.proxy.post.return_value = doubles.response(403)
        error = self.failed(glance.proxy)
        self.assertIsInstance(error, sdk_exceptions.HttpException)
        glance.proxy.put.assert_not_called()
        glance.proxy.delete_image.assert_not_called()

    def test_a_server_that_is_not_reached_makes_nothing(self) -> None:
        glance = doubles.Glance()
        glance.proxy.images.side_effect = doubles.refuse
        self.assertIsInstance(
            self.failed(glance.proxy), ksa_exceptions.ConnectionError
        )
        glance.proxy.post.assert_not_called()


class TestProtection(UploadTestCase):
    def test_an_image_is_protected_once_it_is_verified(self) -> None:
        glance = doubles.Glance()
        done = self.upload(glance.proxy, attrs={'is_protected': True})
        (made,) = doubles.creations(glance.proxy)
        self.assertNotIn('protected', made)
        self.assertTrue(done.image.is_protected)
        self.assertEqual('active', done.image.status)

    def test_an_image_that_failed_was_never_protected(self) -> None:
        glance = doubles.Glance(doubles.answers(413))
        error = self.failed(glance.proxy, attrs={'is_protected': True})
        glance.proxy.update_image.assert_not_called()
        self.assertDeleted(glance.proxy, error)

    def test_an_image_that_shall_not_be_protected_is_left_alone(self) -> None:
        for attrs in ({}, {'is_protected': False}):
            glance = doubles.Glance()
            self.upload(glance.proxy, attrs=attrs)
            glance.proxy.update_image.assert_not_called()

    def test_an_image_that_may_not_be_protected_is_deleted(self) -> None:
        glance = doubles.Glance()
        glance.proxy.update_image.side_effect = doubles.http_error(403)
        error = self.failed(glance.proxy, attrs={'is_protected': True})
        self.assertDeleted(glance.proxy, error)


class TestInterruption(UploadTestCase):
    def test_the_image_is_deleted_and_the_interruption_goes_on(self) -> None:
        for stop in (KeyboardInterrupt(), SystemExit(143)):
            with self.subTest(stop=stop):

                def interrupted(
                    glance: doubles.Glance,
                    body: Iterable[bytes],
                    stop: BaseException = stop,
                ) -> Any:
                    next(iter(body))
                    raise stop

                glance = doubles.Glance(interrupted)
                self.assertIs(stop, self.failed(glance.proxy))
                (note,) = stop.__notes__
                self.assertIn('was deleted.', note)


class TestSourceFails(UploadTestCase):
    def test_the_image_is_deleted(self) -> None:
        error = OSError(5, 'Input/output error')
        for data, size, expected in (
            (doubles.FailingReader(b'12', error), 2, 'Input/output error'),
            (io.BytesIO(b'12'), 3, 'ended after 2 of 3 bytes'),
            (io.BytesIO(b'12'), 1, 'longer than the expected 1'),
        ):
            with self.subTest(expected):
                glance = doubles.Glance()
                failure = self.failed(glance.proxy, data, size)
                self.assertIsInstance(failure, exceptions.SourceError)
                self.assertIn(expected, str(failure))
                self.assertDeleted(glance.proxy, failure)
                self.assertEqual([], glance.stored)


class TestInterruptedSource(UploadTestCase):
    """A source that broke off, but can be read again."""

    class Source(io.BytesIO):
        failures = 1

        def readinto(self, buffer: Any) -> int:
            if self.failures and self.tell():
                self.failures -= 1
                raise exceptions.SourceInterrupted('It broke off.')
            return super().readinto(buffer)

    def test_it_is_sent_again(self) -> None:
        glance = doubles.Glance()
        with self.assertLogs(_data.LOG) as logged:
            done = self.upload(glance.proxy, self.Source(DATA))
        self.assertEqual([DATA], glance.stored)
        self.assertEqual('sha512', done.verified)
        self.assertEqual([1], self.sleep.seconds)
        self.assertEqual(
            'It broke off. Retrying from the beginning.',
            logged.records[0].getMessage(),
        )

    def test_glance_has_aborted_the_upload_before(self) -> None:
        glance = doubles.Glance()
        glance.statuses = ['saving', 'saving', 'queued']
        with self.assertLogs(_data.LOG):
            self.upload(glance.proxy, self.Source(DATA))
        self.assertEqual(3, len(self.sleep.seconds))

    def test_not_for_ever(self) -> None:
        source = self.Source(DATA)
        source.failures = 9
        glance = doubles.Glance()
        with self.assertLogs(_data.LOG):
            error = self.failed(glance.proxy, source)
        self.assertIsInstance(error, exceptions.SourceInterrupted)
        self.assertEqual(4, glance.proxy.put.call_count)
        self.assertDeleted(glance.proxy, error)


class TestBrokenConnection(UploadTestCase):
    def test_an_image_that_waits_for_data_is_sent_again(self) -> None:
        glance = doubles.Glance(doubles.breaks('queued'), doubles.stores)
        with self.assertLogs(_data.LOG) as logged:
            done = self.upload(glance.proxy)
        self.assertEqual([DATA], glance.stored)
        self.assertEqual('sha512', done.verified)
        self.assertEqual([len(DATA)] * 2, self.listener.heard('started'))
        self.assertEqual(
            [
                f'Lost connection while uploading image {done.image.id}: '
                'Connection reset by peer. Retrying from the beginning.'
            ],
            [record.getMessage() for record in logged.records],
        )
        self.assertEqual(1, len(self.sleep.seconds))

    def test_an_image_that_is_being_saved_is_waited_for(self) -> None:
        glance = doubles.Glance(
            doubles.breaks('saving', 'saving', 'queued'), doubles.stores
        )
        with self.assertLogs(_data.LOG):
            self.upload(glance.proxy)
        self.assertEqual([DATA], glance.stored)
        self.assertEqual(3, len(self.sleep.seconds))

    def test_an_image_that_is_there_is_not_sent_again(self) -> None:
        glance = doubles.Glance(doubles.answer_is_lost)
        with self.assertNoLogs(_data.LOG):
            done = self.upload(glance.proxy)
        self.assertEqual('sha512', done.verified)
        glance.proxy.put.assert_called_once()

    def test_an_image_that_is_there_is_compared(self) -> None:
        def stores_half(glance: doubles.Glance, body: Iterable[bytes]) -> Any:
            data = b''.join(body)
            return doubles.answer_is_lost(glance, [data[: len(data) // 2]])

        error = self.failed(doubles.Glance(stores_half).proxy)
        self.assertIsInstance(error, exceptions.VerificationError)

    def test_an_image_that_is_there_is_not_sent_again_after_any_answer(
        self,
    ) -> None:
        def stores_and_answers(
            glance: doubles.Glance, body: Iterable[bytes]
        ) -> requests.Response:
            doubles.stores(glance, body)
            return doubles.response(status)

        for kind in (io.BytesIO, doubles.NonSeekableReader):
            for status in (502, 503, 504):
                with self.subTest(status, kind=kind):
                    glance = doubles.Glance(stores_and_answers)
                    done = self.upload(glance.proxy, kind(DATA))
                    self.assertEqual('sha512', done.verified)
                    glance.proxy.put.assert_called_once()

    def test_it_is_sent_a_bounded_number_of_times(self) -> None:
        glance = doubles.Glance(doubles.breaks('queued'))
        with self.assertLogs(_data.LOG) as logged:
            error = self.failed(glance.proxy)
        self.assertIsInstance(error, exceptions.TransferError)
        self.assertEqual(4, glance.proxy.put.call_count)
        self.assertEqual(3, len(logged.records))
        self.assertEqual(sorted(self.sleep.seconds), self.sleep.seconds)
        self.assertDeleted(glance.proxy, error)

    def test_an_image_in_any_other_state_is_given_up(self) -> None:
        for status in ('killed', 'saving', 'deleted'):
            with self.subTest(status):
                glance = doubles.Glance(doubles.breaks(status))
                error = self.failed(glance.proxy)
                self.assertIn('Lost connection', str(error))
                glance.proxy.put.assert_called_once()
                self.assertDeleted(glance.proxy, error)

    def test_a_server_that_is_gone_is_told_with_the_break(self) -> None:
        glance = doubles.Glance(doubles.breaks())
        glance.proxy.get_image.side_effect = doubles.refuse
        error = self.failed(glance.proxy)
        self.assertRegex(
            api_errors.describe(error),
            r'^Lost connection while .*Connection reset by peer\. '
            r'Cannot connect to http://.*: .* Image .* was deleted\.$',
        )

    def test_an_image_that_is_gone_is_told_with_the_break(self) -> None:
        glance = doubles.Glance(doubles.breaks())
        glance.proxy.get_image.side_effect = doubles.http_error(
            404, {'message': 'No such image.'}
        )
        error = self.failed(glance.proxy)
        self.assertRegex(
            api_errors.describe(error),
            r'^Lost connection .* The server returned 404: No such image',
        )

    def test_an_answer_that_tells_nothing_is_like_a_break(self) -> None:
        for status in (409, 502, 503, 504):
            with self.subTest(status):
                glance = doubles.Glance(
                    doubles.answers(status, {'message': 'Busy.'}),
                    doubles.stores,
                )
                with self.assertLogs(_data.LOG) as logged:
                    done = self.upload(glance.proxy)
                self.assertEqual([DATA], glance.stored)
                self.assertIn(
                    f'{status}: Busy. Retrying from the beginning.',
                    logged.output[0],
                )
                self.assertEqual('active', done.image.status)


class TestSourceThatCannotSeek(UploadTestCase):
    def test_it_is_stored_and_verified(self) -> None:
        glance = doubles.Glance()
        data = doubles.NonSeekableReader(DATA)
        self.assertEqual(
            'sha512', self.upload(glance.proxy, data, None).verified
        )
        self.assertEqual([DATA], glance.stored)

    def test_no_library_is_to_send_it_again(self) -> None:
        glance = doubles.Glance()
        self.upload(glance.proxy, doubles.NonSeekableReader(DATA))
        options = glance.proxy.put.call_args.kwargs
        self.assertIs(False, options['allow_reauth'])

    def test_any_other_source_may_be_sent_again(self) -> None:
        glance = doubles.Glance()
        self.upload(glance.proxy)
        options = glance.proxy.put.call_args.kwargs
        self.assertNotIn('allow_reauth', options)

    def test_it_is_not_sent_again_after_a_break(self) -> None:
        glance = doubles.Glance(doubles.breaks('queued'))
        error = self.failed(glance.proxy, doubles.NonSeekableReader(DATA))
        self.assertRegex(
            api_errors.describe(error),
            r'Connection reset by peer\. disk\.img can be read only once, ',
        )
        glance.proxy.put.assert_called_once()
        self.assertDeleted(glance.proxy, error)

    def test_it_is_told_why_it_is_not_sent_again(self) -> None:
        for status, told in ((401, True), (503, True), (413, False)):
            with self.subTest(status):
                glance = doubles.Glance(doubles.answers(status))
                error = self.failed(
                    glance.proxy, doubles.NonSeekableReader(DATA)
                )
                text = 'disk.img can be read only once, so'
                self.assertEqual(told, text in api_errors.describe(error))

    def test_it_is_there_if_only_the_answer_was_lost(self) -> None:
        done = self.upload(
            doubles.Glance(doubles.answer_is_lost).proxy,
            doubles.NonSeekableReader(DATA),
        )
        self.assertEqual('active', done.image.status)


class Token(plugin.BaseAuthPlugin):
    """A token that can be had as often as it expires."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = 1

    def get_token(self, session: Any, **kwargs: Any) -> str:
        return f'token {self.tokens}'

    def get_endpoint(self, session: Any, **kwargs: Any) -> str:
        return 'http://glance.example/v2'

    def invalidate(self) -> bool:
        self.tokens += 1
        return True


class Wire(adapters.BaseAdapter):
    """What requests hands a request to; it sends it nowhere.

    :param answers: for each PUT: how many blocks it takes of the body, and
        the status, or what is raised.
    """

    def __init__(self, *answers: tuple[int, int | Exception]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.tokens: list[str | bytes] = []

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        blocks, what = self.answers.pop(0)
        body: Any = iter(cast(Any, request.body))
        self.bodies.append(b''.join(itertools.islice(body, blocks)))
        self.tokens.append(request.headers['X-Auth-Token'])
        if isinstance(what, Exception):
            raise requests.exceptions.ConnectionError(what)
        answer = doubles.response(what)
        answer.request = request
        return answer

    def close(self) -> None:
        pass


class TestThroughKeystoneauth(UploadTestCase):
    """The contract with the libraries that send the body."""

    def put(
        self,
        wire: Wire,
        data: io.BytesIO | None = None,
        **config: Any,
    ) -> None:
        session = requests.Session()
        session.mount('http://', wire)
        proxy = _proxy.Proxy(
            ksa_session.Session(auth=Token(), session=session),
            service_type='image',
            endpoint_override='http://glance.example/v2',
            **config,
        )
        proxy._connection = mock.Mock(
            cache_enabled=False, _global_request_id=None, _api_cache_keys=set()
        )
        body = streams.VerboseFileWrapper(
            data or io.BytesIO(DATA), 'disk.img', len(DATA), self.listener
        )
        with mock.patch('time.sleep'):
            _data._put_once(
                proxy, doubles.IMAGE_ID, body, _data.store_target()
            )

    def test_an_expired_token_sends_the_whole_body_again(self) -> None:
        for taken in (0, 1, 100):
            with self.subTest(taken=taken):
                wire = Wire((taken, 401), (100, 204))
                self.put(wire)
                self.assertEqual(DATA, wire.bodies[-1])
                self.assertEqual(['token 1', 'token 2'], wire.tokens)

    def test_a_busy_server_is_not_for_keystoneauth_to_ask_again(self) -> None:
        wire = Wire((100, 503), (100, 204))
        with self.assertRaisesRegex(exceptions.TransferError, '503'):
            self.put(wire, status_code_retries=5)
        self.assertEqual([DATA], wire.bodies)

    def test_what_cannot_be_read_again_is_not_sent_again(self) -> None:
        for status in (401, 503):
            with self.subTest(status):
                wire = Wire((1, status))
                with self.assertRaisesRegex(
                    exceptions.TransferError, str(status)
                ):
                    self.put(
                        wire,
                        doubles.NonSeekableReader(DATA),
                        status_code_retries=5,
                    )

    def test_a_source_that_fails_is_no_broken_connection(self) -> None:
        data = doubles.FailingReader(b'', OSError(5, 'Input/output error'))
        with self.assertRaises(exceptions.SourceError):
            self.put(Wire((1, 204)), data)

    def test_a_broken_connection_is_told_by_its_reason(self) -> None:
        reason = ConnectionResetError(104, 'Connection reset by peer')
        with self.assertRaisesRegex(
            exceptions.TransferError,
            '^Lost connection.*Connection reset by peer',
        ):
            self.put(Wire((1, reason), (1, reason)))

    def test_a_break_is_not_for_keystoneauth_to_retry(self) -> None:
        reason = ConnectionResetError(104, 'Connection reset by peer')
        with self.assertRaisesRegex(
            exceptions.TransferError,
            '^Lost connection.*Connection reset by peer',
        ):
            self.put(
                Wire((1, reason), (1, reason)),
                doubles.NonSeekableReader(DATA),
                connect_retries=1,
            )
