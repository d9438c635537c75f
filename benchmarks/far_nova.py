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

It implements just enough of the Identity and Compute APIs to list servers and
accept properties from ``openstack`` and ``nova``. The work of a real Nova, in
one process, would hide the time that the clients wait.
"""

import argparse
from collections.abc import Mapping
import dataclasses
import http.server
import json
import pathlib
import socket
import threading
import time
from typing import Any
import urllib.parse
import uuid

from benchmarks import sink
from benchmarks import sink_answers

#: all hypervisors have names that begin so
HYPERVISOR = 'node-'

_COMPUTE = '/compute/v2.1'


@dataclasses.dataclass(frozen=True)
class Size:
    """The size of the cloud, and its distance.

    :param servers: number of servers in all, the same on each hypervisor.
    :param latency: seconds per request to Nova.
    """

    hypervisors: int
    servers: int
    latency: float

    @property
    def options(self) -> list[str]:
        """The options that start a stub of this size."""
        values = dataclasses.asdict(self).items()
        return [f'--{name}={value}' for name, value in values]


class _FarNova(http.server.ThreadingHTTPServer):
    """The state: hypervisors, servers, and statistics since the last login."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, listener: socket.socket, size: Size) -> None:
        super().__init__(
            listener.getsockname()[:2], _Handler, bind_and_activate=False
        )
        self.socket.close()
        self.socket = listener
        host, port = listener.getsockname()[:2]
        self.latency = size.latency
        self.documents = _documents(f'http://{host}:{port}')
        names = [f'{HYPERVISOR}{n}' for n in range(size.hypervisors)]
        each = size.servers // size.hypervisors
        self.servers = {
            name: [_server(name, number) for number in range(each)]
            for name in names
        }
        self.metadata: Mapping[str, dict[str, str]] = {
            server['id']: server['metadata']
            for servers in self.servers.values()
            for server in servers
        }
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Reset the statistics."""
        self.begun = self.ended = 0.0
        self.changed: set[str] = set()
        self.requests = 0

    def count(self, begun: float) -> None:
        """Count a request that has finished."""
        with self.lock:
            self.begun = self.begun or begun
            self.ended = time.monotonic()
            self.requests += 1

    def statistics(self) -> dict[str, Any]:
        """Return the statistics."""
        return {
            'seconds': self.ended - self.begun,
            'changed': len(self.changed),
            'requests': self.requests,
        }

    def hypervisors(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return hypervisors, with their servers if the query wants them."""
        pattern = query.get('hypervisor_hostname_pattern', '')
        with_servers = 'with_servers' in query
        return [
            _hypervisor(name, servers if with_servers else None)
            for name, servers in self.servers.items()
            if pattern in name
        ]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _FarNova
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path, _, text = self.path.partition('?')
        path = path.rstrip('/')
        if path == '/stats':
            self._reply(200, self.server.statistics())
        elif path.startswith('/compute'):
            query = dict(urllib.parse.parse_qsl(text))
            self._reply_late(self._find(path, query))
        else:
            self._reply(200, self.server.documents[path])

    def _find(self, path: str, query: Mapping[str, str]) -> Any:
        """Return the document at a path of Nova's; None if there is none."""
        path = path.removeprefix(_COMPUTE)
        if path in ('/os-hypervisors', '/os-hypervisors/detail'):
            return {'hypervisors': self.server.hypervisors(query)}
        if path == '/servers/detail':
            return {'servers': self.server.servers[query['host']]}
        return self.server.documents.get(_COMPUTE + path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path.endswith('/auth/tokens'):
            self.server.forget()
            token = sink_answers.token(self.server.documents)
            self._reply(201, token, X_Subject_Token=uuid.uuid4().hex)
            return
        server_id = self.path.split('/')[-2]
        metadata = self.server.metadata[server_id]
        metadata.update(json.loads(body)['metadata'])
        self.server.changed.add(server_id)
        self._reply_late({'metadata': metadata})

    def do_DELETE(self) -> None:
        """Remove all properties of all servers."""
        for metadata in self.server.metadata.values():
            metadata.clear()
        self._reply(200, {})

    def _reply_late(self, document: Any) -> None:
        begun = time.monotonic()
        time.sleep(self.server.latency)
        self.server.count(begun)
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
    return known | {
        '/compute': {'versions': [version]},
        _COMPUTE: {'version': version},
    }


def _hypervisor(
    name: str, servers: list[dict[str, Any]] | None
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        'id': str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        'hypervisor_hostname': name,
        'state': 'up',
        'status': 'enabled',
        'service': {'host': name},
    }
    if servers is not None:
        shown['servers'] = [
            {'uuid': server['id'], 'name': server['name']}
            for server in servers
        ]
    return shown


def _server(hypervisor: str, number: int) -> dict[str, Any]:
    return {
        'id': str(uuid.uuid4()),
        'name': f'{hypervisor}-server-{number}',
        'status': 'ACTIVE',
        'metadata': {},
        'OS-EXT-SRV-ATTR:host': hypervisor,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': hypervisor,
    }


def main() -> None:
    """Serve until standard input ends, then remove the workspace."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--listener', type=int, required=True)
    parser.add_argument('--folder', type=pathlib.Path, required=True)
    for field in dataclasses.fields(Size):
        kind = float if field.name == 'latency' else int
        parser.add_argument(f'--{field.name}', type=kind, required=True)
    args = parser.parse_args()
    threading.Thread(
        target=sink.end_with_our_starter, args=[args.folder], daemon=True
    ).start()
    size = Size(args.hypervisors, args.servers, args.latency)
    _FarNova(socket.socket(fileno=args.listener), size).serve_forever()


if __name__ == '__main__':
    main()
