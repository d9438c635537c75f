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
    request: import_start.ImportRequest | None,
    stderr: TextIO | None,
) -> _image.Image:
    """Create an image, with its data if there is any.

    :param attrs: those of the SDK's Image.
    :param request: the import that brings the data, None for an upload.
    :param stderr: where progress is shown, if that is wanted.
    :returns: the image as it is then.
    """
    if request:
        return _import(proxy, attrs, parsed_args, request, stderr)
    (store,) = parsed_args.store or (None,)
    if store is not None:
        service_info.get_service_info(proxy).require_stores((store,))
    with image_source.open_source(parsed_args) as source:
        if source is None:
            return _record_alone(proxy, attrs, parsed_args)
        _warn_of_format(source, parsed_args)
        with _display(parsed_args, stderr) as listener:
            result = upload.create_image(
                proxy,
                attrs,
                source,
                listener,
                store=store,
                verify=parsed_args.verify,
                keep_failed=parsed_args.keep_failed,
            )
            listener.phase(_('verified') if result.verified else _('stored'))
    if parsed_args.verify and not result.verified:
        image_source.warn_unverified(result.image.id)
    return result.image


def _import(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    parsed_args: argparse.Namespace,
    request: import_start.ImportRequest,
    stderr: TextIO | None,
) -> _image.Image:
    info = service_info.get_service_info(proxy)
    request.validate(info)
    wait = import_arguments.wait_options(parsed_args)
    with contextlib.ExitStack() as stack:
        source = None
        if request.needs_staging:
            source = stack.enter_context(
                image_source.require_source(parsed_args)
            )
            _warn_of_format(source, parsed_args)
        listener = stack.enter_context(_display(parsed_args, stderr))
        result = image_import.create_image(
            proxy,
            attrs,
            source,
            request,
            info,
            listener,
            wait=wait,
            verify=parsed_args.verify,
            keep_failed=parsed_args.keep_failed,
        )
        import_arguments.show_result(listener, result, wait)
    import_arguments.warn_about_result(result)
    if wait.enabled and source and parsed_args.verify and result.unverified:
        image_source.warn_unverified(result.image.id)
    return result.image


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
    with record.create(proxy, attrs) as image:
        return image


def _display(
    parsed_args: argparse.Namespace, stderr: TextIO | None
) -> contextlib.AbstractContextManager[_listener.ProgressListener]:
    return display.make_display(
        parsed_args.progress, stderr, api_errors.printable(parsed_args.name)
    )


def _warn_of_format(
    source: _source.Source, parsed_args: argparse.Namespace
) -> None:
    image_source.warn_of_format_mismatch(
        source, parsed_args.disk_format, parsed_args.container_format
    )
