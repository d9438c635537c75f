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
"""A source that is compared with a published checksum while it is read."""

from collections.abc import Iterator
import contextlib
import dataclasses
import io

from osc_image_ext import exceptions
from osc_image_ext.image import checksums
from osc_image_ext.image import digest
from osc_image_ext.image import filters
from osc_image_ext.image import source as _source


class CheckedFile(filters.Filter):
    """A file whose end is an error unless its data has a checksum.

    :param name: of the file, for the error, printable.
    :param digests: of the checksum's algorithm; the caller closes them.
    """

    def __init__(
        self,
        file: io.BufferedReader,
        name: str,
        checksum: checksums.Checksum,
        digests: digest.Digests,
    ) -> None:
        self._name = name
        self._checksum = checksum
        self._digests = digests
        super().__init__(file)

    def restart(self) -> None:
        self._digests.restart()

    def read_block(self, length: int) -> bytes:
        """Return the next bytes, and hash them.

        :raises ChecksumError: instead of the end of wrong data.
        """
        block = self.file.read1(length)
        if block:
            self._digests.update(block)
        else:
            self._compare()
        return block

    def _compare(self) -> None:
        algorithm, expected = self._checksum.algorithm, self._checksum.value
        actual = self._digests.result()[algorithm]
        if actual != expected:
            raise exceptions.ChecksumError(
                self._name, algorithm, expected, actual
            )


@contextlib.contextmanager
def check(
    source: _source.Source, checksum: checksums.Checksum
) -> Iterator[_source.Source]:
    """Yield a source that fails at its end if it has another checksum.

    The caller closes the one that it is made of.
    """
    algorithm = checksum.algorithm
    with contextlib.closing(digest.Digests((algorithm,))) as digests:
        raw = CheckedFile(source.file, source.name, checksum, digests)
        yield dataclasses.replace(
            source,
            file=filters.buffered(raw),
            published={algorithm: checksum.value},
            checked_at_end=True,
        )
