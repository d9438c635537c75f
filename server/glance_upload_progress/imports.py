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

"""An import, which Glance runs in the process that accepted the request.

What it does is seen from its open files: that in the staging area is written
while data is fetched, and read while a store is filled.
"""

from collections.abc import Callable, Mapping, Sequence
import json
import os
import time
from typing import Any

from glance_upload_progress import descriptors
from glance_upload_progress import directories
from glance_upload_progress import records

# Seconds without an open file after which an import is given up: as long as
# Glance believes in the lock of a task.
_MAX_IDLE = 3600.0
# A plugin may replace the file in the staging area: it is gone if it is
# missing so many times in a row.
_MISSING = 20

_Find = Callable[[str], Sequence[descriptors.OpenFile]]


class Import:
    """An import that this process runs, or has passed on to another host.

    :param targets: stores, None if they are not known
    """

    def __init__(
        self,
        image_id: str,
        attempt: str | None,
        targets: Sequence[str] | None,
        where: directories.Directories,
        find: _Find = descriptors.find,
        exists: Callable[[str], bool] = os.path.lexists,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Look at nothing yet."""
        self.image_id = image_id
        self._attempt = attempt
        self._targets = None if targets is None else tuple(targets)
        self._where = where
        self._find = find
        self._exists = exists
        self._clock = clock
        self._started_at = self._seen_at = clock()
        self._staged: str | None = None
        self._missing = 0
        self._is_over = False
        self._state = records.State.WAITING
        self._received: int | None = None
        self._total: int | None = None
        self._copies: tuple[records.Copy, ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether this process has been seen to run the import.

        Another one runs it if the data was staged on another host.
        """
        return self._staged is not None

    @property
    def is_over(self) -> bool:
        return self._is_over

    def update(self) -> None:
        if self._is_over:
            return
        files = self._find(self.image_id)
        self._received = self._total = None
        self._copies = ()
        staged = [file for file in files if self._is_staged(file)]
        if staged:
            self._look_at(staged, files)
        elif self._staged is not None:
            self._state = records.State.IMPORTING
        self._detect_end()

    def snapshot(self) -> records.Record:
        return records.Record(
            image_id=self.image_id,
            phase=records.Phase.IMPORT,
            state=self._state,
            received=self._received,
            total=self._total,
            attempt=self._attempt,
            started_at=self._started_at,
            updated_at=self._started_at,
            targets=self._targets,
            copies=self._copies,
        )

    def _is_staged(self, file: descriptors.OpenFile) -> bool:
        return file.path.parent == self._where.staging

    def _look_at(
        self,
        staged: Sequence[descriptors.OpenFile],
        files: Sequence[descriptors.OpenFile],
    ) -> None:
        self._seen_at = self._clock()
        written = [file for file in staged if file.is_written]
        read = [file for file in staged if not file.is_written]
        if written and not read:
            self._state = records.State.RECEIVING
            self._received = max(file.position for file in written)
            self._remember(written[0])
            return
        self._state = records.State.IMPORTING
        self._remember(read[0])
        # A plugin that reads one file and writes another says nothing about
        # the stores.
        if not written:
            self._received = min(file.position for file in read)
            self._total = max(file.size for file in read)
            self._copies = self._find_copies(read, files)

    def _remember(self, file: descriptors.OpenFile) -> None:
        self._staged = str(file.path)

    def _find_copies(
        self,
        read: Sequence[descriptors.OpenFile],
        files: Sequence[descriptors.OpenFile],
    ) -> tuple[records.Copy, ...]:
        """Return all copies with their stores, or none if one is not certain.

        The store of a single copy is that of the request. Of several, only
        those are known that are files themselves.
        """
        if self._targets is not None and len(self._targets) == len(read) == 1:
            [file] = read
            [store] = self._targets
            return (records.Copy(store, file.position, file.size),)
        copies = [
            records.Copy(store, file.position, self._total)
            for file in files
            for store in [self._where.stores.get(file.path.parent)]
            if file.is_written and store is not None
        ]
        return tuple(copies) if len(copies) == len(read) else ()

    def _detect_end(self) -> None:
        is_missing = self._staged and not self._exists(self._staged)
        self._missing = self._missing + 1 if is_missing else 0
        is_idle = self._clock() - self._seen_at > _MAX_IDLE
        self._is_over = self._missing >= _MISSING or is_idle


def parse_targets(
    body: bytes, environ: Mapping[str, Any], default: str | None
) -> list[str] | None:
    """Return the stores that an accepted request names.

    :param default: the deployment's default of several stores, None if it has
        only one
    :returns: None if they are not known
    """
    try:
        request = json.loads(body)
    except ValueError:
        return None
    if not isinstance(request, dict) or request.get('all_stores'):
        return None
    named = environ.get('HTTP_X_IMAGE_META_STORE', default)
    stores = request.get('stores', [] if named is None else [named])
    if not isinstance(stores, list) or not stores:
        return None
    if not all(isinstance(store, str) for store in stores):
        return None
    return stores
