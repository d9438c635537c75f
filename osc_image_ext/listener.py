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

"""What a transfer tells about itself while it runs."""

from typing import Protocol


class ProgressListener(Protocol):
    """Told about a transfer by the thread that runs it.

    Calls are frequent (one per block). They must return at once and never
    raise: what a listener does about them is no business of the transfer.
    """

    def started(self, total: int | None) -> None:
        """A run over the data starts, for the first time or once more.

        :param total: bytes (or items) to move, None when not known.
        """

    def moved(self, position: int) -> None:
        """All up to the position has moved.

        :param position: absolute; smaller than before after a new start.
        """

    def phase(self, name: str, message: str = '') -> None:
        """Something else is being done now, or there is more to tell of it.

        :param name: one or two words for people.
        :param message: what the server says about it, on one line.
        """


class NullListener:
    """A listener that does nothing: no progress was asked for."""

    def started(self, total: int | None) -> None:
        pass

    def moved(self, position: int) -> None:
        pass

    def phase(self, name: str, message: str = '') -> None:
        pass


NULL = NullListener()
