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

"""Downloads the data of an image, however often the connection is lost.

Whatever needs the data of an image reads it here: ``image save``, ``image
verify``, and what may copy images between clouds. :class:`Download` yields the
data in order, each byte once, and ends only when it has yielded all of it. It
knows neither files nor digests.
"""

from collections.abc import Generator, Sequence
import logging
import time
from typing import Any
import urllib.parse

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
import requests
import urllib3

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import data_request
from osc_image_ext.image import data_response
from osc_image_ext.image import streams

LOG = logging.getLogger(__name__)


class Download:
    """The data of one image, from a position to its end.

    :meth:`open` asks for the data and checks the response: until it returns
    nothing need be created for the data. :meth:`read_blocks` then yields the
    data. If the connection is lost, or nothing arrives for a while, the rest
    is asked for; a store that cannot send a part is asked for all of it, and
    what was yielded before is discarded. The data of an image never changes
    under one ID.

    The caller closes it, and compares a digest.

    :param proxy: the SDK's image proxy, which checks responses.
    :param image: its record, with ID, status and size.
    :param listener: gets the position after each block has been used, and a
        smaller one while a store sends again what was yielded before.
    :param stores: IDs of stores, the preferred one first.
    :param block_size: largest number of bytes in a block.
    """

    def __init__(
        self,
        proxy: _proxy.Proxy,
        image: _image.Image,
        listener: _listener.ProgressListener = _listener.NULL,
        *,
        stores: Sequence[str] = (),
        block_size: int = streams.BLOCK_SIZE,
        sleep: retry.Sleep = time.sleep,
    ) -> None:
        self._proxy = proxy
        self._image = image
        self._listener = listener
        self._sleep = sleep
        self._block_size = block_size
        self._url = f'/images/{image.id}/file'
        if stores:
            names = ','.join(urllib.parse.quote(name) for name in stores)
            self._url += f'?prefer={names}'
        self._response: requests.Response | None = None
        # Position of the next byte of the response, and of the next one that
        # was not yielded yet.
        self._received = 0
        self.position = 0
        #: bytes of the whole image; those of the record, or of the response
        self.size: int = image.size or 0
        #: whether the data came in more than one response
        self.resumed = False
        #: hexadecimal MD5 of the image as the response has it, if it does
        self.content_md5: str | None = None
        self._has_ranges = True
        self._failures = 0

    def open(self, position: int = 0) -> None:
        """Ask for the data, by the policy DOWNLOAD.

        :param position: of the first byte to yield.
        :raises osc_image_ext.exceptions.Error: if the image has no data, or
            the server rejects the request or sends something else.
        :raises keystoneauth1.exceptions.ClientException: if the server cannot
            be reached.
        """
        self.position = position
        self.resumed |= position > 0
        self._failures = 0
        self._connect()

    def read_blocks(self) -> Generator[bytes, None, None]:
        """Yield the data from the position on, in blocks that are not empty.

        :raises: see :meth:`open`.
        """
        while True:
            try:
                while block := self._read_block():
                    yield block
                    self.position += len(block)
                    self._failures = 0
                    self._listener.moved(self.position)
                return
            except data_request.LostConnection as error:
                self._wait_after(error)
                self._connect()

    def close(self) -> None:
        """Close the connection if the data was not read to its end."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def _connect(self) -> None:
        """Get a response that has the data."""
        while True:
            self.close()
            try:
                self._response = self._request()
            except data_request.LostConnection as error:
                self._wait_after(error)
            else:
                return

    def _wait_after(self, error: data_request.LostConnection) -> None:
        """Wait before the next attempt.

        :raises TransferError: if there were enough.
        """
        self.close()
        words = _('The download of image %(id)s was interrupted: %(reason)s.')
        text = words % {'id': self._image.id, 'reason': error}
        if self._failures == len(retry.DOWNLOAD.delays):
            raise exceptions.TransferError(text) from error
        if self.position:
            LOG.warning(
                _('%(problem)s Resuming at byte %(position)d.'),
                {'problem': text, 'position': self.position},
            )
        else:
            LOG.warning(_('%(problem)s Retrying.'), {'problem': text})
        self._sleep(retry.DOWNLOAD.delays[self._failures])
        self._failures += 1
        self.resumed |= self.position > 0

    def _request(self) -> requests.Response:
        """Ask for the rest, or for all data if a part cannot be had."""
        response = None
        start = self.position if self._has_ranges else 0
        if start:
            response = self._get(start)
            if data_response.refuses_range(response, start):
                response.close()
                response = None
        if response is None:
            start = 0
            response = self._get()
        try:
            self._received = data_response.check(response, self._image, start)
            if self._image.size is None:
                self.size = self._require_length(response)
        except BaseException:
            response.close()
            raise
        if self.position and not self._received and self._has_ranges:
            self._has_ranges = False
            LOG.warning(
                _(
                    'The store of image %(id)s cannot send a part of the '
                    'data. Downloading again from the beginning.'
                ),
                {'id': self._image.id},
            )
        self.content_md5 = response.headers.get('Content-MD5')
        data_request.limit_silence(self._proxy, response)
        return response

    def _get(self, start: int = 0) -> requests.Response:
        return data_request.get(self._proxy, self._url, start)

    def _require_length(self, response: requests.Response) -> int:
        """Return the size of the image, which its record does not have."""
        size = data_response.parse_length(response, self._received)
        if size is None:
            raise exceptions.TransferError(
                _('The server does not report the size of image %(id)s.')
                % {'id': self._image.id}
            )
        return size

    def _read_block(self) -> bytes:
        """Return the next block that was not yielded before, b'' at the end.

        :raises data_request.LostConnection: if the data ends before.
        """
        while self.position != self.size:
            block = self._receive()
            start, self._received = self._received, self._received + len(block)
            if self._received > self.position:
                return block[max(0, self.position - start) :]
            self._listener.moved(self._received)
        return b''

    def _receive(self) -> bytes:
        raw: Any = self._response and self._response.raw
        try:
            # What has arrived: read() would wait for a whole block, and lose
            # it if the connection is lost.
            block: bytes = raw.read1(self._block_size, decode_content=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise data_request.LostConnection(
                data_request.describe(error)
            ) from error
        if not block:
            raise data_request.LostConnection(_('the data ended early'))
        if self._received + len(block) > self.size:
            raise exceptions.TransferError(
                ngettext(
                    'The server sends more than the %(size)d byte of image '
                    '%(id)s.',
                    'The server sends more than the %(size)d bytes of image '
                    '%(id)s.',
                    self.size,
                )
                % {'size': self.size, 'id': self._image.id}
            )
        return block
