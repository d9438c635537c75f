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

"""The cost of the filter's parts, measured in the environment of Glance.

Prints JSON: what was measured -> processor time of each round, in seconds.
"""

import argparse
import json
import os
import tempfile
import time
from typing import Any
import uuid

from glance_upload_progress import body
from glance_upload_progress import descriptors
from glance_upload_progress import memcached
from glance_upload_progress import opts
from glance_upload_progress import records
from glance_upload_progress import uploads

_KIB = 1024
_DESCRIPTORS = 1000
_SCANS = 20
_REPORTS = 500

# Blocks in which stores read: file, and rbd.
BLOCKS = {'64 KiB': 64 * _KIB, '8 MiB': 8 * _KIB * _KIB}


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--size', type=int, required=True)
    parser.add_argument('--rounds', type=int, required=True)
    parser.add_argument('--memcached', required=True)
    args = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        for name, block in BLOCKS.items():
            for counted in (False, True):
                key = f'{name} {"counted" if counted else "plain"}'
                taken = _read(args.size, block, counted)
                seconds.setdefault(key, []).append(taken)
        seconds.setdefault('report', []).append(_report(args.memcached))
        seconds.setdefault('scan', []).append(_scan())
    print(json.dumps(seconds))


def _read(size: int, block: int, counted: bool) -> float:
    """Return the processor time in which a body is read."""
    source: Any = _Input(size)
    if counted:
        source = body.CountingReader(source, _upload(size))
    begun = time.process_time()
    while source.read(block):
        pass
    return time.process_time() - begun


class _Input:
    """``wsgi.input`` of a server, which copies from memory."""

    def __init__(self, size: int) -> None:
        self._data = memoryview(bytes(max(BLOCKS.values())))
        self._remaining = size

    def read(self, size: int) -> bytes:
        size = min(size, self._remaining)
        self._remaining -= size
        return bytes(self._data[:size])


def _upload(size: int) -> uploads.Upload:
    return uploads.Upload(
        str(uuid.uuid4()),
        records.Phase.UPLOAD,
        *(size, size, 'req-benchmark'),
        on_start=lambda upload: None,
    )


def _report(address: str) -> float:
    """Return the processor time of one report to memcached."""
    options = opts.Options(memcache_servers=(address,), secret_key='secret')
    backend = memcached.Memcached(options, None)
    upload = _upload(_REPORTS + 1)
    upload.on_start()
    begun = time.process_time()
    for _ in range(_REPORTS):
        upload.on_data(1)
        if not backend.write([upload.snapshot()]):
            raise RuntimeError('memcached has not taken a report.')
    return (time.process_time() - begun) / _REPORTS


def _scan() -> float:
    """Return the processor time of one look at a thousand open files."""
    numbers = [os.open(os.devnull, os.O_RDONLY) for _ in range(_DESCRIPTORS)]
    try:
        with tempfile.NamedTemporaryFile(prefix='image-') as file:
            part = os.path.basename(file.name)
            begun = time.process_time()
            for _ in range(_SCANS):
                found = descriptors.find(part.lower())
            taken = time.process_time() - begun
    finally:
        for number in numbers:
            os.close(number)
    if len(found) != 1:
        raise RuntimeError(f'Not one open file, but {found}')
    return taken / _SCANS


if __name__ == '__main__':
    main()
