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

"""Targets that are written directly: standard output, devices, FIFOs."""

from collections.abc import Iterator
import contextlib
import os
import stat
from types import TracebackType
from typing import Self

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import source
from osc_image_ext.image import sparse
from osc_image_ext.image import target as _target


class SpecialTarget:
    """What has no data that could be replaced at once, nor taken back.

    If the reader of a descriptor has gone, BrokenPipeError is raised: it has
    had enough.

    :param name: for messages, printable.
    :param path: of a device or FIFO.
    :param descriptor: open for writing, instead of a path; stays open.
    """

    is_restartable = False

    def __init__(
        self,
        name: str,
        path: str | None = None,
        descriptor: int | None = None,
    ) -> None:
        self.position = 0
        self._name = name
        self._path = path
        self._descriptor = descriptor
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self._cleanup.close()
        if error is None or not self.position:
            return
        error.add_note(
            _('What was written to %(name)s is not the image.')
            % {'name': self._name}
            if isinstance(error, exceptions.CorruptDataError)
            else ngettext(
                '%(name)s has only the first %(count)d byte.',
                '%(name)s has only the first %(count)d bytes.',
                self.position,
            )
            % {'name': self._name, 'count': self.position}
        )

    def begin(self, size: int) -> None:
        """Check that an image of a size fits into a block device."""
        if self._path is None:
            return
        with _target.as_target_error(self._name):
            if not stat.S_ISBLK(os.stat(self._path).st_mode):
                return
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                held = os.lseek(descriptor, 0, os.SEEK_END)
            finally:
                os.close(descriptor)
        if held < size:
            raise exceptions.TargetError(
                ngettext(
                    '%(name)s has %(actual)d byte, but the image has '
                    '%(size)d.',
                    '%(name)s has %(actual)d bytes, but the image has '
                    '%(size)d.',
                    held,
                )
                % {'name': self._name, 'actual': held, 'size': size}
            )

    def read_existing(self) -> Iterator[bytes]:
        yield from ()

    def prepare(self) -> None:
        """Open it; this waits for the reader of a FIFO."""
        with _target.as_target_error(self._name):
            if self._descriptor is None:
                flags = os.O_WRONLY | os.O_CLOEXEC
                self._descriptor = os.open(self._path or '', flags)
                self._cleanup.callback(os.close, self._descriptor)
            self._cleanup.enter_context(source.blocking(self._descriptor))

    def write(self, block: bytes) -> None:
        with self._let_broken_pipes_pass():
            sparse.write_all(self._require_descriptor(), block)
        self.position += len(block)

    def restart(self) -> None:
        """Fail: the data has gone.

        :raises TargetError: always.
        """
        raise exceptions.TargetError(
            _('%(name)s cannot be written again from its beginning.')
            % {'name': self._name}
        )

    def commit(self) -> None:
        """Wait until a device has the data: errors show only then."""
        descriptor = self._require_descriptor()
        with _target.as_target_error(self._name):
            if stat.S_ISBLK(os.fstat(descriptor).st_mode):
                os.fsync(descriptor)
            self._cleanup.close()

    def _require_descriptor(self) -> int:
        if self._descriptor is None:
            self.prepare()
        return self._descriptor if self._descriptor is not None else -1

    @contextlib.contextmanager
    def _let_broken_pipes_pass(self) -> Iterator[None]:
        try:
            with _target.as_target_error(self._name):
                yield
        except exceptions.TargetError as error:
            if self._path is None and (
                isinstance(error.__cause__, BrokenPipeError)
            ):
                raise error.__cause__ from None
            raise
