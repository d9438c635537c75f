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

"""Files that are read from other files, checked or changed on the way."""

import io
from typing import Any

from osc_image_ext.image import streams


class Filter(io.RawIOBase):
    """What is read from another file, changed or checked on the way.

    It can be rewound to its beginning if that file can. It does not close it.

    :param file: at the first byte to read.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__()
        self.file = file
        self._start = file.tell() if file.seekable() else 0
        self._position = 0
        self.restart()

    def restart(self) -> None:
        """Begin again; the file is at its first byte."""

    def read_block(self, length: int) -> bytes:
        """Return the next bytes, up to a length; empty at the end."""
        raise NotImplementedError

    def readinto(self, buffer: Any) -> int:
        block = self.read_block(len(buffer))
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self.file.seekable()

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation('seek')
        self.file.seek(self._start)
        self._position = 0
        self.restart()
        return 0


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """Return a file that hands out blocks, and can be looked ahead in."""
    return io.BufferedReader(raw, streams.BLOCK_SIZE)
