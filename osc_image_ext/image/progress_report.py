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

"""How far an image is, and the HTTP document in which a server reports it.

The document is that of glance-upload-progress, a filter in front of Glance.
Its contents may come from a cache that others can write to: nothing in it is
believed beyond what makes sense, and its text is made fit for a terminal.
"""

import dataclasses
import datetime
import email.utils
from typing import Any

import requests

from osc_image_ext import responses
from osc_image_ext import text

UPLOAD, STAGE, IMPORT = 'upload', 'stage', 'import'

WAITING, RECEIVING, STORING = 'waiting', 'receiving', 'storing'
IMPORTING, DONE, FAILED = 'importing', 'done', 'failed'
#: instead of one of RUNNING, if there has been no progress for a while
STALLED = 'stalled'
RUNNING = (RECEIVING, STORING, IMPORTING, STALLED)

#: Statuses of an image whose data is in its store.
COMPLETE = ('active', 'deactivated')

#: Keys that the document must have.
KEYS = ('image_id', 'status', 'state')

# More bytes than these are not counted by any file system.
_MAX_BYTES = 2**63 - 1
# Without progress; while data may not be seen to move, the server updates the
# time every 5 seconds.
_MAX_AGE = datetime.timedelta(seconds=30)


@dataclasses.dataclass(frozen=True)
class StoreProgress:
    """How much of an image is in a store; see :class:`ImageProgress`.

    :param store: its ID, None if the deployment has one store only.
    """

    store: str | None
    state: str
    received: int | None = None
    total: int | None = None


@dataclasses.dataclass(frozen=True)
class ImageProgress:
    """How far the data of an image is.

    :param status: the image's status in Glance.
    :param state: one of the states above, or one that is not known yet.
    :param phase: UPLOAD, STAGE or IMPORT; None if nothing has begun.
    :param received: bytes, None if not known.
    :param total: bytes, None if not known.
    :param stores: those of the import, or those that have the image.
    :param attempt: ID of the request that sends the data.
    :param started_at: ISO 8601.
    :param updated_at: when the server last noticed progress or, without it,
        when Glance last changed the image record. ISO 8601.
    :param status_code: that of the response to the upload, once it has ended.
    :param message: that of the import's task, may be empty.
    :param is_reported: whether the server has a record of the bytes.
    """

    image_id: str
    status: str
    state: str
    phase: str | None = None
    received: int | None = None
    total: int | None = None
    stores: tuple[StoreProgress, ...] = ()
    attempt: str | None = None
    started_at: str | None = None
    updated_at: str | None = None
    status_code: int | None = None
    name: str | None = None
    message: str = ''
    is_reported: bool = False

    @property
    def percent(self) -> int | None:
        """From 0 to 100; None if not known."""
        if self.received is None or not self.total:
            return None
        return min(self.received, self.total) * 100 // self.total

    @property
    def is_running(self) -> bool:
        """Whether data is on its way."""
        return self.state in RUNNING

    @property
    def is_over(self) -> bool:
        """Whether the image has its data, or has failed to get it.

        An image whose data is staged still needs an import.
        """
        if self.state == FAILED:
            return True
        return self.state == DONE and self.status in COMPLETE


def parse(response: requests.Response, image_id: str) -> ImageProgress:
    """Return what a document reports.

    :param image_id: ID of the image that was asked for.
    :raises UnexpectedResponse: if it is no such document about this image.
    """
    document = responses.parse_json(response, *KEYS)
    status, state = (
        _parse_text(document['status']),
        _parse_text(document['state']),
    )
    phase = _parse_text(document.get('phase'))
    if document['image_id'] != image_id or not status or not state:
        raise responses.unexpected(response)
    stores = document.get('stores')
    updated_at, code = document.get('updated_at'), document.get('status_code')
    if state in RUNNING and _is_old(updated_at, response.headers.get('Date')):
        state = STALLED
    return ImageProgress(
        image_id,
        status,
        state,
        phase,
        *_parse_byte_counts(document),
        tuple(map(_parse_store, stores)) if isinstance(stores, list) else (),
        _parse_text(document.get('attempt')),
        _parse_text(document.get('started_at')),
        _parse_text(updated_at),
        _parse_number(code, 599),
        is_reported=phase is not None,
    )


def _parse_store(value: Any) -> StoreProgress:
    row = value if isinstance(value, dict) else {}
    store, state = _parse_text(row.get('store')), _parse_text(row.get('state'))
    return StoreProgress(store, state or WAITING, *_parse_byte_counts(row))


def _parse_byte_counts(value: dict[str, Any]) -> tuple[int | None, int | None]:
    """Return received and total of an object."""
    total = _parse_number(value.get('total'), _MAX_BYTES)
    limit = _MAX_BYTES if total is None else total
    return _parse_number(value.get('received'), limit), total


def _parse_number(value: Any, limit: int) -> int | None:
    """Return a number from 0 to a limit; None if it is no whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return min(max(value, 0), limit)


def _parse_text(value: Any) -> str | None:
    return text.printable(value) or None if isinstance(value, str) else None


def _is_old(updated_at: Any, date: str | None) -> bool:
    """Return whether a report is old by the server's own clock.

    :param updated_at: ISO 8601, if it is what it should be.
    :param date: the Date header of the response.
    """
    try:
        then = datetime.datetime.fromisoformat(updated_at)
        now = email.utils.parsedate_to_datetime(date or '')
        return now - then > _MAX_AGE
    # The first also if one of them has no time zone.
    except (TypeError, ValueError, OverflowError):
        return False
