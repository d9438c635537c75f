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
"""An image that has the data of a source already."""

from collections.abc import Mapping
import contextlib
import logging
import time
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import digest
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from osc_image_ext.image import verification

LOG = logging.getLogger(__name__)


def find(
    proxy: _proxy.Proxy,
    attrs: Mapping[str, Any],
    source: _source.Source,
    listener: _listener.ProgressListener,
    sleep: retry.Sleep = time.sleep,
) -> _image.Image | None:
    """Return an active image of the same name, project, formats and data.

    The source is read only if there is an image that may have its data.

    :param attrs: those of the image to create; see :func:`record.create`.
    :returns: the newest one; None if there is none, or if the source can be
        read only once.
    :raises SourceError: if the source cannot be read.
    """
    images = [
        image
        for image in _list_candidates(proxy, attrs, sleep)
        if source.size in (None, image.size)
    ]
    digests = _get_digests(source, images, listener)
    for image in images:
        shown = verification.supported_digests(image)
        common = shown.keys() & digests.keys()
        if common and all(shown[name] == digests[name] for name in common):
            listener.phase(_('unchanged'))
            LOG.warning(
                _('Image %(id)s is unchanged: it has the same data already.'),
                {'id': image.id},
            )
            return image
    return None


def _get_digests(
    source: _source.Source,
    images: list[_image.Image],
    listener: _listener.ProgressListener,
) -> Mapping[str, str]:
    """Return digests of a source that its images may have, too.

    A published one is enough: data with another one is not uploaded.
    """
    shown = [verification.supported_digests(image) for image in images]
    if all(set(source.published) & set(digests) for digests in shown):
        return source.published
    if source.file.seekable():
        return _compute(source, shown, listener)
    LOG.warning(
        _(
            '%(name)s can be read only once, so it is not compared with the '
            'image of this name.'
        ),
        {'name': source.name},
    )
    return {}


def _list_candidates(
    proxy: _proxy.Proxy, attrs: Mapping[str, Any], sleep: retry.Sleep
) -> list[_image.Image]:
    """Return the images that could be meant, the newest one first."""
    owner = attrs.get('owner_id') or proxy.get_project_id()

    def list_images() -> list[_image.Image]:
        return list(
            proxy.images(
                name=attrs['name'],
                owner=owner,
                status='active',
                sort='created_at:desc',
            )
        )

    wanted = ('name', 'disk_format', 'container_format')
    return [
        image
        for image in retry.retry_until(list_images, sleep, policy=retry.PROBE)
        # Glance ignores filters that it does not know.
        if all(getattr(image, key) == attrs[key] for key in wanted)
        and image.owner_id == owner
        and image.status == 'active'
        and attrs.get('id') in (None, image.id)
    ]


def _compute(
    source: _source.Source,
    wanted: list[dict[str, str]],
    listener: _listener.ProgressListener,
) -> dict[str, str]:
    """Read a source; return its digests, none if it broke off.

    :param wanted: those of each image, the strongest first.
    """
    start = source.file.tell()
    names = {next(iter(digests)) for digests in wanted if digests}
    phases = (_('comparing'), _('comparing'))
    with contextlib.closing(digest.Digests(tuple(sorted(names)))) as hashed:
        body = upload.make_body(source, listener, phases, hashed)
        try:
            for _block in body:
                pass
        except exceptions.SourceInterrupted as error:
            LOG.warning(
                _('%(problem)s It is not compared.'), {'problem': error}
            )
            return {}
        finally:
            source.file.seek(start)
        return hashed.result()
