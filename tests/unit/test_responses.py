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


import gzip
from typing import Any
import unittest
from unittest import mock

import requests

from osc_image_ext import exceptions
from osc_image_ext import responses
from tests.fixtures import doubles
from tests.fixtures import downloads

JSON = 'application/json'
LOGIN = '<html><head><title>SSO</title></head><body>Sign in</body></html>'


class TestParseJson(unittest.TestCase):
    def test_an_object_with_the_keys(self) -> None:
        body = {'id': 'x', 'status': 'queued'}
        response = doubles.response(200, body)
        self.assertEqual(body, responses.parse_json(response, 'id', 'status'))

    def test_anything_else(self) -> None:
        for response in (
            doubles.response(200, LOGIN, 'text/html'),
            doubles.response(200, '{"id": "x"}', 'text/plain'),
            doubles.response(200, '{"id": "x', 'application/json'),
            doubles.response(200, '["id"]', 'application/json'),
            doubles.response(200, 'null', 'application/json'),
            doubles.response(200, '', 'application/json'),
            doubles.response(200, {'name': 'x'}),
            doubles.response(204),
        ):
            with (
                self.subTest(response.text),
                self.assertRaises(exceptions.UnexpectedResponse),
            ):
                responses.parse_json(response, 'id')


class TestUnexpected(unittest.TestCase):
    def test_what_the_error_says(self) -> None:
        response = doubles.response(200, LOGIN, 'text/html', 'OK')
        response.url = 'https://me:secret@glance.example/v2/images'
        response.request = requests.Request('GET', response.url).prepare()
        self.assertEqual(
            'Unexpected response to GET https://glance.example/v2/images '
            '(text/html): 200 OK: Sign in.',
            str(responses.unexpected(response)),
        )

    def test_a_long_page_is_cut(self) -> None:
        response = doubles.response(200, 'word ' * 99, 'text/plain')
        self.assertLess(len(str(responses.unexpected(response))), 250)

    def test_nothing_is_known_of_it(self) -> None:
        response = doubles.response(502)
        self.assertIn('(no type): 502', str(responses.unexpected(response)))


class TestLimitBody(unittest.TestCase):
    def limited(self, *blocks: bytes, **headers: Any) -> requests.Response:
        response = downloads.data_response(b''.join(blocks), 503, **headers)
        responses.limit_body(response)
        return response

    def test_short(self) -> None:
        response = self.limited(b'{"id": "x"}', Content_Type=JSON)
        self.assertEqual({'id': 'x'}, responses.parse_json(response, 'id'))
        self.assertTrue(response.raw.closed)

    def test_long(self) -> None:
        self.assertEqual(16 * 1024, len(self.limited(bytes(10**6)).content))

    def test_compressed(self) -> None:
        page = gzip.compress(b'Busy')
        response = self.limited(page, Content_Encoding='gzip')
        self.assertEqual(b'Busy', response.content)

    def test_connection_is_lost(self) -> None:
        response = downloads.data_response(b'x')
        response.raw = mock.Mock()
        response.raw.read.side_effect = ConnectionResetError
        responses.limit_body(response)
        self.assertEqual(b'', response.content)

    def test_read_already(self) -> None:
        response = doubles.response(503, 'Busy')
        responses.limit_body(response)
        self.assertEqual('Busy', response.text)
