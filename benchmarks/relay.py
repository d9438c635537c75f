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

"""A TCP relay that measures downloads, and cuts them off.

The kernel moves the data (splice), so that it costs little processor time.
"""

from collections.abc import Iterable
import contextlib
import os
import socket
import struct
import threading
import time
import urllib.parse

from tests.fixtures import loopback

_BLOCK = 1024 * 1024
# Responses of fewer bytes are no image data.
_MIN_DATA = 1024 * 1024


class _Exchange:
    """A request, and the bytes of its response."""

    def __init__(self) -> None:
        self.size = 0
        self.begun = self.ended = 0.0


class Relay:
    """Context manager that relays to a server.

    :param upstream: the server's URL.
    """

    def __init__(self, upstream: str) -> None:
        parts = urllib.parse.urlsplit(upstream)
        self._address = (parts.hostname or '', parts.port or 0)
        self._exchanges: list[_Exchange] = []
        self._cuts: list[int] = []
        self._lock = threading.Lock()

    def __enter__(self) -> 'Relay':
        self._listener = loopback.listen()
        host, port = self._listener.getsockname()
        self.url = f'http://{host}:{port}'
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.close()

    def prepare(self, cuts: Iterable[int] = ()) -> None:
        """Forget what was measured.

        :param cuts: positions in the image data at which the connection is
            reset, each once.
        """
        with self._lock:
            self._exchanges = []
            self._cuts = sorted(cuts)

    def seconds(self, size: int) -> float:
        """Return the seconds from the first byte of image data to the last.

        :param size: of the image; less cannot have arrived.
        """
        data = [each for each in self._exchanges if each.size > _MIN_DATA]
        if self._cuts or sum(each.size for each in data) < size:
            raise RuntimeError('The relay has not seen all of the data.')
        return max(each.ended for each in data) - min(
            each.begun for each in data
        )

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                threading.Thread(
                    target=self._serve, args=[client], daemon=True
                ).start()

    def _serve(self, client: socket.socket) -> None:
        upstream = socket.create_connection(self._address)
        for each in (client, upstream):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        current = [_Exchange()]

        def send_requests() -> None:
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    current[0] = _Exchange()
                    with self._lock:
                        self._exchanges.append(current[0])
                    upstream.sendall(data)
                upstream.shutdown(socket.SHUT_WR)

        threading.Thread(target=send_requests, daemon=True).start()
        with contextlib.suppress(OSError):
            self._send_responses(upstream, client, current)
        upstream.close()
        client.close()

    def _send_responses(
        self,
        upstream: socket.socket,
        client: socket.socket,
        current: list[_Exchange],
    ) -> None:
        reader, writer = os.pipe()
        try:
            while got := os.splice(upstream.fileno(), writer, _BLOCK):
                exchange = current[0]
                exchange.begun = exchange.begun or time.monotonic()
                rest = got
                while rest:
                    rest -= os.splice(reader, client.fileno(), rest)
                exchange.size += got
                exchange.ended = time.monotonic()
                if self._is_cut():
                    # No lingering: close() then sends a RST.
                    linger = struct.pack('ii', 1, 0)
                    client.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, linger
                    )
                    client.shutdown(socket.SHUT_RD)
                    return
        finally:
            os.close(reader)
            os.close(writer)

    def _is_cut(self) -> bool:
        with self._lock:
            total = sum(each.size for each in self._exchanges)
            if self._cuts and total >= self._cuts[0]:
                self._cuts.pop(0)
                return True
        return False
