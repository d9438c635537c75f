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

"""Whether a response is what was asked for, or that of something else.

A login page, a proxy's own page, and JSON that was cut off arrive with the
status of a success. None of them is believed.
"""

from typing import Any

import requests
import urllib3

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.i18n import _

_REQUEST_ID = 'X-Openstack-Request-Id'

# More than any error of a service.
_MAX_BODY = 16 * 1024

# Enough of a page to recognize it.
_EXCERPT_LENGTH = 100


def parse_json(response: requests.Response, *keys: str) -> dict[str, Any]:
    """Return the JSON object of a response.

    :param keys: those that the object must have.
    :raises UnexpectedResponse: if it is no JSON object with these keys.
    """
    value = _load(response)
    if value is None or any(key not in value for key in keys):
        raise unexpected(response)
    return value


def is_from_service(response: requests.Response) -> bool:
    """Return whether an error is that of a service, and not of a proxy.

    Services send their errors as JSON, or with the ID of the request.
    """
    return _REQUEST_ID in response.headers or _load(response) is not None


def _load(response: requests.Response) -> dict[str, Any] | None:
    content_type = response.headers.get('Content-Type', '')
    if 'json' not in content_type.lower():
        return None
    try:
        value = response.json()
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def limit_body(response: requests.Response) -> None:
    """Read no more of a streamed body than a message needs, and close it.

    What would read the body to its end, such as ``response.text``, then has
    this beginning of it: an error page may be endless.
    """
    if response._content is not False:  # not streamed, or read already
        return
    try:
        body = response.raw.read(_MAX_BODY, decode_content=True)
    except (OSError, urllib3.exceptions.HTTPError):
        body = b''
    response.close()
    # requests has no public way to set it.
    response._content = body
    response._content_consumed = True


def unexpected(response: requests.Response) -> exceptions.UnexpectedResponse:
    """Return the error for a response that is not what was asked for."""
    excerpt = api_errors.response_error(response)
    if len(excerpt) > _EXCERPT_LENGTH:
        excerpt = f'{excerpt[:_EXCERPT_LENGTH]}...'
    request = (response.history or [response])[0].request
    return exceptions.UnexpectedResponse(
        # Translators: %(type)s is the content type of the response.
        _('Unexpected response to %(method)s %(url)s (%(type)s): %(response)s')
        % {
            'method': request.method,
            'url': api_errors.safe_url(request.url or response.url),
            'type': response.headers.get('Content-Type') or _('no type'),
            'response': excerpt,
        }
    )
