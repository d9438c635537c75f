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

"""The image data that a command is given, opened and checked."""

import argparse
from collections.abc import Iterator
import contextlib
import dataclasses
import logging

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.image import checked_source
from osc_image_ext.image import checksums
from osc_image_ext.image import compressed_size
from osc_image_ext.image import compression
from osc_image_ext.image import decompression
from osc_image_ext.image import fetch
from osc_image_ext.image import import_wait
from osc_image_ext.image import save
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from osc_image_ext.image import urls

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SourceOptions:
    """Where image data comes from, and what is expected of it.

    :param filename: of a file; None or ``-`` for standard input.
    :param url: of a web server, instead of a file.
    :param size: bytes of the image data.
    :param checksum: a published checksum, or the place of a list.
    :param decompress: a format, or ``auto``; None for data as it is.
    """

    filename: str | None = None
    url: str | None = None
    size: int | None = None
    checksum: checksums.Checksum | str | None = None
    decompress: str | None = None


def source_options(parsed_args: argparse.Namespace) -> SourceOptions:
    """Return what the options say about the image data.

    :raises osc_image_ext.exceptions.Error: for options that cannot be used
        together, or are not valid.
    """
    url = parsed_args.fetch
    if url is not None:
        if parsed_args.filename is not None:
            raise exceptions.Error(_('--fetch cannot be used with --file.'))
        if not urls.is_url(url):
            raise exceptions.Error(_('--fetch requires an http or https URL.'))
    checksum = parsed_args.checksum
    if checksum is not None:
        checksum = checksums.parse_value(checksum) or checksum
    if parsed_args.decompress not in (None, decompression.AUTO):
        compression.get_format(parsed_args.decompress)
    return SourceOptions(
        filename=parsed_args.filename,
        url=url,
        size=parsed_args.size,
        checksum=checksum,
        decompress=parsed_args.decompress,
    )


@contextlib.contextmanager
def open_source(options: SourceOptions) -> Iterator[_source.Source | None]:
    """Open a URL, a file, or else standard input.

    :returns: None if there is no data.
    :raises SourceError: if it cannot be read or has another size.
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(_open(options))
        if source is None:
            yield None
            return
        size = options.size
        if options.decompress:
            found = compressed_size.find(source, options.decompress)
            if found is not None:
                size = _source.require_size(source.name, found, size)
        checksum = options.checksum
        if checksum is not None:
            if isinstance(checksum, str):
                checksum = checksums.read(checksum, source.file_name)
            source = stack.enter_context(
                checked_source.check(source, checksum)
            )
        if options.decompress:
            source = decompression.decompress(source, options.decompress, size)
        yield source


@contextlib.contextmanager
def _open(options: SourceOptions) -> Iterator[_source.Source | None]:
    """Open the data as it comes."""
    # That of decompressed data is another one.
    size = None if options.decompress else options.size
    if options.url is not None:
        with fetch.open_url(
            options.url, size, verified=options.checksum is not None
        ) as fetched:
            yield fetched
    elif options.filename not in (None, '-'):
        with _source.open_file(options.filename, size) as source:
            yield source
    elif not _source.stdin_has_data():
        yield None
    else:
        LOG.warning(_('Reading image data from standard input.'))
        with _source.open_stdin(size) as found:
            yield found


@contextlib.contextmanager
def require_source(options: SourceOptions) -> Iterator[_source.Source]:
    """Open a URL, a file, or else standard input, which must have data.

    :raises osc_image_ext.exceptions.Error: if there is no data.
    """
    with open_source(options) as source:
        if source is None:
            raise exceptions.Error(
                _(
                    'No image data: specify --file or --fetch, or provide '
                    'data on standard input.'
                )
            )
        yield source


def warn_of_format_mismatch(
    source: _source.Source, disk_format: str | None, container_format: str
) -> None:
    """Warn if the data looks like another format than that of its image."""
    if container_format != 'bare' or disk_format is None:
        return
    compressed = compression.detect(source.peek())
    if compressed:
        LOG.warning(
            _(
                '%(name)s looks like %(format)s-compressed data, which Glance '
                'stores as it is. To store it decompressed, use --decompress '
                'auto.'
            ),
            {'name': source.name, 'format': compressed},
        )
        return
    found = source.detect_mismatch(disk_format)
    if found:
        LOG.warning(
            _(
                '%(name)s looks like %(format)s, but the disk format of the '
                'image is %(disk_format)s.'
            ),
            {
                'name': source.name,
                'format': found,
                'disk_format': disk_format,
            },
        )


def warn_unverified(
    result: (upload.UploadResult | import_wait.ImportResult | save.SaveResult),
) -> None:
    """Warn if an image that should be verified was not."""
    if result.unverified:
        LOG.warning(
            _(
                'Image %(id)s was not verified: the server provided no '
                'checksum to compare. Only its size was checked.'
            ),
            {'id': result.image.id},
        )
