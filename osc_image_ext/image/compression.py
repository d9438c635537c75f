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
"""The formats that images are compressed with."""

import bz2
from collections.abc import Callable
import dataclasses
import importlib
import lzma
import sys
from typing import Any, Protocol
import zlib

from osc_image_ext import exceptions
from osc_image_ext.i18n import _

#: bytes at the start of a file that show its format
MAGIC_SIZE = 6

# xz -9 needs 65 MiB; zstd --long=27, its own limit, 128 MiB.
_MAX_MEMORY = 128 * 1024**2


class Decompressor(Protocol):
    """Decompresses one member of a file; those of Python are such."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@dataclasses.dataclass(frozen=True)
class Format:
    """A format.

    :param name: as users know it.
    :param magics: what a file begins with: one of them.
    :param new: returns a decompressor for one member.
    :param padded: whether zeros may follow a member.
    """

    name: str
    magics: tuple[bytes, ...]
    new: Callable[[], Decompressor]
    padded: bool = False


class _GzipDecompressor:
    """zlib's decompressor in the form of the others."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS + 16)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        # What zlib has not handed out yet comes with what follows: at least
        # the checksum at the end.
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        rest = self._zlib.unconsumed_tail
        return self._zlib.decompress(rest + data, max(max_length, 0))


def _new_xz() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_MEMORY)


def _new_zstd() -> Decompressor:
    decompressor: Decompressor = _import_zstd().ZstdDecompressor()
    return decompressor


def _import_zstd() -> Any:
    """Return Python's module, or the same one for older Pythons.

    :raises SourceError: if it is not installed.
    """
    name = 'compression.zstd'
    if sys.version_info < (3, 14):
        name = 'backports.zstd'
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise exceptions.SourceError(
            _(
                'zstd requires the Python package %(package)s. To install '
                'it, run "pip install osc-image-ext[zstd]".'
            )
            % {'package': name}
        ) from error


_FORMATS = {
    each.name: each
    for each in (
        Format('gzip', (b'\x1f\x8b\x08',), _GzipDecompressor, padded=True),
        Format('bzip2', (b'BZh',), bz2.BZ2Decompressor),
        Format('xz', (b'\xfd7zXZ\0',), _new_xz, padded=True),
        Format(
            'zstd',
            # The others begin frames to skip, which pzstd writes first.
            (
                b'(\xb5/\xfd',
                *(bytes([0x50 + n]) + b'*M\x18' for n in range(16)),
            ),
            _new_zstd,
        ),
    )
}

#: names of all formats
NAMES = tuple(_FORMATS)


def get_format(name: str) -> Format:
    """Return a format, which this Python can decompress.

    :param name: one of :data:`NAMES`.
    :raises SourceError: if it requires another package.
    """
    if name == 'zstd':
        _import_zstd()
    return _FORMATS[name]


def detect(head: bytes) -> str | None:
    """Return the name of a format; None for data that is not compressed.

    :param head: the first :data:`MAGIC_SIZE` bytes of a file, or more.
    """
    for each in _FORMATS.values():
        if head.startswith(each.magics):
            return each.name
    return None
