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

"""Staging data: what comes before an import of it."""

import time

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.image import data as _data
from osc_image_ext.image import digest
from osc_image_ext.image import record
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams

_PHASES = (_('staging'), _('staging'))


def stage_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    sleep: record.Sleep = time.sleep,
) -> _image.Image:
    """Stage the data of an image that has none; return the image then.

    The image is never deleted; its ID is a note on whatever goes wrong.

    :param image: one whose status is ``queued``.
    :param source: the data; closing it is the caller's.
    :raises osc_image_ext.exceptions.Error: if the source fails, Glance refuses
        it, or something of another size was staged.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    body = reader(source, listener)
    with record.note_image_left_on_error(image.id):
        return stage(proxy, image.id, body, sleep)


def reader(
    source: _source.Source,
    listener: _listener.ProgressListener,
    digests: digest.Digests | None = None,
) -> streams.VerboseFileWrapper:
    """Return what is handed to :func:`stage`."""
    return streams.VerboseFileWrapper(
        source.file, source.name, source.size, listener, digests, _PHASES
    )


def stage(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    sleep: record.Sleep,
) -> _image.Image:
    """Stage data until Glance has it; see :func:`stage_image`."""
    image = _data.put_image_data(proxy, image_id, body, _data.STAGING, sleep)
    # Before Glance 23 there is no size until the image is active.
    if image.size not in (None, body.position):
        raise exceptions.VerificationError(
            image_id, 'size', body.position, image.size
        )
    return image
