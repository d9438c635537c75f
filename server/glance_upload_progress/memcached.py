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

"""The records of all processes, in memcached.

Each record is written to every server, and the newest one that is found is
right. A server that fails is not missed, and processes need not agree on which
servers have failed, as they would have to if each server had a share.
"""

from collections.abc import Callable, Mapping, Sequence
import concurrent.futures
import ssl
import time
from typing import Any

from oslo_log import log as logging
import pymemcache

from glance_upload_progress import codec as _codec
from glance_upload_progress import limited_log
from glance_upload_progress import opts
from glance_upload_progress import records

LOG = logging.getLogger(__name__)

# Seconds that a record is kept after its end.
_ENDED_TTL = 15 * 60
# Seconds that the legacy keys are kept.
_LEGACY_TTL = 24 * 60 * 60
# Seconds for which a server that failed is not asked.
_DEAD_TIMEOUT = 5.0
# Threads that read, and seconds that a request waits for them.
_READERS = 8
_READ_TIMEOUT = 1.0

# A connection that was not used for a while may have been closed by the server
# or by a firewall, which is noticed by the next use.
_LOST = (ConnectionError, pymemcache.MemcacheUnexpectedCloseError)


class Memcached:
    """The servers, as one process sees them; it must not be forked."""

    def __init__(
        self,
        options: opts.Options,
        context: ssl.SSLContext | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to nothing yet.

        :param options: with at least one server
        """
        self._options = options
        self._codec = _codec.Codec(options.secret_key)
        self._servers = [
            _Server(address, options, context, clock)
            for address in options.memcache_servers
        ]
        self._threads = concurrent.futures.ThreadPoolExecutor(
            _READERS, 'upload-progress-reader'
        )

    def write(self, changed: Sequence[records.Record]) -> bool:
        """Write records; only one thread may do so.

        :returns: whether there is a server that has them all
        """
        batches: dict[int, dict[str, bytes]] = {}
        removed: list[str] = []
        for record in changed:
            value = self._codec.encode(record)
            batch = batches.setdefault(self._ttl(record), {})
            batch[_key(record.image_id)] = value
            if self._options.legacy_keys:
                legacy = batches.setdefault(_LEGACY_TTL, {})
                legacy |= _legacy_values(record)
                removed += _removed_keys(record)
        # Not any() of a generator, which would stop at the first server.
        written = [server.write(batches, removed) for server in self._servers]
        return any(written)

    def read(self, image_id: str) -> records.Record | None:
        """Return an image's record, None if there is none within a second.

        :param image_id: in lower case
        """
        futures = [
            self._threads.submit(server.read, _key(image_id))
            for server in self._servers
            if server.is_usable
        ]
        done, late = concurrent.futures.wait(futures, _READ_TIMEOUT)
        for future in late:
            future.cancel()
        found = [
            record
            for future in done
            if (record := self._codec.decode(future.result(), image_id))
        ]
        return max(
            found,
            key=lambda record: (record.started_at, record.updated_at),
            default=None,
        )

    def _ttl(self, record: records.Record) -> int:
        return _ENDED_TTL if record.is_ended else self._options.running_ttl


class _Server:
    """One server; left alone for some seconds after it has failed."""

    def __init__(
        self,
        address: str,
        options: opts.Options,
        context: ssl.SSLContext | None,
        clock: Callable[[], float],
    ) -> None:
        settings: dict[str, Any] = {
            'connect_timeout': options.socket_timeout,
            'timeout': options.socket_timeout,
            'no_delay': True,
            'tls_context': context,
        }
        self._address = address
        self._writer = pymemcache.Client(address, **settings)
        # Used by several threads.
        self._reader = pymemcache.PooledClient(
            address, max_pool_size=_READERS, **settings
        )
        self._clock = clock
        self._dead_until = -float('inf')
        self._log = limited_log.LimitedLog(LOG)

    @property
    def is_usable(self) -> bool:
        """Whether it has not just failed."""
        return self._clock() >= self._dead_until

    def write(
        self,
        batches: Mapping[int, Mapping[str, bytes]],
        removed: Sequence[str],
    ) -> bool:
        """Return whether all values were written.

        :param batches: values to write, by their lifetime in seconds
        :param removed: keys to delete
        """
        if not self.is_usable:
            return False
        try:
            try:
                self._write(batches, removed)
            except _LOST:
                self._write(batches, removed)
        # The errors of what pretends to be memcached have no common class.
        except Exception as error:
            self._fail(error)
            return False
        return True

    def read(self, key: str) -> object:
        """Return a value, None if there is none or the server fails."""
        try:
            try:
                return self._reader.get(key)
            except _LOST:
                # The other connections are as old as this one.
                self._reader.close()
                return self._reader.get(key)
        except Exception as error:
            self._fail(error)
            return None

    def _write(
        self,
        batches: Mapping[int, Mapping[str, bytes]],
        removed: Sequence[str],
    ) -> None:
        for ttl, values in batches.items():
            if self._writer.set_many(values, expire=ttl, noreply=False):
                raise pymemcache.MemcacheServerError('not stored')
        self._writer.delete_many(removed, noreply=False)

    def _fail(self, error: Exception) -> None:
        self._dead_until = self._clock() + _DEAD_TIMEOUT
        self._log.warning(
            'The progress of uploads is not shared by memcached server '
            '%(server)s: %(reason)s',
            {
                'server': self._address,
                'reason': str(error) or type(error).__name__,
            },
        )


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


def _removed_keys(record: records.Record) -> Sequence[str]:
    has_failed = record.state == records.State.FAILED
    return _legacy_keys(record.image_id) if has_failed else ()


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
