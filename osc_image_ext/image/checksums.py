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
"""The checksums that publishers of images publish: values and lists."""

from collections.abc import Iterator
import dataclasses
import re

from osc_image_ext import exceptions
from osc_image_ext import text as _text
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import digest
from osc_image_ext.image import fetch
from osc_image_ext.image import source as _source
from osc_image_ext.image import urls

# Far more than the longest list of a mirror.
_MAX_LIST_SIZE = 4 * 1024**2

_VALUE = re.compile(r'([A-Za-z0-9_-]+):([0-9A-Fa-f]+)')
# As sha256sum writes them: with a backslash first if the name is escaped.
_GNU_LINE = re.compile(r'(\\?)([0-9A-Fa-f]{32,})[ \t][ *\t]?(.+)')
# As sha256sum --tag, BSD and OpenSSL write them.
_BSD_LINE = re.compile(
    r'(\\?)([A-Za-z0-9/-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]{32,})'
)
_BARE_LINE = re.compile(r'()([0-9A-Fa-f]{32,})()')

# GNU's lines have no algorithm; the length of the value shows it.
_ALGORITHMS = {
    32: 'md5',
    40: 'sha1',
    56: 'sha224',
    64: 'sha256',
    96: 'sha384',
    128: 'sha512',
}
_ESCAPES = {'\\\\': '\\', '\\n': '\n', '\\r': '\r'}


@dataclasses.dataclass(frozen=True)
class Checksum:
    """A published checksum.

    :param algorithm: name of hashlib.
    :param value: hexadecimal, in lower case.
    """

    algorithm: str
    value: str


@dataclasses.dataclass(frozen=True)
class _Line:
    checksum: Checksum
    file_name: str


def parse_value(text: str) -> Checksum | None:
    """Return the checksum that ``ALGORITHM:VALUE`` names.

    :returns: None if the text has another form: it is the place of a list.
    :raises SourceError: if the algorithm is not known, or the value does not
        have its length.
    """
    match = _VALUE.fullmatch(text)
    if not match:
        return None
    algorithm, value = match[1].lower(), match[2].lower()
    if not digest.supported(algorithm):
        raise exceptions.SourceError(
            _('The checksum algorithm %(algorithm)s is not supported.')
            % {'algorithm': algorithm}
        )
    length = 2 * digest.new(algorithm).digest_size
    if len(value) != length:
        raise exceptions.SourceError(
            ngettext(
                'The checksum %(value)s is not valid: %(algorithm)s has '
                '%(length)d digit.',
                'The checksum %(value)s is not valid: %(algorithm)s has '
                '%(length)d digits.',
                length,
            )
            % {'value': value, 'algorithm': algorithm, 'length': length}
        )
    return Checksum(algorithm, value)


def read(place: str, file_name: str) -> Checksum:
    """Return the checksum of a file from a published list.

    :param place: URL or path of the list.
    :param file_name: the file's name; empty if it has none.
    :raises SourceError: if the list cannot be read, or has no checksum of
        the file.
    """
    if urls.is_url(place):
        name = urls.printable_url(place)
        data = fetch.read(place, _MAX_LIST_SIZE)
    else:
        name = _text.printable(place)
        with _source.open_file(place, None) as source:
            try:
                data = source.file.read(_MAX_LIST_SIZE)
            except OSError as error:
                raise _source.read_error(name, error) from error
    return find(data.decode(errors='surrogateescape'), file_name, name)


def find(text: str, file_name: str, name: str) -> Checksum:
    """Return the checksum of a file from the text of a list.

    If there are several, the one with the longest value is returned. A
    directory before the name of a file does not matter, and a list without
    any name is that of the one file that is next to it.

    :param name: of the list, for errors, printable.
    :raises SourceError: if there is none, or if several contradict.
    """
    lines = list(_parse_lines(text))
    found = {
        line.checksum
        for line in lines
        if not (file_name and line.file_name)
        or line.file_name.rpartition('/')[2] == file_name
    }
    if not found:
        message = (
            _('%(list)s has no checksum for %(file)s.')
            if file_name
            else _('%(list)s has no checksum for the data.')
        )
        raise exceptions.SourceError(
            message % {'list': name, 'file': _text.printable(file_name)}
        )
    longest = max(len(checksum.value) for checksum in found)
    best = [each for each in found if len(each.value) == longest]
    if len(best) > 1:
        raise exceptions.SourceError(
            _(
                '%(list)s has several checksums that the data could have. '
                'Specify one with --checksum <algorithm>:<value>.'
            )
            % {'list': name}
        )
    return best[0]


def _parse_lines(text: str) -> Iterator[_Line]:
    """Yield the checksums of a list; other lines are comments."""
    for line in text.split('\n'):
        line = line.strip('\r\t ')
        if match := _BSD_LINE.fullmatch(line):
            escaped, algorithm, name, value = match.groups()
            algorithm = algorithm.lower().replace('sha2-', 'sha')
        elif match := (
            _GNU_LINE.fullmatch(line) or _BARE_LINE.fullmatch(line)
        ):
            escaped, value, name = match.groups()
            algorithm = _ALGORITHMS.get(len(value), '')
        else:
            continue
        if not digest.supported(algorithm):
            continue
        if len(value) != 2 * digest.new(algorithm).digest_size:
            continue
        if escaped:
            name = re.sub(r'\\[\\nr]', lambda found: _ESCAPES[found[0]], name)
        yield _Line(Checksum(algorithm, value.lower()), name)
