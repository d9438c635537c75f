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

"""What both distributions contain, and what they say of themselves."""

from email import message
from email import parser
import pathlib
import sys
import tarfile
from typing import ClassVar
import unittest
import zipfile

from tests.packaging import base


class ContentsTest(unittest.TestCase):
    """Tests of one distribution, for a class that names it."""

    #: where it is in the clone
    directory: ClassVar[str]
    package: ClassVar[str]
    #: files that its sdist has beside those of git; *.egg-info is not named
    generated: ClassVar[set[str]]
    #: files of the wheel's metadata
    metadata: ClassVar[set[str]]

    def in_git(self, path: str = '.') -> set[str]:
        """Return the names of files in git, relative to the directory."""
        listed = base.run(
            *('git', 'ls-tree', '-r', '-z', '--name-only', 'HEAD', path),
            cwd=base.tree() / self.directory,
        )
        return set(listed.rstrip('\0').split('\0'))

    def members(self, wheel: pathlib.Path) -> dict[str, bytes]:
        """Return the files of a wheel by their names."""
        with zipfile.ZipFile(wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def wheel(self) -> dict[str, bytes]:
        """Return the files of the wheel by their names."""
        return self.members(base.built(self.directory).wheel)

    def described(self) -> message.Message:
        """Return the metadata of the wheel."""
        (name,) = (n for n in self.wheel() if n.endswith('/METADATA'))
        return parser.Parser().parsestr(self.wheel()[name].decode())

    def test_the_wheel_has_the_files_of_the_package(self) -> None:
        names = {n for n in self.wheel() if '.dist-info/' not in n}
        self.assertEqual(self.in_git(self.package), names)

    def test_the_wheel_has_metadata_and_the_license(self) -> None:
        names = {
            name.partition('.dist-info/')[2]
            for name in self.wheel()
            if '.dist-info/' in name
        }
        self.assertEqual(self.metadata, names)

    def test_the_sdist_has_files_of_git_only(self) -> None:
        sdist = base.built(self.directory).sdist
        with tarfile.open(sdist) as archive:
            members = [m for m in archive.getmembers() if not m.isdir()]
        self.assertTrue(all(member.isfile() for member in members))
        names = {member.name.partition('/')[2] for member in members}
        names = {n for n in names if '.egg-info/' not in n}
        self.assertEqual(self.generated, names - self.in_git())

    def test_the_clone_builds_the_wheel_of_the_sdist(self) -> None:
        folder = base.folder() / 'of-clone' / self.directory
        source = base.tree() / self.directory
        base.run(
            *(sys.executable, '-m', 'build', '--wheel', '--no-isolation'),
            *('--outdir', folder, source),
        )
        (wheel,) = folder.glob('*.whl')
        self.assertEqual(self.wheel(), self.members(wheel))

    def test_the_description_is_valid(self) -> None:
        built = base.built(self.directory)
        base.run(
            *(sys.executable, '-m', 'twine', 'check', '--strict'),
            *(built.sdist, built.wheel),
        )

    def test_the_wheel_requires_what_is_tested(self) -> None:
        path = base.tree() / self.directory / 'requirements.txt'
        lines = path.read_text().splitlines()
        required = {line.partition('#')[0].strip() for line in lines} - {''}
        found = self.described().get_all('Requires-Dist', [])
        self.assertEqual(required, {r for r in found if 'extra ==' not in r})


class TestClient(ContentsTest):
    directory = '.'
    package = 'osc_image_ext'
    generated = {'AUTHORS', 'ChangeLog', 'PKG-INFO'}
    metadata = {
        *('METADATA', 'RECORD', 'WHEEL', 'entry_points.txt'),
        *('licenses/LICENSE', 'pbr.json', 'top_level.txt'),
    }


class TestFilter(ContentsTest):
    directory = 'server'
    package = 'glance_upload_progress'
    generated = {'PKG-INFO', 'setup.cfg'}
    metadata = {
        *('METADATA', 'RECORD', 'WHEEL', 'entry_points.txt'),
        *('licenses/LICENSE', 'top_level.txt'),
    }


# It is none of its own.
del ContentsTest
