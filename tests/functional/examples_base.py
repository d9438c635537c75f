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

"""What tests of the documentation's examples need: what the pages assume.

Their clouds are ``mycloud`` and ``east``, which are one, and ``othercloud``
and ``west``, which are another. ``https://images.example.org`` publishes what
is in the directory of the examples, and ``$STORE`` is that in which the first
cloud keeps image data. On ``compute-01`` and ``compute-02`` are servers. Where
examples show the progress of others, Glance has the filter.
"""

from collections.abc import Callable, Iterable
import functools
import http.server
import json
import os
import pathlib
import re
import threading
import time
from typing import Any, cast

import fixtures
from openstack.image.v2 import _proxy

from tests.fixtures import console
from tests.fixtures import launcher
from tests.fixtures import preforked
from tests.fixtures import shell
from tests.functional import base
from tests.functional import compute_base
from tests.functional import progress_base

_CLOUDS = {
    'mycloud': 'multi',
    'east': 'multi',
    'othercloud': 'single',
    'west': 'single',
}
_PUBLISHER = 'https://images.example.org'

# Name -> hypervisor. Nova lists the newest server first.
_SERVERS = {
    'web-2': 'compute-02',
    'web-1': 'compute-01',
    'db-2': 'compute-01',
    'db-1': 'compute-01',
}
_FILTER = 'gunicorn'

_NEEDS_NOVA = re.compile(r'\$ openstack (hypervisor|server) ')
_NEEDS_FILTER = re.compile(r'\$ openstack image progress ')


def needs_nova(page: pathlib.Path) -> bool:
    """Return whether examples of a page act on servers."""
    return bool(_NEEDS_NOVA.search(page.read_text()))


def needs_filter(page: pathlib.Path) -> bool:
    """Return whether examples of a page show what Glance has received."""
    return bool(_NEEDS_FILTER.search(page.read_text()))


def cases(pages: Iterable[pathlib.Path]) -> Callable[[Any], Any]:
    """Return a decorator that makes a method a test for each page.

    Pages without an example to be run are left out.
    """
    return base.cases(
        **{
            re.sub(r'\W', '_', str(path.relative_to(console.CLONE))): (path,)
            for path in pages
            if console.has_examples(path)
        }
    )


class ExamplesTest(base.FunctionalTest):
    """Runs the examples of pages as a user does who reads them."""

    def run_page(self, path: pathlib.Path) -> None:
        """Run the examples of a page; each must print what it shows."""
        self._prepare(path)
        self.publisher = self.useFixture(_Publisher(self.folder))
        programs = self.useFixture(
            launcher.Launcher(
                base.client().start,
                base.OPENSTACK,
                self.environ,
                preforked.READ_LATE,
            )
        )
        self.environ |= {
            'LC_ALL': 'C.UTF-8',
            'OS_CLOUD': 'mycloud',
            'PATH': f'{programs.folder}{os.pathsep}{os.environ["PATH"]}',
            'STORE': str(self._store),
            'TERM': 'xterm-256color',
        }
        self._shell = self.useFixture(shell.Shell(self.environ, self.folder))
        failures = list(console.Page(path, self._run).failures())
        if failures:
            self.fail('\n'.join(failures))

    def _prepare(self, path: pathlib.Path) -> None:
        """Start what a page needs, and name its clouds."""
        cloud = self.cloud
        self._store = cloud.stored('multi', 'x').parent
        settings: dict[str, Any] = {}
        self._proxies = [
            cast(_proxy.Proxy, base.connection(region).image)
            for region in ('multi', 'single')
        ]
        if needs_nova(path):
            self._boot_servers()
        if needs_filter(path):
            glance = progress_base.start(_FILTER).glance
            self._store = glance.folder / 'fast'
            settings = {'image_endpoint_override': glance.url}
            self._proxies[0] = progress_base.proxy(_FILTER, 'multi')
        known = [self._image_ids(proxy) for proxy in self._proxies]
        for proxy, ids in zip(self._proxies, known, strict=True):
            self.addCleanup(self._delete_new, proxy, ids)
        config = json.loads(cloud.clouds_yaml.read_text())['clouds']
        clouds = {
            name: config[real] | (settings if real == 'multi' else {})
            for name, real in _CLOUDS.items()
        }
        private = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        clouds_yaml = private / 'clouds.yaml'
        clouds_yaml.write_text(json.dumps({'clouds': clouds}))
        self.environ['OS_CLIENT_CONFIG_FILE'] = str(clouds_yaml)

    def _boot_servers(self) -> None:
        nova = self.cloud.start_compute(page=compute_base.PAGE)
        booted = []
        for name, hypervisor in _SERVERS.items():
            booted += nova.boot('demo', hypervisor, name)
            # Nova's times have no fractions of a second.
            time.sleep(1)

        def delete() -> None:
            for server_id in booted:
                nova.call('DELETE', f'/servers/{server_id}')

        self.addCleanup(delete)

    def _run(self, command: str) -> tuple[int, str]:
        """Run a command; it and its output have the URLs of the page."""
        url = self.publisher.url
        status, output = self._shell.run(command.replace(_PUBLISHER, url))
        return status, output.replace(url, _PUBLISHER)

    def _image_ids(self, proxy: _proxy.Proxy) -> set[str]:
        return {image.id for image in proxy.images()}

    def _delete_new(self, proxy: _proxy.Proxy, known: set[str]) -> None:
        for image_id in self._image_ids(proxy) - known:
            proxy.delete_image(image_id)


class _Publisher(fixtures.Fixture):
    """A web server with the files of a directory."""

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self._folder = folder

    def _setUp(self) -> None:
        handler = functools.partial(_Handler, directory=str(self._folder))
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), cast(Any, handler)
        )
        self.url = f'http://127.0.0.1:{server.server_port}'
        serve = functools.partial(server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)


class _Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass
