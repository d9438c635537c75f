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

"""What image create does: a record alone, an upload, or an import."""

import argparse
import contextlib
from typing import Any, TextIO

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.actions import image_source
from osc_image_ext.actions import import_arguments
from osc_image_ext.i18n import _
from osc_image_ext.image import image_import
from osc_image_ext.image import import_start
from osc_image_ext.image import record
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from osc_image_ext.progress import display


def create(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    parsed_args: argparse.Namespace,
    order: import_start.Order | None,
    stderr: TextIO | None,
) -> _image.Image:
    """Create an image, with its data if there is any.

    :param attrs: those of the SDK's Image.
    :param order: the import that brings the data, None for an upload.
    :param stderr: where progress is shown, if that is wanted.
    :returns: the image as it is then.
    """
    if order:
        return _import(proxy, attrs, parsed_args, order, stderr)
    (store,) = parsed_args.store or (None,)
    if store is not None:
        service_info.of(proxy).check_stores((store,))
    with image_source.opened(parsed_args) as source:
        if source is None:
            return _record_alone(proxy, attrs, parsed_args)
        _warn_of_format(source, parsed_args)
        with _display(parsed_args, stderr) as listener:
            done = upload.create_image(
                proxy,
                attrs,
                source,
                listener,
                store=store,
                verify=parsed_args.verify,
                keep_failed=parsed_args.keep_failed,
            )
            listener.phase(_('verified') if done.verified else _('stored'))
    if parsed_args.verify and not done.verified:
        image_source.warn_of_no_digest(done.image.id)
    return done.image


def _import(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    parsed_args: argparse.Namespace,
    order: import_start.Order,
    stderr: TextIO | None,
) -> _image.Image:
    offer = service_info.of(proxy)
    order.check(offer)
    waiting = import_arguments.waiting(parsed_args)
    with contextlib.ExitStack() as stack:
        source = None
        if order.stages:
            source = stack.enter_context(image_source.required(parsed_args))
            _warn_of_format(source, parsed_args)
        listener = stack.enter_context(_display(parsed_args, stderr))
        made = image_import.create_image(
            proxy,
            attrs,
            source,
            order,
            offer,
            listener,
            waiting=waiting,
            verify=parsed_args.verify,
            keep_failed=parsed_args.keep_failed,
        )
        import_arguments.tell_end(listener, made, waiting)
    import_arguments.report(made)
    if waiting.wanted and source and parsed_args.verify and made.unverified:
        image_source.warn_of_no_digest(made.image.id)
    return made.image


def _record_alone(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    parsed_args: argparse.Namespace,
) -> _image.Image:
    for name in ('size', 'store'):
        if getattr(parsed_args, name):
            raise exceptions.Error(
                _('--%s requires image data via --file or stdin.') % name
            )
    with record.created(proxy, attrs) as image:
        return image


def _display(
    parsed_args: argparse.Namespace, stderr: TextIO | None
) -> contextlib.AbstractContextManager[_listener.TransferListener]:
    return display.make_display(
        parsed_args.progress, stderr, api_errors.printable(parsed_args.name)
    )


def _warn_of_format(
    source: _source.Source, parsed_args: argparse.Namespace
) -> None:
    image_source.warn_of_format(
        source, parsed_args.disk_format, parsed_args.container_format
    )
