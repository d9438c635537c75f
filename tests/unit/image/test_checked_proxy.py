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
from unittest import mock

from openstack.image.v2 import _proxy
import requests

from osc_image_ext import exceptions
from osc_image_ext.image import checked_proxy
from tests.fixtures import doubles
from tests.fixtures import downloads

BASE = 'https://cloud.example:9292/image/v2.16'
IMAGE = {'id': 'x', 'status': 'queued'}
PROGRESS = {'image_id': 'x', 'status': 'queued', 'state': 'waiting'}


def respond(method: str, path: str, *args: Any) -> requests.Response:
    response = doubles.response(*args)
    response.url = BASE + path
    response.request = requests.Request(method, response.url).prepare()
    return response


class TestCheck(unittest.TestCase):
    def test_what_glance_sends(self) -> None:
        cases: list[tuple[Any, ...]] = [
            ('GET', '/images?name=a', 200, {'images': []}),
            ('GET', '/images/x', 200, IMAGE),
            ('GET', '/images/x/tasks', 200, {'tasks': []}),
            ('GET', '/images/x/progress', 200, PROGRESS),
            ('GET', '/images/x/progress', 404, {'message': 'No.'}),
            ('GET', '/tasks', 200, {'tasks': []}),
            ('GET', '/tasks/x', 200, IMAGE),
            ('GET', '/info/import', 200, {'import-methods': {}}),
            ('GET', '/info/stores', 200, {'stores': []}),
            ('GET', '/info/stores', 404, {'message': 'No.', 'code': '404'}),
            ('POST', '/images', 201, IMAGE),
            ('POST', '/images/x/import', 202),
            ('POST', '/tasks', 201, IMAGE),
            ('PATCH', '/images/x', 200, IMAGE),
            ('PUT', '/images/x/file', 204),
            ('PUT', '/images/x/stage', 204),
            ('PUT', '/images/x/file', 413, '<html>Too large', 'text/html'),
            ('DELETE', '/images/x', 204),
            ('DELETE', '/images/x', 404, {'message': 'No image.'}),
            ('GET', '/images/x', 503, 'Busy.', 'text/plain'),
            # requests of core's other commands
            ('GET', '/images/x/file', 200, b'data', 'application/x'),
            ('POST', '/images/x/actions/deactivate', 204),
            ('PUT', '/images/x/tags/a', 204),
            ('DELETE', '/images/x/tags/a', 204),
        ]
        for method, path, *response in cases:
            with self.subTest(method, path=path):
                checked_proxy.check(
                    method, path, respond(method, path, *response)
                )

    def test_what_it_does_not_send(self) -> None:
        login = (200, '<html>Sign in</html>', 'text/html')
        cases: list[tuple[Any, ...]] = [
            *(
                (method, path, *login)
                for method, path in (
                    ('GET', '/images'),
                    ('GET', '/images/x'),
                    ('GET', '/images/x/tasks'),
                    ('GET', '/images/x/progress'),
                    ('GET', '/info/import'),
                    ('POST', '/images'),
                    ('POST', '/images/x/import'),
                    ('PATCH', '/images/x'),
                    ('PUT', '/images/x/file'),
                    ('PUT', '/images/x/stage'),
                    ('DELETE', '/images/x'),
                )
            ),
            ('GET', '/images/x', 200, '{"id": "x', 'application/json'),
            ('GET', '/images/x', 200, {'id': 'x'}),
            ('GET', '/images', 200, IMAGE),
            ('GET', '/images/x/progress', 200, IMAGE),
            ('GET', '/images/x/progress', 404, '<html>nginx', 'text/html'),
            ('GET', '/images/x', 302, ''),
            ('GET', '/images/x', 404, '<html>nginx', 'text/html'),
            ('DELETE', '/images/x', 404, 'Not found', 'text/plain'),
            ('PUT', '/images/x/file', 200, IMAGE),
        ]
        for method, path, *response in cases:
            with (
                self.subTest(method, path=path),
                self.assertRaises(exceptions.UnexpectedResponse),
            ):
                checked_proxy.check(
                    method, path, respond(method, path, *response)
                )


