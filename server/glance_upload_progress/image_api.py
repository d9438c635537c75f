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

"""Glance below the filter: what it returns to the user for an image."""

from collections.abc import Callable, Iterable, Mapping
import dataclasses
import io
import json
from typing import Any

Application = Callable[..., Iterable[bytes]]

# Parts of a request that belong to its method, its query or its body.
_NOT_FOR_GET = frozenset(
    {
        'CONTENT_LENGTH',
        'CONTENT_TYPE',
        'HTTP_CONTENT_RANGE',
        'HTTP_IF_MATCH',
        'HTTP_IF_MODIFIED_SINCE',
        'HTTP_IF_NONE_MATCH',
        'HTTP_RANGE',
        'HTTP_TRANSFER_ENCODING',
        'webob._body_file',
        'webob._parsed_query_vars',
        'webob.is_body_seekable',
        'wsgi.input_terminated',
        'wsgiorg.routing_args',
    }
)


@dataclasses.dataclass(frozen=True)
class Response:
    """What an application returned."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status.startswith('200 ')


def get_image(
    application: Application, environ: Mapping[str, Any], path: str
) -> Response:
    """Ask Glance for an image, on behalf of the user who sent a request.

    The user has been authenticated by the filters above. Glance applies its
    policies as if the user had asked.

    :param path: path of the image
    """
    asked = {
        name: value
        for name, value in environ.items()
        if name not in _NOT_FOR_GET
    }
    asked['REQUEST_METHOD'] = 'GET'
    asked['PATH_INFO'] = path
    asked['QUERY_STRING'] = ''
    asked['wsgi.input'] = io.BytesIO()
    # It has the context of the user. A request adds to it.
    asked['webob.adhoc_attrs'] = dict(environ.get('webob.adhoc_attrs') or {})
    return _call(application, asked)


def parse_image(response: Response) -> dict[str, Any] | None:
    """Return the image that a response shows, None if there is none."""
    try:
        image = json.loads(response.body)
    except ValueError:
        return None
    has_status = isinstance(image, dict) and isinstance(
        image.get('status'), str
    )
    return image if has_status else None


def request_id(environ: Mapping[str, Any]) -> object:
    """Return the ID that Glance logs for a request, None if unknown."""
    return getattr(_context(environ), 'request_id', None)


def is_of_owner(environ: Mapping[str, Any], image: Mapping[str, Any]) -> bool:
    """Return whether a request is one of an image's owner or administrator."""
    context = _context(environ)
    if getattr(context, 'is_admin', False):
        return True
    project = getattr(context, 'project_id', None)
    return project is not None and project == image.get('owner')


def _context(environ: Mapping[str, Any]) -> object:
    # Where the filter "context" leaves it, as an attribute of webob's request.
    return (environ.get('webob.adhoc_attrs') or {}).get('context')


def _call(application: Application, environ: dict[str, Any]) -> Response:
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: object = None,
    ) -> Callable[[bytes], None]:
        started[:] = [(status, headers)]
        return written.append

    parts = application(environ, start_response)
    try:
        written.extend(parts)
    finally:
        close = getattr(parts, 'close', None)
        if close is not None:
            close()
    [(status, headers)] = started
    return Response(status, headers, b''.join(written))
