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

"""The records of all processes, in memcached."""

from collections.abc import Mapping, Sequence
import concurrent.futures
import ssl
from typing import Any

import pymemcache
from pymemcache.client import hash as _hash

from glance_upload_progress import codec as _codec
from glance_upload_progress import opts
from glance_upload_progress import records

# Seconds that a record is kept after its end.
ENDED_TTL = 15 * 60
# Seconds that the legacy keys are kept.
_LEGACY_TTL = 24 * 60 * 60
# Seconds for which a server that failed is not asked.
_DEAD_TIMEOUT = 5.0
# Threads that read, and seconds that a request waits for one of them.
_READERS = 4
_READ_TIMEOUT = 1.0

# Errors of memcached, and of what pretends to be one, have no common class.
ERRORS = (Exception,)


class Memcached:
    """The servers, as one process sees them; it must not be forked.

    :param options: with at least one server
    """

    def __init__(
        self, options: opts.Options, context: ssl.SSLContext | None
    ) -> None:
        """Connect to nothing yet."""
        self._options = options
        self._codec = _codec.Codec(options.secret_key)
        self._writer = _connect(options, context)
        self._reader = _connect(options, context, pool_size=_READERS)
        self._threads = concurrent.futures.ThreadPoolExecutor(
            _READERS, 'upload-progress-reader'
        )

    def write(self, changed: Sequence[records.Record]) -> None:
        """Write records; only one thread may do so.

        :raises Exception: if they may not all have been written
        """
        batches: dict[int, dict[str, bytes]] = {}
        for record in changed:
            ttl = self._ttl(record)
            value = self._codec.encode(record)
            batches.setdefault(ttl, {})[_key(record.image_id)] = value
            if self._options.legacy_keys:
                legacy = _legacy_values(record)
                batches.setdefault(_LEGACY_TTL, {}).update(legacy)
        for ttl, values in batches.items():
            self._write(values, ttl)
        if self._options.legacy_keys:
            self._delete_legacy(changed)

    def read(self, image_id: str) -> records.Record | None:
        """Return an image's record, None if there is none within a second.

        :param image_id: in lower case
        :raises Exception: if no server responds
        """
        future = self._threads.submit(self._read, _key(image_id))
        try:
            value = future.result(_READ_TIMEOUT)
        finally:
            future.cancel()
        return self._codec.decode(value, image_id)

    def _write(self, values: Mapping[str, bytes], ttl: int) -> None:
        if failed := self._writer.set_many(values, expire=ttl, noreply=False):
            raise pymemcache.MemcacheServerError(
                f'{len(failed)} values were not stored'
            )

    def _read(self, key: str) -> object:
        try:
            return self._reader.get(key)
        except ERRORS:
            # Without a server that failed, another one has the key.
            return self._reader.get(key)

    def _delete_legacy(self, changed: Sequence[records.Record]) -> None:
        for record in changed:
            if record.state == records.State.FAILED:
                for key in _legacy_keys(record.image_id):
                    self._writer.delete(key, noreply=False)

    def _ttl(self, record: records.Record) -> int:
        return ENDED_TTL if record.is_ended else self._options.running_ttl


def _key(image_id: str) -> str:
    return f'glance-upload-progress:{image_id}'


def _legacy_keys(image_id: str) -> tuple[str, str]:
    """Return the keys for the total and for the received bytes."""
    return f'{image_id}_total_size', f'{image_id}_uploading_size'


def _legacy_values(record: records.Record) -> dict[str, bytes]:
    is_upload = record.phase != records.Phase.IMPORT
    if not is_upload or record.state == records.State.FAILED:
        return {}
    sizes = (record.total, record.received)
    return {
        key: b'%d' % size
        for key, size in zip(_legacy_keys(record.image_id), sizes, strict=True)
        if size is not None
    }


def _connect(
    options: opts.Options, context: ssl.SSLContext | None, pool_size: int = 0
) -> Any:
    """Return a client, which connects when it is used.

    :param pool_size: connections for several threads
    """
    pooling = {'use_pooling': True, 'max_pool_size': pool_size}
    return _hash.HashClient(
        list(options.memcache_servers),
        connect_timeout=options.socket_timeout,
        timeout=options.socket_timeout,
        retry_attempts=0,
        dead_timeout=_DEAD_TIMEOUT,
        no_delay=True,
        tls_context=context,
        **(pooling if pool_size else {}),
    )


def tls_context(options: opts.Options) -> ssl.SSLContext | None:
    """Return the settings for TLS, None if it is not enabled.

    :raises OSError: if the certificates cannot be read
    """
    if not options.tls_enabled:
        return None
    context = ssl.create_default_context(cafile=options.tls_cafile)
    if options.tls_certfile:
        context.load_cert_chain(options.tls_certfile, options.tls_keyfile)
    return context
