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

"""Random image commands, and the requests that they send."""

import dataclasses
import hashlib
import random

from tests.fixtures import cloud_config
from tests.fixtures import compressed
from tests.fixtures import faults
from tests.fixtures import publisher
from tests.fixtures import random_faults_proxy
from tests.functional import import_base
from tests.functional import random_base

_MAX_SIZE = 1024**2


@dataclasses.dataclass
class ImageRun(random_base.Run):
    """A command for an image.

    :param content: the image data.
    :param image_id: of the image that existed before, if any.
    :param status: that the image has if the command succeeds.
    :param stores: that have the data if the command succeeds.
    """

    content: bytes = b''
    image_id: str = ''
    status: str = 'active'
    stores: tuple[str, ...] = ()


_Targets = tuple[tuple[str, str], ...]

# The requests of commands, and how often they are disturbed.
_ALL: _Targets = (
    *[('GET', '/v2/images/[^/]+$')] * 3,
    ('GET', '^/(versions|v2/?)?$'),
    ('.*', '/v2/.'),
)
_DATA: _Targets = (('PUT', '/(file|stage)$'),) * 4
_CREATION: _Targets = (
    *[('POST', '/v2/images$'), ('DELETE', '')] * 2,
    ('GET', r'/v2/images\?'),
)
_TASKS: _Targets = (('GET', '/tasks'),) * 3
_IMPORT: _Targets = (
    *_TASKS,
    *[('POST', '/import$')] * 3,
    ('GET', '/v2/info/'),
)


class RandomImageTest(random_base.RandomTest, import_base.ImportTest):
    """Draws commands for images, and has a proxy before Glance."""

    def setUp(self) -> None:
        super().setUp()
        url = self.cloud.image_url(self.region)
        self.proxy = self.useFixture(
            random_faults_proxy.RandomFaultsProxy(url)
        )
        self.reconfigure(image_endpoint_override=self.proxy.url)
        self.publisher = self.useFixture(publisher.Publisher())
        self.environ['no_proxy'] = '*'
        #: ID of an image that has a task; empty until it is wanted
        self.imported = ''
        self.openstack('image', 'list')  # the first request takes long

    def plan(self, rng: random.Random) -> ImageRun:
        kinds = [
            *[self._create] * 5,
            *[self._create_by_import] * 4,
            *[self._stage, self._import_staged, self._upload] * 2,
            self._list_tasks,
        ]
        run = rng.choice(kinds)(rng)
        #: files that are not of the run
        self.known = self.lying()
        return run

    def _draw_source(self, rng: random.Random, *command: str) -> ImageRun:
        """Return a run with data, from a file or from a pipe."""
        size = rng.choice((1, 70_000, rng.randint(1, _MAX_SIZE), _MAX_SIZE))
        content = rng.randbytes(size)
        if rng.random() < 0.2:
            command += ('--progress',)
        packed = content
        if rng.random() < 0.2:
            compress = rng.choice(list(compressed.COMPRESS.values()))
            packed = compress(content)
            command += ('--decompress', 'auto')
        run = ImageRun(command, size=size, content=content)
        way = rng.choice(('pipe', 'file', 'file', 'fetch'))
        if way == 'pipe':
            run.data = packed
        elif way == 'file':
            self.file.write_bytes(packed)
            run.command += ('--file', str(self.file))
        else:
            self._draw_publisher(rng, run, packed)
        return run

    def _draw_publisher(
        self, rng: random.Random, run: ImageRun, data: bytes
    ) -> None:
        """Let the data come from a web server, which may be disturbed, too."""
        url = self.publisher.publish(
            'disk.img',
            data,
            chunked=rng.random() < 0.3,
            etag=rng.choice(('"1"', '"1"', None)),
            ranges=rng.random() < 0.8,
        )
        run.command += ('--fetch', url)
        kinds: list[publisher.Fault] = [
            publisher.Cut(rng.randrange(len(data))),
            publisher.Cut(rng.randrange(len(data)), reset=True),
            publisher.OtherRange(),
            faults.Answer(503),
        ]
        if rng.random() < 0.5:
            value = hashlib.sha256(data).hexdigest()
            run.command += ('--checksum', f'sha256:{value}')
            kinds.append(faults.Flip(rng.randrange(len(data))))
        self.publisher.faults.clear()
        self.publisher.inject(*rng.choices(kinds, k=rng.randint(0, 3)))
        run.disturbed = bool(self.publisher.faults)

    def _verify(self, rng: random.Random, run: ImageRun) -> ImageRun:
        """Let the data be verified, or not."""
        run.flip = rng.random() < 0.7
        if not run.flip:
            run.command += ('--no-verify',)
        run.stores = tuple(cloud_config.STORES[self.region][:1])
        return run

    def _create(self, rng: random.Random) -> ImageRun:
        command = ('image', 'create', '-f', 'json', self.name)
        run = self._verify(rng, self._draw_source(rng, *command))
        run.targets = _ALL + _DATA + _CREATION
        return run

    def _create_by_import(self, rng: random.Random) -> ImageRun:
        run = self._create(rng)
        run.command += ('--import', '--wait')
        run.targets += _IMPORT
        stores = cloud_config.STORES[self.region]
        if len(stores) > 1 and rng.random() < 0.3:
            run.command += ('--all-stores', '--disallow-failure')
            run.stores = tuple(stores)
        return run

    def _stage(self, rng: random.Random) -> ImageRun:
        image_id = self.queued().id
        run = self._draw_source(rng, 'image', 'stage', self.name)
        run.image_id, run.status = image_id, 'uploading'
        run.stores = ('staging',)
        run.targets = _ALL + _DATA
        return run

    def _upload(self, rng: random.Random) -> ImageRun:
        image_id = self.queued().id
        command = ('image', 'upload', '-f', 'json', self.name)
        run = self._verify(rng, self._draw_source(rng, *command))
        run.image_id = image_id
        run.targets = _ALL + _DATA
        return run

    def _import_staged(self, rng: random.Random) -> ImageRun:
        self.data = rng.randbytes(rng.randint(1, _MAX_SIZE))
        image_id = self.staged().id
        command: tuple[str, ...]
        command = ('image', 'import', '-f', 'json', '--wait', image_id)
        if rng.random() < 0.2:
            command += ('--progress',)
        return ImageRun(
            command,
            targets=_ALL + _IMPORT,
            content=self.data,
            image_id=image_id,
            stores=tuple(cloud_config.STORES[self.region][:1]),
        )

    def _list_tasks(self, rng: random.Random) -> ImageRun:
        if not self.imported:
            self.imported = self._import_image()
        command: tuple[str, ...] = ('image', 'task', 'list', '-f', 'json')
        if rng.random() < 0.7:
            command += ('--image', self.imported)
        return ImageRun(command, targets=_ALL + _TASKS, status='listed')

    def _import_image(self) -> str:
        """Import an image; return its ID."""
        name, self.name = self.name, 'random-imported'
        image = self.staged()
        self.addCleanup(self.glance.delete_image, image.id)
        self.glance.import_image(image)
        self.wait_for(lambda: self.image().status == 'active')
        self.name = name
        return str(image.id)
