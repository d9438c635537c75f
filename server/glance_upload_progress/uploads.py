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

"""An upload, or the staging of data: counted by the request's own thread."""

from collections.abc import Callable, Mapping
import time
from typing import Any

from oslo_log import log as logging

from glance_upload_progress import records

LOG = logging.getLogger(__name__)


class Upload:
    """One request with image data; a listener of its body.

    Only the thread of the request changes it. The thread that publishes reads
    whole integers and references, for which no lock is required.
    """

    is_public = True

    def __init__(
        self,
        image_id: str,
        phase: records.Phase,
        total: int | None,
        length: int | None,
        attempt: str | None,
        on_start: Callable[['Upload'], None],
    ) -> None:
        """Start nothing yet.

        :param total: bytes of the image, None if unknown
        :param length: bytes of the body, None if unknown
        :param on_start: called before Glance reads the body: a request that
            Glance refuses does not touch the record of a running upload
        """
        self.image_id = image_id
        self._phase = phase
        self._total = total
        self._length = length
        self._attempt = attempt
        self._on_start = on_start
        self._started_at = 0.0
        self._received = 0
        self._state = records.State.RECEIVING
        self._status_code: int | None = None

    @property
    def is_started(self) -> bool:
        """Whether Glance has begun to read the body."""
        return bool(self._started_at)

    @property
    def is_over(self) -> bool:
        return self._state in records.ENDED

    def on_start(self) -> None:
        self._started_at = time.time()
        try:
            self._on_start(self)
        except Exception:
            # The upload is more important than its progress.
            LOG.exception(
                'The upload of image %(id)s cannot be reported.',
                {'id': self.image_id},
            )

    def on_data(self, count: int) -> None:
        self._received += count
        # Glance does not read on after the last byte if it knows the length.
        if self._received == self._length:
            self._state = records.State.STORING

    def on_end(self) -> None:
        if self._length is None:
            self._state = records.State.STORING

    def finish(self, status_code: int | None) -> None:
        """Note how Glance responded.

        :param status_code: None if there was an exception instead
        """
        self._status_code = status_code
        has_succeeded = status_code is not None and 200 <= status_code < 300
        self._state = (
            records.State.DONE if has_succeeded else records.State.FAILED
        )

    def update(self) -> None:
        pass

    def snapshot(self) -> records.Record:
        return records.Record(
            image_id=self.image_id,
            phase=self._phase,
            state=self._state,
            received=self._received,
            total=self._total,
            attempt=self._attempt,
            started_at=self._started_at,
            updated_at=self._started_at,
            status_code=self._status_code,
        )


def announced_sizes(
    environ: Mapping[str, Any],
) -> tuple[int | None, int | None]:
    """Return the size of an image and of the body, as the client says.

    :returns: bytes, None if unknown
    """
    length = parse_size(environ.get('CONTENT_LENGTH'))
    total = parse_size(environ.get('HTTP_X_OPENSTACK_IMAGE_SIZE'))
    return (length if total is None else total), length


def parse_size(text: str | None) -> int | None:
    """Return the number in a header, None if there is none."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)
