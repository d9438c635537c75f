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

from collections.abc import Container
import contextlib
import pathlib
import re
import time

from tests.functional import base
from tests.functional import random_downloads
from tests.functional import random_images

_BUSY = ('saving', 'importing')
_MAY_REMAIN = re.compile(r'\bmay (still|remain|appear|have|exist)\b')


class ImageTest(random_images.RandomImageTest):
    def test_promises(self) -> None:
        self.run_random()

    def check(
        self, run: random_images.ImageRun, result: base.Result
    ) -> list[str]:
        if run.status == 'listed':
            return self._check_list(result)
        if result.status == 0:
            return self._check_stored(run, result)
        problems = self._check_left(run, result.stderr + result.stdout)
        # A signal may come between the end of the work and that of Python.
        if result.status < 0 and not self._check_stored(run, result):
            return []
        return problems

    def _check_list(self, result: base.Result) -> list[str]:
        if result.status:
            return []
        path = f'/images/{self.imported}/tasks'
        (task,) = self.glance.get(path).json()['tasks']
        if task['id'] in result.stdout:
            return []
        return [f'It does not list task {task["id"]}.']

    def _check_stored(
        self, run: random_images.ImageRun, result: base.Result
    ) -> list[str]:
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
        shows = run.status == 'active' and result.status == 0
        if shows and image.id not in result.stdout:
            problems.append('It succeeds, but does not show the image.')
        return problems

    def _check_left(self, run: random_images.ImageRun, said: str) -> list[str]:
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
        self, run: random_images.ImageRun, said: str, left: Container[str]
    ) -> list[str]:
        """Check that data belongs to an image that is named."""
        problems = []
        for path in self._find_data(run) - self.known:
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

    def _find_data(self, run: random_images.ImageRun) -> set[pathlib.Path]:
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

    def clean(self, run: random_images.ImageRun) -> None:
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
        for path in self._find_data(run) - self.known:
            path.unlink(missing_ok=True)

    def find_late(self) -> list[str]:
        images = [
            f'Image {image.name} ({image.status}) has appeared later.'
            for image in self.glance.images()
            if str(image.name).startswith('random-')
            and image.id != self.imported
        ]
        files = self.lying() - self._before
        return images + [
            f'{path} has appeared later.'
            for path in files
            if path.name != self.imported
        ]


class SingleStoreImageTest(ImageTest):
    region = 'single'


class DownloadTest(random_downloads.RandomDownloadTest):
    def test_promises(self) -> None:
        self.run_random()

    def check(
        self, run: random_downloads.DownloadRun, result: base.Result
    ) -> list[str]:
        if run.kind == 'verify':
            return self._check_rows(result)
        if run.kind == 'stdout':
            is_right = result.stdout.encode() == self.data
            if result.status == 0 and not is_right:
                return ['It succeeds; what it has written is wrong.']
            return []
        if result.status == 0:
            return self._check_saved()
        return self._check_left(run, result)

    def _check_rows(self, result: base.Result) -> list[str]:
        if not result.stdout:
            return []
        (row,) = result.json
        expected = {'verified'} if result.status == 0 else {'failed'}
        if result.status in (130, 143):
            expected = {'verified', 'failed', 'skipped'}
        if row['Result'] in expected:
            return []
        return [f'The row is {row}.']

    def _check_saved(self) -> list[str]:
        problems = []
        if self.target.read_bytes() != self.data:
            problems.append('It succeeds; the file is wrong.')
        if self.listed() != ['disk.img']:
            problems.append(f'It succeeds, and leaves {self.listed()}.')
        return problems

    def _check_left(
        self, run: random_downloads.DownloadRun, result: base.Result
    ) -> list[str]:
        """Check what is there, and that another command can go on."""
        problems = []
        held = self.target.read_bytes() if self.target.exists() else None
        if held not in (run.old, self.data):
            problems.append('It fails, and the file is wrong.')
        for path in self.list_parts():
            is_old = '--resume' in run.command
            if (
                result.status > 0
                and not is_old
                and (str(path) not in result.stderr)
            ):
                problems.append(f'{path.name} is left, but not named.')
            if path.stat().st_mode & 0o077 and not is_old:
                problems.append(f'{path.name} is not private.')
        resumed = self.run_openstack(*self.save, '--resume', env=self.direct)
        if resumed.status or self.target.read_bytes() != self.data:
            problems.append(f'It cannot be resumed: {resumed.stderr}')
        return problems
