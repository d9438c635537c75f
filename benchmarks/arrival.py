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

"""The time in which the data of a download arrives in a file.

A look at the size takes microseconds, so unlike a relay that sees the data, it
takes no processor time away from the programs that are compared.
"""

from collections.abc import Mapping
import pathlib
import threading
import time

_INTERVAL = 0.005


class Arrival:
    """Context manager that watches a file, or one that will be renamed to it.

    :param target: path of the final file, in a folder in which no other name
        contains its name.
    :param size: bytes of all data.
    """

    def __init__(self, target: pathlib.Path, size: int) -> None:
        self._target = target
        self._size = size
        self._begun = self._ended = 0.0
        self._exited = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> 'Arrival':
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._exited.set()
        self._thread.join()

    def seconds(self) -> float:
        """Return the seconds from the first data to the complete target."""
        if not self._begun or not self._ended:
            raise RuntimeError(f'{self._target} was not seen growing.')
        return self._ended - self._begun

    def _watch(self) -> None:
        while not self._ended:
            # One more look at what is there after the command has ended.
            is_last = self._exited.wait(_INTERVAL)
            sizes = self._look()
            now = time.monotonic()
            if any(sizes.values()):
                self._begun = self._begun or now
            if sizes.get(self._target) == self._size:
                self._ended = now
            if is_last:
                return

    def _look(self) -> Mapping[pathlib.Path, int]:
        sizes = {}
        for path in self._target.parent.glob(f'*{self._target.name}*'):
            try:
                sizes[path] = path.stat().st_size
            except FileNotFoundError:  # renamed
                continue
        return sizes
