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

"""The request body, counted while Glance reads it."""

from collections.abc import Iterator, MutableMapping
import importlib
from typing import Any, Protocol

# The largest read from the server at a time. Stores ask for up to 8 MiB, which
# would take seconds without a sign of progress on a slow connection.
SLICE = 256 * 1024
# The largest read that is assembled in a buffer which is used again. If each
# one allocated its pieces, the memory would go back to the system in between:
# more than a second of processor time for each GiB.
_MAX_BUFFER = 64 * 1024 * 1024


class Listener(Protocol):
    """Receives the progress of a body; must not raise."""

    def on_start(self) -> None:
        """Note that Glance is about to read the first bytes."""

    def on_data(self, count: int) -> None:
        """Note that so many more bytes arrived."""

    def on_end(self) -> None:
        """Note that the body has no more bytes."""


class CountingReader:
    """``wsgi.input``, with a listener.

    A read returns as many bytes as it is asked for, except at the end of the
    body: webob takes a short read for a lost connection.
    """

    def __init__(self, source: Any, listener: Listener) -> None:
        """Read nothing yet.

        :param source: the server's ``wsgi.input``
        """
        self._source = source
        self._listener = listener
        self._is_started = False
        self._buffer = bytearray()

    def read(self, size: int | None = -1) -> bytes:
        """Return ``size`` bytes, or all that remain, fewer only at the end."""
        if size is None or size < 0 or size > _MAX_BUFFER:
            return b''.join(self._pieces(size))
        if size <= SLICE:
            # As a rule, the server returns all of it.
            piece = self._read_some(size)
            if len(piece) == size or not piece:
                return piece
            return piece + b''.join(self._pieces(size - len(piece)))
        return self._assemble(size)

    def readline(self, size: int | None = -1) -> bytes:
        """Return a line, or ``size`` bytes of it."""
        self._start()
        unlimited = size is None or size < 0
        line = self._source.readline(*(() if unlimited else (size,)))
        return self._count(line, ended=not line and size != 0)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Return the remaining lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def __getattr__(self, name: str) -> Any:
        # What else an object has, such as close() or fileno(), depends on the
        # server.
        return getattr(self._source, name)

    def _assemble(self, size: int) -> bytes:
        if len(self._buffer) < size:
            self._buffer = bytearray(size)
        filled = 0
        with memoryview(self._buffer) as view:
            for piece in self._pieces(size):
                view[filled : filled + len(piece)] = piece
                filled += len(piece)
            return bytes(view[:filled])

    def _pieces(self, size: int | None) -> Iterator[bytes]:
        """Yield what is read, of all sizes together at most this one."""
        unlimited = size is None or size < 0
        remaining = SLICE if size is None or size < 0 else size
        while remaining and (piece := self._read_some(min(remaining, SLICE))):
            if not unlimited:
                remaining -= len(piece)
            yield piece

    def _read_some(self, size: int) -> bytes:
        if not size:
            return b''
        self._start()
        piece = self._source.read(size)
        return self._count(piece, ended=not piece)

    def _start(self) -> None:
        if not self._is_started:
            self._is_started = True
            self._listener.on_start()

    def _count(self, data: bytes, ended: bool) -> bytes:
        if data:
            self._listener.on_data(len(data))
        elif ended:
            self._listener.on_end()
        return data


class CapturingReader:
    """``wsgi.input``, with a copy of the first bytes that are read."""

    def __init__(self, source: Any, limit: int) -> None:
        """Read nothing yet.

        :param source: the server's ``wsgi.input``
        :param limit: bytes to copy
        """
        self._source = source
        self._limit = limit
        #: what was read so far
        self.captured = b''

    def read(self, *size: int) -> bytes:
        """Return what the source returns."""
        return self._keep(self._source.read(*size))

    def readline(self, *size: int) -> bytes:
        """Return what the source returns."""
        return self._keep(self._source.readline(*size))

    def readlines(self, *hint: int) -> list[bytes]:
        """Return what the source returns."""
        return [self._keep(line) for line in self._source.readlines(*hint)]

    def __iter__(self) -> Iterator[bytes]:
        return map(self._keep, self._source)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def _keep(self, data: bytes) -> bytes:
        self.captured += data[: self._limit - len(self.captured)]
        return data


class ChunkedInput:
    """A chunked body under uWSGI, which does not offer it in ``wsgi.input``.

    :param uwsgi: the module that uWSGI provides
    """

    def __init__(self, uwsgi: Any) -> None:
        self._uwsgi = uwsgi
        self._rest = b''
        self._is_ended = False

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, or all that remain, fewer only at the end."""
        pieces = [self._rest]
        held = len(self._rest)
        while (size < 0 or held < size) and not self._is_ended:
            piece = self._uwsgi.chunked_read()
            # Another call after the last chunk would wait for more.
            self._is_ended = not piece
            pieces.append(piece)
            held += len(piece)
        data = b''.join(pieces)
        end = held if size < 0 else size
        self._rest = data[end:]
        return data[:end]

    def readline(self, size: int = -1) -> bytes:
        """Return the remaining bytes: image data has no lines."""
        return self.read(size)


def install(environ: MutableMapping[str, Any], listener: Listener) -> None:
    """Replace ``wsgi.input`` of a request by a reader that counts."""
    source = environ['wsgi.input']
    chunked = environ.get('HTTP_TRANSFER_ENCODING', '').lower() == 'chunked'
    if chunked and (uwsgi := _uwsgi()):
        source = ChunkedInput(uwsgi)
        # Glance would call chunked_read() itself and get nothing.
        environ['HTTP_TRANSFER_ENCODING'] = 'identity'
        environ['wsgi.input_terminated'] = True
    environ['wsgi.input'] = CountingReader(source, listener)


def _uwsgi() -> Any:
    try:
        return importlib.import_module('uwsgi')
    except ImportError:  # another server
        return None
