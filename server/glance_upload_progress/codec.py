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

"""Records as text: what is written to memcached, and what is believed of it.

Everything that comes from memcached is a hint. It is JSON and never code, a
value that does not fit is dropped, and with a key it must be signed.
"""

from collections.abc import Mapping
import dataclasses
import hashlib
import hmac
import json
import math
import re
from typing import Any

from glance_upload_progress import records

_MAX_BYTES = 2**63 - 1
_MAX_NAME = 255
_MAX_STORES = 100
# Request IDs may be chosen by clients.
_ATTEMPT = re.compile(r'[\w.:-]{1,64}', re.ASCII)


class Codec:
    """Converts records to bytes and back.

    :param secret_key: signs them, if it is not None
    """

    def __init__(self, secret_key: str | None) -> None:
        self._key = None if secret_key is None else secret_key.encode()

    def encode(self, record: records.Record) -> bytes:
        """Return a record as ASCII."""
        text = json.dumps(dataclasses.asdict(record)).encode()
        return text if self._key is None else self._sign(text) + b' ' + text

    def decode(self, value: object, image_id: str) -> records.Record | None:
        """Return the record of an image, None if it is not one."""
        if not isinstance(value, bytes):
            return None
        if self._key is not None:
            signature, _, value = value.partition(b' ')
            if not hmac.compare_digest(signature, self._sign(value)):
                return None
        try:
            return _parse(json.loads(value), image_id)
        # Digits or brackets may be too many for Python.
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def _sign(self, text: bytes) -> bytes:
        # The text has the image's ID: it cannot become that of another.
        digest = hmac.new(self._key or b'', text, hashlib.sha256)
        return digest.hexdigest().encode()


def clean_attempt(text: object) -> str | None:
    """Return a request ID, None if it is not one."""
    if isinstance(text, str) and _ATTEMPT.fullmatch(text):
        return text
    return None


def _parse(value: Mapping[str, Any], image_id: str) -> records.Record | None:
    """Return a record.

    :raises ValueError, TypeError, KeyError: if it cannot be one
    """
    if value['image_id'] != image_id:
        return None
    total = _size(value['total'])
    targets = value['targets']
    copies = value['copies']
    return records.Record(
        image_id=image_id,
        phase=records.Phase(value['phase']),
        state=records.State(value['state']),
        received=_limit(_size(value['received']), total),
        total=total,
        attempt=clean_attempt(value['attempt']),
        started_at=_time(value['started_at']),
        updated_at=_time(value['updated_at']),
        status_code=_status_code(value['status_code']),
        targets=(
            None
            if targets is None
            else tuple(map(_name, targets[:_MAX_STORES]))
        ),
        copies=tuple(map(_copy, copies[:_MAX_STORES])),
    )


def _copy(value: Mapping[str, Any]) -> records.Copy:
    total = _size(value['total'])
    received = _limit(_size(value['received']), total)
    return records.Copy(
        store=None if value['store'] is None else _name(value['store']),
        received=received or 0,
        total=total,
    )


def _size(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError('not a size')
    return min(max(value, 0), _MAX_BYTES)


def _limit(received: int | None, total: int | None) -> int | None:
    if received is None or total is None:
        return received
    return min(received, total)


def _time(value: object) -> float:
    # What strftime() can write.
    if isinstance(value, int | float) and math.isfinite(value):
        return min(max(float(value), 0.0), 253402300799.0)
    raise ValueError('not a time')


def _status_code(value: object) -> int | None:
    if isinstance(value, int) and 100 <= value <= 599:
        return value
    return None


def _name(value: object) -> str:
    if isinstance(value, str) and value.isprintable():
        return value[:_MAX_NAME]
    raise ValueError('not a name')
