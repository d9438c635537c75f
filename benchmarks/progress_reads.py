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

Prints JSON: what was measured -> seconds of each round.
"""

import argparse
import json
import os
import socket
import tempfile
import threading
import time
from typing import Any, BinaryIO

from glance_upload_progress import body
from glance_upload_progress import descriptors

_KIB = 1024
_SEND = 256 * _KIB
_DESCRIPTORS = 1000
_SCANS = 20

# Blocks in which stores read: file, and rbd.
BLOCKS = {'64 KiB': 64 * _KIB, '8 MiB': 8 * _KIB * _KIB}


class _Ignored:
    """A listener with the least to do."""

    def on_start(self) -> None:
        pass

    def on_data(self, count: int) -> None:
        pass

    def on_end(self) -> None:
        pass


def main() -> None:
    """Print the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--size', type=int, required=True)
    parser.add_argument('--rounds', type=int, required=True)
    args = parser.parse_args()
    seconds: dict[str, list[float]] = {}
    for _ in range(args.rounds):
        for name, block in BLOCKS.items():
            for counted in (False, True):
                key = f'{name} {"counted" if counted else "plain"}'
                taken = _read(args.size, block, counted)
                seconds.setdefault(key, []).append(taken)
        seconds.setdefault('scan', []).append(_scan())
    print(json.dumps(seconds))


def _read(size: int, block: int, counted: bool) -> float:
    """Return the seconds in which a body arrives from a socket."""
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=_send, args=[theirs, size])
    with ours, ours.makefile('rb') as file:
        source: Any = _Input(file, size)
        if counted:
            source = body.CountingReader(source, _Ignored())
        sender.start()
        begun = time.perf_counter()
        while source.read(block):
            pass
        taken = time.perf_counter() - begun
    sender.join()
    return taken


class _Input:
    """``wsgi.input`` of a server: ends with the body."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._remaining = size

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._remaining))
        self._remaining -= len(data)
        return data


def _send(connection: socket.socket, size: int) -> None:
    block = bytes(_SEND)
    with connection:
        for _ in range(size // _SEND):
            connection.sendall(block)


def _scan() -> float:
    """Return the seconds of one look at a thousand open files."""
    numbers = [os.open(os.devnull, os.O_RDONLY) for _ in range(_DESCRIPTORS)]
    try:
        with tempfile.NamedTemporaryFile(prefix='image-') as file:
            part = os.path.basename(file.name)
            begun = time.perf_counter()
            for _ in range(_SCANS):
                found = descriptors.find(part.lower())
            taken = time.perf_counter() - begun
    finally:
        for number in numbers:
            os.close(number)
    if len(found) != 1:
        raise RuntimeError(f'Not one open file, but {found}')
    return taken / _SCANS


if __name__ == '__main__':
    main()
