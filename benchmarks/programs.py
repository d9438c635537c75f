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

"""The commands to compare: this package's and its peers."""

import dataclasses
import importlib.metadata
import pathlib
import shutil
import sys
import sysconfig

from tests.fixtures import bootstrap

_OURS = 'osc-image-ext'
# Packages that every virtual environment has.
_TOOLS = ('pip', 'setuptools', 'wheel')

# Name of uploaded images.
IMAGE = 'bench'


@dataclasses.dataclass(frozen=True)
class Programs:
    """Paths of the programs.

    :param ours: ``openstack`` with this plugin.
    :param core: ``openstack`` in the same versions, without this plugin.
    :param glance: the command of glanceclient.
    :param curl: ``curl``.
    """

    ours: pathlib.Path
    core: pathlib.Path
    glance: pathlib.Path
    curl: pathlib.Path

    def nova(self) -> pathlib.Path:
        """Return the path of novaclient's command.

        :raises RuntimeError: if it is missing.
        """
        nova = self.ours.with_name('nova')
        if not nova.exists():
            raise RuntimeError(f'{nova} is missing: run tox -e bench.')
        return nova


def find() -> Programs:
    """Find the programs; install the environment without this plugin.

    :raises RuntimeError: if one is missing.
    """
    here = pathlib.Path(sys.executable).parent
    curl = shutil.which('curl')
    if curl is None:
        raise RuntimeError('curl is not installed.')
    found = Programs(
        here / 'openstack',
        _core() / 'bin' / 'openstack',
        here / 'glance',
        pathlib.Path(curl),
    )
    for program in dataclasses.astuple(found):
        if not program.exists():
            raise RuntimeError(f'{program} is missing: run tox -e bench.')
    # stevedore caches entry points, except for an interpreter under /tmp:
    # that would cost one of the two 30 ms at each start.
    ours, core = (
        program.is_relative_to('/tmp') for program in (found.ours, found.core)
    )
    if ours != core:
        raise RuntimeError('Only one of the two environments is under /tmp.')
    return found


def _core() -> pathlib.Path:
    """Return the path of an environment like this one without the plugin.

    A separate environment, instead of this one with the plugin hidden: the
    mere presence of the plugin's files costs time at each start.
    """
    bootstrap.ENVIRONMENTS.mkdir(exist_ok=True)
    pins = bootstrap.ENVIRONMENTS / 'core-requirements.txt'
    text = ''.join(f'{pin}\n' for pin in _pins())
    if not pins.exists() or pins.read_text() != text:
        pins.write_text(text)
    return bootstrap.ensure(
        'core',
        'python-openstackclient without this plugin',
        ['--no-deps', '--requirement', str(pins)],
        [pins],
    )


def _pins() -> list[str]:
    places = {sysconfig.get_path(kind) for kind in ('purelib', 'platlib')}
    found = {
        (distribution.name, distribution.version)
        for distribution in importlib.metadata.distributions(path=[*places])
    }
    return sorted(
        f'{name}=={version}'
        for name, version in found
        if name.replace('_', '-') not in (_OURS, *_TOOLS)
    )


def image_save(
    openstack: pathlib.Path, target: pathlib.Path | str, *options: str
) -> list[str]:
    """Return the command line that downloads an image to a file."""
    words = ['image', 'save', f'--file={target}', *options, IMAGE]
    return [str(openstack), *words]


def image_create(
    openstack: pathlib.Path, image: pathlib.Path, *options: str
) -> list[str]:
    """Return the command line that uploads a file."""
    words = ['image', 'create', f'--file={image}', *options, IMAGE]
    return [str(openstack), *words]
