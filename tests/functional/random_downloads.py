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

"""Random downloads, and the requests that they send."""

import dataclasses
import pathlib
import random
import shutil

from tests.fixtures import random_faults_proxy
from tests.functional import random_base
from tests.functional import save_base

_MAX_SIZE = 2 * 1024**2
_OLD = b'What was there before.'

_TARGETS = (
    ('.*', '/v2/.'),
    *[('GET', '/v2/images/[^/]+$')] * 2,
    *[random_base.DOWNLOAD] * 8,
)


@dataclasses.dataclass
class DownloadRun(random_base.Run):
    """A command that reads the data of an image.

    :param kind: what is checked: ``file``, ``stdout`` or ``verify``.
    :param old: what the target had before, None if it did not exist.
    """

    kind: str = 'file'
    old: bytes | None = None


class RandomDownloadTest(random_base.RandomTest, save_base.SaveTest):
    """Draws downloads of one image, and has a proxy before Glance."""

    def setUp(self) -> None:
        super().setUp()
        self.direct = dict(self.environ)
        # Text: that is what tests get from standard output.
        data = random.Random(self.name).randbytes(_MAX_SIZE // 2)
        self.whole = self.stored_image(data.hex().encode())
        self.addCleanup(self.glance.delete_image, self.whole.id)
        url = self.cloud.image_url(self.region)
        self.proxy = self.useFixture(
            random_faults_proxy.RandomFaultsProxy(url)
        )
        self.reconfigure(image_endpoint_override=self.proxy.url)
        self.openstack('image', 'list')  # the first request takes long

    def plan(self, rng: random.Random) -> DownloadRun:
        kinds = [*[self._to_file] * 5, self._to_stdout, self._verify]
        run: DownloadRun = rng.choice(kinds)(rng)
        run.targets, run.size = _TARGETS, len(self.data)
        if rng.random() < 0.2:
            run.command += ('--progress',)
        return run

    def _to_file(self, rng: random.Random) -> DownloadRun:
        command = ('image', 'save', '--file', str(self.target), self.whole.id)
        run = DownloadRun(command, flip=True)
        if rng.random() < 0.3:
            run.old = _OLD
            self.target.write_bytes(_OLD)
        if rng.random() < 0.3:
            run.command += ('--sparse',)
        if rng.random() < 0.4:
            run.command += ('--resume',)
            self._leave_part(rng)
        elif rng.random() < 0.2:
            run.command += ('--no-verify',)
            run.flip = False
        return run

    def _leave_part(self, rng: random.Random) -> None:
        """Leave what another command may have left."""
        part = self.data[: rng.randrange(len(self.data) + 1)]
        if rng.random() < 0.2:
            part = b'x' + part[1:]
        path = self.partial()
        if rng.random() < 0.3:
            path = path.with_name(f'{path.stem}.0123abcd.part')
        path.write_bytes(part)

    def _to_stdout(self, rng: random.Random) -> DownloadRun:
        command = ('image', 'save', self.whole.id)
        return DownloadRun(command, kind='stdout', flip=True)

    def _verify(self, rng: random.Random) -> DownloadRun:
        command = ('image', 'verify', '-f', 'json', self.whole.id)
        return DownloadRun(command, kind='verify')

    def clean(self, run: DownloadRun) -> None:
        shutil.rmtree(self.directory)
        self.directory.mkdir()

    def list_parts(self) -> list[pathlib.Path]:
        """Return the partial files."""
        return list(self.directory.glob('.*.part'))
