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
import socket
import ssl
from typing import Any
import unittest

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from tests.fixtures import doubles

NGINX = """<html>
<head><title>413 Request Entity Too Large</title></head>
<body>
<center><h1>413 Request Entity Too Large</h1></center>
<hr><center>nginx/1.26.3</center>
</body>
</html>
"""

WEBOB = """<html>
 <head>
  <title>403 Forbidden</title>
 </head>
 <body>
  <h1>403 Forbidden</h1>
  You may not &lt;add_image&gt;, says &#x27;policy&#x27;.<br /><br />
 </body>
</html>
"""


class TestWords(unittest.TestCase):
    def words(
        self,
        status: int,
        reason: str,
        body: bytes | str | dict[str, Any],
        content_type: str | None = None,
    ) -> str:
        answer = doubles.response(status, body, content_type, reason)
        return api_errors.response_error(answer)

    def test_json_of_any_service(self) -> None:
        for body in (
            {'code': 413, 'message': 'Over quota.'},
            {'error': {'message': 'Over quota.', 'title': 'Too large'}},
            {'itemNotFound': {'message': 'Over quota.', 'code': 404}},
            {'badRequest': 'Over quota.'},
            {'message': 'Over<br /><br />\nquota.\n\n'},
        ):
            with self.subTest(body=body):
                self.assertEqual(
                    '413 Too Large: Over quota.',
                    self.words(413, 'Too Large', body),
                )

    def test_json_that_says_it_otherwise(self) -> None:
        for text, expected in (
            ('["Over quota."]', "['Over quota.']."),
            ('"Over quota."', 'Over quota.'),
            ('{"message": 7}', '7.'),
        ):
            with self.subTest(text):
                self.assertEqual(
                    f'400 Bad: {expected}',
                    self.words(400, 'Bad', text, 'application/json'),
                )

    def test_json_that_is_none_is_told_as_it_is(self) -> None:
        self.assertEqual(
            '400 Bad: not JSON.',
            self.words(400, 'Bad', 'not JSON', 'application/json'),
        )

    def test_json_that_says_nothing_adds_nothing(self) -> None:
        for text in ('{}', 'null', '{"message": null}', '[]'):
            with self.subTest(text):
                self.assertEqual(
                    '400 Bad.',
                    self.words(400, 'Bad', text, 'application/json'),
                )

    def test_webobs_text_repeats_no_status(self) -> None:
        body = (
            '409 Conflict\n\nThe server could not comply with the request.'
            '\n\n Image status transition is not allowed.  '
        )
        self.assertEqual(
            '409 Conflict: The server could not comply with the request. '
            'Image status transition is not allowed.',
            self.words(409, 'Conflict', body, 'text/plain; charset=UTF-8'),
        )

    def test_webobs_page_repeats_no_status(self) -> None:
        self.assertEqual(
            "403 Forbidden: You may not <add_image>, says 'policy'.",
            self.words(403, 'Forbidden', WEBOB, 'text/html; charset=UTF-8'),
        )

    def test_a_page_of_nginx(self) -> None:
        self.assertEqual(
            '413 Request Entity Too Large: nginx/1.26.3.',
            self.words(413, 'Request Entity Too Large', NGINX, 'text/html'),
        )

    def test_a_content_type_may_be_in_capitals(self) -> None:
        self.assertEqual(
            '413 Request Entity Too Large: nginx/1.26.3.',
            self.words(413, 'Request Entity Too Large', NGINX, 'Text/HTML'),
        )

    def test_scripts_and_styles_are_not_for_people(self) -> None:
        page = (
            '<style>p { color: red }</style><SCRIPT>alert("x < y")</SCRIPT >'
            '<p>No store.'
        )
        self.assertEqual(
            '503 Busy: No store.', self.words(503, 'Busy', page, 'text/html')
        )

    def test_no_reason_leaves_the_status(self) -> None:
        self.assertEqual('500 Oops.', self.words(500, 'Oops', b''))
        self.assertEqual('500.', self.words(500, '', b''))
        self.assertEqual(
            '404 Not Found.',
            self.words(404, 'Not Found', '404 Not Found\n\n', 'text/plain'),
        )

    def test_what_steers_a_terminal_is_escaped(self) -> None:
        for body in (
            b'\x1b[2J gone',
            {'message': '\x1b[2J gone'},
        ):
            with self.subTest(body=body):
                self.assertEqual(
                    r'400 Bad: \x1b[2J gone.', self.words(400, 'Bad', body)
                )

    def test_a_page_without_an_end_is_cut(self) -> None:
        text = self.words(502, 'Bad', '<p>' + 'word ' * 10_000, 'text/html')
        self.assertLess(len(text), 450)

    def test_bytes_that_are_not_of_their_charset_are_replaced(self) -> None:
        for kind in ('text/plain; charset=utf-8', 'text/plain; charset=no'):
            with self.subTest(kind):
                text = self.words(400, 'Bad', b'caf\xe9 closed', kind)
                self.assertEqual('400 Bad: caf\ufffd closed.', text)

    def test_text_in_any_script_is_told(self) -> None:
        self.assertEqual(
            '403 Forbidden: Нет прав.',
            self.words(403, 'Forbidden', {'message': 'Нет прав.'}),
        )


