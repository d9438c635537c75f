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

"""A private directory for one run of the benchmark."""

import hashlib
import pathlib
import shutil
import tempfile
import time

from tests.fixtures import servers

# Block size for reading and hashing the image.
BLOCK = 1024 * 1024


class Workspace:
    """A directory accessible to this user only, and its files."""

    def __enter__(self) -> 'Workspace':
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='osc-image-ext-'))
        self._home = self.folder / 'home'
        self._home.mkdir()
        return self

    def __exit__(self, *exc_info: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def environ(self) -> dict[str, str]:
        """Return our environment without variables that affect the clients.

        The home directory is empty, so the user's caches and settings are not
        used.
        """
        environ = servers.clean_environ('OS_', 'PYTHON', 'XDG_')
        for name in ('COLUMNS', 'LINES', 'NO_COLOR', 'FORCE_COLOR'):
            environ.pop(name, None)
        return environ | {'HOME': str(self._home), 'TERM': 'xterm-256color'}

    def image(self, size: int) -> pathlib.Path:
        """Return a sparse file of this size."""
        path = self.folder / f'{size}.img'
        with path.open('ab') as file:
            file.truncate(size)
        return path


def sha512(path: pathlib.Path) -> tuple[str, float]:
    """Return a file's SHA-512, and the seconds spent on hashing.

    This also loads the file into the page cache.
    """
    digest = hashlib.sha512(usedforsecurity=False)
    seconds = 0.0
    with path.open('rb', buffering=0) as file:
        while block := file.read(BLOCK):
            begun = time.perf_counter()
            digest.update(block)
            seconds += time.perf_counter() - begun
    return digest.hexdigest(), seconds
