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

import errno
import os
import pathlib
import shutil
import stat
import tempfile
from typing import Any
import unittest
from unittest import mock

from osc_image_ext import exceptions
from osc_image_ext.image import file_target
from tests.fixtures import doubles

_CORRUPT = exceptions.CorruptDataError('7', 'md5', 'a', 'b')


class FileTargetTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )
        self.path = self.folder / 'disk.img'
        self.kept = self.folder / f'.disk.img.{doubles.IMAGE_ID}.part'

    def make(self, **options: bool) -> file_target.FileTarget:
        return file_target.FileTarget(
            str(self.path), doubles.IMAGE_ID, **options
        )

    def listed(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}

    def fail(  # type: ignore[override]
        self, error: BaseException, *blocks: bytes, **options: bool
    ) -> str:
        """Write blocks, and fail; return the notes."""
        with self.assertRaises(type(error)), self.make(**options) as target:
            target.begin(100)
            target.prepare()
            for block in blocks:
                target.write(block)
            raise error
        return ' '.join(getattr(error, '__notes__', ()))


class TestCommit(FileTargetTestCase):
    def save(self, *blocks: bytes, **options: bool) -> None:
        with self.make(**options) as target:
            target.begin(100)
            target.prepare()
            for block in blocks:
                target.write(block)
            self.assertFalse(self.path.exists())
            target.commit()

    def test_new_file(self) -> None:
        for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
            before = os.umask(mask)
            self.addCleanup(os.umask, before)
            self.save(b'some', b' data')
            self.assertEqual({'disk.img': b'some data'}, self.listed())
            self.assertEqual(mode, stat.S_IMODE(self.path.stat().st_mode))
            self.assertEqual(mask, os.umask(mask))
            self.path.unlink()

    def test_partial_file_is_private(self) -> None:
        with self.make() as target:
            target.begin(100)
            target.prepare()
            (path,) = self.folder.iterdir()
            self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))

    def test_replaced_file(self) -> None:
        self.path.write_text('old')
        self.path.chmod(0o640)
        with self.make() as target:
            target.begin(100)
            target.prepare()
            target.write(b'new')
            self.assertEqual('old', self.path.read_text())
            target.commit()
        self.assertEqual({'disk.img': b'new'}, self.listed())
        self.assertEqual(0o640, stat.S_IMODE(self.path.stat().st_mode))

    def test_link_to_nothing(self) -> None:
        real = self.folder / 'real.img'
        self.path.symlink_to(real)
        self.save(b'data')
        self.assertTrue(self.path.is_symlink())
        self.assertEqual(b'data', real.read_bytes())

    def test_holes(self) -> None:
        self.save(b'a', bytes(10**6), sparse=True)
        self.assertEqual(b'a' + bytes(10**6), self.path.read_bytes())

    def test_file_that_appears_meanwhile(self) -> None:
        for link in (os.link, OSError(errno.EPERM, 'No links')):
            with (
                mock.patch.object(os, 'link', side_effect=link),
                self.assertRaises(exceptions.TargetError) as caught,
                self.make(clobber=False) as target,
            ):
                target.begin(100)
                target.prepare()
                target.write(b'new')
                self.path.write_text('other')
                target.commit()
            self.assertIn('Cannot write', str(caught.exception))
            self.assertEqual('other', self.path.read_text())
            self.assertEqual(b'new', self.kept.read_bytes())
            self.assertIn('--no-clobber', caught.exception.__notes__[0])
            self.path.unlink()
            self.kept.unlink()

    def test_no_clobber(self) -> None:
        for link in (os.link, OSError(errno.EPERM, 'No links')):
            with mock.patch.object(os, 'link', side_effect=link):
                self.save(b'data', clobber=False)
            self.assertEqual({'disk.img': b'data'}, self.listed())
            self.path.unlink()

    def test_error_when_it_is_closed(self) -> None:
        """As of a quota on NFS."""
        error = OSError(errno.EDQUOT, 'Disk quota exceeded')
        with (
            mock.patch.object(os, 'close', side_effect=error),
            self.assertRaisesRegex(
                exceptions.TargetError,
                f'^Cannot write {self.path}: Disk quota exceeded.$',
            ),
        ):
            self.save(b'data')
        self.assertEqual([self.kept.name], list(self.listed()))


