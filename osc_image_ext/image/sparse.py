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

"""Writes blocks of zeros as holes."""

import os

# Unit in which zeros are looked for. Smaller holes save little.
_UNIT = 64 * 1024
_ZEROS = bytes(_UNIT)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all bytes: pipes and signals may cause shorter writes.

    :raises OSError: if that is not possible.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write(descriptor: int, block: bytes, position: int) -> None:
    """Write a block at the end of a file, and its zeros as holes.

    A hole at the end is not part of the file until its length is set.

    :param position: that of the descriptor.
    :raises OSError: if that is not possible.
    """
    view = memoryview(block)
    written = end = 0
    while end < len(block):
        start = end
        # Holes are only possible on whole blocks of the file system.
        end = min(len(block), start + _UNIT - (position + start) % _UNIT)
        # Slices of bytes are compared in C; any() and memoryview are slow.
        if block[start:end] == _ZEROS[: end - start]:
            write_all(descriptor, view[written:start])
            os.lseek(descriptor, position + end, os.SEEK_SET)
            written = end
    write_all(descriptor, view[written:])
