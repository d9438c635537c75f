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

"""The WSGI filter: counts uploads, and answers questions about them."""

from collections.abc import Callable, Iterable, Mapping
import json
import re
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from glance_upload_progress import body
from glance_upload_progress import codec
from glance_upload_progress import directories
from glance_upload_progress import document
from glance_upload_progress import image_api
from glance_upload_progress import imports
from glance_upload_progress import memcached
from glance_upload_progress import opts
from glance_upload_progress import process
from glance_upload_progress import records
from glance_upload_progress import uploads

LOG = logging.getLogger(__name__)

_UUID = '-'.join(f'[0-9A-Fa-f]{{{count}}}' for count in (8, 4, 4, 4, 12))
_PATH = re.compile(
    rf'(?P<image>/v2/images/(?P<id>{_UUID}))/'
    r'(?P<action>file|stage|import|progress)'
)
# Bytes of a request for an import that are looked at.
_MAX_REQUEST = 64 * 1024

_Environ = dict[str, Any]
_StartResponse = Callable[..., Callable[[bytes], object]]


class UploadProgress:
    """A WSGI application that passes requests on to another one."""

    def __init__(
        self,
        application: image_api.Application,
        options: opts.Options,
        conf: cfg.ConfigOpts,
        create: Callable[[], process.Process],
    ) -> None:
        """Start nothing yet.

        :param conf: Glance's configuration
        :param create: called once in each process
        """
        self._application = application
        self._options = options
        self._conf = conf
        self._processes = process.Processes(create)

    def __call__(
        self, environ: _Environ, start_response: _StartResponse
    ) -> Iterable[bytes]:
        """Handle a request."""
        match = _PATH.fullmatch(environ.get('PATH_INFO', ''))
        if match is None:
            return self._application(environ, start_response)
        image_id = match['id'].lower()
        if match['action'] == 'progress':
            return self._show(
                environ, start_response, match['image'], image_id
            )
        request = environ['REQUEST_METHOD'], match['action']
        if request == ('PUT', 'file'):
            phase = records.Phase.UPLOAD
        elif request == ('PUT', 'stage'):
            phase = records.Phase.STAGE
        elif request == ('POST', 'import'):
            return self._import(environ, start_response, image_id)
        else:
            return self._application(environ, start_response)
        return self._upload(environ, start_response, image_id, phase)

    def _upload(
        self,
        environ: _Environ,
        start_response: _StartResponse,
        image_id: str,
        phase: records.Phase,
    ) -> Iterable[bytes]:
        """Pass on a request with image data, and count that."""
        total, length = uploads.announced_sizes(environ)
        upload = uploads.Upload(
            image_id,
            phase,
            total,
            length,
            codec.clean_attempt(image_api.request_id(environ)),
            lambda started: self._processes.current().add(started),
        )
        body.install(environ, upload)
        finish = _report_status(start_response, upload.finish)
        try:
            return self._application(environ, finish)
        except BaseException:
            upload.finish(None)
            raise

    def _import(
        self,
        environ: _Environ,
        start_response: _StartResponse,
        image_id: str,
    ) -> Iterable[bytes]:
        """Pass on a request for an import, and watch that if it begins."""
        request = body.CapturingReader(environ['wsgi.input'], _MAX_REQUEST)
        environ['wsgi.input'] = request

        def watch(status_code: int) -> None:
            if status_code == 202:
                self._watch(environ, image_id, request.captured)

        return self._application(
            environ, _report_status(start_response, watch)
        )

    def _watch(self, environ: _Environ, image_id: str, request: bytes) -> None:
        default = directories.default_store(self._conf)
        started = imports.Import(
            image_id,
            codec.clean_attempt(image_api.request_id(environ)),
            imports.parse_targets(request, environ, default),
            directories.find(self._conf),
        )
        self._processes.current().add(started)

    def _show(
        self,
        environ: _Environ,
        start_response: _StartResponse,
        path: str,
        image_id: str,
    ) -> Iterable[bytes]:
        """Return the progress of an image, if the user can see the image."""
        if environ['REQUEST_METHOD'] != 'GET':
            headers = [('Allow', 'GET'), ('Content-Length', '0')]
            start_response('405 Method Not Allowed', headers)
            return []
        # Before the image: see document.py.
        record = self._processes.current().get(image_id)
        response = image_api.get_image(self._application, environ, path)
        image = image_api.parse_image(response) if response.is_ok else None
        if image is None:
            start_response(response.status, response.headers)
            return [response.body]
        if not self._is_visible(environ, image):
            record = None
        shown = json.dumps(document.build(image, record)).encode()
        headers = [
            ('Content-Type', 'application/json'),
            ('Content-Length', str(len(shown))),
            ('Cache-Control', 'no-store'),
        ]
        start_response('200 OK', headers)
        return [shown]

    def _is_visible(self, environ: _Environ, image: Mapping[str, Any]) -> bool:
        if self._options.visible_to == 'get_image':
            return True
        return image_api.is_of_owner(environ, image)


def filter_factory(
    global_conf: Mapping[str, str], **local_conf: str
) -> Callable[[image_api.Application], UploadProgress]:
    """Return what adds the filter to an application, for PasteDeploy.

    :param global_conf: unused
    :param local_conf: options, which take precedence over Glance's
        configuration
    :raises ValueError: if an option is unknown or has no valid value
    :raises OSError: if there are certificates that cannot be read
    """
    options = opts.load(cfg.CONF, local_conf)
    create = _process_factory(options)

    def add_filter(application: image_api.Application) -> UploadProgress:
        return UploadProgress(application, options, cfg.CONF, create)

    return add_filter


def _process_factory(options: opts.Options) -> Callable[[], process.Process]:
    if not options.memcache_servers:
        LOG.warning(
            'No memcache_servers are configured in the group %(group)s: each '
            'process reports only the uploads that it receives itself.',
            {'group': opts.GROUP},
        )
        return lambda: process.Process(None, options.running_ttl)
    context = memcached.tls_context(options)
    return lambda: process.Process(
        memcached.Memcached(options, context), options.running_ttl
    )


def _report_status(
    start_response: _StartResponse, report: Callable[[int], None]
) -> _StartResponse:
    """Return start_response with a function that receives the status."""

    def start(status: str, *args: Any, **kwargs: Any) -> Any:
        try:
            report(int(status[:3]))
        except Exception:
            # The request is more important than its progress.
            LOG.exception('The progress of a request cannot be reported.')
        return start_response(status, *args, **kwargs)

    return start