class TestExplain(unittest.TestCase):
    def test_an_answer_is_told_in_the_servers_words(self) -> None:
        error = doubles.http_error(
            403, {'message': 'You may not.'}, reason='Forbidden'
        )
        self.assertEqual(
            'The server returned 403 Forbidden: You may not.',
            api_errors.describe(error),
        )

    def test_an_error_of_http_without_an_answer_tells_its_text(self) -> None:
        error = sdk_exceptions.HttpException('it broke')
        self.assertIn('it broke', api_errors.describe(error))

    def test_a_connection_that_failed(self) -> None:
        reason = ConnectionRefusedError(111, 'Connection refused')
        self.assertEqual(
            f'Cannot connect to {doubles.URL}: Connection refused.',
            api_errors.describe(doubles.broken(reason)),
        )

    def test_a_connection_that_failed_nobody_knows_where(self) -> None:
        self.assertEqual(
            'Cannot connect to the server: Gone.',
            api_errors.describe(ksa_exceptions.ConnectFailure('Gone.')),
        )

    def test_any_other_error_is_one_sentence(self) -> None:
        for error, expected in (
            (exceptions.SourceError('It ended.'), 'It ended.'),
            (ksa_exceptions.Unauthorized('No.'), 'No. (HTTP 401).'),
            (sdk_exceptions.SDKException('a\n\x1bb'), r'a \x1bb.'),
        ):
            with self.subTest(expected):
                self.assertEqual(expected, api_errors.describe(error))

    def test_notes_follow_in_their_order(self) -> None:
        error = exceptions.TransferError('It broke.')
        error.add_note('It was deleted.')
        error.add_note('So what?')
        self.assertEqual(
            'It broke. It was deleted. So what?', api_errors.describe(error)
        )


class TestCause(unittest.TestCase):
    def test_the_innermost_reason_is_told_in_its_words(self) -> None:
        for reason, expected in (
            (ConnectionRefusedError(111, 'Refused'), 'Refused'),
            (ConnectionResetError(104, 'Reset by peer'), 'Reset by peer'),
            (http.client.RemoteDisconnected('Closed.'), 'Closed.'),
            (TimeoutError('timed out'), 'timed out'),
            (socket.gaierror(-2, 'Name not known'), 'Name not known'),
        ):
            with self.subTest(expected):
                self.assertEqual(
                    expected,
                    api_errors.connection_error_reason(doubles.broken(reason)),
                )

    def test_a_reason_without_words_is_told_by_its_name(self) -> None:
        error = doubles.broken(TimeoutError())
        self.assertEqual(
            'TimeoutError', api_errors.connection_error_reason(error)
        )

    def test_a_certificate_that_is_not_accepted(self) -> None:
        reason = ssl.SSLCertVerificationError(1, 'verify failed (_ssl.c:1)')
        reason.verify_message = 'self-signed certificate'
        self.assertEqual(
            'certificate verification failed: self-signed certificate',
            api_errors.connection_error_reason(doubles.broken(reason)),
        )

    def test_an_error_of_keystoneauth_alone(self) -> None:
        error = ksa_exceptions.ConnectFailure('Unable\x1b to connect')
        self.assertEqual(
            r'Unable\x1b to connect', api_errors.connection_error_reason(error)
        )

    def test_what_was_handled_meanwhile_is_not_the_cause(self) -> None:
        try:
            try:
                raise exceptions.SourceError('The disk broke.')
            except exceptions.SourceError:
                doubles.refuse()
        except ksa_exceptions.ConnectFailure as error:
            self.assertEqual(
                'Connection refused', api_errors.connection_error_reason(error)
            )
