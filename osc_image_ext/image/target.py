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

"""What a download writes to."""

from collections.abc import Iterator
import contextlib
from types import TracebackType
from typing import Protocol, Self

from osc_image_ext import exceptions
from osc_image_ext.i18n import _


class Target(Protocol):
    """What a download writes to, within its context.

    If the context ends by an error, the target adds a note with what is left.
    All methods raise :class:`osc_image_ext.exceptions.TargetError`.
    """

    #: bytes of the image that it has
    position: int
    #: whether :meth:`restart` is possible
    is_restartable: bool

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def begin(self, size: int) -> None:
        """Find what there is, and check that an image of a size fits."""

    def read_existing(self) -> Iterator[bytes]:
        """Yield the data that there is."""

    def prepare(self) -> None:
        """Open the target: the data is on its way."""

    def write(self, block: bytes) -> None:
        """Write the next block."""

    def restart(self) -> None:
        """Discard all data."""

    def commit(self) -> None:
        """Finish: the data is complete and right."""


@contextlib.contextmanager
def as_target_error(name: str) -> Iterator[None]:
    """Turn an OSError into a sentence.

    :param name: what is written, for messages.
    :raises TargetError: with the reason of the operating system.
    """
    try:
        yield
    except OSError as error:
        raise exceptions.TargetError(
            _('Cannot write %(name)s: %(reason)s.')
            % {'name': name, 'reason': error.strerror or error}
        ) from error
