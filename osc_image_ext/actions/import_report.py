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

"""What is logged when an import has not done all that was asked for."""

import logging

from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import import_wait

LOG = logging.getLogger(__name__)


def warn_about_result(result: import_wait.ImportResult) -> None:
    """Warn about missing stores and a conversion, which are not failures."""
    if result.missing_stores:
        LOG.warning(
            _('Image %(id)s was not imported into these stores: %(stores)s.'),
            {
                'id': result.image.id,
                'stores': text.printable(', '.join(result.missing_stores)),
            },
        )
    if result.converted:
        LOG.warning(
            _(
                'The server converted image %(id)s to disk format '
                '%(disk_format)s in container format %(container_format)s, '
                'so its checksum could not be compared.'
            ),
            {
                'id': result.image.id,
                'disk_format': result.image.disk_format,
                'container_format': result.image.container_format,
            },
        )
