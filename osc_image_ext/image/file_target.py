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

"""A file that gets its name when it is the image.

There is either the image under the target's name, or what was there before.
"""

from collections.abc import Iterator
import contextlib
import logging
import os
import pathlib
import shutil
from types import TracebackType
from typing import Self

from osc_image_ext import exceptions
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import partial
from osc_image_ext.image import sparse as _sparse
from osc_image_ext.image import streams
from osc_image_ext.image import target

LOG = logging.getLogger(__name__)


class FileTarget:
    """A regular file, which gets its name when its data is complete.

    :param path: its path, of a file that exists or not.
    :param image_id: ID of the image, for the name of the partial file.
    :param resume: go on with a partial file if there is one.
    :param sparse: write blocks of zeros as holes.
    :param clobber: replace a file that exists.
    """

    is_restartable = True

    def __init__(
        self,
        path: str,
        image_id: str,
        *,
        resume: bool = False,
        sparse: bool = False,
        clobber: bool = True,
    ) -> None:
        self.position = 0
        self._path = path
        self._name = text.printable(path)
        self._image_id = image_id
        self._resume = resume
        self._sparse = sparse
        self._clobber = clobber
        # A link would be replaced, and not what it leads to.
        self._target = pathlib.Path(os.path.realpath(path))
        self._partials = partial.PartialFiles(self._target, image_id)
        self._file: partial.PartialFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        if error is None or isinstance(error, exceptions.CorruptDataError):
            file.remove()  # another download could not use it
            return
        with contextlib.suppress(OSError):
            if self.position > file.size and file.descriptor >= 0:
                os.ftruncate(file.descriptor, self.position)  # a hole
        if not file.size:
            file.remove()
            return
        error.add_note(self._describe_kept())
        with contextlib.suppress(OSError):
            self._partials.keep(file)

    def begin(self, size: int) -> None:
        with target.as_target_error(self._name):
            if self._resume:
                self._file = self._partials.claim()
            elif found := self._partials.find():
                LOG.warning(
                    _(
                        'An earlier download left %(path)s. It is not used '
                        'without --resume.'
                    ),
                    {'path': text.quote(str(found))},
                )
            if self._file:
                self.position = self._file.size
            if self.position > size:
                self.restart()
            self._require_space(size - self.position)

    def _require_space(self, size: int) -> None:
        usage = shutil.disk_usage(self._target.parent)
        # Some file systems do not report anything.
        if not usage.total or usage.free >= size:
            return
        problem = ngettext(
            '%(name)s needs %(size)d byte, but only %(free)d are free.',
            '%(name)s needs %(size)d bytes, but only %(free)d are free.',
            size,
        ) % {'name': self._name, 'size': size, 'free': usage.free}
        if not self._sparse:
            raise exceptions.TargetError(problem)
        LOG.warning(problem)

    def read_existing(self) -> Iterator[bytes]:
        if self._file is None:
            return
        with target.as_target_error(self._name):
            os.lseek(self._file.descriptor, 0, os.SEEK_SET)
            rest = self.position
            while rest:
                size = min(streams.BLOCK_SIZE, rest)
                block = os.read(self._file.descriptor, size)
                if not block:
                    raise exceptions.TargetError(
                        _(
                            'Another program has shortened the partial file '
                            'of %(name)s.'
                        )
                        % {'name': self._name}
                    )
                rest -= len(block)
                yield block

    def prepare(self) -> None:
        if self._file is None:
            # Known before it exists: a signal may come at any moment.
            self._file = self._partials.new()
            with target.as_target_error(self._name):
                self._file.create()

    def _require_file(self) -> partial.PartialFile:
        if self._file is None:
            raise exceptions.TargetError(
                _('Cannot write %(name)s: %(reason)s.')
                % {'name': self._name, 'reason': _('it is not open')}
            )
        return self._file

    def write(self, block: bytes) -> None:
        descriptor = self._require_file().descriptor
        with target.as_target_error(self._name):
            if self._sparse:
                _sparse.write(descriptor, block, self.position)
            else:
                _sparse.write_all(descriptor, block)
        self.position += len(block)

    def restart(self) -> None:
        self.position = 0
        if self._file:
            with target.as_target_error(self._name):
                os.ftruncate(self._file.descriptor, 0)
                os.lseek(self._file.descriptor, 0, os.SEEK_SET)

    def commit(self) -> None:
        file = self._require_file()
        with target.as_target_error(self._name):
            if self._sparse:
                os.ftruncate(file.descriptor, self.position)
            os.fchmod(file.descriptor, self._final_mode())
            file.close()
            self._rename(file.path)
        self._file = None

    def _final_mode(self) -> int:
        """Return the mode of the replaced file, or that of a new one."""
        try:
            return self._target.stat().st_mode & 0o777
        except FileNotFoundError:
            # The mask can only be read by setting it: to a strict one, which
            # other threads may get.
            mask = os.umask(0o077)
            os.umask(mask)
            return 0o666 & ~mask

    def _rename(self, path: pathlib.Path) -> None:
        if self._clobber:
            path.replace(self._target)
            return
        try:
            os.link(path, self._target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if self._target.exists():
                raise
            path.replace(self._target)
        else:
            path.unlink()

    def _describe_kept(self) -> str:
        options = ['--resume']
        if self._sparse:
            options.append('--sparse')
        if not self._clobber:
            options.append('--no-clobber')
        options.append(f'--file {text.quote(self._path)}')
        return _(
            'The data so far is kept in %(partial)s. To continue, run '
            '"openstack image save %(options)s %(id)s".'
        ) % {
            'partial': text.quote(str(self._partials.kept)),
            'options': ' '.join(options),
            'id': self._image_id,
        }
