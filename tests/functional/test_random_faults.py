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

"""Random image commands, disturbed by random faults and signals.

A command that succeeds has stored the right bytes. One that does not leaves
nothing on the server, or names what it leaves.
"""

from collections.abc import Callable, Container
import contextlib
import dataclasses
import pathlib
import random
import re
import time

from tests.fixtures import cloud_config
from tests.fixtures import random_faults_proxy
from tests.functional import base
from tests.functional import import_base
from tests.functional import random_base

_MAX_SIZE = 1024**2
_BUSY = ('saving', 'importing')
_MAY_REMAIN = re.compile(r'\bmay (still|remain|appear|have|exist)\b')


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


class ImageTest(random_base.RandomTest, import_base.ImportTest):
    def setUp(self) -> None:
        super().setUp()
        url = self.cloud.image_url(self.region)
        self.proxy = self.useFixture(
            random_faults_proxy.RandomFaultsProxy(url)
        )
        self.reconfigure(image_endpoint_override=self.proxy.url)
        self._imported = ''
        self.openstack('image', 'list')  # the first request takes long
        self._kinds: dict[str, Callable[[random.Random], ImageRun]] = {
            'create': self._create,
            'import': self._create_by_import,
            'stage': self._stage,
            'import staged': self._import_staged,
            'upload': self._upload,
            'tasks': self._list_tasks,
        }

    def test_promises(self) -> None:
        self.run_random()

    def plan(self, rng: random.Random) -> ImageRun:
        kinds: tuple[str, ...] = (
            ('create',) * 5 + ('import',) * 4 + ('stage',) * 2
        )
        kinds += ('import staged',) * 2 + ('upload',) * 2 + ('tasks',)
        run = self._kinds[rng.choice(kinds)](rng)
        self._known = self.lying()
        return run

    def _draw_source(self, rng: random.Random, *command: str) -> ImageRun:
        """Return a run with data, from a file or from a pipe."""
        size = rng.choice((1, 70_000, rng.randint(1, _MAX_SIZE), _MAX_SIZE))
        content = rng.randbytes(size)
        if rng.random() < 0.2:
            command += ('--progress',)
        if rng.random() < 0.3:
            data = content
        else:
            data = None
            self.file.write_bytes(content)
            command += ('--file', str(self.file))
        return ImageRun(command, data=data, size=size, content=content)

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
        if not self._imported:
            self._imported = self._import_image()
        command: tuple[str, ...] = ('image', 'task', 'list', '-f', 'json')
        if rng.random() < 0.7:
            command += ('--image', self._imported)
        return ImageRun(command, targets=_ALL + _TASKS, status='listed')

    def _import_image(self) -> str:
        """Import an image; return its ID."""
        name, self.name = self.name, 'random-imported'
        image = self.staged()
        self.glance.import_image(image)
        self.wait_for(lambda: self.image().status == 'active')
        self.name = name
        return str(image.id)

    def check(self, run: ImageRun, result: base.Result) -> list[str]:
        if run.status == 'listed':
            return self._check_list(result)
        if result.status == 0:
            return self._check_stored(run, result)
        return self._check_left(run, result.stderr + result.stdout)

    def _check_list(self, result: base.Result) -> list[str]:
        if result.status:
            return []
        path = f'/images/{self._imported}/tasks'
        (task,) = self.glance.get(path).json()['tasks']
        if task['id'] in result.stdout:
            return []
        return [f'It does not list task {task["id"]}.']

    def _check_stored(self, run: ImageRun, result: base.Result) -> list[str]:
        """Check that an image has its data."""
        images = self.images()
        if len(images) != 1:
            return [f'It succeeds, but there are {len(images)} images.']
        (image,) = images
        problems = []
        if image.status != run.status:
            problems.append(f'It succeeds; the image is {image.status}.')
        held = self._read_data(image.id)
        if held.keys() != set(run.stores):
            problems.append(f'It succeeds; the data is in {[*held]}.')
        for store, content in held.items():
            if content != run.content:
                problems.append(f'It succeeds; data in {store} is wrong.')
        if run.status == 'active' and image.id not in result.stdout:
            problems.append('It succeeds, but does not show the image.')
        return problems

    def _check_left(self, run: ImageRun, said: str) -> list[str]:
        """Check that what is left is named."""
        left = {image.id: image.status for image in self.images()}
        problems = [
            f'Image {image_id} ({status}) is left, but not named.'
            for image_id, status in left.items()
            if image_id not in (run.image_id, *re.findall(r'[\w-]+', said))
            and not _MAY_REMAIN.search(said)
        ]
        if run.image_id and run.image_id not in left:
            problems.append(f'Image {run.image_id} does not exist any more.')
        if not _MAY_REMAIN.search(said):
            problems += self._check_data(run, said, left)
        return problems + self._check_words(said, left)

    def _check_data(
        self, run: ImageRun, said: str, left: Container[str]
    ) -> list[str]:
        """Check that data belongs to an image that is named."""
        problems = []
        for path in self._find_data(run) - self._known:
            image_id = path.name[:36]
            if image_id not in said:
                problems.append(f'Data is left in {path}, but not named.')
            elif image_id not in left:
                problems.append(f'Data is left in {path} without image.')
        return problems

    def _check_words(self, said: str, left: Container[str]) -> list[str]:
        """Check what a command says of images."""
        problems = []
        for image_id in re.findall(r'Image (\S+) was deleted', said):
            if image_id in left:
                problems.append('It says that the image was deleted.')
            if not self._was_created(image_id):
                problems.append('It says that no image was deleted.')
        for image_id in re.findall(r'Image (\S+) could not be deleted', said):
            if image_id not in left:
                problems.append('It says that the image is not deleted.')
        return problems

    def _was_created(self, image_id: str) -> bool:
        """Return whether Glance has received the request."""
        return any(
            image_id.encode() in seen.content
            for seen in self.proxy.requests('POST', '/v2/images$')
        )

    def _find_data(self, run: ImageRun) -> set[pathlib.Path]:
        """Return the files of the images of a run."""
        created = [
            seen.content.decode()
            for seen in self.proxy.requests('POST', '/v2/images$')
        ]
        text = ' '.join([run.image_id, *created])
        return {path for path in self.lying() if path.name[:36] in text}

    def _read_data(self, image_id: str) -> dict[str, bytes]:
        """Return the data of an image by its place."""
        found = {}
        for path in self.lying():
            if path.name == image_id:
                with contextlib.suppress(FileNotFoundError):
                    found[path.parent.name] = path.read_bytes()
        return found

    def clean(self, run: ImageRun) -> None:
        if run.status == 'listed':
            return
        for image in self.images():
            end = time.monotonic() + 10
            while (
                self.glance.get_image(image.id).status in _BUSY
                and time.monotonic() < end
            ):
                time.sleep(0.2)
            self.glance.delete_image(image.id)
        for path in self._find_data(run) - self._known:
            path.unlink(missing_ok=True)

    def find_late(self) -> list[str]:
        images = [
            f'Image {image.name} ({image.status}) has appeared later.'
            for image in self.glance.images()
            if str(image.name).startswith('random-')
            and image.id != self._imported
        ]
        files = self.lying() - self._before
        return images + [
            f'{path} has appeared later.'
            for path in files
            if path.name != self._imported
        ]
