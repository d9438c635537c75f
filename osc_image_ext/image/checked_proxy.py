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

"""One place that checks every response of Glance.

The SDK takes any response below 400 for a success, and any 404 for the
absence of an image. A login page, a proxy or cut JSON would be believed.
"""

import re
from typing import Any
import urllib.parse

from openstack.image.v2 import _proxy
import requests

from osc_image_ext import responses
from osc_image_ext.image import progress_report

# Seconds for a response, unless the cloud has an api_timeout: Glance answers
# image data when it is stored.
_TIMEOUT = 60.0
_DATA_TIMEOUT = 600.0
# Seconds to connect, and until the first byte of an image: Cinder attaches a
# volume before it.
_DOWNLOAD_TIMEOUT = (60.0, 300.0)

_IMAGE_DATA = 'application/octet-stream'

# Method and path -> the status of a success without JSON.
_NO_CONTENT = (
    ('PUT', r'images/[^/]+/(file|stage)', 204),
    ('DELETE', r'images/[^/]+', 204),
    ('POST', r'images/[^/]+/import', 202),
)
# Method and path -> the keys of the JSON object.
_KEYS = (
    ('GET', r'images', ('images',)),
    ('GET', r'(images/[^/]+/)?tasks', ('tasks',)),
    ('GET', r'images/[^/]+/progress', progress_report.KEYS),
    ('GET', r'info/import', ('import-methods',)),
    ('GET', r'info/stores', ('stores',)),
    ('GET', r'(images|tasks)/[^/]+', ('id', 'status')),
    ('POST', r'(images|tasks)', ('id', 'status')),
    ('PATCH', r'images/[^/]+', ('id', 'status')),
)


def check_responses(proxy: _proxy.Proxy) -> None:
    """Make the requests of a proxy fail if the response is not Glance's.

    They also get a timeout, which the SDK does not set by default.

    :param proxy: the SDK's image proxy; its requests then raise
        :class:`osc_image_ext.exceptions.UnexpectedResponse`, too.
    """
    if 'request' in vars(proxy):
        return
    send = proxy.request

    def request(
        url: str, method: str, *args: Any, **kwargs: Any
    ) -> requests.Response:
        if getattr(proxy.session, 'timeout', None) is None:
            kwargs.setdefault('timeout', _select_timeout(kwargs))
        response = send(url, method, *args, **kwargs)
        if kwargs.get('stream') and not is_image_data(response):
            responses.limit_body(response)
        check(method, url, response)
        return response

    proxy.request = request  # type: ignore[method-assign]


def _select_timeout(kwargs: dict[str, Any]) -> float | tuple[float, float]:
    if kwargs.get('stream'):
        return _DOWNLOAD_TIMEOUT
    return _DATA_TIMEOUT if 'data' in kwargs else _TIMEOUT


def is_image_data(response: requests.Response) -> bool:
    """Return whether a response has the status and type of image data."""
    content_type = response.headers.get('Content-Type', '')
    return response.status_code in (200, 206) and (
        content_type.partition(';')[0].strip().lower() == _IMAGE_DATA
    )


def check(method: str, url: str, response: requests.Response) -> None:
    """Check that a response to one of our requests may be Glance's.

    In the interactive mode core's commands use the proxy, too: what they
    request beyond that is not checked.

    :param url: what was requested; the response may be that of another URL,
        after a redirection.
    :raises UnexpectedResponse: if it is not.
    """
    status = response.status_code
    if status == 404 and not responses.is_from_service(response):
        raise responses.unexpected(response)
    if status >= 400:
        return
    path = urllib.parse.urlsplit(url).path.strip('/')
    # Without what identifies the endpoint, such as /image/v2.
    path = re.sub(r'^(.*/)?v2(\.\d+)?/', '', path)
    for verb, pattern, expected in _NO_CONTENT:
        if verb == method and re.fullmatch(pattern, path):
            if status != expected or response.history:
                raise responses.unexpected(response)
            return
    for verb, pattern, keys in _KEYS:
        if verb == method and re.fullmatch(pattern, path):
            if not 200 <= status < 300:
                raise responses.unexpected(response)
            responses.parse_json(response, *keys)
            return
