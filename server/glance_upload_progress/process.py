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

"""What one process of Glance knows of uploads, with the help of memcached."""

from collections.abc import Callable
import os

from glance_upload_progress import memcached
from glance_upload_progress import publisher
from glance_upload_progress import records


class Process:
    """The uploads of this process, and those of others."""

    def __init__(
        self,
        shared: memcached.Memcached | None,
        running_ttl: float,
    ) -> None:
        """Start and connect to nothing yet.

        :param shared: None if there is no memcached
        :param running_ttl: seconds
        """
        self._memcached = shared
        self._publisher = publisher.Publisher(shared, running_ttl)

    def add(self, tracked: records.Tracked) -> None:
        """Report an upload from now on, instead of another of its image."""
        self._publisher.add(tracked)

    def get(self, image_id: str) -> records.Record | None:
        """Return the record of an image's latest attempt, if there is one.

        :param image_id: in lower case
        """
        own = self._publisher.get(image_id)
        if own is not None and not own.is_ended:
            return own
        found = [record for record in (own, self._read(image_id)) if record]
        return max(found, key=lambda record: record.started_at, default=None)

    def _read(self, image_id: str) -> records.Record | None:
        if self._memcached is None:
            return None
        return self._memcached.read(image_id)


class Processes:
    """This process, whether or not it has been forked since the start.

    Servers may load Glance before they fork their workers. Threads, locks and
    connections of the parent are of no use in a child.
    """

    def __init__(self, create: Callable[[], Process]) -> None:
        self._create = create
        self._by_id: dict[int, Process] = {}

    def current(self) -> Process:
        """Return this process."""
        own_id = os.getpid()
        if own_id not in self._by_id:
            # Of several threads, all take the one that was first.
            self._by_id.setdefault(own_id, self._create())
        return self._by_id[own_id]
