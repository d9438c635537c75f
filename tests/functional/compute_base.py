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

"""What tests of compute commands need: a Nova, and servers everywhere."""

from collections.abc import Iterable, Mapping
import functools
from typing import Any, cast

from openstack.compute.v2 import _proxy

from tests.fixtures import compute
from tests.fixtures import faulty_proxy
from tests.functional import base

# Project, hypervisor -> how many servers there are. Their names tell both.
SERVERS: Mapping[tuple[str, str], int] = {
    ('demo', 'node-1'): 6,
    ('other', 'node-1'): 2,
    ('demo', 'node-10'): 1,
    ('other', 'node-10'): 1,
    ('demo', 'anode-1'): 1,
    ('demo', 'rack'): 1,
    ('other', 'rack-1'): 2,
}
# Lists of servers have pages of so many.
PAGE = 4

# What changes something; all else only reads.
_WRITES = ('POST', 'PUT', 'DELETE')


@functools.cache
def nova() -> compute.Compute:
    """Return the Nova of this process, started when first wanted."""
    started = base.cloud().start_compute(page=PAGE)
    for (project, hypervisor), count in SERVERS.items():
        name = f'{project}-{hypervisor}'
        started.boot(project, hypervisor, name, count)
    return started


class ComputeTest(base.FunctionalTest):
    """Has servers on five hypervisors, without anything that could be set.

    What a test has set is unset after it.
    """

    def setUp(self) -> None:
        super().setUp()
        self.nova = nova()
        self.addCleanup(self._unset_all)

    @property
    def compute(self) -> _proxy.Proxy:
        """The SDK's compute proxy for the test itself, past any faulty one."""
        return base.connection(self.region).compute

    def proxied_nova(self) -> faulty_proxy.FaultyProxy:
        """Put a proxy between the commands of this test and Nova."""
        proxy = self.useFixture(faulty_proxy.FaultyProxy(self.nova.url))
        self.reconfigure(compute_endpoint_override=f'{proxy.url}/v2.1')
        return proxy

    def servers(self) -> dict[str, dict[str, Any]]:
        """Return all servers as Nova shows them now, by name."""
        found: list[dict[str, Any]] = []
        marker = ''
        while page := self.nova.call(
            'GET', f'/servers/detail?all_tenants=1{marker}'
        )['servers']:
            found += page
            marker = f'&marker={page[-1]["id"]}'
        return {server['name']: server for server in found}

    def on(self, *hypervisors: str, project: str = '') -> set[str]:
        """Return the names of the servers on hypervisors."""
        where = 'OS-EXT-SRV-ATTR:hypervisor_hostname'
        return {
            name
            for name, server in self.servers().items()
            if server[where] in hypervisors and name.startswith(project)
        }

    def having(self, key: str, value: str) -> set[str]:
        """Return the names of the servers with a property."""
        return {
            name
            for name, server in self.servers().items()
            if server['metadata'].get(key) == value
        }

    def set(self, *args: str, **options: Any) -> list[dict[str, str]]:
        """Set something, which must succeed; return the rows."""
        command = ('hypervisor', 'servers', 'set', *args, '-f', 'json')
        return cast(
            list[dict[str, str]], self.openstack(*command, **options).json
        )

    def unset(self, *args: str) -> list[dict[str, str]]:
        """Unset something, which must succeed; return the rows."""
        command = ('hypervisor', 'servers', 'unset', *args, '-f', 'json')
        return cast(list[dict[str, str]], self.openstack(*command).json)

    def assert_results(
        self, expected: Mapping[str, Iterable[str]], rows: Any
    ) -> None:
        """Compare rows with the names expected for each result."""
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row['Result'], set()).add(row['Name'])
        wanted = {result: set(names) for result, names in expected.items()}
        self.assertEqual({r: n for r, n in wanted.items() if n}, found)

    def writes(
        self, proxy: faulty_proxy.FaultyProxy
    ) -> list[faulty_proxy.Seen]:
        """Return the requests so far that could have changed something."""
        return [seen for seen in proxy.seen if seen.method in _WRITES]

    def _unset_all(self) -> None:
        for server in self.servers().values():
            path = f'/servers/{server["id"]}'
            if server['metadata']:
                self.nova.call('PUT', f'{path}/metadata', {'metadata': {}})
            if server['tags']:
                self.nova.call('PUT', f'{path}/tags', {'tags': []})
            if server['description']:
                self.nova.call('PUT', path, {'server': {'description': None}})