class TestCheckResponses(unittest.TestCase):
    def checked(self, timeout: float | None = None) -> tuple[Any, mock.Mock]:
        proxy: Any = object.__new__(_proxy.Proxy)
        proxy.session = mock.Mock(timeout=timeout)
        send = mock.Mock(return_value=respond('GET', '/images/x', 200, IMAGE))
        with mock.patch.object(_proxy.Proxy, 'request', send):
            checked_proxy.check_responses(proxy)
            checked_proxy.check_responses(proxy)  # once is enough
        return proxy, send

    def test_each_request_is_checked(self) -> None:
        proxy, send = self.checked()
        proxy.get('/images/x')
        send.return_value = respond('GET', '/images/x', 302)
        with self.assertRaises(exceptions.UnexpectedResponse):
            proxy.get('/images/x')
        self.assertEqual(2, send.call_count)

    def test_each_request_has_a_timeout(self) -> None:
        proxy, send = self.checked()
        proxy.get('/images/x')
        self.assertEqual(60, send.call_args.kwargs['timeout'])
        proxy.get('/images/x', timeout=5)
        self.assertEqual(5, send.call_args.kwargs['timeout'])
        proxy.get('/images/x', data=b'x')
        self.assertEqual(600, send.call_args.kwargs['timeout'])
        proxy.get('/images/x', stream=True)
        self.assertEqual((60, 300), send.call_args.kwargs['timeout'])

    def test_only_image_data_is_streamed(self) -> None:
        proxy, send = self.checked()
        data = downloads.data_response(b'data')
        send.return_value = data
        proxy.get('/images/x/file', stream=True)
        self.assertFalse(data.raw.closed)
        for status, content_type in (
            (200, 'text/html'),
            (503, 'application/octet-stream'),
            (202, 'application/octet-stream'),
        ):
            page = downloads.data_response(
                b'page', status, Content_Type=content_type
            )
            send.return_value = page
            proxy.get('/images/x/file', stream=True)
            self.assertTrue(page.raw.closed)
            self.assertEqual('page', page.text)

    def test_page_without_an_end(self) -> None:
        proxy, send = self.checked()
        page = downloads.data_response(
            b'nginx ' * 10**5, 404, Content_Type='text/html'
        )
        send.return_value = page
        with self.assertRaisesRegex(exceptions.UnexpectedResponse, 'nginx'):
            proxy.get('/images/x/file', stream=True)
        self.assertTrue(page.raw.closed)

    def test_the_timeout_of_the_cloud_comes_first(self) -> None:
        proxy, send = self.checked(timeout=7)
        proxy.get('/images/x')
        self.assertNotIn('timeout', send.call_args.kwargs)


class TestRedirection(unittest.TestCase):
    def test_the_page_that_it_leads_to_is_not_believed(self) -> None:
        for method, path in (
            ('GET', '/images/x'),
            ('PUT', '/images/x/file'),
            ('POST', '/images/x/import'),
        ):
            first = respond(method, path, 302)
            for response in (
                respond('GET', '/login', 200, 'Sign in', 'text/html'),
                respond('GET', '/login', 204),
            ):
                response.history = [first]
                with self.assertRaisesRegex(
                    exceptions.UnexpectedResponse, f'to {method} .*{path} '
                ):
                    checked_proxy.check(method, path, response)


class TestNotFound(unittest.TestCase):
    def test_glances_own_is_known_by_the_id_of_the_request(self) -> None:
        page = (
            404,
            '<html><h1>404 Not Found</h1>No image</html>',
            'text/html',
        )
        response = respond('GET', '/images/x', *page)
        with self.assertRaises(exceptions.UnexpectedResponse):
            checked_proxy.check('GET', '/images/x', response)
        response.headers['X-Openstack-Request-Id'] = 'req-1'
        checked_proxy.check('GET', '/images/x', response)
