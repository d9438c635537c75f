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

import threading
from typing import Any
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions
import requests

from osc_image_ext import bulk
from osc_image_ext import exceptions
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles
from tests.fixtures import doubles


def later(status: int, seconds: str | None = None) -> requests.Response:
    answer = doubles.response(status, {})
    if seconds is not None:
        answer.headers['Retry-After'] = seconds
    return answer


class CallerTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nova = compute_doubles.Nova()
        self.sleep = doubles.RecordedSleep()
        self.session = _session.RetryingSession(
            self.nova.proxy, sleep=self.sleep
        )

    def request(self, *answers: Any) -> requests.Response:
        self.nova.answer('GET', '/x', *answers)
        return self.session.request('GET', '/x', '2.26', params={'a': 'b'})


class TestCall(CallerTestCase):
    def test_the_answer_is_returned_whatever_it_says(self) -> None:
        for answer in (
            doubles.response(200, {}),
            compute_doubles.not_found(),
            *map(doubles.response, (400, 403, 409, 413, 500)),
        ):
            with self.subTest(answer.status_code):
                self.assertIs(answer, self.request(answer))
                self.assertEqual([], self.sleep.seconds)

    def test_it_is_asked_for_as_told(self) -> None:
        self.request({})
        (asked,) = self.nova.asked
        self.assertEqual('2.26', asked.options['microversion'])
        self.assertEqual({'a': 'b'}, asked.options['params'])
        # Or keystoneauth would do again what is done here.
        self.assertFalse(asked.options['allow_reauth'])
        self.assertEqual(0, asked.options['status_code_retries'])
        self.assertEqual(0, asked.options['connect_retries'])
        self.assertFalse(asked.options['raise_exc'])

    def test_without_a_version_the_choice_is_the_users(self) -> None:
        self.nova.answer('GET', '/x', {})
        self.session.request('GET', '/x', None)
        self.assertNotIn('microversion', self.nova.asked[0].options)


class TestEndpoint(unittest.TestCase):
    def ask(self, nova: compute_doubles.Nova) -> list[Any]:
        """Send two requests; return the endpoints that they name."""
        nova.answer('GET', '/x', {})
        session = _session.RetryingSession(nova.proxy)
        for _number in range(2):
            session.request('GET', '/x', None)
        return [asked.options['endpoint_override'] for asked in nova.asked]

    def test_it_is_found_once_for_all_requests(self) -> None:
        nova = compute_doubles.Nova()
        self.assertEqual([doubles.URL] * 2, self.ask(nova))
        nova.proxy.get_endpoint.assert_called_once_with()

    def test_a_percent_sign_is_no_template(self) -> None:
        nova = compute_doubles.Nova()
        nova.proxy.get_endpoint.return_value = 'http://nova/a%20b'
        endpoint = self.ask(nova)[0]
        self.assertEqual('http://nova/a%20b', endpoint % {})

    def test_a_template_of_the_users_is_kept(self) -> None:
        nova = compute_doubles.Nova()
        nova.proxy.endpoint_override = 'http://nova/%(project_id)s'
        self.assertEqual([nova.proxy.endpoint_override] * 2, self.ask(nova))

    def test_without_one_keystoneauth_reports_it(self) -> None:
        nova = compute_doubles.Nova()
        nova.proxy.get_endpoint.return_value = None
        self.assertEqual([None, None], self.ask(nova))


