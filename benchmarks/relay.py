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

"""A TCP relay that cuts downloads off.

The kernel moves the data (splice), so that it costs little processor time.
"""

from collections.abc import Iterable
import contextlib
import os
import socket
import struct
import threading
import urllib.parse

from tests.fixtures import loopback

_BLOCK = 1024 * 1024


class Relay:
    """Context manager that relays to a server.

    :param upstream: the server's URL.
    """

    def __init__(self, upstream: str) -> None:
        parts = urllib.parse.urlsplit(upstream)
        self._address = (parts.hostname or '', parts.port or 0)
        self._relayed = 0
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

    def prepare(self, cuts: Iterable[int]) -> None:
        """Count from 0 again.

        :param cuts: numbers of bytes after which a connection is reset, each
            once.
        """
        with self._lock:
            self._relayed = 0
            self._cuts = sorted(cuts)

    def check(self) -> None:
        """Ensure that no reset is left.

        :raises RuntimeError: if there is one.
        """
        if self._cuts:
            raise RuntimeError('The relay has not cut off all connections.')

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

        def send_requests() -> None:
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    upstream.sendall(data)
                upstream.shutdown(socket.SHUT_WR)

        threading.Thread(target=send_requests, daemon=True).start()
        with contextlib.suppress(OSError):
            self._send_responses(upstream, client)
        upstream.close()
        client.close()

    def _send_responses(
        self, upstream: socket.socket, client: socket.socket
    ) -> None:
        reader, writer = os.pipe()
        try:
            while got := os.splice(upstream.fileno(), writer, _BLOCK):
                rest = got
                while rest:
                    rest -= os.splice(reader, client.fileno(), rest)
                if self._is_cut(got):
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

    def _is_cut(self, size: int) -> bool:
        with self._lock:
            self._relayed += size
            if self._cuts and self._relayed >= self._cuts[0]:
                self._cuts.pop(0)
                return True
        return False
