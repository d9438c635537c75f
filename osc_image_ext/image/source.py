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

"""The image data to send: a file or standard input, checked when opened."""

from collections.abc import Iterator, Mapping
import contextlib
import dataclasses
import io
import logging
import os
import stat
import sys

from oslo_utils.imageutils import format_inspector

from osc_image_ext import exceptions
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import streams

# Formats whose content may look like anything: a guest sees the image as a
# plain disk, whatever is on it.
_UNSTRUCTURED_FORMATS = ('raw', 'ami', 'ari', 'aki')
# A fixed VHD is recognized at its end only.
_FORMATS_WITHOUT_HEADER = ('vhd',)
# Enough to recognize any format; a pipe may return less at first.
_HEADER_SIZE = 64 * 1024
# What a plain disk may be recognized as.
_FORMATS_OF_A_DISK = {'raw', 'gpt', 'luks', 'iso'}


@dataclasses.dataclass(frozen=True)
class Source:
    """Image data that is open for reading.

    :param file: at the first byte to send.
    :param name: for messages, printable.
    :param size: bytes to send, None if not known before the end of the data.
    :param file_name: last part of its path or URL, empty if it has none.
    :param published: {algorithm: hexadecimal digest} of its data, one of which
        is compared at its end; empty if none is.
    :param checked_at_end: whether reading fails at the end of wrong data.
    :param origin: what it is decompressed from, None if it is not.
    """

    file: io.BufferedReader
    name: str
    size: int | None
    file_name: str = ''
    published: Mapping[str, str] = dataclasses.field(default_factory=dict)
    checked_at_end: bool = False
    origin: streams.Origin | None = None

    def peek(self) -> bytes:
        """Return the first bytes; they are read again afterwards.

        :raises SourceError: if they cannot be read.
        """
        try:
            return self.file.peek(1)
        except OSError as error:
            raise read_error(self.name, error) from error

    def detect_mismatch(self, disk_format: str) -> str | None:
        """Return the detected format if it is not the expected one.

        :param disk_format: the image's, as Glance names it.
        :returns: names of oslo.utils' format inspector, or None if the data
            may have the expected format.
        :raises SourceError: if it cannot be read.
        """
        head = self.peek()
        found = _detect_formats(head)
        if disk_format in _UNSTRUCTURED_FORMATS:
            plausible = bool(found & _FORMATS_OF_A_DISK)
        elif disk_format not in format_inspector.ALL_FORMATS:
            plausible = True
        elif found == {'raw'}:
            enough = min(self.size or _HEADER_SIZE, _HEADER_SIZE)
            plausible = (
                disk_format in _FORMATS_WITHOUT_HEADER or len(head) < enough
            )
        else:
            plausible = disk_format in found
        return None if plausible else ', '.join(sorted(found))


def _detect_formats(head: bytes) -> set[str]:
    # Inspectors log an error for data of another format.
    format_inspector.LOG.setLevel(logging.CRITICAL)
    inspector = format_inspector.InspectWrapper(io.BytesIO(head))
    inspector.read(len(head))
    inspector.close()
    return {str(found) for found in inspector.formats or ()}


def _open_reader(file: str | int) -> io.BufferedReader:
    raw = io.FileIO(file, closefd=isinstance(file, str))
    return io.BufferedReader(raw, streams.BLOCK_SIZE)


@contextlib.contextmanager
def open_file(path: str, size: int | None) -> Iterator[Source]:
    """Open a file, a block or character device or a FIFO.

    Opening a FIFO waits for its writer.

    :param size: bytes that the user expects.
    :raises SourceError: if it cannot be read or has another size.
    """
    name = text.printable(path) or "''"
    try:
        file = _open_reader(path)
    except OSError as error:
        raise read_error(name, error) from error
    with file:
        size = _check_size(file, name, size)
        yield Source(file, name, size, os.path.basename(path))


def stdin_has_data() -> bool:
    """Return whether standard input may have image data.

    It has none if it is closed, a terminal or /dev/null, as in cron, in CI or
    at a prompt.
    """
    if sys.stdin is None:  # closed: descriptor 0 may be any other file now
        return False
    status = os.fstat(0)
    # By its number: a container may have a null device of its own.
    is_null = (
        stat.S_ISCHR(status.st_mode)
        and status.st_rdev == os.stat(os.devnull).st_rdev
    )
    return not (os.isatty(0) or is_null)


@contextlib.contextmanager
def open_stdin(size: int | None) -> Iterator[Source | None]:
    """Open standard input; wait for its first byte or its end.

    :param size: bytes that the user expects.
    :returns: None if it ended without any data.
    :raises SourceError: if it cannot be read or has another size.
    """
    name = _('Standard input')
    with blocking(0), _open_reader(0) as file:
        try:
            empty = not file.peek(1)
        except OSError as error:
            raise read_error(name, error) from error
        if empty:
            yield None
        else:
            yield Source(file, name, _check_size(file, name, size))


@contextlib.contextmanager
def blocking(descriptor: int) -> Iterator[None]:
    """Make reads and writes wait: some parents leave a pipe non-blocking."""
    before = os.get_blocking(descriptor)
    os.set_blocking(descriptor, True)
    try:
        yield
    finally:
        os.set_blocking(descriptor, before)


def read_error(name: str, error: OSError) -> exceptions.SourceError:
    """Return the error for a file that cannot be read."""
    return exceptions.SourceError(
        _('Cannot read %(name)s: %(reason)s.')
        % {'name': name, 'reason': error.strerror}
    )


def _check_size(
    file: io.BufferedReader, name: str, expected: int | None
) -> int | None:
    """Return the actual size from here on; for a pipe, the expected one."""
    mode = os.fstat(file.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
        return expected
    here = file.tell()
    try:
        actual = file.seek(0, os.SEEK_END) - here
        file.seek(here)
    except OSError:  # some files of /proc have no end to seek
        return expected
    if actual == 0 and file.peek(1):  # others have data, but no size
        return expected
    return require_size(name, actual, expected)


def require_size(name: str, actual: int, expected: int | None) -> int:
    """Return the actual size.

    :param expected: bytes that the user expects.
    :raises SourceError: if that is another number.
    """
    if expected not in (None, actual):
        raise exceptions.SourceError(
            ngettext(
                '%(name)s is %(actual)d byte long, but --size is %(size)d.',
                '%(name)s is %(actual)d bytes long, but --size is %(size)d.',
                actual,
            )
            % {'name': name, 'actual': actual, 'size': expected}
        )
    return actual