class TestFailure(FileTargetTestCase):
    def test_what_is_kept(self) -> None:
        for error in (OSError(), KeyboardInterrupt(), SystemExit(143)):
            note = self.fail(error, b'some', b' data')
            self.assertEqual({self.kept.name: b'some data'}, self.listed())
            self.assertEqual(
                f'The data so far is kept in {self.kept}. To continue, run '
                f'"openstack image save --resume --file {self.path} '
                f'{doubles.IMAGE_ID}".',
                note,
            )
            self.kept.unlink()

    def test_quoted_command(self) -> None:
        self.path = self.folder / 'my disk'
        note = self.fail(OSError(), b'data', sparse=True)
        self.assertIn(f"--resume --sparse --file '{self.path}' ", note)

    def test_nothing_to_keep(self) -> None:
        self.assertEqual('', self.fail(OSError()))
        self.assertEqual('', self.fail(_CORRUPT, b'data'))
        self.assertEqual({}, self.listed())

    def test_hole_at_the_end(self) -> None:
        self.fail(KeyboardInterrupt(), b'a', bytes(10**6), sparse=True)
        held = {self.kept.name: b'a' + bytes(10**6)}
        self.assertEqual(held, self.listed())

    def test_full_disk(self) -> None:
        error = OSError(errno.ENOSPC, 'No space left on device')
        with (
            self.assertRaises(exceptions.TargetError) as caught,
            self.make() as target,
        ):
            target.begin(100)
            target.prepare()
            target.write(b'data')
            with mock.patch.object(os, 'write', side_effect=error):
                target.write(b'more')
        self.assertEqual(
            f'Cannot write {self.path}: No space left on device.',
            str(caught.exception),
        )
        self.assertEqual({self.kept.name: b'data'}, self.listed())

    def test_signal_when_the_file_is_created(self) -> None:
        """Nothing is left, wherever it comes."""
        real = os.open

        def interrupt(*args: Any) -> int:
            real(*args)
            raise KeyboardInterrupt

        with mock.patch.object(os, 'open', side_effect=interrupt):
            self.fail(KeyboardInterrupt())
        self.assertEqual({}, self.listed())

    def test_not_prepared(self) -> None:
        with self.assertRaises(exceptions.TargetError):
            self.make().write(b'data')


class TestBegin(FileTargetTestCase):
    def test_resumed(self) -> None:
        self.kept.write_bytes(b'some')
        with self.make(resume=True) as target:
            target.begin(100)
            self.assertEqual(4, target.position)
            self.assertEqual(b'some', b''.join(target.read_existing()))
            target.prepare()
            target.write(b' data')
            target.commit()
        self.assertEqual({'disk.img': b'some data'}, self.listed())

    def test_resumed_and_refused(self) -> None:
        self.kept.write_bytes(b'some')
        with self.assertRaises(OSError), self.make(resume=True) as target:
            target.begin(100)
            raise OSError
        self.assertEqual({self.kept.name: b'some'}, self.listed())

    def test_restart(self) -> None:
        self.kept.write_bytes(b'some')
        with self.make(resume=True) as target:
            target.begin(100)
            target.restart()
            self.assertEqual(0, target.position)
            target.prepare()
            target.write(b'new')
            target.commit()
        self.assertEqual({'disk.img': b'new'}, self.listed())

    def test_longer_than_the_image(self) -> None:
        self.kept.write_bytes(b'some')
        with self.make(resume=True) as target:
            target.begin(3)
            self.assertEqual(0, target.position)

    def test_nothing_to_resume(self) -> None:
        with self.make(resume=True) as target:
            target.begin(100)
            self.assertEqual([], list(target.read_existing()))

    def test_partial_file_that_shrinks(self) -> None:
        self.kept.write_bytes(b'some')
        with (
            self.assertRaisesRegex(exceptions.TargetError, 'Another program'),
            self.make(resume=True) as target,
        ):
            target.begin(100)
            (path,) = self.folder.iterdir()
            os.truncate(path, 0)
            list(target.read_existing())

    def test_old_partial_file_is_named(self) -> None:
        self.kept.write_bytes(b'some')
        with self.assertLogs(file_target.LOG) as logs, self.make() as target:
            target.begin(100)
        self.assertIn(f'left {self.kept}. It is not used', logs.output[0])
        self.assertEqual({self.kept.name: b'some'}, self.listed())

    def use_space(self, total: int, free: int) -> None:
        usage = mock.Mock(total=total, free=free)
        self.enterContext(
            mock.patch.object(shutil, 'disk_usage', return_value=usage)
        )

    def test_no_space(self) -> None:
        self.use_space(1000, 99)
        with (
            self.assertRaisesRegex(
                exceptions.TargetError,
                f'^{self.path} needs 100 bytes, but only 99 are free.$',
            ),
            self.make() as target,
        ):
            target.begin(100)
        with (
            self.assertLogs(file_target.LOG),
            self.make(sparse=True) as target,
        ):
            target.begin(100)
        self.kept.write_bytes(b'x')
        with self.make(resume=True) as target:
            target.begin(100)

    def test_file_system_that_reports_no_space(self) -> None:
        self.use_space(0, 0)
        with self.make() as target:
            target.begin(100)

    def test_no_directory(self) -> None:
        self.path = self.folder / 'absent' / 'disk.img'
        with (
            self.assertRaisesRegex(
                exceptions.TargetError, 'No such file or directory.$'
            ),
            self.make() as target,
        ):
            target.begin(100)
