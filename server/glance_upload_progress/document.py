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

"""The document that users receive: a record, and what Glance says.

A record is up to a second old, and it is read before Glance is asked for the
image. So what the image shows is later, and is right where they differ.
"""

from collections.abc import Mapping, Sequence
import datetime
from typing import Any

from glance_upload_progress import records

_State = records.State

# What the status of an image says without a record.
_STATES: Mapping[str, records.State] = {
    'queued': _State.WAITING,
    'saving': _State.RECEIVING,
    'uploading': _State.RECEIVING,
    'importing': _State.IMPORTING,
    'active': _State.DONE,
    'deactivated': _State.DONE,
    'killed': _State.FAILED,
    'deleted': _State.FAILED,
    'pending_delete': _State.FAILED,
}
# The status of an image while its data is received.
_RECEIVING: Mapping[records.Phase, str] = {
    records.Phase.UPLOAD: 'saving',
    records.Phase.STAGE: 'uploading',
}
_HAS_DATA = frozenset({'active', 'deactivated'})


def build(
    image: Mapping[str, Any], record: records.Record | None
) -> dict[str, Any]:
    """Return the document.

    :param image: as Glance returned it, after the record was read
    :param record: None if there is none
    """
    is_importing = 'os_glance_import_task' in image
    if record is not None:
        record = _check(record, image, is_importing)
    stores = _stores(image, record, is_importing)
    document = {
        'image_id': image.get('id'),
        'status': image['status'],
        'phase': None,
        'state': _state(image, record, stores, is_importing),
        'received': None,
        'total': None,
        'stores': stores,
        'attempt': None,
        'started_at': None,
        'updated_at': None,
        'status_code': None,
    }
    if record is not None:
        document |= _describe(record, image, is_importing)
    return document


def _check(
    record: records.Record, image: Mapping[str, Any], is_importing: bool
) -> records.Record | None:
    """Return a record, None if it is one of an earlier attempt."""
    if record.phase == records.Phase.IMPORT:
        return record
    if is_importing or image['status'] == 'importing':
        return None
    if record.phase == records.Phase.STAGE and image['status'] in _HAS_DATA:
        return None  # the import was too fast to be seen
    is_receiving = image['status'] == _RECEIVING[record.phase]
    if is_receiving and record.state == _State.FAILED:
        return None
    if is_receiving and record.phase == records.Phase.UPLOAD:
        return None if record.is_ended else record
    has_moved_on = image['status'] in {'saving', 'uploading'}
    return record if is_receiving or not has_moved_on else None


def _state(
    image: Mapping[str, Any],
    record: records.Record | None,
    stores: Sequence[Mapping[str, Any]] | None,
    is_importing: bool,
) -> records.State:
    status = image['status']
    if is_importing:
        return _importing_state(status, record)
    if record is not None and status == _RECEIVING.get(record.phase):
        return record.state
    if record is not None and status == 'queued':
        # The data was not accepted, which the record may not show yet.
        return _State.FAILED
    if status == 'importing':
        # Without its task it has failed, and Glance has left it so.
        return _State.FAILED
    if record is not None and _has_failed_everywhere(record, stores):
        return _State.FAILED
    if status == 'uploading' and _size(image) is not None:
        # All data is staged, and waits for an import.
        return _State.DONE
    return _STATES.get(status, _State.WAITING)


def _importing_state(
    status: str, record: records.Record | None
) -> records.State:
    if record is not None and not record.is_ended:
        return record.state
    return _State.WAITING if status == 'queued' else _State.IMPORTING


def _has_failed_everywhere(
    record: records.Record, stores: Sequence[Mapping[str, Any]] | None
) -> bool:
    if record.phase != records.Phase.IMPORT or not stores:
        return False
    return all(store['state'] == _State.FAILED for store in stores)


def _stores(
    image: Mapping[str, Any],
    record: records.Record | None,
    is_importing: bool,
) -> list[dict[str, Any]] | None:
    """Return a row for each store of an import, None if there is none."""
    is_import = record is not None and record.phase == records.Phase.IMPORT
    if 'stores' not in image and 'os_glance_importing_to_stores' not in image:
        return None
    if not is_import and not is_importing:
        return None
    importing = _names(image, 'os_glance_importing_to_stores')
    failed = _names(image, 'os_glance_failed_import')
    having = _names(image, 'stores')
    targets = record.targets if is_import and record is not None else None
    copies = {
        copy.store: copy
        for copy in (record.copies if record is not None else ())
    }
    rows = []
    for store in targets or sorted({*importing, *failed, *having}):
        copy = copies.get(store) if store in importing else None
        if is_importing and (store in importing or store not in failed):
            state = _remaining_state(record, copy)
        else:
            state = _State.FAILED
        if store in having:
            state, copy = _State.DONE, None
        rows.append(_row(store, state, copy, image))
    return rows


def _remaining_state(
    record: records.Record | None, copy: records.Copy | None
) -> records.State:
    """Return the state of a store that does not have the image yet."""
    if record is None or copy is not None:
        return _State.IMPORTING
    # If copies are known, they are all that there are.
    is_waiting = record.copies or record.state != _State.IMPORTING
    return _State.WAITING if is_waiting else _State.IMPORTING


def _row(
    store: str,
    state: records.State,
    copy: records.Copy | None,
    image: Mapping[str, Any],
) -> dict[str, Any]:
    size = _size(image) if state == _State.DONE else None
    return {
        'store': store,
        'state': state,
        'received': copy.received if copy else size,
        'total': copy.total if copy else size,
    }


def _names(image: Mapping[str, Any], name: str) -> list[str]:
    return [text for text in str(image.get(name) or '').split(',') if text]


def _size(image: Mapping[str, Any]) -> int | None:
    size = image.get('size')
    return size if isinstance(size, int) else None


def _describe(
    record: records.Record, image: Mapping[str, Any], is_importing: bool
) -> dict[str, Any]:
    received, total = record.received, record.total
    size = _size(image)
    is_stored = image['status'] in _HAS_DATA and not is_importing
    if is_stored and size is not None:
        received = total = size
    elif total is None and record.state == _State.RECEIVING:
        total = size
    if received is not None and total is not None:
        received = min(received, total)
    return {
        'phase': record.phase,
        'received': received,
        'total': total,
        'attempt': record.attempt,
        'started_at': _format(record.started_at),
        'updated_at': _format(record.updated_at),
        'status_code': record.status_code,
    }


def _format(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')
