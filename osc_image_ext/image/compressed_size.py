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
"""How long compressed data is once decompressed, if a file says so.

gzip's size is one modulo 4 GiB, of the last member alone, and bzip2 has none.
"""

from collections.abc import Iterator
import io
import os

from osc_image_ext.image import compression
from osc_image_ext.image import source as _source

_XZ_HEADER = 12
_XZ_FOOTER = 12
# That of a disk of 8 TiB with blocks of 24 MiB has 3 MiB.
_MAX_XZ_INDEX = 64 * 1024**2

_ZSTD_MAGIC = b'(\xb5/\xfd'
_ZSTD_RLE = 1


class _Region:
    """A part of a file that is read at any place, without moving its position.

    :param start: first byte.
    :param size: bytes.
    """

    def __init__(self, file: io.BufferedReader, start: int, size: int) -> None:
        self._descriptor = file.fileno()
        self._start = start
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes from an offset in the region.

        :raises ValueError: if it does not have them.
        """
        if offset < 0 or offset + length > self.size:
            raise ValueError(offset)
        data = os.pread(self._descriptor, length, self._start + offset)
        if len(data) != length:
            raise ValueError(offset)
        return data

    def read_number(self, offset: int, length: int) -> int:
        """Return a number that is stored with its low byte first."""
        return int.from_bytes(self.read(offset, length), 'little')


def find(source: _source.Source, format_name: str) -> int | None:
    """Return the bytes of a source once it is decompressed.

    :param format_name: one of :data:`compression.NAMES`, or ``auto``.
    :returns: None if the source does not say it, or is not a file that can be
        read at any place.
    """
    is_file = isinstance(source.file.raw, io.FileIO)
    if not (is_file and source.file.seekable() and source.size):
        return None
    if format_name == 'auto':
        format_name = compression.detect(source.peek()) or ''
    region = _Region(source.file, source.file.tell(), source.size)
    try:
        if format_name == 'xz':
            return _add_xz_streams(region)
        if format_name == 'zstd':
            return _add_zstd_frames(region)
    except (ValueError, StopIteration, OSError):
        return None  # reading it will show what is wrong
    return None


def _add_xz_streams(region: _Region) -> int:
    """Return the sum of the sizes in the indexes, from the last one on.

    See section 2.1 of the format's specification (xz-file-format.txt).
    """
    total, end = 0, region.size
    while end > 0:
        footer = region.read(end - _XZ_FOOTER, _XZ_FOOTER)
        if not footer.endswith(b'YZ'):
            raise ValueError(end)
        index_size = 4 * (int.from_bytes(footer[4:8], 'little') + 1)
        if index_size > _MAX_XZ_INDEX:
            raise ValueError(index_size)
        index_start = end - _XZ_FOOTER - index_size
        blocks, size = _parse_xz_index(region.read(index_start, index_size))
        total += size
        end = index_start - blocks - _XZ_HEADER
    if end:
        raise ValueError(end)
    return total


def _parse_xz_index(index: bytes) -> tuple[int, int]:
    """Return the bytes of the blocks, and those that they decompress to."""
    numbers = _xz_numbers(index[1:])
    blocks = size = 0
    for _record in range(next(numbers)):
        blocks += -(-next(numbers) // 4) * 4
        size += next(numbers)
    return blocks, size


def _xz_numbers(data: bytes) -> Iterator[int]:
    """Yield the numbers of 7 bits a byte that an index consists of."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value = shift = 0


def _add_zstd_frames(region: _Region) -> int:
    """Return the sum of the sizes in the headers of all frames.

    See section 3.1 of RFC 8878.
    """
    total = offset = 0
    while offset < region.size:
        if region.read(offset, 4) == _ZSTD_MAGIC:
            size, offset = _read_zstd_frame(region, offset + 4)
            total += size
        elif region.read(offset + 1, 3) == b'*M\x18':  # a frame to skip
            offset += 8 + region.read_number(offset + 4, 4)
        else:
            raise ValueError(offset)
    if offset != region.size:
        raise ValueError(offset)
    return total


def _read_zstd_frame(region: _Region, offset: int) -> tuple[int, int]:
    """Return the size in a header, and the offset of the next frame.

    :raises ValueError: if the header does not have it.
    """
    descriptor = region.read_number(offset, 1)
    is_single = bool(descriptor & 0x20)
    has_checksum = bool(descriptor & 0x04)
    offset += 1 if is_single else 2
    offset += (0, 1, 2, 4)[descriptor & 0x03]
    length = (1 if is_single else 0, 2, 4, 8)[descriptor >> 6]
    if not length:
        raise ValueError(offset)
    size = region.read_number(offset, length)
    if length == 2:
        size += 256
    offset += length
    is_last = False
    while not is_last:
        header = region.read_number(offset, 3)
        is_last = bool(header & 1)
        is_rle = (header >> 1) & 3 == _ZSTD_RLE
        offset += 3 + (1 if is_rle else header >> 3)
    return size, offset + (4 if has_checksum else 0)
