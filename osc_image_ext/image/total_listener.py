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

"""One listener for what is transferred for several images at a time."""

from collections.abc import Sequence
import threading

from openstack.image.v2 import image as _image

from osc_image_ext import listener as _listener


class TotalListener:
    """Adds up the positions of several images.

    :param listener: gets the bytes of all images.
    :param phase: shown all the time.
    """

    def __init__(
        self,
        listener: _listener.ProgressListener,
        images: Sequence[_image.Image],
        phase: str,
    ) -> None:
        self._listener = listener
        self._sizes = [image.size or 0 for image in images]
        self._positions = [0] * len(images)
        self._lock = threading.Lock()
        listener.phase(phase)
        listener.started(sum(self._sizes))

    def part(self, index: int) -> _listener.ProgressListener:
        """Return the listener for one image."""
        return _PartListener(self, index)

    def moved(self, index: int, position: int) -> None:
        """Set the position of one image."""
        with self._lock:
            self._positions[index] = position
            self._listener.moved(sum(self._positions))

    def finish(self, index: int) -> None:
        """Count an image as a whole, whether it could be read or not."""
        self.moved(index, self._sizes[index])


class _PartListener(_listener.NullListener):
    """The listener for one of several images."""

    def __init__(self, total: TotalListener, index: int) -> None:
        self._total = total
        self._index = index

    def started(self, total: int | None, position: int = 0) -> None:
        self._total.moved(self._index, position)

    def moved(self, position: int, sent: int | None = None) -> None:
        self._total.moved(self._index, position)
