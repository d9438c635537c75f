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

"""The charts: which results they show, and under which names."""

from collections.abc import Mapping, Sequence
import dataclasses

from benchmarks import results as _results
from benchmarks import table

_Subject = tuple[str, str, str]


@dataclasses.dataclass(frozen=True)
class Bar:
    """One result.

    :param subject: part of the benchmarks, and the first two cells of a row
        of its table.
    :param peer: the third cell.
    """

    label: str
    subject: _Subject
    peer: str

    def find(self, results: Mapping[str, _results.Result]) -> table.Row:
        """Return the row of a table.

        :raises LookupError: if there is none.
        """
        part, *cells = self.subject
        for row in results[part].table.rows:
            if [row.what, row.ours, row.peer] == [*cells, self.peer]:
                return row
        raise LookupError(f'There is no result for {self}.')


@dataclasses.dataclass(frozen=True)
class Chart:
    """Results that have the same scale: ratios to those of peers.

    :param axis: what the scale is.
    :param ticks: numbers on the scale.
    :param logarithmic: whether half as fast is as far from 1 as twice as fast.
    """

    axis: str
    ticks: Sequence[float]
    bars: Sequence[Bar]
    logarithmic: bool = False


_FASTER = 'times as fast (to the right: faster)'
_LONGER = 'times as long (to the left: faster)'

_SENT = ('sink', 'speed of the data', '--no-verify, bar')
_SENT_VERIFIED = ('sink', 'speed of the data', 'verified, bar')
_CREATE = ('glance', 'time of the command', 'verified, bar')
_FETCH = ('sources', 'web server to Glance', '--fetch')
_XZ = ('sources', 'xz to Glance', '--decompress xz')
_ZSTD = ('sources', 'zstd to Glance', '--decompress zstd')
_SAVE = ('save', 'time of the data', 'verified, bar')
_SAVE_COLD = ('save', 'time of the data', 'verified, bar, cold')
_SAVE_CUT = ('save', 'time of the data', 'verified, bar, 5 cuts')
_SAVE_SPARSE = ('save', 'time of the data', '--sparse')
_PUT = ('filter', 'time of a PUT')
_PLAIN = 'without the filter'
_EIGHT = ('servers', 'speed', '8 workers')
_ONE = ('servers', 'speed', '1 worker')

#: name of the file -> its content
CHARTS: Mapping[str, Chart] = {
    'performance-upload': Chart(
        _FASTER,
        [0.5, 1, 2, 4],
        [
            Bar('--no-verify: curl -T', _SENT, 'curl -T'),
            Bar('--no-verify: core', _SENT, 'core'),
            Bar("--no-verify: core's --progress", _SENT, 'core, bar'),
            Bar(
                '--no-verify: glance image-create',
                _SENT,
                'glance image-create',
            ),
            Bar('verified: SHA-512 alone', _SENT_VERIFIED, 'sha512 alone'),
            Bar('verified: core (not verified)', _SENT_VERIFIED, 'core'),
            Bar(
                "verified: core's --progress (not verified)",
                _SENT_VERIFIED,
                'core, bar',
            ),
        ],
        logarithmic=True,
    ),
    'performance-time': Chart(
        _LONGER,
        [0.5, 1, 1.5, 2],
        [
            Bar('image create: core (not verified)', _CREATE, 'core'),
            Bar(
                'image create --fetch: curl -o, then core',
                _FETCH,
                'curl -o, then core',
            ),
            Bar('--decompress xz: xz -dc | core', _XZ, 'xz -dc | core'),
            Bar(
                '--decompress zstd: zstd -dc | core', _ZSTD, 'zstd -dc | core'
            ),
            Bar(
                'image save: curl or sha512, the slower',
                _SAVE,
                'curl or sha512 alone',
            ),
            Bar(
                'image save, cold: curl or sha512',
                _SAVE_COLD,
                'curl, cold or sha512 alone',
            ),
            Bar(
                'image save, 5 connections lost: curl or sha512',
                _SAVE_CUT,
                'curl, no cuts or sha512 alone',
            ),
            Bar(
                'image save --sparse: without --sparse',
                _SAVE_SPARSE,
                'verified, bar',
            ),
        ],
    ),
    'performance-filter': Chart(
        _LONGER,
        [0.95, 1, 1.05, 1.1, 1.15],
        [
            Bar('memcached responds', (*_PUT, 'memcached up'), _PLAIN),
            Bar(
                'memcached refuses connections',
                (*_PUT, 'memcached refuses'),
                _PLAIN,
            ),
            Bar(
                'memcached never responds',
                (*_PUT, 'memcached is silent'),
                _PLAIN,
            ),
            Bar(
                'memcached responds after 2 seconds',
                (*_PUT, 'memcached is 2 s slow'),
                _PLAIN,
            ),
        ],
    ),
    'performance-servers': Chart(
        _FASTER,
        [1, 2, 4, 6, 8],
        [
            Bar('8 workers', _EIGHT, 'nova host-meta'),
            Bar('1 worker', _ONE, 'nova host-meta'),
        ],
    ),
}
