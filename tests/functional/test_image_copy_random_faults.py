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

"""Random copies, with random faults on either side, and signals.

A copy that succeeds has the right bytes. One that does not leaves nothing in
the other cloud, or names what it leaves. The source stays as it is.
"""

import random
import re
import time

from tests.fixtures import random_faults_proxy
from tests.functional import base
from tests.functional import random_base
from tests.functional import test_image_copy

_SIZE = 1024**2
_ALL = (('.*', '/v2/.'), ('GET', '/v2/images/[^/]+$'))
_READS = (*_ALL, *[random_base.DOWNLOAD] * 4)
_WRITES = (
    *_ALL,
    *[('POST', '/v2/images$'), ('DELETE', '')] * 2,
    *[('PUT', '/(file|stage)$')] * 4,
)
_IMPORTS = (('GET', '/tasks'), ('POST', '/import$'), ('GET', '/v2/info/'))
_MAY_REMAIN = re.compile(r'\bmay (still|remain|appear|have|exist)\b')


class RandomCopyTest(random_base.RandomTest, test_image_copy.CopyTest):
    def setUp(self) -> None:
        super().setUp()
        self._source = self.upload(name=f'source-{self.name}', size=_SIZE)
        self.addCleanup(self.glance.delete_image, self._source.id)
        self._proxies = [
            self.useFixture(
                random_faults_proxy.RandomFaultsProxy(
                    self.cloud.image_url(name)
                )
            )
            for name in (self.region, 'single')
        ]
        for name, proxy in zip(
            (self.region, 'single'), self._proxies, strict=True
        ):
            self.reconfigure(name, image_endpoint_override=proxy.url)
        self.proxy = self._proxies[0]
        self.openstack('image', 'list')  # the first request takes long

    def test_promises(self) -> None:
        self.run_random()

    def plan(self, rng: random.Random) -> random_base.Run:
        command = (
            *('image', 'copy', '--to-cloud', 'single', '-f', 'json'),
            *('--name', self.name, self._source.id),
        )
        run = random_base.Run(command, size=_SIZE, flip=True)
        for proxy in self._proxies:
            proxy.prepare((), (), print)  # one of them gets faults afterwards
        self.proxy = rng.choice(self._proxies)
        run.targets = _READS if self.proxy is self._proxies[0] else _WRITES
        if rng.random() < 0.3:
            run.command += ('--import', '--wait')
            run.targets += _IMPORTS
        if rng.random() < 0.2:
            run.command += ('--progress',)
        return run

    def check(self, run: random_base.Run, result: base.Result) -> list[str]:
        if self.glance.get_image(self._source.id).status != 'active':
            return ['The source is not active any more.']
        if result.status == 0:
            return self._check_copied()
        said = result.stdout + result.stderr
        return [
            f'Image {image.id} ({image.status}) is left, but not named.'
            for image in self.copies()
            if image.id not in said
            and not _MAY_REMAIN.search(said)
            # A signal may come between the end of the work and of Python.
            and (result.status > 0 or self._check_copied())
        ]

    def _check_copied(self) -> list[str]:
        copies = self.copies()
        if [copy.status for copy in copies] != ['active']:
            return [f'It succeeds, but there are {len(copies)} copies.']
        stored = self.cloud.stored('single', copies[0].id).read_bytes()
        return [] if stored == self.data else ['The copy is wrong.']

    def clean(self, run: random_base.Run) -> None:
        end = time.monotonic() + 10
        while (
            any(copy.status == 'importing' for copy in self.copies())
            and time.monotonic() < end
        ):
            time.sleep(0.2)
        for copy in self.copies():
            self.other.delete_image(copy.id)

    def find_late(self) -> list[str]:
        return [
            f'Image {copy.id} ({copy.status}) has appeared later.'
            for copy in self.copies()
        ]
