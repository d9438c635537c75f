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

"""Whether a response is Nova's, and holds what a request has set.

A login page, a proxy's own page and a redirection are not believed: neither
that a server was changed, nor that it does not exist.
"""

from collections.abc import Mapping
from typing import Any

import requests

from osc_image_ext import exceptions
from osc_image_ext import responses

# What Nova's API reference names as the success of a request.
_WITH_BODY = (200,)
_WITHOUT_BODY: Mapping[str, tuple[int, ...]] = {
    'GET': _WITH_BODY,
    'PUT': (201, 204),
    'DELETE': (204,),
}


def check_response(
    response: requests.Response, method: str, body: Mapping[str, Any] | None
) -> None:
    """Check that a response is one of Nova's.

    A success has one of the statuses that Nova uses, and holds the values
    that the request set. A 404 is in Nova's own form. Any other error is one,
    whoever reports it.

    :param body: the JSON that was sent, if any.
    :raises UnexpectedResponse: if the response is something else.
    """
    status = response.status_code
    if status >= 400:
        is_expected = status != 404 or is_not_found(response)
    else:
        expected = _WITHOUT_BODY[method] if body is None else _WITH_BODY
        is_expected = status in expected
    if is_expected and status == 200:
        is_expected = _holds(responses.parse_json(response), body or {})
    if not is_expected:
        raise responses.unexpected(response)


def is_not_found(response: requests.Response) -> bool:
    """Return whether Nova itself reports that something does not exist."""
    if response.status_code != 404:
        return False
    try:
        return bool(responses.parse_json(response, 'itemNotFound'))
    except exceptions.UnexpectedResponse:
        return False


def _holds(received: Any, sent: Any) -> bool:
    """Return whether JSON has the values of other JSON, among others."""
    if isinstance(sent, Mapping):
        return isinstance(received, Mapping) and all(
            key in received and _holds(received[key], value)
            for key, value in sent.items()
        )
    if isinstance(sent, list):  # tags, which have no order
        return (
            isinstance(received, list)
            and len(received) == len(sent)
            and all(item in received for item in sent)
        )
    return bool(received == sent)
