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

"""What the scenes need: a cloud, a disk image, and shells."""

from collections.abc import Mapping
import json
import os
import pathlib
import subprocess
import sys

import fixtures

from tests.fixtures import cloud as _cloud
from tests.fixtures import compute as _compute
from tests.fixtures import faulty_proxy
from tools.pictures import shell as _shell

_CLOUD = 'multi'
_MIB = 1024**2

DISK, IMAGE = 'disk.img', 'demo-disk'
_SIZE = 512 * _MIB


class Stage(fixtures.Fixture):
    """A real cloud, and a directory with a disk image."""

    def _setUp(self) -> None:
        self.cloud = _cloud.Cloud()
        self.cloud.start()
        self.addCleanup(self.cloud.stop)
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        with self.folder.joinpath(DISK).open('wb') as file:
            for _block in range(_SIZE // _MIB):
                file.write(os.urandom(_MIB))

    @property
    def compute(self) -> _compute.Compute:
        """The Nova of the cloud, started when it is first wanted."""
        return self.cloud.start_compute()

    def shell(
        self, columns: int, proxy: faulty_proxy.FaultyProxy | None = None
    ) -> _shell.Shell:
        """Return a shell in the directory, with the cloud selected.

        :param proxy: what the commands find in place of Glance.
        """
        return _shell.Shell(self._environ(proxy), self.folder, columns)

    def proxy(self) -> faulty_proxy.FaultyProxy:
        """Return a proxy in front of Glance."""
        return faulty_proxy.FaultyProxy(self.cloud.image_url(_CLOUD))

    def upload(
        self, proxy: faulty_proxy.FaultyProxy
    ) -> subprocess.Popen[bytes]:
        """Start to upload the disk image, without a terminal."""
        return subprocess.Popen(
            ['openstack', 'image', 'create', '--file', DISK, IMAGE],
            env=self._environ(proxy),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def clear(self) -> None:
        """Delete the images of a scene: the next one has the same name."""
        options = ('--name', IMAGE, '-f', 'value', '-c', 'ID')
        if ids := self._openstack('image', 'list', *options).split():
            self._openstack('image', 'delete', *ids)

    def _openstack(self, *arguments: str) -> str:
        return subprocess.check_output(
            ['openstack', *arguments], env=self._environ(), text=True
        )

    def _environ(
        self, proxy: faulty_proxy.FaultyProxy | None = None
    ) -> Mapping[str, str]:
        environ = self.cloud.environ()
        path = environ.get('PATH', os.defpath)
        environ['PATH'] = f'{pathlib.Path(sys.executable).parent}:{path}'
        environ['OS_CLOUD'] = _CLOUD
        # tox sets them to the size of its own terminal.
        for name in ('COLUMNS', 'LINES'):
            environ.pop(name, None)
        if proxy:
            config = json.loads(self.cloud.clouds_yaml.read_text())
            settings = config['clouds'][_CLOUD]
            settings['image_endpoint_override'] = proxy.url
            file = self.folder / 'clouds.yaml'
            file.touch(mode=0o600)
            file.write_text(json.dumps(config))
            environ['OS_CLIENT_CONFIG_FILE'] = str(file)
        return environ
