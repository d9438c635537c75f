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

import http.client
from typing import Any
import unittest

import requests
import urllib3

from osc_image_ext import exceptions
from osc_image_ext.image import web as _web
from tests.fixtures import web_double

URL = 'http://joe:secret@example.org/disk.img?key=secret'
DELAYS = (1, 2, 4)


class WebTestCase(unittest.TestCase):
    def sent(self, *replies: Any, **options: Any) -> requests.Response:
        self.fake = web_double.FakeWeb(*replies, **options)
        self.addCleanup(self.fake.web.close)
        request = self.fake.web.prepare(URL, 'NAME')
        return self.fake.web.send(request, 'NAME', DELAYS)

    def failed(self, *replies: Any) -> str:
        with self.assertRaises(exceptions.SourceError) as caught:
            self.sent(*replies)
        self.assertNotIn('secret', str(caught.exception))
        return str(caught.exception)


class TestRequest(WebTestCase):
    def test_it_asks_for_the_file_as_it_is(self) -> None:
        response = self.sent(web_double.reply())
        self.assertEqual(200, response.status_code)
        self.assertEqual(['identity'], self.fake.headers('Accept-Encoding'))
        self.assertEqual((30, 60), self.fake.send.call_args.kwargs['timeout'])

    def test_the_password_of_the_url_is_sent(self) -> None:
        self.sent(web_double.reply())
        self.assertEqual(
            ['Basic am9lOnNlY3JldA=='], self.fake.headers('Authorization')
        )

    def test_an_invalid_url(self) -> None:
        fake = web_double.FakeWeb()
        with self.assertRaisesRegex(exceptions.SourceError, 'is invalid'):
            fake.web.prepare('http://*.example/', 'NAME')


class TestRetries(WebTestCase):
    def test_what_may_pass_is_repeated(self) -> None:
        for failure in (
            web_double.reply(503),
            web_double.reply(429),
            requests.ConnectionError(),
            requests.ReadTimeout(),
        ):
            response = self.sent(failure, web_double.reply())
            self.assertEqual(200, response.status_code)
            self.assertEqual([1], self.fake.sleep.seconds)

    def test_not_for_ever(self) -> None:
        self.assertEqual(
            'Cannot fetch NAME: the server returned 503 Some Reason.',
            self.failed(*[web_double.reply(503)] * 4),
        )
        self.assertEqual([1, 2, 4], self.fake.sleep.seconds)

    def test_the_server_sets_the_delay(self) -> None:
        for asked, seconds in (('30', 30), ('0', 1), ('9999', 60)):
            busy = web_double.reply(503, Retry_After=asked)
            self.sent(busy, web_double.reply())
            self.assertEqual([seconds], self.fake.sleep.seconds)

    def test_what_stays_is_not(self) -> None:
        for failure in (
            requests.exceptions.SSLError(),
            requests.TooManyRedirects(),
            requests.exceptions.InvalidSchema(URL),
        ):
            self.failed(failure)
            self.assertEqual([], self.fake.sleep.seconds)

    def test_other_statuses_are_up_to_the_caller(self) -> None:
        for status in (206, 304, 404, 416):
            response = self.sent(web_double.reply(status))
            self.assertEqual(status, response.status_code)


class TestRedirect(WebTestCase):
    def redirected(self, first: str, last: str) -> requests.Response:
        before, response = web_double.reply(302), web_double.reply()
        before.url, response.url = first, last
        response.history = [before]
        return response

    def test_to_http(self) -> None:
        response = self.redirected('https://a/', 'http://a/')
        self.assertIn('from https to http', self.failed(response))
        self.assertEqual([], self.fake.sleep.seconds)

    def test_to_http_if_that_is_permitted(self) -> None:
        response = self.redirected('https://a/', 'http://a/')
        self.assertIs(response, self.sent(response, allow_http=True))

    def test_others(self) -> None:
        for first, last in (
            ('http://a/', 'https://a/'),
            ('http://a/', 'http://b/'),
            ('https://a/', 'https://b/'),
        ):
            response = self.redirected(first, last)
            self.assertIs(response, self.sent(response))


class TestDescription(unittest.TestCase):
    def test_each_has_words(self) -> None:
        pool: Any = None
        for error, words in (
            (requests.ConnectTimeout(), 'the connection timed out'),
            (
                urllib3.exceptions.ReadTimeoutError(pool, URL, URL),
                'no data for 60 seconds',
            ),
            (
                urllib3.exceptions.IncompleteRead(5, 9),
                'the server closed the connection',
            ),
            (
                http.client.RemoteDisconnected(''),
                'the server closed the connection',
            ),
            (
                requests.exceptions.InvalidSchema(URL),
                'it redirects to something else than an http or https URL',
            ),
            (
                ConnectionResetError(104, 'Connection reset by peer'),
                'Connection reset by peer',
            ),
        ):
            self.assertEqual(words, _web.describe(error))
