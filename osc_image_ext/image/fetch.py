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
"""Image data that is fetched from a web server while it is sent."""

from collections.abc import Iterator
import contextlib
import logging
import time

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import filters
from osc_image_ext.image import http_file
from osc_image_ext.image import source as _source
from osc_image_ext.image import urls
from osc_image_ext.image import web as _web

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def open_url(
    url: str,
    size: int | None,
    *,
    verified: bool = False,
    sleep: retry.Sleep = time.sleep,
) -> Iterator[_source.Source]:
    """Open the data of a web server; its first bytes have been read then.

    :param url: http or https.
    :param size: bytes that the user expects.
    :param verified: whether its checksum will be compared.
    :raises SourceError: if it cannot be fetched, or is no image data.
    """
    name = urls.printable_url(url)
    with (
        contextlib.closing(_web.Session(verified, sleep)) as web,
        http_file.HttpFile(web, url, name) as raw,
    ):
        file = filters.buffered(raw)
        _check_head(raw, file.peek(1), name)
        if raw.size is None:
            if not (raw.delimited or verified or size):
                LOG.warning(
                    _(
                        'The server does not report the size of %(name)s, so '
                        'missing data cannot be detected. To detect it, '
                        'specify --checksum or --size.'
                    ),
                    {'name': name},
                )
        else:
            size = _source.require_size(name, raw.size, size)
        yield _source.Source(file, name, size, urls.file_name(url))


def _check_head(raw: http_file.HttpFile, head: bytes, name: str) -> None:
    if not head:
        raise exceptions.SourceError(_('%(name)s is empty.') % {'name': name})
    if raw.is_page and head.lstrip().startswith(b'<'):
        raise exceptions.SourceError(
            _(
                '%(name)s is a web page, not image data. Open it in a browser '
                'to see whether it requires a login.'
            )
            % {'name': name}
        )


def read(url: str, limit: int) -> bytes:
    """Return a small file of a web server.

    :param limit: bytes that are returned at most.
    :raises SourceError: if it cannot be fetched.
    """
    name = urls.printable_url(url)
    with (
        contextlib.closing(_web.Session()) as web,
        http_file.HttpFile(web, url, name) as raw,
    ):
        return filters.buffered(raw).read(limit)
