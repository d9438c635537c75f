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

"""Checks the response to a request for image data, before it is used."""

import re

from openstack.image.v2 import image as _image
import requests

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import responses
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import checked_proxy

# What stores answer that cannot send a part of the data (rbd, Swift, S3). A
# store may have lost the data (204) that Glance's cache has, as a whole.
_NO_RANGE = (204, 400, 416)


def refuses_range(response: requests.Response, position: int) -> bool:
    """Return whether a response says that only all data can be had.

    :param position: the first byte that was asked for.
    """
    if response.status_code == 206:
        return _parse_start(response) != position
    return response.status_code in _NO_RANGE


def check(
    response: requests.Response, image: _image.Image, position: int
) -> int:
    """Check that a response has the data of an image.

    :param position: the first byte that was asked for; without a range, 0.
    :returns: position of the first byte that the response has.
    :raises NoDataError: if the image has none.
    :raises TransferError: if the server rejected the request.
    :raises UnexpectedResponse: if the response is something else.
    """
    if response.status_code == 204:
        raise exceptions.NoDataError(image.id, image.status)
    if response.status_code >= 400:
        raise _rejection(response, image)
    if not checked_proxy.is_image_data(response):
        raise responses.unexpected(response)
    encoding = response.headers.get('Content-Encoding', 'identity')
    if encoding.lower() != 'identity':
        raise exceptions.TransferError(
            _(
                'The server sends image %(id)s in the encoding %(encoding)s, '
                'which was not asked for. Report this to its administrator.'
            )
            % {'id': image.id, 'encoding': text.printable(encoding)}
        )
    start = 0
    if response.status_code == 206:
        if _parse_start(response) != position:
            raise responses.unexpected(response)
        start = position
    _check_size(response, image, start)
    return start


def _check_size(
    response: requests.Response, image: _image.Image, start: int
) -> None:
    """Compare the length of the body, and the total of a range."""
    announced = [parse_length(response, start)]
    if response.status_code == 206:
        announced.append(_parse_total(response))
    for size in announced:
        if size is not None and image.size is not None and size != image.size:
            raise exceptions.TransferError(
                ngettext(
                    'The server sends %(actual)d byte as image %(id)s, whose '
                    'size is %(size)d.',
                    'The server sends %(actual)d bytes as image %(id)s, whose '
                    'size is %(size)d.',
                    size,
                )
                % {'actual': size, 'id': image.id, 'size': image.size}
            )


def parse_length(response: requests.Response, start: int = 0) -> int | None:
    """Return the size of the image that the length of a body tells.

    :param start: position of its first byte.
    :returns: None if the server does not announce a length.
    """
    length = response.headers.get('Content-Length', '')
    return start + int(length) if length.isdecimal() else None


def _parse_start(response: requests.Response) -> int | None:
    match = _match_range(response)
    return int(match['start']) if match else None


def _parse_total(response: requests.Response) -> int | None:
    match = _match_range(response)
    if match is None or match['total'] == '*':
        return None
    return int(match['total'])


def _match_range(response: requests.Response) -> re.Match[str] | None:
    value = response.headers.get('Content-Range', '')
    return re.fullmatch(
        r'\s*bytes\s+(?P<start>\d+)-\d+/(?P<total>\d+|\*)\s*', value
    )


def _rejection(
    response: requests.Response, image: _image.Image
) -> exceptions.TransferError:
    failure = exceptions.TransferError(
        _('The server rejected the download of image %(id)s: %(response)s')
        % {'id': image.id, 'response': api_errors.response_error(response)}
    )
    if response.status_code == 403:
        failure.add_note(
            _(
                'The image is deactivated. An administrator can reactivate '
                'it with "openstack image set --activate %(id)s".'
            )
            % {'id': image.id}
            if image.status == 'deactivated'
            else _(
                'This requires the Glance policy download_image, which by '
                'default allows members, but not readers, of a project.'
            )
        )
    return failure
