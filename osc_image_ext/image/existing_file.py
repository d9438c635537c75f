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

"""Compares a file that exists with an image, without downloading it."""

import contextlib

from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import digest
from osc_image_ext.image import streams
from osc_image_ext.image import verification


def require_equal(
    path: str, image: _image.Image, listener: _listener.ProgressListener
) -> None:
    """Check that a file has the data of an image.

    :param image: its record.
    :param listener: gets the position in the file.
    :raises TargetError: if it differs, or cannot be compared.
    :raises UnsupportedAlgorithm: if this Python cannot compute the digest.
    """
    name = text.printable(path)
    try:
        is_equal = _has_data_of(path, image, listener)
    except OSError as error:
        raise exceptions.TargetError(
            _('Cannot read %(name)s: %(reason)s.')
            % {'name': name, 'reason': error.strerror or error}
        ) from error
    except exceptions.CorruptDataError:
        is_equal = False
    if not is_equal:
        raise exceptions.TargetError(
            _(
                '%(name)s exists already, and does not have the checksum of '
                'image %(id)s. Nothing was downloaded.'
            )
            % {'name': name, 'id': image.id}
        )


def _has_data_of(
    path: str, image: _image.Image, listener: _listener.ProgressListener
) -> bool:
    algorithms = verification.download_algorithms(image)
    with (
        open(path, 'rb', buffering=0) as file,
        contextlib.closing(digest.Digests(algorithms)) as digests,
    ):
        listener.phase(_('comparing'))
        listener.started(image.size)
        position = 0
        while block := file.read(streams.BLOCK_SIZE):
            digests.update(block)
            position += len(block)
            listener.moved(position)
            if image.size is not None and position > image.size:
                return False
        return image.size in (None, position) and (
            verification.compare_data(image, digests.result()) is not None
        )
