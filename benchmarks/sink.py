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

"""A stub of Glance that discards image data, as a process.

It implements just enough of the Identity and Image APIs to accept an upload
from ``openstack``, ``glance`` and ``curl``, and measures the time from the
first byte of the data to the last, without the start of the client.
"""

import argparse
import http.server
import json
import os
import pathlib
import shutil
import socket
import sys
import threading
import time
from typing import Any
import uuid

from benchmarks import programs
from benchmarks import sink_answers

# Maximum size of one recv().
_BUFFER = 4 * 1024 * 1024
# Linux then drops the data in the kernel. A copy would take processor time
# from the client, which is what is measured.
_DROP = socket.MSG_TRUNC if sys.platform == 'linux' else 0


class _Sink(http.server.ThreadingHTTPServer):
    """The state: images by ID, and statistics of the last upload."""

    def __init__(self, listener: socket.socket, digest: str) -> None:
        super().__init__(
            listener.getsockname()[:2], _Handler, bind_and_activate=False
        )
        self.socket.close()
        self.socket = listener
        self.digest = digest
        self.images: dict[str, dict[str, Any]] = {}
        self.stats: dict[str, float] = {}
        self.source = ''
        host, port = listener.getsockname()[:2]
        self.documents = sink_answers.documents(f'http://{host}:{port}')

    def add_image(self, source: str) -> None:
        """Let there be an image whose data is a file.

        Its ID is its name, so that one request finds it.
        """
        self.source = source
        name = programs.IMAGE
        image = sink_answers.image({'id': name, 'name': name})
        size = os.stat(source).st_size
        self.images[name] = sink_answers.store(image, size, self.digest)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Sink
    protocol_version = 'HTTP/1.1'
    # The headers are read exactly to their end, so that the whole body
    # remains in the socket.
    rbufsize = 0
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path, _, query = self.path.partition('?')
        path = path.rstrip('/')
        if path in self.server.documents:
            self._reply(200, self.server.documents[path])
        elif path == '/stats':
            self._reply(200, self.server.stats)
        elif path == sink_answers.IMAGES:
            # Only the request for the newest images needs their checksums.
            seen = 'sort=' in query
            self._reply(200, {'images': [self._example()] if seen else []})
        elif (image := self._image()) and path.endswith('/file'):
            self._send_data(int(image['size']))
        elif image:
            self._reply(200, image)
        else:
            self._reply(404)

    def _send_data(self, size: int) -> None:
        """Send the file as fast as the client takes it."""
        begun = time.monotonic()
        self.send_response(200)
        self.send_header('Content-Type', 'application/octet-stream')
        self.send_header('Content-Length', str(size))
        self.end_headers()
        with open(self.server.source, 'rb') as file:
            self.connection.sendfile(file)
        seconds = time.monotonic() - begun
        self.server.stats = {'bytes': size, 'seconds': seconds}

    def do_POST(self) -> None:
        asked = json.loads(self._body())
        if self.path.endswith('/auth/tokens'):
            token = sink_answers.token(self.server.documents)
            self._reply(201, token, {'X-Subject-Token': uuid.uuid4().hex})
            return
        image = sink_answers.image(asked)
        self.server.images[image['id']] = image
        self._reply(201, image)

    def do_PUT(self) -> None:
        size, seconds = self._drop_body()
        image = self._image()
        if image is not None:
            sink_answers.store(image, size, self.server.digest)
        self.server.stats = {'bytes': size, 'seconds': seconds}
        self._reply(204)

    def do_DELETE(self) -> None:
        image = self._image()
        if image is not None:
            del self.server.images[image['id']]
        self._reply(404 if image is None else 204)

    def _image(self) -> dict[str, Any] | None:
        """Return the image that the path names, if there is one."""
        path = self.path.removesuffix('/file')
        return self.server.images.get(path.rpartition('/')[2])

    def _example(self) -> dict[str, Any]:
        image = sink_answers.image({'name': 'example'})
        return sink_answers.store(image, 0, self.server.digest)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers['Content-Length']))

    def _drop_body(self) -> tuple[int, float]:
        """Return its size, and the seconds from the first byte to the last."""
        self.connection.recv(1, socket.MSG_PEEK)
        begun = time.monotonic()
        if 'Content-Length' in self.headers:
            size = int(self.headers['Content-Length'])
            self._drop(size)
        else:
            size = self._drop_chunks()
        return size, time.monotonic() - begun

    def _drop(self, size: int) -> None:
        buffer = bytearray(_BUFFER)
        while size:
            got = self.connection.recv_into(buffer, min(size, _BUFFER), _DROP)
            if not got:
                raise ConnectionError('The client is gone.')
            size -= got

    def _drop_chunks(self) -> int:
        """Drop a body in chunked encoding, without trailers."""
        chunks = _Chunks()
        buffer = bytearray(_BUFFER)
        while not chunks.ended:
            got = self.connection.recv_into(buffer)
            if not got:
                raise ConnectionError('The client is gone.')
            chunks.take(buffer, got)
        return chunks.size

    def _reply(
        self,
        status: int,
        document: Any = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        body = b'' if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class _Chunks:
    """Parser of a chunked body that is read in arbitrary pieces."""

    def __init__(self) -> None:
        self.size = 0
        self.ended = False
        self._line = b''
        self._skip = 0
        self._last = False

    def take(self, buffer: bytearray, held: int) -> None:
        """Parse the first bytes of a buffer.

        :param held: number of valid bytes in the buffer.
        """
        here = 0
        while here < held and not self.ended:
            if self._skip:
                step = min(self._skip, held - here)
                self._skip -= step
                here += step
                self.ended = self._last and not self._skip
                continue
            end = buffer.find(b'\n', here, held) + 1
            self._line += buffer[here : end or held]
            here = end or held
            if end:
                self._begin(int(self._line.partition(b';')[0], 16))

    def _begin(self, size: int) -> None:
        self._line = b''
        self.size += size
        self._last = not size
        self._skip = size + len('\r\n')


def end_with_our_starter(folder: pathlib.Path) -> None:
    """Wait for the end of the parent; then remove its workspace and exit."""
    # Only the parent has the other end of the pipe at standard input: it is
    # closed when the parent ends, for whatever reason.
    while os.read(0, 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Serve until standard input ends, then remove the workspace."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--listener', type=int, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    parser.add_argument('--sha512', required=True)
    parser.add_argument('--source', help='file that is the data of an image')
    args = parser.parse_args()
    threading.Thread(
        target=end_with_our_starter, args=[args.folder], daemon=True
    ).start()
    sink = _Sink(socket.socket(fileno=args.listener), args.sha512)
    if args.source:
        sink.add_image(args.source)
    sink.serve_forever()


if __name__ == '__main__':
    main()
