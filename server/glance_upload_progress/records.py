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

"""What is known of an upload or import: its record."""

import dataclasses
import enum
from typing import Protocol


class Phase(enum.StrEnum):
    """How image data comes into Glance."""

    UPLOAD = 'upload'
    STAGE = 'stage'
    IMPORT = 'import'


class State(enum.StrEnum):
    """What Glance does with image data."""

    WAITING = 'waiting'
    RECEIVING = 'receiving'
    STORING = 'storing'
    IMPORTING = 'importing'
    DONE = 'done'
    FAILED = 'failed'


ENDED = frozenset({State.DONE, State.FAILED})


@dataclasses.dataclass(frozen=True)
class Copy:
    """A copy of an image on its way into a store.

    :param store: None if it is not known which one
    :param received: bytes
    :param total: bytes, None if unknown
    """

    store: str | None
    received: int
    total: int | None


@dataclasses.dataclass(frozen=True)
class Record:
    """The progress of one attempt, at one moment.

    :param image_id: in lower case
    :param received: bytes, None if unknown
    :param total: bytes, None if unknown
    :param targets: stores of an import, None if unknown or if it is none
    :param copies: copies in progress of an import
    :param attempt: request ID, None if unknown
    :param started_at: seconds since the epoch
    :param updated_at: seconds since the epoch
    :param status_code: HTTP status of the response, None if there is none
    """

    image_id: str
    phase: Phase
    state: State
    received: int | None
    total: int | None
    attempt: str | None
    started_at: float
    updated_at: float
    status_code: int | None = None
    targets: tuple[str, ...] | None = None
    copies: tuple[Copy, ...] = ()

    @property
    def is_ended(self) -> bool:
        """Whether nothing more is going to change."""
        return self.state in ENDED


class Tracked(Protocol):
    """An upload or import of this process."""

    @property
    def image_id(self) -> str:
        """The image's ID in lower case."""

    @property
    def is_public(self) -> bool:
        """Whether other processes are to know of it."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is going to change."""

    def update(self) -> None:
        """Find out what cannot be counted; called at intervals."""

    def snapshot(self) -> Record:
        """Return the present record."""
