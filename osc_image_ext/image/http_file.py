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
"""Data of a web server as a file that is read while it is fetched."""

import logging
import re

import requests

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import block_file
from osc_image_ext.image import web as _web

LOG = logging.getLogger(__name__)

# Enough for full speed; more would let a slow transfer look stalled.
_READ_SIZE = 256 * 1024

_CONTENT_RANGE = re.compile(r'bytes (\d+)-(\d+)/(\d+|\*)')


class HttpFile(block_file.BlockFile):
    """Data of a web server that is read as it comes.

    If it breaks off, it is resumed where the server identifies the data with
    an ETag or a date (RFC 9110, section 13.1.5). It can be rewound, and is
    then fetched again.

    :param web: the session; the caller closes it.
    :param url: http or https.
    :param name: for errors, printable and without credentials.
    :raises SourceError: if the server does not send the data.
    """

    def __init__(self, web: _web.Session, url: str, name: str) -> None:
        super().__init__()
        self._response: requests.Response | None = None
        self._web = web
        self._name = name
        self._request = web.prepare(url, name)
        self._failures = 0
        response = self._start(retry.PROBE.delays)
        #: bytes, None if the server does not report them
        self.size = _length(response)
        #: whether its end can be told from that of a broken connection
        self.delimited = self.size is not None or (
            response.headers.get('Transfer-Encoding', '').lower() == 'chunked'
        )
        #: whether the server says that it is a web page
        self.is_page = 'html' in response.headers.get('Content-Type', '')

    def _start(self, delays: tuple[float, ...]) -> requests.Response:
        """Request the data from its beginning."""
        self._position = 0
        response = self._web.send(self._request, self._name, delays)
        _web.require_status(response, 200, self._name)
        # Of the server that it was redirected to: another one may have
        # another file. It has the credentials that are for that server.
        self._final_request = response.request
        self._validator = _validator(response)
        self._response = response
        return response

    def read_block(self, length: int) -> bytes:
        """Return the next bytes.

        :raises SourceInterrupted: if the data broke off, and cannot be
            resumed.
        :raises SourceError: if it is not tried any more.
        """
        while (block := self._try_read(min(length, _READ_SIZE))) is None:
            pass
        return block

    def _try_read(self, length: int) -> bytes | None:
        """Return the next bytes, empty at the end; None if it broke off."""
        response = self._response or self._restart()
        try:
            block: bytes = response.raw.read(length, decode_content=False)
        except _web.READ_ERRORS as error:
            self._recover(error)
            return None
        if block:
            self._failures = 0
        return block

    def _restart(self) -> requests.Response:
        response = self._start(retry.FETCH.delays)
        if _length(response) != self.size:
            raise exceptions.SourceError(
                _('The size of %(name)s changed while it was fetched.')
                % {'name': self._name}
            )
        return response

    def _recover(self, error: Exception) -> None:
        """Continue, or start again if nothing has been read yet."""
        self._close_response()
        problem = ngettext(
            'Fetching %(name)s broke off after %(count)d byte: %(reason)s.',
            'Fetching %(name)s broke off after %(count)d bytes: %(reason)s.',
            self._position,
        ) % {
            'name': self._name,
            'count': self._position,
            'reason': _web.describe(error),
        }
        if self._position and not self._validator:
            raise exceptions.SourceInterrupted(problem) from error
        if self._failures == len(retry.FETCH.delays):
            raise exceptions.SourceError(problem) from error
        LOG.warning(_('%(problem)s Resuming.'), {'problem': problem})
        self._web.sleep(retry.FETCH.delays[self._failures])
        self._failures += 1
        if self._position:
            self._response = self._resume()
            if not self._response:
                raise exceptions.SourceInterrupted(problem) from error

    def _resume(self) -> requests.Response | None:
        """Request the rest; return None if the server sends another thing."""
        request = self._final_request.copy()
        request.headers['Range'] = f'bytes={self._position}-'
        request.headers['If-Range'] = self._validator
        response = self._web.send(request, self._name, retry.FETCH.delays)
        if self._continues(response):
            return response
        response.close()
        return None

    def _continues(self, response: requests.Response) -> bool:
        """Return whether a response has the rest of the same data."""
        match = _CONTENT_RANGE.fullmatch(
            response.headers.get('Content-Range', '')
        )
        if response.status_code != 206 or not match:
            return False
        first, last = int(match[1]), int(match[2])
        total = last + 1 if match[3] == '*' else int(match[3])
        same = self._validator in (
            response.headers.get('ETag', self._validator),
            response.headers.get('Last-Modified'),
        )
        return (
            same
            and first == self._position
            and last + 1 == total
            and self.size in (None, total)
        )

    def rewind(self) -> None:
        self._close_response()

    def close(self) -> None:
        self._close_response()
        super().close()

    def _close_response(self) -> None:
        if self._response:
            self._response.close()
        self._response = None


def _length(response: requests.Response) -> int | None:
    length: int | None = response.raw.length_remaining
    return length


def _validator(response: requests.Response) -> str:
    """Return what identifies the data for If-Range, empty if nothing does."""
    headers = response.headers
    if headers.get('Accept-Ranges', '').lower() == 'none':
        return ''
    etag = headers.get('ETag', '')
    if etag and not etag.startswith('W/'):
        return etag
    return headers.get('Last-Modified', '')
