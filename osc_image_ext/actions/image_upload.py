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

"""Giving data to an image that has none, as the commands' options say."""

import argparse
import contextlib
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.actions import clients
from osc_image_ext.actions import image_source
from osc_image_ext.i18n import _
from osc_image_ext.image import service_info
from osc_image_ext.image import staging
from osc_image_ext.image import upload
from osc_image_ext.progress import display


def stage(app: Any, parsed_args: argparse.Namespace) -> None:
    """Send the data of an image to the staging area.

    :param app: a shell.
    """
    proxy = clients.image_proxy(app.client_manager)
    image = _queued(proxy, parsed_args.image)
    with image_source.require_source(parsed_args) as source:
        image_source.warn_of_format_mismatch(
            source, image.disk_format, image.container_format
        )
        with _display(app, parsed_args) as listener:
            staging.stage_image(proxy, image, source, listener)
            listener.phase(_('staged'))


def upload_image(app: Any, parsed_args: argparse.Namespace) -> _image.Image:
    """Send the data of an image to a store; return the image as it is then.

    :param app: a shell.
    """
    proxy = clients.image_proxy(app.client_manager)
    if parsed_args.store is not None:
        service_info.get_service_info(proxy).require_stores(
            (parsed_args.store,)
        )
    image = _queued(proxy, parsed_args.image)
    with image_source.require_source(parsed_args) as source:
        image_source.warn_of_format_mismatch(
            source, image.disk_format, image.container_format
        )
        with _display(app, parsed_args) as listener:
            result = upload.upload_image(
                proxy,
                image,
                source,
                listener,
                store=parsed_args.store,
                verify=parsed_args.verify,
            )
            listener.phase(_('verified') if result.verified else _('stored'))
    if parsed_args.verify and not result.verified:
        image_source.warn_unverified(image.id)
    return result.image


def _queued(proxy: _proxy.Proxy, name: str) -> _image.Image:
    """Return the image of a name or ID, which must have no data yet."""
    image = proxy.find_image(name, ignore_missing=False)
    if image.status != 'queued':
        raise exceptions.Error(
            _(
                'Image %(id)s has status %(status)s: only an image whose '
                'status is queued can get data.'
            )
            % {'id': image.id, 'status': image.status}
        )
    return image


def _display(
    app: Any, parsed_args: argparse.Namespace
) -> contextlib.AbstractContextManager[_listener.ProgressListener]:
    return display.make_display(
        parsed_args.progress,
        app.stderr,
        api_errors.printable(parsed_args.image),
    )
