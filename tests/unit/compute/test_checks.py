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

from typing import Any
import unittest

from osc_image_ext import exceptions
from osc_image_ext.compute import checks
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

METADATA = {'metadata': {'a': '1', 'b': ''}}


class TestCheckResponse(unittest.TestCase):
    def is_believed(
        self, method: str, body: Any, status: int, *answer: Any
    ) -> bool:
        response = doubles.response(status, *answer)
        try:
            checks.check_response(response, method, body)
        except exceptions.UnexpectedResponse:
            return False
        return True

    def test_successes_of_nova(self) -> None:
        for method, body, status, answer in (
            ('GET', None, 200, {'server': {}}),
            ('POST', METADATA, 200, METADATA),
            ('PUT', None, 201, b''),
            ('PUT', None, 204, b''),
            ('DELETE', None, 204, b''),
        ):
            with self.subTest(method, status=status):
                self.assertTrue(self.is_believed(method, body, status, answer))

    def test_other_successes(self) -> None:
        for method, body, status in (
            ('GET', None, 204),
            ('GET', None, 203),
            ('POST', METADATA, 201),
            ('POST', METADATA, 202),
            ('PUT', METADATA, 204),
            ('PUT', None, 200),
            ('DELETE', None, 200),
            ('DELETE', None, 202),
        ):
            with self.subTest(method, status=status):
                self.assertFalse(
                    self.is_believed(method, body, status, METADATA)
                )

    def test_redirections(self) -> None:
        for status in (300, 301, 302, 304, 307):
            for method, body in (('POST', METADATA), ('DELETE', None)):
                self.assertFalse(
                    self.is_believed(method, body, status, METADATA)
                )

    def test_a_login_page(self) -> None:
        for method, body in (
            ('GET', None),
            ('POST', METADATA),
            ('PUT', None),
            ('DELETE', None),
        ):
            with self.subTest(method):
                page = ('<html>Log in', 'text/html')
                self.assertFalse(self.is_believed(method, body, 200, *page))

    def test_what_was_set_is_in_the_response(self) -> None:
        for body, answer, expected in (
            (METADATA, {'metadata': {'a': '1', 'b': '', 'c': '2'}}, True),
            (METADATA, {'metadata': {'a': '1'}}, False),
            (METADATA, {'metadata': {'a': '2', 'b': ''}}, False),
            (METADATA, {'metadata': []}, False),
            (METADATA, {}, False),
            ({'tags': ['a', 'b']}, {'tags': ['b', 'a']}, True),
            ({'tags': ['a', 'b']}, {'tags': ['a', 'b', 'c']}, False),
            ({'tags': ['a', 'b']}, {'tags': ['a', 'c']}, False),
            ({'tags': []}, {'tags': None}, False),
        ):
            with self.subTest(body=body, answer=answer):
                self.assertEqual(
                    expected, self.is_believed('POST', body, 200, answer)
                )

    def test_the_description(self) -> None:
        for sent, received, expected in (
            ('new', 'new', True),
            ('new', 'old', False),
            ('new', None, False),
            (None, None, True),
            (None, 'old', False),
        ):
            with self.subTest(sent=sent, received=received):
                answer = {'server': {'id': '1', 'description': received}}
                body = {'server': {'description': sent}}
                self.assertEqual(
                    expected, self.is_believed('PUT', body, 200, answer)
                )

    def test_errors(self) -> None:
        for status in (400, 403, 409, 500, 503):
            page = ('<html>Oops', 'text/html')
            self.assertTrue(self.is_believed('GET', None, status, *page))

    def test_not_found(self) -> None:
        response = compute_doubles.not_found()
        checks.check_response(response, 'GET', None)
        self.assertTrue(checks.is_not_found(response))
        for answer in (
            ({'error': {'code': 404}},),
            ('<html>No such page', 'text/html'),
            ('{"itemNotFound": {}}', 'text/html'),
            (b'',),
        ):
            with self.subTest(answer):
                self.assertFalse(self.is_believed('GET', None, 404, *answer))
                self.assertFalse(
                    checks.is_not_found(doubles.response(404, *answer))
                )
