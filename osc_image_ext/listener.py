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

"""What image/ and compute/ report about their progress while they run."""

from typing import Protocol


class ProgressListener(Protocol):
    """Called by the thread that transfers data or changes servers.

    Calls are frequent (one per block). They must return at once and never
    raise: what a listener does with them must not affect the work.
    """

    def started(self, total: int | None, position: int = 0) -> None:
        """The work starts, for the first time or again.

        :param total: bytes (or items) in all, None if not known.
        :param position: what had been transferred before, and does not count
            for the rate.
        """

    def moved(self, position: int, sent: int | None = None) -> None:
        """Everything up to a position has been transferred.

        :param position: absolute; smaller than before after a new start.
        :param sent: bytes sent so far if the source is decompressed: the
            position is then that in the source. None if they are the same.
        """

    def phase(self, name: str, message: str = '') -> None:
        """Another phase begins, or there is more to report about it.

        :param name: one or two words for people.
        :param message: what the server reports, on one line.
        """


class NullListener:
    """A listener that does nothing: no progress was asked for."""

    def started(self, total: int | None, position: int = 0) -> None:
        pass

    def moved(self, position: int, sent: int | None = None) -> None:
        pass

    def phase(self, name: str, message: str = '') -> None:
        pass


NULL = NullListener()


class ProgressBoard(Protocol):
    """Listeners for several transfers, drawn together.

    All methods are called by one thread, and never raise.
    """

    def get_row(self, key: str, title: str) -> ProgressListener:
        """Return the listener for a transfer, which appears if it is new.

        :param key: identifies the transfer.
        :param title: what is transferred; may be any text.
        """

    def finish(self, key: str) -> None:
        """A transfer has ended: its listener has received all there is."""

    def refresh(self) -> None:
        """Draw what the listeners have received."""


class NullBoard:
    """A board that does nothing: there is nowhere to draw."""

    def get_row(self, key: str, title: str) -> ProgressListener:
        return NULL

    def finish(self, key: str) -> None:
        pass

    def refresh(self) -> None:
        pass


NULL_BOARD = NullBoard()
