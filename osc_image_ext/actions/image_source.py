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

"""The image data that a command is given: a file, or standard input."""

from collections.abc import Iterator
import contextlib
import logging

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.image import import_wait
from osc_image_ext.image import save
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def open_source(
    filename: str | None, size: int | None
) -> Iterator[_source.Source | None]:
    """Open a file, or else standard input.

    :param filename: the value of ``--file``, if given; ``-`` is standard
        input.
    :param size: the value of ``--size``, if given.
    :returns: None if there is no data.
    :raises SourceError: if it cannot be read or has another size.
    """
    if filename not in (None, '-'):
        with _source.open_file(filename, size) as source:
            yield source
    elif not _source.stdin_has_data():
        yield None
    else:
        LOG.warning(_('Reading image data from standard input.'))
        with _source.open_stdin(size) as found:
            yield found


@contextlib.contextmanager
def require_source(
    filename: str | None, size: int | None
) -> Iterator[_source.Source]:
    """Open a file, or else standard input, which must have data.

    :raises osc_image_ext.exceptions.Error: if there is no data.
    """
    with open_source(filename, size) as source:
        if source is None:
            raise exceptions.Error(
                _(
                    'No image data: specify --file or provide data on '
                    'standard input.'
                )
            )
        yield source


def warn_of_format_mismatch(
    source: _source.Source, disk_format: str | None, container_format: str
) -> None:
    """Warn if the data looks like another format than that of its image."""
    if container_format != 'bare' or disk_format is None:
        return
    found = source.detect_mismatch(disk_format)
    if found:
        LOG.warning(
            _(
                '%(name)s looks like %(found)s, but the disk format of the '
                'image is %(said)s.'
            ),
            {'name': source.name, 'found': found, 'said': disk_format},
        )


def warn_unverified(
    result: (upload.UploadResult | import_wait.ImportResult | save.SaveResult),
) -> None:
    """Warn if an image that should be verified was not."""
    if result.unverified:
        LOG.warning(
            _(
                'Image %s was not verified: the server provided no checksum '
                'to compare. Only its size was checked.'
            ),
            result.image.id,
        )