class TestBusy(CallerTestCase):
    def test_retry_after_is_obeyed(self) -> None:
        for status in (429, 502, 503, 504):
            with self.subTest(status):
                self.sleep.seconds.clear()
                answer = self.request(
                    later(status, '7'), later(status, '0'), later(200)
                )
                self.assertEqual(200, answer.status_code)
                self.assertEqual([7, 0], self.sleep.seconds)

    def test_without_it_the_pauses_grow(self) -> None:
        answer = self.request(later(503), later(429), later(200))
        self.assertEqual(200, answer.status_code)
        self.assertEqual([1, 2], self.sleep.seconds)

    def test_the_last_answer_is_returned(self) -> None:
        answer = self.request(later(429))
        self.assertEqual(429, answer.status_code)
        self.assertEqual([1, 2, 4, 8], self.sleep.seconds)
        self.assertEqual(5, len(self.nova.asked))

    def test_all_waits_together_take_five_minutes_at_most(self) -> None:
        clock = doubles.FakeClock()
        session = _session.RetryingSession(
            self.nova.proxy, sleep=clock.advance, clock=clock
        )
        self.nova.answer('GET', '/x', later(503, '140'))
        with self.assertLogs(level='WARNING'):
            session.request('GET', '/x', None)
        self.assertEqual(1280, clock.now)
        self.assertEqual(3, len(self.nova.asked))

    def test_requests_that_time_out_count_too(self) -> None:
        clock = doubles.FakeClock()

        def time_out(_options: Any) -> Exception:
            clock.advance(120)
            return ksa_exceptions.ConnectTimeout('Timed out')

        self.nova.answer('GET', '/x', time_out)
        session = _session.RetryingSession(
            self.nova.proxy, sleep=clock.advance, clock=clock
        )
        with self.assertLogs(level='WARNING'):
            with self.assertRaises(ksa_exceptions.ConnectTimeout):
                session.request('GET', '/x', None)
        self.assertEqual(3, len(self.nova.asked))

    def test_a_long_wait_is_announced_once(self) -> None:
        busy = later(503, '9')
        with self.assertLogs(level='WARNING') as logged:
            self.request(busy, busy, {})
            self.request(busy, {})
        (record,) = logged.records
        self.assertEqual(
            'Waiting up to 5 minutes for the server. Nova returned 503.',
            record.getMessage(),
        )

    def test_a_short_wait_is_not_announced(self) -> None:
        with self.assertNoLogs(level='WARNING'):
            self.request(later(503), later(503), later(503), {})

    def test_nobody_waits_for_an_hour(self) -> None:
        answer = self.request(later(503, '3600'))
        self.assertEqual(503, answer.status_code)
        self.assertEqual([], self.sleep.seconds)

    def test_a_pause_that_is_cut_short_is_the_last(self) -> None:
        session = _session.RetryingSession(
            self.nova.proxy, sleep=lambda seconds: True
        )
        self.nova.answer('GET', '/x', later(503), later(200))
        self.assertEqual(503, session.request('GET', '/x', None).status_code)


class TestBrokenConnection(CallerTestCase):
    def test_it_is_made_again(self) -> None:
        broken = doubles.broken(ConnectionResetError(104, 'Reset'))
        answer = self.request(broken, broken, {})
        self.assertEqual(200, answer.status_code)
        self.assertEqual([1, 2], self.sleep.seconds)

    def test_but_not_for_ever(self) -> None:
        broken = doubles.broken(ConnectionResetError(104, 'Reset'))
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            self.request(broken)
        self.assertEqual(5, len(self.nova.asked))

    def test_a_pause_that_is_cut_short_is_the_last(self) -> None:
        broken = doubles.broken(ConnectionResetError(104, 'Reset'))
        self.nova.answer('GET', '/x', broken)
        session = _session.RetryingSession(
            self.nova.proxy, sleep=lambda seconds: True
        )
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            session.request('GET', '/x', None)
        self.assertEqual(1, len(self.nova.asked))

    def test_other_errors_are_raised_at_once(self) -> None:
        with self.assertRaises(ksa_exceptions.EndpointNotFound):
            self.request(ksa_exceptions.EndpointNotFound())
        self.assertEqual(1, len(self.nova.asked))


class TestAmbiguous(CallerTestCase):
    """Requests that may have changed something, although they failed."""

    def send(self, *answers: Any, method: str = 'PUT') -> requests.Response:
        self.nova.answer(method, '/x', *answers)
        with self.assertLogs(level='WARNING'):  # of a long wait
            return self.session.request(method, '/x', None)

    def test_after_a_lost_connection(self) -> None:
        for reason in (
            ConnectionResetError(104, 'Reset'),
            TimeoutError('timed out'),
        ):
            with (
                self.subTest(reason),
                self.assertRaises(exceptions.OutcomeUnknown),
            ):
                self.send(doubles.broken(reason))

    def test_after_the_error_of_a_proxy(self) -> None:
        for status in (502, 504):
            with (
                self.subTest(status),
                self.assertRaisesRegex(
                    exceptions.OutcomeUnknown, f'^Nova returned {status}.$'
                ),
            ):
                self.send(doubles.response(status))

    def test_one_of_several_attempts(self) -> None:
        with self.assertRaises(exceptions.OutcomeUnknown):
            self.send(doubles.response(504), doubles.response(503))

    def test_a_later_success_or_rejection_counts(self) -> None:
        for status in (204, 409):
            self.nova.answer(
                'PUT', '/x', doubles.response(504), doubles.response(status)
            )
            response = self.session.request('PUT', '/x', None)
            self.assertEqual(status, response.status_code)

    def test_what_was_not_received_has_changed_nothing(self) -> None:
        self.assertEqual(503, self.send(doubles.response(503)).status_code)
        refused = doubles.broken(ConnectionRefusedError(111, 'Refused'))
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            self.session = _session.RetryingSession(
                self.nova.proxy, sleep=self.sleep
            )
            self.send(refused)

    def test_what_only_reads_changes_nothing(self) -> None:
        response = self.send(doubles.response(504), method='GET')
        self.assertEqual(504, response.status_code)


