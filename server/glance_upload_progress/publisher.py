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

"""The uploads and imports of this process, and the thread that reports them.

Threads of requests add to integers. This thread looks at these at intervals,
and is the only one that writes to memcached.
"""

from collections.abc import Callable, Sequence
import dataclasses
import threading
import time
from typing import Protocol

from oslo_log import log as logging

from glance_upload_progress import limited_log
from glance_upload_progress import records

LOG = logging.getLogger(__name__)

# Seconds between two looks.
INTERVAL = 0.5
# Seconds that a record is kept after its end.
ENDED_TTL = 15 * 60
# Reports during the lifetime of a record, since some may be lost.
_HEARTBEATS = 12
_MAX_TRACKED = 1000
# States in which no bytes are seen to arrive although all is well.
_SILENT = frozenset({records.State.STORING, records.State.IMPORTING})


class Backend(Protocol):
    """Where records are published."""

    def write(self, changed: Sequence[records.Record]) -> bool:
        """Write records; return whether that was possible."""


@dataclasses.dataclass
class _Entry:
    """An upload or import, and what was seen and published of it.

    What this process shows is not newer than what others can know by then:
    users whose questions several processes answer see no bytes vanish.
    """

    tracked: records.Tracked
    seen: records.Record | None = None
    changed_at: float = 0.0
    published: records.Record | None = None
    published_at: float = 0.0
    shown: records.Record | None = None
    is_over: bool = False

    def observe(self, now: float) -> records.Record:
        """Return the present record, with the time of the last change."""
        # It may end at any moment: what is seen afterwards is its end.
        self.is_over = self.tracked.is_over
        record = self.tracked.snapshot()
        if record != self.seen:
            self.seen = record
            self.changed_at = now
        is_silent = record.state in _SILENT
        updated_at = now if is_silent else self.changed_at
        return dataclasses.replace(record, updated_at=updated_at)

    def is_due(self, now: float, heartbeat: float) -> bool:
        """Return whether what was seen has to be published."""
        if not self.tracked.is_public or self.published == self.seen:
            return self.is_running and now - self.published_at >= heartbeat
        return True

    def is_old(self, now: float) -> bool:
        """Return whether it can be forgotten."""
        if not self.is_over or self.seen is None:
            return False
        # How an import ended is known from the image.
        return not self.seen.is_ended or now - self.changed_at >= ENDED_TTL

    @property
    def is_running(self) -> bool:
        """Whether it has to be reported although nothing changes."""
        return self.tracked.is_public and not self.is_over


class Publisher:
    """What one process knows; it must not be forked.

    Its thread starts with the first upload.
    """

    def __init__(
        self,
        backend: Backend | None,
        running_ttl: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Start nothing yet.

        :param backend: None if nothing is published
        :param running_ttl: seconds after which what is published expires
        """
        self._backend = backend
        self._heartbeat = running_ttl / _HEARTBEATS
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = limited_log.LimitedLog(LOG)

    def add(self, tracked: records.Tracked) -> None:
        """Report an upload from now on, instead of another of its image."""
        with self._lock:
            self._entries.pop(tracked.image_id, None)
            self._entries[tracked.image_id] = _Entry(tracked)
            while len(self._entries) > _MAX_TRACKED:
                del self._entries[next(iter(self._entries))]
            if self._thread is None:
                thread = threading.Thread(
                    target=self._run, name='upload-progress', daemon=True
                )
                thread.start()
                self._thread = thread
        self._wake.set()

    def get(self, image_id: str) -> records.Record | None:
        """Return an image's record, None if this process has none.

        :param image_id: in lower case
        """
        with self._lock:
            entry = self._entries.get(image_id)
            if entry is None or not entry.tracked.is_public:
                return None
            if self._backend is None:
                return entry.observe(self._clock())
            return entry.shown

    def publish(self) -> bool:
        """Look at what has changed, and publish it.

        :returns: whether there is more to come
        """
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            entry.tracked.update()
        due = self._observe()
        if due and self._backend is not None:
            self._write(self._backend, due)
            for entry, record in due:
                entry.shown = record
        return self._has_more()

    def _run(self) -> None:
        has_more = True
        while True:
            self._wake.wait(INTERVAL if has_more else None)
            self._wake.clear()
            try:
                has_more = self.publish()
            except Exception as error:
                self._log.warning(
                    'Uploads cannot be reported: %(error)r', {'error': error}
                )

    def _observe(self) -> list[tuple[_Entry, records.Record]]:
        """Return what has to be published."""
        now = self._clock()
        due = []
        with self._lock:
            for image_id, entry in list(self._entries.items()):
                record = entry.observe(now)
                if entry.is_due(now, self._heartbeat):
                    due.append((entry, record))
                if entry.is_old(now):
                    del self._entries[image_id]
        return due

    def _write(
        self,
        backend: Backend,
        due: Sequence[tuple[_Entry, records.Record]],
    ) -> None:
        if not backend.write([record for _, record in due]):
            return
        now = self._clock()
        for entry, record in due:
            entry.published = dataclasses.replace(
                record, updated_at=record.started_at
            )
            entry.published_at = now

    def _has_more(self) -> bool:
        with self._lock:
            return any(
                not entry.is_over
                or (
                    self._backend is not None and entry.published != entry.seen
                )
                for entry in self._entries.values()
            )
