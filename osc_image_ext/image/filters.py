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

from osc_image_ext.image import block_file
from osc_image_ext.image import streams


class Filter(block_file.BlockFile):
    """What is read from another file, changed or checked on the way.

    It can be rewound to its beginning if that file can. It does not close it.

    :param file: at the first byte to read.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__()
        self.file = file
        self._start = file.tell() if file.seekable() else 0
        self.restart()

    def restart(self) -> None:
        """Begin again; the file is at its first byte."""

    def seekable(self) -> bool:
        return self.file.seekable()

    def rewind(self) -> None:
        self.file.seek(self._start)
        self.restart()


def buffered(raw: io.RawIOBase) -> io.BufferedReader:
    """Return a file that hands out blocks, and can be looked ahead in."""
    return io.BufferedReader(raw, streams.BLOCK_SIZE)
