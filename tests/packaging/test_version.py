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

"""Which version a build has, by where its source comes from."""

from collections.abc import Mapping
import configparser
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
import zipfile

from tests.packaging import base

# Whoever runs the tests need not have told git a name.
_GIT = ('git', '-c', 'user.name=tests', '-c', 'user.email=tests@example.com')
_COMMIT = (*_GIT, 'commit', '--quiet', '--allow-empty', '--message', 'Other')

# The release that the commits are made for.
_CONFIG = configparser.ConfigParser()
_CONFIG.read(base.CLONE / 'setup.cfg')
NEXT = _CONFIG['metadata']['version']


def modules(wheel: pathlib.Path) -> set[str]:
    """Return the names of the files that a wheel has beside its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {n for n in archive.namelist() if '.dist-info/' not in n}


def version(wheel: pathlib.Path) -> str:
    """Return the version in the name of a wheel."""
    return wheel.name.split('-')[1]


class TestVersion(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=base.folder()))
        self.addCleanup(shutil.rmtree, self.folder)

    def clone(self, *options: str) -> pathlib.Path:
        """Return a clone that the test may change."""
        path = self.folder / 'clone'
        url = f'file://{base.tree()}'  # --depth needs a URL
        base.run('git', 'clone', '--quiet', *options, url, path)
        return path

    def archive(self) -> pathlib.Path:
        """Return an archive of the last commit, as a forge offers it."""
        path = self.folder / 'archive.tar.gz'
        base.run(
            *('git', 'archive', '--prefix', 'archive/', '--output', path),
            'HEAD',
            cwd=base.tree(),
        )
        return path

    def build(
        self,
        source: str | pathlib.Path,
        environ: Mapping[str, str] | None = None,
    ) -> pathlib.Path:
        """Return the wheel that pip builds from a source."""
        base.run(
            *(sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps'),
            *('--no-build-isolation', '--wheel-dir', self.folder, source),
            environ=environ,
        )
        (wheel,) = self.folder.glob('*.whl')
        return wheel

    def version(
        self,
        source: str | pathlib.Path,
        environ: Mapping[str, str] | None = None,
    ) -> str:
        """Return the version of the wheel that pip builds from a source."""
        return version(self.build(source, environ))

    def test_a_commit_is_ahead_of_the_next_release(self) -> None:
        clone = self.clone('--no-tags')
        base.run(*_COMMIT, cwd=clone)
        version = self.version(clone)
        self.assertRegex(version, rf'^{re.escape(NEXT)}\.dev[1-9]\d*$')

    def test_a_tag_is_a_release(self) -> None:
        clone = self.clone('--no-tags')
        base.run(*_GIT, 'tag', '--message', NEXT, NEXT, cwd=clone)
        self.assertEqual(NEXT, self.version(f'git+file://{clone}@{NEXT}'))

    def test_a_shallow_clone_of_a_commit_counts_nothing(self) -> None:
        clone = self.clone('--no-tags', '--depth', '1')
        self.assertEqual(f'{NEXT}.dev0', self.version(clone))

    def test_an_archive_of_a_commit_is_complete_and_counts_nothing(
        self,
    ) -> None:
        wheel = self.build(self.archive())
        self.assertEqual(modules(base.built('.').wheel), modules(wheel))
        self.assertEqual(f'{NEXT}.dev0', version(wheel))

    def test_a_repository_around_an_archive_is_ignored(self) -> None:
        base.run(*_GIT, 'init', '--quiet', cwd=self.folder)
        base.run(*_COMMIT, cwd=self.folder)
        base.run(*_GIT, 'tag', '--message', 'Other', '99.0.0', cwd=self.folder)
        shutil.unpack_archive(self.archive(), self.folder)
        source = self.folder / 'archive'
        self.assertEqual(f'{NEXT}.dev0', self.version(source))

    def test_a_clone_without_the_program_git_counts_nothing(self) -> None:
        # As in a container image that the clone is copied to.
        clone = self.clone()
        environ = {'PATH': str(self.folder / 'nowhere')}
        self.assertEqual(f'{NEXT}.dev0', self.version(clone, environ))

    def test_the_filter_is_released_with_the_client(self) -> None:
        clone = self.clone()
        url = f'git+file://{clone}#subdirectory=server'
        self.assertEqual(NEXT, self.version(url))
