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

"""Partial files: what there is of a download until it has its final name.

While a command writes it, the file is ``.NAME.IMAGE-ID.RANDOM.part`` beside
the target. A failure leaves it as ``.NAME.IMAGE-ID.part``. A command that
resumes renames that to a random name of its own first: renaming is atomic, so
one of several commands gets the file, without a lock that not all network file
systems have.

After SIGKILL or a power failure the random name remains. Such a file is taken
only if nobody holds the lock that each command takes on its own file.
"""

import contextlib
import fcntl
import os
import pathlib
import re
import secrets
import stat

# Bytes of a target's name in that of a partial file, which must not exceed
# the 255 bytes of most file systems.
_MAX_STEM = 180

_SUFFIX = '.part'

_OPEN_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class PartialFile:
    """A file that is open for reading and writing, and locked.

    :param path: its name, which is random.
    :param descriptor: at the end of the data; -1 while it is not open.
    """

    def __init__(self, path: pathlib.Path, descriptor: int = -1) -> None:
        self.path = path
        self.descriptor = descriptor

    def create(self) -> None:
        """Create an empty file that only its owner can read.

        :raises OSError: if that is not possible.
        """
        flags = _OPEN_FLAGS | os.O_CREAT | os.O_EXCL
        self.descriptor = os.open(self.path, flags, 0o600)
        with contextlib.suppress(OSError):  # not all file systems have locks
            _lock(self.descriptor)

    @property
    def size(self) -> int:
        """Its length in bytes; 0 if somebody has taken it away."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        """Close it, once; an error may be that of an earlier write.

        :raises OSError: if the data may not have been written.
        """
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def remove(self) -> None:
        """Close and remove it."""
        with contextlib.suppress(OSError):
            self.close()
        self.path.unlink(missing_ok=True)


class PartialFiles:
    """The partial files of one image for one target.

    :param target: path of the final file; no symbolic link.
    """

    def __init__(self, target: pathlib.Path, image_id: str) -> None:
        name = os.fsdecode(os.fsencode(target.name)[:_MAX_STEM])
        self._folder = target.parent
        self._stem = f'.{name}.{image_id}'
        #: what a failed download leaves
        self.kept = self._folder / f'{self._stem}{_SUFFIX}'

    def new(self) -> PartialFile:
        """Return a file that does not exist yet."""
        return PartialFile(self._random_path())

    def find(self) -> pathlib.Path | None:
        """Return a file that a failed or killed command has left, if any."""
        if _is_usable(self.kept):
            return self.kept
        for path in self._list_random():
            if file := _open_locked(path):
                file.close()
                return path
        return None

    def claim(self) -> PartialFile | None:
        """Take over a file that another command has left, if there is one.

        It is positioned at the end of its data.

        :raises OSError: if it cannot be renamed.
        """
        file = self._claim_kept() if _is_usable(self.kept) else None
        for path in self._list_random():
            if file:
                break
            if file := _open_locked(path):
                file.path = self._random_path()
                path.rename(file.path)  # nobody else does: it is locked
        if file:
            os.fchmod(file.descriptor, 0o600)
            os.lseek(file.descriptor, 0, os.SEEK_END)
        return file

    def keep(self, file: PartialFile) -> None:
        """Close a file, and leave it for :meth:`claim`.

        If there is another one already, the longer one stays.

        :raises OSError: if it cannot be renamed.
        """
        size = file.size
        with contextlib.suppress(OSError):
            file.close()
        # Another command may take either file at any time.
        with contextlib.suppress(FileNotFoundError):
            if self.kept.lstat().st_size > size:
                file.path.unlink()
        with contextlib.suppress(FileNotFoundError):
            file.path.replace(self.kept)

    def _random_path(self) -> pathlib.Path:
        name = f'{self._stem}.{secrets.token_hex(4)}{_SUFFIX}'
        return self._folder / name

    def _list_random(self) -> list[pathlib.Path]:
        """Return the files of commands that run, or were killed."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return []
        pattern = re.compile(
            rf'{re.escape(self._stem)}\.[0-9a-f]{{8}}{re.escape(_SUFFIX)}'
        )
        return [
            self._folder / name
            for name in sorted(names)
            if pattern.fullmatch(name) and _is_usable(self._folder / name)
        ]

    def _claim_kept(self) -> PartialFile | None:
        """Rename and open a file; return None if another was faster."""
        path = self._random_path()
        try:
            self.kept.rename(path)
            file = PartialFile(path, os.open(path, _OPEN_FLAGS))
        except FileNotFoundError:
            return None
        try:
            _lock(file.descriptor)
            is_ours = True
        except BlockingIOError:  # taken for one of a killed command
            is_ours = False
        except OSError:  # not all file systems have locks
            is_ours = True
        if is_ours and path.exists():
            return file
        file.close()
        return None


def _open_locked(path: pathlib.Path) -> PartialFile | None:
    """Open a file that nobody writes; return None if one cannot tell."""
    try:
        file = PartialFile(path, os.open(path, _OPEN_FLAGS))
    except OSError:
        return None
    try:
        _lock(file.descriptor)
        if os.path.samestat(os.fstat(file.descriptor), path.lstat()):
            return file
    except OSError:
        pass
    file.close()
    return None


def _lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_usable(path: pathlib.Path) -> bool:
    """Return whether there is data in a file, which must be the user's own."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size > 0
        and status.st_uid == os.geteuid()
    )
