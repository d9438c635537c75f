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
"""A source that is decompressed while it is sent."""

import dataclasses

from osc_image_ext import exceptions
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import compression
from osc_image_ext.image import filters
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams

#: the format that the first bytes of a source show, if any
AUTO = 'auto'


class DecompressedFile(filters.Filter):
    """A file that is decompressed while it is read.

    It may have several members, one after another. Anything else after one is
    an error, as is an end within one.

    :param source: the data, compressed; the caller closes it.
    :param format_name: one of :data:`compression.NAMES`, or ``auto``.
    """

    def __init__(self, source: _source.Source, format_name: str) -> None:
        self._name = source.name
        self._format_name = format_name
        super().__init__(source.file)

    def restart(self) -> None:
        #: bytes of the source that have been read
        self.bytes_read = 0
        #: the format; None until reading starts, and for plain data
        self.format: compression.Format | None = None
        self._decompressor: compression.Decompressor | None = None
        self._begun = False
        self._pending = b''
        self._is_first = True

    def read_block(self, length: int) -> bytes:
        """Return the next bytes, decompressed.

        :raises SourceError: if the data is damaged, or ends early.
        """
        if not self._begun:
            self._begin()
        if not (self.format and self._decompressor):
            return self._read(length)
        while True:
            if block := self._decompress(self._decompressor, length):
                return block
            if self._decompressor.eof and not self._begin_member():
                return b''

    def _begin(self) -> None:
        """Determine the format; a pipe may return a byte at first."""
        head = b''
        while len(head) < compression.MAGIC_SIZE and (block := self._read()):
            head += block
        self._pending = head
        self._begun = True
        name: str | None = self._format_name
        if name == AUTO:
            name = compression.detect(head)
        if name:
            self.format = compression.get_format(name)
            self._decompressor = self.format.new()

    def _read(self, length: int = streams.BLOCK_SIZE) -> bytes:
        """Return bytes of the source, at first those that are pending."""
        if self._pending:
            block, self._pending = (
                self._pending[:length],
                self._pending[length:],
            )
            return block
        block = self.file.read1(length)
        self.bytes_read += len(block)
        return block

    def _decompress(
        self, decompressor: compression.Decompressor, length: int
    ) -> bytes:
        data = b''
        if decompressor.eof:
            return data
        if decompressor.needs_input:
            data = self._read()
            if not data:
                raise self._error(_('the data ends early'))
        try:
            return decompressor.decompress(data, length)
        except MemoryError:
            raise
        except Exception as error:  # each format has a type of its own
            reason = _('other data follows the compressed data')
            if self._is_first:
                reason = text.printable(str(error)).rstrip('.')
            raise self._error(reason) from error

    def _begin_member(self) -> bool:
        """Prepare for another member; return false if there is none."""
        if not (self.format and self._decompressor):
            return False
        rest = self._decompressor.unused_data
        while True:
            if self.format.padded:
                rest = rest.lstrip(b'\0')
            if rest:
                break
            rest = self._read()
            if not rest:
                return False
        self._pending = rest + self._pending
        self._decompressor = self.format.new()
        self._is_first = False
        return True

    def _error(self, reason: str) -> exceptions.SourceError:
        name = self.format.name if self.format else self._format_name
        return exceptions.SourceError(
            _('Cannot decompress %(name)s (%(format)s): %(reason)s.')
            % {'name': self._name, 'format': name, 'reason': reason}
        )


def decompress(
    source: _source.Source, format_name: str, size: int | None
) -> _source.Source:
    """Return a source that is decompressed while it is read.

    Its first bytes have been read then. The caller closes the one that it is
    made of.

    :param format_name: one of :data:`compression.NAMES`, or ``auto``, which
        leaves data that is not compressed as it is.
    :param size: bytes of the decompressed data, if they are known.
    :raises SourceError: if it cannot be read or decompressed.
    """
    raw = DecompressedFile(source, format_name)
    plain = dataclasses.replace(source, file=filters.buffered(raw))
    plain.peek()
    if not raw.format:
        if source.size is not None:
            size = _source.require_size(source.name, source.size, size)
        return dataclasses.replace(plain, size=size)
    return dataclasses.replace(
        plain,
        size=size,
        published={},
        checked_at_end=True,
        origin=streams.Origin(source.size, lambda: raw.bytes_read),
    )
