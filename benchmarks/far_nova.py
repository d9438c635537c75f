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

"""A stub of Nova with many servers and a high latency, as a process.

It implements just enough of the Identity and Compute APIs to accept properties
from ``openstack`` and ``nova``, and stores only statistics. The work of a real
Nova, in one process, would hide the time that the clients wait.
"""

import argparse
import http.server
import json
import pathlib
import socket
import threading
import time
from typing import Any
import uuid

from benchmarks import sink
from benchmarks import sink_answers

HYPERVISOR = 'node-1'
SERVERS = 200
#: seconds per request to Nova
LATENCY = 0.05

_COMPUTE = '/compute/v2.1'
_NODE = {
    'id': str(uuid.uuid4()),
    'hypervisor_hostname': HYPERVISOR,
    'state': 'up',
    'status': 'enabled',
}


class _FarNova(http.server.ThreadingHTTPServer):
    """The state: documents, and statistics since the last login."""

    request_queue_size = 128

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(
            listener.getsockname()[:2], _Handler, bind_and_activate=False
        )
        self.socket.close()
        self.socket = listener
        host, port = listener.getsockname()[:2]
        self.documents = _documents(f'http://{host}:{port}')
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Reset the statistics."""
        self.begun = self.ended = 0.0
        self.changed: set[str] = set()
        self.requests = 0

    def count(self, begun: float, changed: str) -> None:
        """Count a request that has finished."""
        with self.lock:
            self.begun = self.begun or begun
            self.ended = time.monotonic()
            self.requests += 1
            if changed:
                self.changed.add(changed)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _FarNova
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = self.path.partition('?')[0].rstrip('/')
        if path == '/stats':
            now = self.server
            self._reply(
                200,
                {
                    'seconds': now.ended - now.begun,
                    'changed': len(now.changed),
                    'requests': now.requests,
                },
            )
        elif path.startswith('/compute'):
            self._reply_late(path)
        else:
            self._reply(200, self.server.documents[path])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers['Content-Length']))
        if not self.path.endswith('/auth/tokens'):
            changed = self.path.split('/')[-2]
            self._reply_late(self.path, {'metadata': {}}, changed)
            return
        self.server.forget()
        token = sink_answers.token(self.server.documents)
        self._reply(201, token, X_Subject_Token=uuid.uuid4().hex)

    def _reply_late(
        self, path: str, document: Any = None, changed: str = ''
    ) -> None:
        begun = time.monotonic()
        time.sleep(LATENCY)
        self.server.count(begun, changed)
        document = document or self.server.documents.get(path)
        self._reply(404 if document is None else 200, document)

    def _reply(self, status: int, document: Any, **headers: str) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


def _documents(url: str) -> dict[str, Any]:
    """Return the constant documents: path -> document.

    :param url: URL of the stub
    """
    known = sink_answers.documents(url)
    catalog = known[f'{sink_answers.AUTH_PATH}/auth/catalog']['catalog']
    [endpoint] = catalog[0]['endpoints']
    endpoints = [{**endpoint, 'url': url + _COMPUTE}]
    catalog.append({**catalog[0], 'type': 'compute', 'endpoints': endpoints})
    version = {
        'id': 'v2.1',
        'status': 'CURRENT',
        'version': '2.96',
        'min_version': '2.1',
        'links': [{'rel': 'self', 'href': f'{url}{_COMPUTE}/'}],
    }
    servers = [_server(number) for number in range(SERVERS)]
    with_servers = {**_NODE, 'servers': servers}
    with_host = {**_NODE, 'service': {'host': HYPERVISOR}}
    return known | {
        '/compute': {'versions': [version]},
        _COMPUTE: {'version': version},
        f'{_COMPUTE}/os-hypervisors': {'hypervisors': [with_servers]},
        f'{_COMPUTE}/os-hypervisors/detail': {'hypervisors': [with_host]},
        f'{_COMPUTE}/servers/detail': {'servers': servers},
    }


def _server(number: int) -> dict[str, Any]:
    return {
        'id': (server_id := str(uuid.uuid4())),
        'uuid': server_id,
        'name': f'server-{number}',
        'status': 'ACTIVE',
        'metadata': {},
        'OS-EXT-SRV-ATTR:host': HYPERVISOR,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': HYPERVISOR,
    }


def main() -> None:
    """Serve until standard input ends, then remove the workspace."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--listener', type=int, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    args = parser.parse_args()
    threading.Thread(
        target=sink.end_with_our_starter, args=[args.folder], daemon=True
    ).start()
    _FarNova(socket.socket(fileno=args.listener)).serve_forever()


if __name__ == '__main__':
    main()
