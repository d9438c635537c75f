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

"""Uploading or staging the data of an existing image."""

import argparse
from collections.abc import Iterator
import contextlib
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstackclient.image.v2 import image as core

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import image_source
from osc_image_ext.actions import output
from osc_image_ext.i18n import _
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from osc_image_ext.progress import display


@errors.as_command_error()
def run_stage(app: Any, parsed_args: argparse.Namespace) -> None:
    """Send the data of an image to the staging area.

    :param app: a shell.
    """
    proxy = clients.image_proxy(app.client_manager)
    image = _find_queued_image(proxy, parsed_args.image)
    with _open(app, parsed_args, image) as (source, listener):
        upload.stage_image(proxy, image, source, listener)


@errors.as_command_error()
def run_upload(app: Any, parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Send the data of an image to a store.

    :param app: a shell.
    :returns: the columns of the image as it is then.
    """
    output.require_stdout(app)
    proxy = clients.image_proxy(app.client_manager)
    store = parsed_args.store
    if store is not None:
        service_info.get_service_info(proxy).require_stores((store,))
    image = _find_queued_image(proxy, parsed_args.image)
    verify = parsed_args.verify
    with _open(app, parsed_args, image) as (source, listener):
        result = upload.upload_image(
            proxy, image, source, listener, store=store, verify=verify
        )
    if verify:
        image_source.warn_unverified(result)
    return dict(sorted(core._format_image(result.image).items()))


@contextlib.contextmanager
def _open(
    app: Any, parsed_args: argparse.Namespace, image: _image.Image
) -> Iterator[tuple[_source.Source, _listener.ProgressListener]]:
    """Open the data of an image, and the display."""
    options = image_source.source_options(parsed_args)
    with image_source.require_source(options) as source:
        image_source.warn_of_format_mismatch(
            source, image.disk_format, image.container_format
        )
        with display.make_display(
            parsed_args.progress, app.stderr, parsed_args.image
        ) as listener:
            yield source, listener


def _find_queued_image(proxy: _proxy.Proxy, name_or_id: str) -> _image.Image:
    """Return an image, which must have no data yet."""
    image = proxy.find_image(name_or_id, ignore_missing=False)
    if image.status != 'queued':
        raise exceptions.Error(
            _(
                'Image %(id)s is in status %(status)s; data can be uploaded '
                'only to a queued image.'
            )
            % {'id': image.id, 'status': image.status}
        )
    return image
