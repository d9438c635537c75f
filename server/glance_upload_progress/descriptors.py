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

"""The files that this process has open, and how far it is in each."""

from collections.abc import Iterator
import dataclasses
import os
import pathlib

# Where Linux shows the descriptors of this process, and their positions.
_LINKS = '/proc/self/fd'
_DETAILS = '/proc/self/fdinfo'


@dataclasses.dataclass(frozen=True)
class OpenFile:
    """A file that is open.

    :param position: bytes read or written so far
    :param is_written: whether it is open for writing
    :param size: bytes in the file
    """

    path: pathlib.PurePath
    position: int
    is_written: bool
    size: int


def find(part: str) -> list[OpenFile]:
    """Return the open files whose names contain a text.

    :returns: an empty list if the system does not show them
    """
    try:
        numbers = os.listdir(_LINKS)
    except OSError:
        return []
    return [file for number in numbers for file in _look(number, part)]


def _look(number: str, part: str) -> Iterator[OpenFile]:
    # A descriptor may be closed, or become that of another file, at any time.
    try:
        link = f'{_LINKS}/{number}'
        path = os.readlink(link)
        if part not in os.path.basename(path).lower():
            return
        position, flags = _details(number)
        size = os.stat(link).st_size
        if os.readlink(link) != path:
            return
    except (OSError, ValueError, KeyError):
        return
    is_written = flags & os.O_ACCMODE != os.O_RDONLY
    yield OpenFile(pathlib.PurePath(path), position, is_written, size)


def _details(number: str) -> tuple[int, int]:
    """Return the position and the flags of a descriptor.

    https://docs.kernel.org/filesystems/proc.html: ``flags`` is octal.
    """
    with open(f'{_DETAILS}/{number}') as file:
        lines = dict(line.split(':', 1) for line in file if ':' in line)
    return int(lines['pos']), int(lines['flags'], 8)
