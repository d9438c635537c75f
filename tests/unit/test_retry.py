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


import email.utils
import time
import unittest
from unittest import mock

from openstack import exceptions as sdk_exceptions
import requests

from osc_image_ext import retry
from tests.fixtures import doubles


def later(status: int, seconds: str | None = None) -> requests.Response:
    answer = doubles.response(status)
    if seconds is not None:
        answer.headers['Retry-After'] = seconds
    return answer


class TestRetryUntil(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sleep = doubles.RecordedSleep()

    def answered(self, *answers: int | Exception) -> int:
        """Ask until there is an odd number."""
        ask = mock.Mock(side_effect=answers)
        answer: int = retry.retry_until(ask, self.sleep, lambda got: got % 2)
        return answer

    def test_an_answer_is_returned_at_once(self) -> None:
        self.assertEqual(1, self.answered(1))
        self.assertEqual([], self.sleep.seconds)

    def test_what_is_not_enough_is_asked_again(self) -> None:
        with self.assertNoLogs(retry.LOG):
            self.assertEqual(3, self.answered(0, doubles.http_error(502), 3))
        self.assertEqual([0.5, 1], self.sleep.seconds)

    def test_after_five_minutes_any_answer_will_do(self) -> None:
        with self.assertLogs(retry.LOG):
            self.assertEqual(24, self.answered(*range(0, 100, 2)) // 2)
        self.assertAlmostEqual(300, sum(self.sleep.seconds), delta=1)

    def test_people_are_told_once_what_takes_so_long(self) -> None:
        for trouble, words in (
            (0, 'The server is busy.'),
            (doubles.http_error(502, reason='Bad'), 'returned 502 Bad.'),
        ):
            with self.assertLogs(retry.LOG) as logged:
                self.answered(*[trouble] * 20, 1)
            (record,) = logged.records
            self.assertIn('up to 5 minutes', record.getMessage())
            self.assertTrue(record.getMessage().endswith(words))

    def test_a_refusal_is_final(self) -> None:
        with self.assertRaises(sdk_exceptions.HttpException):
            self.answered(doubles.http_error(404))
        self.assertEqual([], self.sleep.seconds)


class TestOutage(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.outage = retry.Outage(self.clock)

    def poll(self, *errors: Exception, interval: float = 1) -> None:
        for error in errors:
            self.clock.advance(interval)
            with self.outage.tolerate():
                raise error

    def test_what_is_wrong(self) -> None:
        self.assertEqual('', self.outage.problem)
        self.poll(doubles.http_error(502, reason='Bad'))
        self.assertIn('502 Bad', self.outage.problem)
        with self.outage.tolerate():
            pass
        self.assertEqual('', self.outage.problem)

    def test_it_ends_after_five_minutes(self) -> None:
        busy = doubles.http_error(503)
        self.poll(*[busy] * 300)
        with self.assertRaises(sdk_exceptions.HttpException):
            self.poll(busy)

    def test_each_response_begins_them_anew(self) -> None:
        for _ in range(3):
            self.poll(*[doubles.http_error(503)] * 200)
            with self.outage.tolerate():
                pass

    def test_a_refusal_is_final(self) -> None:
        with self.assertRaises(sdk_exceptions.HttpException):
            self.poll(doubles.http_error(404))


class TestRetryAfter(unittest.TestCase):
    def test_seconds(self) -> None:
        self.assertEqual(0, retry.parse_retry_after(later(503, '0')))
        self.assertEqual(120, retry.parse_retry_after(later(503, ' 120 ')))

    def test_date(self) -> None:
        now = time.time()
        for text in (
            email.utils.formatdate(now + 60, usegmt=True),
            email.utils.formatdate(now + 60),  # -0000
            email.utils.formatdate(now + 60, localtime=True),
        ):
            with self.subTest(text):
                seconds = retry.parse_retry_after(later(503, text))
                assert seconds is not None
                self.assertAlmostEqual(60, seconds, delta=5)

    def test_date_in_the_past(self) -> None:
        text = 'Wed, 21 Oct 2015 07:28:00 GMT'
        self.assertEqual(0, retry.parse_retry_after(later(503, text)))

    def test_nothing_or_nonsense(self) -> None:
        for text in (None, '', 'soon', '-1', '1.5'):
            with self.subTest(text):
                self.assertIsNone(retry.parse_retry_after(later(503, text)))
