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

"""The data of an image as a file that is read while it is downloaded."""

from collections.abc import Callable, Iterator
import time

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.image import block_file
from osc_image_ext.image import download as _download


class ImageFile(block_file.BlockFile):
    """The data of an image, to be read from its beginning to its end.

    It can be rewound, and is then downloaded again. If the connection is lost
    the download is resumed: see :class:`download.Download`.

    :param proxy: the SDK's image proxy of the cloud that has the image.
    :param image: its record, with ID, status and size.
    :param on_read: called before each read; what it raises ends the transfer.
    """

    def __init__(
        self,
        proxy: _proxy.Proxy,
        image: _image.Image,
        sleep: retry.Sleep = time.sleep,
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._proxy = proxy
        self._image = image
        self._sleep = sleep
        self._on_read = on_read
        self._download: _download.Download | None = None
        self._blocks: Iterator[bytes] = iter(())
        self._rest = memoryview(b'')

    def open(self) -> None:
        """Request the data, unless that was done already.

        :raises SourceError: if there is none, or it cannot be downloaded.
        """
        if self._download:
            return
        self._download = _download.Download(
            self._proxy, self._image, sleep=self._sleep
        )
        try:
            self._download.open()
        except Exception as error:
            raise _source_error(error) from error
        self._blocks = self._download.read_blocks()

    def read_block(self, length: int) -> memoryview:
        """Return the next bytes.

        :raises SourceError: whatever is wrong: an error of the connection
            would be taken for one of the connection that the data goes to.
        """
        self._on_read()
        self.open()
        try:
            self._rest = self._rest or memoryview(next(self._blocks, b''))
        except Exception as error:
            raise _source_error(error) from error
        block, self._rest = self._rest[:length], self._rest[length:]
        return block

    def rewind(self) -> None:
        if self.tell():
            self._close_download()
        self._rest = memoryview(b'')

    def close(self) -> None:
        self._close_download()
        super().close()

    def _close_download(self) -> None:
        if self._download:
            self._download.close()
        self._download = None


def _source_error(error: Exception) -> exceptions.SourceError:
    return exceptions.SourceError(api_errors.describe(error))
