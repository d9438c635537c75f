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

"""Files that are read in blocks, and can only be rewound."""

import io
from typing import Any


class BlockFile(io.RawIOBase):
    """A raw file that is read from its beginning to its end, again and again.

    What derives from it has the data.
    """

    def __init__(self) -> None:
        super().__init__()
        self._position = 0

    def read_block(self, length: int) -> bytes | memoryview:
        """Return the next bytes, up to a length; empty at the end."""
        raise NotImplementedError

    def rewind(self) -> None:
        """Begin again; :meth:`tell` still returns the old position."""
        raise NotImplementedError

    def readinto(self, buffer: Any) -> int:
        block = self.read_block(len(buffer))
        buffer[: len(block)] = block
        self._position += len(block)
        return len(block)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if (offset, whence) != (0, io.SEEK_SET):
            raise io.UnsupportedOperation('seek')
        self.rewind()
        self._position = 0
        return 0
