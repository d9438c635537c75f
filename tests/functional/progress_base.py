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

"""A Glance with several processes, which reports what they receive."""

import atexit
import concurrent.futures
import functools
import os
import pathlib
from typing import Any, cast

import fixtures
import openstack
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
import pymemcache
import requests

from tests.fixtures import memcached
from tests.fixtures import servers
from tests.fixtures import slow_body
from tests.fixtures import special_glance
from tests.fixtures import switch
from tests.functional import base

# Server -> how it is started. Each has four processes.
_SERVE: dict[str, Any] = {
    'gunicorn': functools.partial(servers.Servers.serve, workers=4),
    'uwsgi': functools.partial(
        servers.Servers.serve_with_uwsgi, workers=4, threads=True
    ),
    'uwsgi-without-threads': functools.partial(
        servers.Servers.serve_with_uwsgi, workers=4, threads=False
    ),
}
# Server -> its own settings.
_SETTINGS = {
    'uwsgi': """
secret_key = of the tests
visible_to = owner
[image_import_opts]
max_parallel_stores = 2
""",
}
_COMMON = """
[upload_progress]
memcache_servers = {servers}
# So that a test need not wait for a minute.
running_ttl = 5
# So that it is noticed if an upload waits for memcached.
socket_timeout = 3
"""


class Server(fixtures.Fixture):
    """A Glance with the filter, and two memcached servers behind switches.

    :param kind: a key of _SERVE
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def _setUp(self) -> None:
        self.cloud = base.cloud()
        self.memcached = [
            self.useFixture(memcached.Memcached(self.cloud.folder))
            for _ in range(2)
        ]
        self.switches = [
            self.useFixture(switch.Switch(server.address))
            for server in self.memcached
        ]
        addresses = ','.join(switch.address for switch in self.switches)
        settings = _COMMON.format(servers=addresses)
        self.glance = self.useFixture(
            special_glance.SpecialGlance(
                self.cloud,
                settings + _SETTINGS.get(self._kind, ''),
                f'glance-{self._kind}',
                _SERVE[self._kind],
            )
        )

    def log(self) -> str:
        """Return what Glance has logged."""
        return self.cloud.log(f'glance-{self._kind}').read_text()


@functools.cache
def start(kind: str) -> Server:
    """Return a server, started when it is first wanted."""
    server = Server(kind)
    server.setUp()
    atexit.register(server.cleanUp)
    return server


@functools.cache
def proxy(kind: str, user: str) -> _proxy.Proxy:
    """Return the SDK's image proxy of a user."""
    connection = openstack.connect(
        auth=base.cloud().auth(user),
        region_name='multi',
        image_endpoint_override=start(kind).glance.url,
    )
    # More connections than the default: many uploads run at once.
    adapter = requests.adapters.HTTPAdapter(pool_maxsize=50)
    connection.session.session.mount('http://', adapter)
    return cast(_proxy.Proxy, connection.image)


class ProgressTest(base.FunctionalTest):
    """Uploads images to a Glance, and asks how far it is.

    ``kind`` is that of the server.
    """

    kind = 'gunicorn'

    def setUp(self) -> None:
        super().setUp()
        self.server = start(self.kind)
        self.glance = proxy(self.kind, 'multi')
        self.threads = concurrent.futures.ThreadPoolExecutor(50)
        self.addCleanup(self.threads.shutdown)

    def queued(self, user: str = 'multi', **attrs: Any) -> _image.Image:
        """Return a new image without data."""
        formats = {'disk_format': 'raw', 'container_format': 'bare'}
        image = _image.Image.new(name=self.name, **formats | attrs)
        return image.create(proxy(self.kind, user))

    def send(
        self,
        image: _image.Image,
        body: slow_body.SlowBody | bytes,
        action: str = 'file',
        user: str = 'multi',
    ) -> concurrent.futures.Future[requests.Response]:
        """Begin to send data; return what will be the response."""
        if isinstance(body, slow_body.SlowBody):
            self.addCleanup(body.release)
        return self.threads.submit(
            proxy(self.kind, user).put,
            f'/images/{image.id}/{action}',
            data=body,
            headers={'Content-Type': 'application/octet-stream'},
        )

    def hold(
        self,
        size: int,
        hold: int,
        action: str = 'file',
        user: str = 'multi',
        **attrs: Any,
    ) -> tuple[
        _image.Image,
        slow_body.SlowBody,
        concurrent.futures.Future[requests.Response],
    ]:
        """Return an image whose upload has come to a halt."""
        image = self.queued(user, **attrs)
        body = slow_body.SizedSlowBody(os.urandom(size), hold=hold)
        response = self.send(image, body, action, user)
        self.wait_for(body.held.is_set)
        return image, body, response

    def progress(
        self, image: _image.Image, user: str = 'multi'
    ) -> dict[str, Any]:
        """Return the document of an image."""
        response = proxy(self.kind, user).get(
            f'/images/{image.id}/progress',
            # So that any process may be asked.
            headers={'Connection': 'close'},
        )
        self.assertEqual(200, response.status_code, response.text)
        self.assertEqual('no-store', response.headers['Cache-Control'])
        return cast(dict[str, Any], response.json())

    def wait_until(self, image: _image.Image, **expected: Any) -> None:
        """Wait until the document has these values."""
        found: dict[str, Any] = {}

        def is_so() -> bool:
            found.update(self.progress(image))
            return expected.items() <= found.items()

        try:
            self.wait_for(is_so, 20)
        except AssertionError:
            self.assertEqual(found | expected, found)

    def stored_size(self, image: _image.Image, store: str = 'fast') -> int:
        """Return the bytes that a store has of an image."""
        path = self.server.glance.folder / store / image.id
        return path.stat().st_size if path.exists() else 0

    def clients(self) -> list[pymemcache.Client]:
        """Return clients of the memcached servers, past the switches."""
        found = [
            pymemcache.Client(server.address, default_noreply=False)
            for server in self.server.memcached
        ]
        for client in found:
            self.addCleanup(client.close)
        return found

    def processes_with(self, end: str) -> list[int]:
        """Return the processes that have a file open.

        :param end: of the path
        """
        found = set()
        for link in pathlib.Path('/proc').glob('[0-9]*/fd/*'):
            try:
                if os.readlink(link).endswith(end):
                    found.add(int(link.parts[2]))
            except OSError:  # it is closed by now
                continue
        return sorted(found)
