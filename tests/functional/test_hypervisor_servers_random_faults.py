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

"""Random changes of servers, disturbed by random faults and signals.

Each row tells the truth about its server, and no other server is changed.
"""

from collections.abc import Iterable, Mapping
import dataclasses
import json
import random
from typing import Any

from tests.fixtures import random_faults_proxy
from tests.functional import base
from tests.functional import compute_base
from tests.functional import random_base

_HYPERVISORS = ('node-1', 'node-10', 'anode-1', 'rack', 'rack-1')
_DONE = ('updated', 'unchanged')
_RESULTS = (*_DONE, 'failed', 'skipped', 'unknown')
_READS = (
    *[('GET', '/servers/detail')] * 2,
    ('GET', '/os-hypervisors'),
    ('GET', '/servers/[0-9a-f-]{36}$'),
    ('GET', '/v2.1/?$'),
)
_PROPERTIES = ('(POST|DELETE)', '/metadata')
_TAGS = ('(PUT|DELETE)', '/tags')
_DESCRIPTION = ('PUT', '/servers/[^/]+$')


@dataclasses.dataclass
class ServersRun(random_base.Run):
    """A command that sets or unsets something.

    :param on: whether it sets.
    :param servers: names of those that it has to change.
    :param before: all servers as they are before, by name.
    """

    on: bool = True
    properties: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tags: tuple[str, ...] = ()
    description: str = ''
    servers: Iterable[str] = ()
    before: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def is_done(self, server: Mapping[str, Any]) -> bool:
        """Return whether a server has, or has not, all settings."""
        have = [
            server['metadata'].get(key) == value
            if self.on
            else key in server['metadata']
            for key, value in self.properties.items()
        ]
        have += [tag in server['tags'] for tag in self.tags]
        if self.description:
            wanted = self.description if self.on else None
            have.append((server['description'] == wanted) == self.on)
        return all(each == self.on for each in have)


class HypervisorServersTest(random_base.RandomTest, compute_base.ComputeTest):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.useFixture(
            random_faults_proxy.RandomFaultsProxy(self.nova.url)
        )
        url = f'{self.proxy.url}/v2.1'
        self.reconfigure(compute_endpoint_override=url)
        self.openstack('server', 'list')  # the first request takes long

    def test_promises(self) -> None:
        self.run_random()

    def plan(self, rng: random.Random) -> ServersRun:
        run = self._draw_settings(rng)
        hypervisors = rng.sample(_HYPERVISORS, rng.choice((1, 1, 2)))
        if 'node-1' not in hypervisors and rng.random() < 0.5:
            hypervisors.append('node-1')  # has most of the servers
        run.before = self.servers()
        run.servers = {
            name
            for name, server in run.before.items()
            if server['OS-EXT-SRV-ATTR:hypervisor_hostname'] in hypervisors
        }
        if self._prepare(rng, run):
            run.before = self.servers()
        verb = 'set' if run.on else 'unset'
        run.command = (
            *('hypervisor', 'servers', verb, '-f', 'json', *hypervisors),
            *('--workers', str(rng.choice((1, 2, 8)))),
            *(['--progress'] if rng.random() < 0.2 else []),
            *self._options(run),
        )
        return run

    def _draw_settings(self, rng: random.Random) -> ServersRun:
        keys = rng.sample(('owner', 'rack row', 'a.b:c'), rng.randint(0, 2))
        tags = rng.sample(('a', 'b-c', 'ü'), rng.randint(0, 2))
        run = ServersRun(
            (),
            on=rng.random() < 0.7,
            properties={
                key: rng.choice(('1', 'A long one', 'é')) for key in keys
            },
            tags=tuple(tags),
            description=rng.choice(('', 'In use')),
        )
        if not (keys or tags or run.description):
            run.properties = {'owner': '1'}
        run.targets = _READS + (_PROPERTIES,) * 3 * bool(run.properties)
        run.targets += (_TAGS,) * 2 * bool(run.tags)
        run.targets += (_DESCRIPTION,) * 2 * bool(run.description)
        return run

    def _options(self, run: ServersRun) -> list[str]:
        options = []
        for key, value in run.properties.items():
            options += ['--property', f'{key}={value}' if run.on else key]
        for tag in run.tags:
            options += ['--tag', tag]
        if run.description:
            options += ['--description']
            options += [run.description] if run.on else []
        return options

    def _prepare(self, rng: random.Random, run: ServersRun) -> bool:
        """Set everything on some of the servers; return whether there are."""
        share = 0.2 if run.on else 0.8
        names = [each for each in sorted(run.servers) if rng.random() < share]
        for name in names:
            path = f'/servers/{run.before[name]["id"]}'
            body: dict[str, Any] = {'metadata': dict(run.properties)}
            self.nova.call('PUT', f'{path}/metadata', body)
            self.nova.call('PUT', f'{path}/tags', {'tags': [*run.tags]})
            if run.description:
                body = {'server': {'description': run.description}}
                self.nova.call('PUT', path, body)
        return bool(names)

    def check(self, run: ServersRun, result: base.Result) -> list[str]:
        servers = self.servers()
        problems = [
            f'Server {name} is changed.'
            for name, server in servers.items()
            if name not in run.servers
            and _settings(server) != _settings(run.before[name])
        ]
        if not result.stdout.strip():
            return problems + self._check_no_rows(run, result, servers)
        try:
            rows = result.json
        except ValueError:
            return [*problems, 'It does not show JSON.']
        for row in rows:
            problems += self._check_row(run, row, servers)
        results = [row['Result'] for row in rows]
        if sorted(row['Name'] for row in rows) != sorted(run.servers):
            problems.append('It does not show a row for each server.')
        if result.status == 0 and not set(results) <= set(_DONE):
            problems.append(f'It succeeds, with results {results}.')
        return problems

    def _check_no_rows(
        self, run: ServersRun, result: base.Result, servers: Mapping[str, Any]
    ) -> list[str]:
        """Check that without rows nothing was changed."""
        problems = ['It succeeds without rows.'] * (result.status == 0)
        changed = [
            name
            for name in run.servers
            if _settings(servers[name]) != _settings(run.before[name])
        ]
        # Nova may only now have finished a request of the run before.
        writes = [s for s in self.proxy.seen if s.method != 'GET']
        if changed and writes:
            problems.append(f'It has changed {changed} and shows no rows.')
        return problems

    def _check_row(
        self,
        run: ServersRun,
        row: Mapping[str, str],
        servers: Mapping[str, Any],
    ) -> list[str]:
        """Check that the result of a server is true."""
        name, result = row['Name'], row['Result']
        if result not in _RESULTS:
            return [f'{name} is shown as {result}.']
        server, before = servers[name], run.before[name]
        if result in _DONE and not run.is_done(server):
            return [f'{name} is not {result}: it is {_settings(server)}.']
        if result == 'failed' and not row['Reason']:
            return [f'There is no reason why {name} failed.']
        if result == 'skipped' and _settings(server) != _settings(before):
            return [f'{name} was not skipped.']
        return []

    def clean(self, run: ServersRun) -> None:
        self._unset_all()


def _settings(server: Mapping[str, Any]) -> str:
    """Return what commands may change of a server."""
    keys = ('metadata', 'tags', 'description')
    return json.dumps([server[key] for key in keys], sort_keys=True)