class TestGet(CallerTestCase):
    def get(self, answer: Any) -> dict[str, Any]:
        self.nova.answer('GET', '/x', answer)
        return self.session.get('/x', '2.26', 'servers', {'a': 'b'})

    def test_json(self) -> None:
        self.assertEqual({'servers': []}, self.get({'servers': []}))
        (asked,) = self.nova.asked
        self.assertEqual({'a': 'b'}, asked.options['params'])

    def test_an_error_of_nova(self) -> None:
        with self.assertRaises(exceptions.NovaError) as raised:
            self.get(doubles.response(403, {'message': 'No.'}))
        self.assertEqual('Nova returned 403: No.', str(raised.exception))
        self.assertEqual(403, raised.exception.status_code)

    def test_something_else(self) -> None:
        answers: list[Any] = [
            {},
            {'images': []},
            doubles.response(200, '<p>Log in', 'text/html'),
            doubles.response(404, '<p>No such page', 'text/html'),
            doubles.response(302),
        ]
        for answer in answers:
            with self.subTest(answer):
                with self.assertRaises(exceptions.UnexpectedResponse):
                    self.get(answer)


class TestToken(CallerTestCase):
    def test_an_expired_token_is_renewed(self) -> None:
        answer = self.request(doubles.response(401), {})
        self.assertEqual(200, answer.status_code)
        tokens = [asked.token for asked in self.nova.asked]
        self.assertEqual(['first', 'not first'], tokens)
        self.assertEqual([], self.sleep.seconds)

    def test_once(self) -> None:
        self.assertEqual(401, self.request(doubles.response(401)).status_code)
        self.assertEqual(2, len(self.nova.asked))
        self.nova.session.invalidate.assert_called_once_with()

    def test_once_for_all_threads(self) -> None:
        together = threading.Barrier(4)

        def request(path: str, method: str, **_: Any) -> requests.Response:
            token = self.nova.token
            if token == 'first':
                together.wait(10)
            answer = doubles.response(401 if token == 'first' else 200, {})
            answer.request = mock.Mock(headers={'X-Auth-Token': token})
            return answer

        self.nova.proxy.request.side_effect = request
        session = _session.RetryingSession(self.nova.proxy, workers=4)
        ended = bulk.run(
            range(4),
            lambda _: session.request('GET', '/x', None).status_code,
            4,
        )
        self.assertEqual([200] * 4, [each.result for each in ended])
        self.nova.session.invalidate.assert_called_once_with()

    def test_what_cannot_be_renewed_is_not_tried_again(self) -> None:
        self.nova.session.invalidate.side_effect = lambda: False
        self.assertEqual(401, self.request(doubles.response(401)).status_code)
        self.assertEqual(1, len(self.nova.asked))


class TestConnections(unittest.TestCase):
    def sizes(self, workers: int) -> set[int]:
        nova = compute_doubles.Nova()
        _session.RetryingSession(nova.proxy, workers)
        return {
            adapter.poolmanager.connection_pool_kw['maxsize']
            for adapter in nova.session.session.adapters.values()
        }

    def test_each_worker_keeps_one(self) -> None:
        self.assertEqual({10}, self.sizes(8))
        self.assertEqual({10}, self.sizes(10))
        self.assertEqual({32}, self.sizes(32))

    def test_adapters_of_others_are_left_alone(self) -> None:
        nova = compute_doubles.Nova()
        nova.session.session.adapters['mock://'] = mock.Mock(
            spec=requests.adapters.BaseAdapter
        )
        _session.RetryingSession(nova.proxy, 32)
