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

"""The body of an upload: a file that reports progress and is hashed."""

from collections.abc import Callable, Iterator
import dataclasses
from typing import BinaryIO

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import digest as _digest

# urllib3 reads 16 KiB at a time from anything with a read(), which halves the
# throughput, but sends what it iterates as it is. From 1 MiB on, Linux sends
# over loopback at half the speed, and hashing slows down a little with every
# halving: this is just below.
BLOCK_SIZE = 896 * 1024


@dataclasses.dataclass(frozen=True)
class Origin:
    """What data is decompressed from while it is sent.

    :param size: bytes, None if not known.
    :param position: returns the bytes that have been read so far.
    """

    size: int | None
    position: Callable[[], int]


class VerboseFileWrapper:
    """A file that reports its progress and is hashed while it is sent.

    It is iterated, and each ``iter()`` starts from the beginning: keystoneauth
    sends the same object again after a 401, and a plain file would then be
    sent empty or without its first bytes.

    It deliberately has no ``read``, ``seek`` or ``tell`` (see
    ``BLOCK_SIZE``), and no ``__len__``: requests takes the length from
    ``len``. If the size is not known there is no ``len``, and requests sends
    chunks.

    The caller closes the file.

    :param fileobj: a binary file, at the first byte to send.
    :param name: name of the source in errors.
    :param size: bytes that the source must have from there on, or None.
    :param listener: gets the position after each block has been sent.
    :param digests: get each block before it is sent.
    :param phases: shown while the data is sent, and afterwards.
    :param origin: what the file is decompressed from: progress is then that
        of reading it.
    :param hold_last: send the last block only when the file has reported its
        end: one that is checked raises an error there, and Glance must not
        have all of its data then.
    """

    len: int

    def __init__(
        self,
        fileobj: BinaryIO,
        name: str,
        size: int | None = None,
        listener: _listener.ProgressListener = _listener.NULL,
        digests: _digest.Digests | None = None,
        phases: tuple[str, str] = (_('uploading'), _('storing')),
        origin: Origin | None = None,
        hold_last: bool = False,
    ) -> None:
        self._fileobj = fileobj
        self._name = name
        self.size = size
        self._listener = listener
        self._phases = phases
        self._origin = origin
        self._hold_last = hold_last
        self._digests = digests or _digest.Digests(())
        # A pipe returns what it has; read() would wait for a whole block.
        self._read = getattr(fileobj, 'read1', fileobj.read)
        self.rewindable = fileobj.seekable()
        self._start = fileobj.tell() if self.rewindable else 0
        #: whether anything has ever been read
        self.read_started = False
        #: bytes sent since the last start
        self.position = 0
        self._bytes_read = 0
        #: whether all data has been sent since the last start
        self.complete = False
        if size is not None:
            self.len = size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the data from its beginning, in blocks of up to BLOCK_SIZE.

        :raises SourceError: if the source fails, can be read only once, or is
            shorter or longer than expected.
        """
        self._restart()
        for block in self._blocks():
            self._digests.update(block)
            yield block
            self.position += len(block)
            self._report()
        if self.size not in (None, self.position):
            raise self._size_mismatch(self.position)
        self.complete = True
        self._listener.phase(self._phases[1])

    @property
    def rewind_error(self) -> str:
        """Why the data is not sent again if it can be read only once."""
        return _(
            '%(name)s can be read only once, so the upload was not retried.'
        ) % {'name': self._name}

    def _blocks(self) -> Iterator[bytes]:
        block = self._next_block()
        while block and self._hold_last:
            following = self._next_block()
            yield block
            block = following
        while block:
            yield block
            block = self._next_block()

    def _report(self) -> None:
        if self._origin:
            self._listener.moved(self._origin.position(), self.position)
        else:
            self._listener.moved(self.position)

    def _restart(self) -> None:
        if self.rewindable:
            self._rewind()
        elif self.read_started:
            raise exceptions.SourceError(self.rewind_error)
        self.position = self._bytes_read = 0
        self.complete = False
        self._digests.restart()
        self._listener.phase(self._phases[0])
        origin = self._origin
        self._listener.started(origin.size if origin else self.size)

    def _rewind(self) -> None:
        try:
            self._fileobj.seek(self._start)
        except OSError as error:
            raise self._read_error(error) from error

    def _next_block(self) -> bytes:
        self.read_started = True
        try:
            block: bytes = self._read(BLOCK_SIZE)
        except OSError as error:
            raise self._read_error(error) from error
        self._bytes_read += len(block)
        if self.size is not None and self._bytes_read > self.size:
            raise self._size_mismatch(self._bytes_read)
        return block

    def _read_error(self, error: OSError) -> exceptions.SourceError:
        """Hide it from urllib3, which takes it for a lost connection."""
        return exceptions.SourceError(
            _('Reading %(name)s failed: %(reason)s.')
            % {'name': self._name, 'reason': error.strerror or error}
        )

    def _size_mismatch(self, actual: int) -> exceptions.SourceError:
        size = self.size or 0
        text = (
            ngettext(
                '%(name)s ended after %(actual)d of %(size)d byte.',
                '%(name)s ended after %(actual)d of %(size)d bytes.',
                size,
            )
            if actual < size
            else ngettext(
                '%(name)s is longer than the expected %(size)d byte.',
                '%(name)s is longer than the expected %(size)d bytes.',
                size,
            )
        )
        return exceptions.SourceError(
            text % {'name': self._name, 'actual': actual, 'size': size}
        )
