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

"""The filter as a WSGI application, above a Glance that is a function."""

from collections.abc import Callable, Iterable, Mapping
import io
import json
from typing import Any
import unittest
from unittest import mock

from oslo_config import cfg

from glance_upload_progress import filter as _filter
from glance_upload_progress import opts
from glance_upload_progress import process
from glance_upload_progress import records
from tests.unit.server import doubles

PATH = f'/v2/images/{doubles.IMAGE_ID}'


class Glance:
    """Reads the body of a request, and answers it."""

    def __init__(self) -> None:
        self.status = '204 No Content'
        self.body = b''
        self.reads = True
        self.error: Exception | None = None
        self.requests: list[dict[str, Any]] = []
        self.received = b''

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self.requests.append(dict(environ))
        if self.reads:
            self.received += environ['wsgi.input'].read(7)
        if self.error is not None:
            raise self.error
        start_response(self.status, [('Content-Type', 'text/glance')])
        return [self.body]


class Context:
    """What Glance knows of a user."""

    def __init__(self, **values: object) -> None:
        self.request_id = 'req-7'
        self.is_admin = False
        self.project_id = 'demo'
        vars(self).update(values)


class FilterTest(unittest.TestCase):
    def setUp(self) -> None:
        self.glance = Glance()
        self.process = mock.Mock(spec=process.Process)
        self.process.get.return_value = None
        self.responses: list[tuple[str, dict[str, str]]] = []

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b'',
        options: opts.Options | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Send a request; return the body of the response."""
        application = _filter.UploadProgress(
            self.glance,
            options or opts.Options(),
            cfg.ConfigOpts(),
            lambda: self.process,
        )
        parts = application(
            {
                'REQUEST_METHOD': method,
                'PATH_INFO': path,
                'QUERY_STRING': 'a=b',
                'CONTENT_LENGTH': str(len(body)),
                'wsgi.input': io.BytesIO(body),
                'webob.adhoc_attrs': {'context': Context()},
                **(environ or {}),
            },
            self._start_response,
        )
        return b''.join(parts)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]]
    ) -> Callable[[bytes], object]:
        self.responses.append((status, dict(headers)))
        return mock.Mock()

    def record(self) -> records.Record:
        """Return the record of what was added."""
        [call] = self.process.add.mock_calls
        [tracked] = call.args
        found = tracked.snapshot()
        assert isinstance(found, records.Record)
        return found


class PassedOnTest(FilterTest):
    def test_other_requests_are_not_touched(self) -> None:
        for method, path in (
            ('GET', f'{PATH}/file'),
            ('DELETE', PATH),
            ('PUT', f'{PATH}/file/'),
            ('PUT', f'{PATH}/files'),
            ('PUT', '/v2/images/x/file'),
            ('PUT', f'/v2/images/{doubles.IMAGE_ID[:-1]}/file'),
            ('PUT', f'/v1/images/{doubles.IMAGE_ID}/file'),
            ('PUT', f'/v2/tasks/{doubles.IMAGE_ID}/file'),
            ('POST', f'{PATH}/file'),
            ('PUT', f'{PATH}/import'),
            ('GET', f'{PATH}/progress\n'),
            ('GET', '/v2/images'),
        ):
            with self.subTest(method=method, path=path):
                source = io.BytesIO()
                self.request(method, path, environ={'wsgi.input': source})
                sent = self.glance.requests[-1]
                self.assertIs(source, sent['wsgi.input'])
                self.assertEqual('204 No Content', self.responses[-1][0])
                self.process.add.assert_not_called()


class UploadTest(FilterTest):
    def test_upload_is_counted(self) -> None:
        for action, phase in (('file', 'upload'), ('stage', 'stage')):
            with self.subTest(action):
                self.process.add.reset_mock()
                self.glance.received = b''
                self.request('PUT', f'{PATH}/{action}', b'1234567')
                self.assertEqual(b'1234567', self.glance.received)
                record = self.record()
                self.assertEqual(phase, record.phase)
                self.assertEqual('done', record.state)
                self.assertEqual((7, 7), (record.received, record.total))
                self.assertEqual('req-7', record.attempt)
                self.assertEqual(204, record.status_code)

    def test_id_is_that_of_the_record_in_any_case(self) -> None:
        path = f'/v2/images/{doubles.IMAGE_ID.upper()}/file'
        self.request('PUT', path, b'1234567')
        self.assertEqual(doubles.IMAGE_ID, self.record().image_id)

    def test_refused_upload_has_no_record(self) -> None:
        self.glance.reads = False
        self.glance.status = '409 Conflict'
        self.request('PUT', f'{PATH}/file', b'1234567')
        self.process.add.assert_not_called()
        self.assertEqual('409 Conflict', self.responses[-1][0])

    def test_failed_upload(self) -> None:
        self.glance.status = '413 Too Large'
        self.request('PUT', f'{PATH}/file', b'1234567')
        self.assertEqual(413, self.record().status_code)
        self.assertEqual('failed', self.record().state)

    def test_exception(self) -> None:
        self.glance.error = OSError('lost')
        with self.assertRaisesRegex(OSError, 'lost'):
            self.request('PUT', f'{PATH}/file', b'1234567')
        self.assertEqual('failed', self.record().state)
        self.assertIsNone(self.record().status_code)

    def test_user_without_a_context(self) -> None:
        environ = {'webob.adhoc_attrs': None}
        self.request('PUT', f'{PATH}/file', b'1234567', environ=environ)
        self.assertIsNone(self.record().attempt)


class ImportTest(FilterTest):
    def test_accepted_import_is_watched(self) -> None:
        self.glance.status = '202 Accepted'
        self.request('POST', f'{PATH}/import', b'{}     ')
        self.assertEqual('import', self.record().phase)
        self.assertEqual(b'{}     ', self.glance.received)

    def test_refused_import_is_not_watched(self) -> None:
        self.glance.status = '409 Conflict'
        self.request('POST', f'{PATH}/import', b'{}')
        self.process.add.assert_not_called()

    def test_trouble_does_not_reach_the_import(self) -> None:
        self.glance.status = '202 Accepted'
        self.process.add.side_effect = RuntimeError("can't start new thread")
        with self.assertLogs('glance_upload_progress', 'ERROR'):
            self.request('POST', f'{PATH}/import', b'{}')
        self.assertEqual('202 Accepted', self.responses[-1][0])


class ShowTest(FilterTest):
    def setUp(self) -> None:
        super().setUp()
        self.glance.status = '200 OK'
        self.show(status='saving', owner='demo')

    def show(self, **image: Any) -> None:
        image = {'id': doubles.IMAGE_ID, **image}
        self.glance.body = json.dumps(image).encode()

    def test_document(self) -> None:
        self.process.get.return_value = doubles.record()
        shown = json.loads(self.request('GET', f'{PATH}/progress'))
        self.assertEqual(30, shown['received'])
        self.assertEqual('saving', shown['status'])
        status, headers = self.responses[-1]
        self.assertEqual('200 OK', status)
        self.assertEqual('no-store', headers['Cache-Control'])
        self.assertEqual('application/json', headers['Content-Type'])

    def test_glance_is_asked_as_the_user(self) -> None:
        more = {'HTTP_RANGE': 'bytes=1-', 'HTTP_X_ROLES': 'member'}
        self.request('GET', f'{PATH}/progress', environ=more)
        [asked] = self.glance.requests
        self.assertEqual(PATH, asked['PATH_INFO'])
        self.assertEqual('GET', asked['REQUEST_METHOD'])
        self.assertEqual('', asked['QUERY_STRING'])
        self.assertEqual('member', asked['HTTP_X_ROLES'])
        self.assertEqual(
            'demo', asked['webob.adhoc_attrs']['context'].project_id
        )
        self.assertNotIn('HTTP_RANGE', asked)
        self.assertEqual(b'', asked['wsgi.input'].read())

    def test_record_is_read_before_the_image(self) -> None:
        def read(image_id: str) -> None:
            self.assertEqual([], self.glance.requests)

        self.process.get.side_effect = read
        self.request('GET', f'{PATH}/progress')
        self.process.get.assert_called_once_with(doubles.IMAGE_ID)

    def test_refusal_is_passed_on(self) -> None:
        self.glance.status = '404 Not Found'
        self.glance.body = b'No image found'
        self.process.get.return_value = doubles.record()
        self.assertEqual(
            b'No image found', self.request('GET', f'{PATH}/progress')
        )
        status, headers = self.responses[-1]
        self.assertEqual('404 Not Found', status)
        self.assertEqual({'Content-Type': 'text/glance'}, headers)

    def test_what_is_no_image_is_passed_on(self) -> None:
        for body in (b'', b'<html>', b'[]', b'{}', b'{"status": 7}'):
            with self.subTest(body):
                self.glance.body = body
                self.assertEqual(body, self.request('GET', f'{PATH}/progress'))

    def test_other_methods(self) -> None:
        for method in ('PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'):
            with self.subTest(method):
                body = self.request(method, f'{PATH}/progress')
                self.assertEqual(b'', body)
                status, headers = self.responses[-1]
                self.assertEqual('405 Method Not Allowed', status)
                self.assertEqual('GET', headers['Allow'])
        self.assertEqual([], self.glance.requests)

    def test_visible_to_owner(self) -> None:
        self.process.get.return_value = doubles.record()
        options = opts.Options(visible_to='owner')
        for context, is_seen in (
            (Context(), True),
            (Context(project_id='other'), False),
            (Context(project_id='other', is_admin=True), True),
            (None, False),
        ):
            with self.subTest(context):
                attrs = {'webob.adhoc_attrs': {'context': context}}
                shown = json.loads(
                    self.request(
                        'GET',
                        f'{PATH}/progress',
                        options=options,
                        environ=attrs,
                    )
                )
                self.assertEqual(is_seen, shown['phase'] is not None)

    def test_image_without_owner(self) -> None:
        self.process.get.return_value = doubles.record()
        self.show(status='saving', owner=None)
        shown = json.loads(
            self.request(
                'GET',
                f'{PATH}/progress',
                options=opts.Options(visible_to='owner'),
                environ={
                    'webob.adhoc_attrs': {'context': Context(project_id=None)}
                },
            )
        )
        self.assertIsNone(shown['phase'])


class FactoryTest(unittest.TestCase):
    def setUp(self) -> None:
        conf = mock.patch.object(cfg, 'CONF', cfg.ConfigOpts())
        conf.start()
        self.addCleanup(conf.stop)
        cfg.CONF([], default_config_files=[])

    def test_filter_without_memcached_says_so(self) -> None:
        with self.assertLogs('glance_upload_progress', 'WARNING') as logs:
            add_filter = _filter.filter_factory({})
        self.assertIn('memcache_servers', logs.output[0])
        self.assertIsInstance(add_filter(Glance()), _filter.UploadProgress)

    def test_filter_with_memcached(self) -> None:
        with self.assertNoLogs('glance_upload_progress'):
            _filter.filter_factory({}, memcache_servers='192.0.2.1:11211')

    def test_certificates_that_are_not_there(self) -> None:
        with self.assertRaises(OSError):
            _filter.filter_factory(
                {},
                memcache_servers='192.0.2.1:11211',
                tls_enabled='true',
                tls_cafile='/nowhere',
            )
