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

"""Creating an image: a record alone, an upload, or an import."""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
import contextlib
import dataclasses
from typing import Any, TextIO

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.actions import clients
from osc_image_ext.actions import core_arguments
from osc_image_ext.actions import errors
from osc_image_ext.actions import image_source
from osc_image_ext.actions import import_arguments
from osc_image_ext.actions import import_report
from osc_image_ext.actions import output
from osc_image_ext.actions import wait_arguments
from osc_image_ext.i18n import _
from osc_image_ext.image import identical
from osc_image_ext.image import image_import
from osc_image_ext.image import import_request
from osc_image_ext.image import record
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import tasks
from osc_image_ext.image import upload
from osc_image_ext.progress import display

_Columns = tuple[Sequence[str], Iterable[Any]]


@dataclasses.dataclass(frozen=True)
class _Creation:
    """What the options ask for, in addition to core's attributes.

    :param store: for an upload; None for the default store.
    :param request: the import that brings the data; None for an upload.
    """

    name: str
    properties: Mapping[str, str]
    source: image_source.SourceOptions
    store: str | None
    request: import_request.ImportRequest | None
    wait: tasks.WaitOptions
    verify: bool
    keep_failed: bool
    skip_identical: bool
    progress: bool


@errors.as_command_error()
def run(
    app: Any,
    parsed_args: argparse.Namespace,
    take_core_action: Callable[[argparse.Namespace], _Columns],
) -> _Columns:
    """Create an image; return its columns.

    :param app: a shell.
    :param take_core_action: core's command, which makes the attributes of the
        image, a signature if asked for, and the columns.
    """
    output.require_stdout(app)
    if parsed_args.volume:
        import_arguments.check_volume(parsed_args)
        return take_core_action(parsed_args)
    creation = _from_args(parsed_args)
    proxy = clients.image_proxy(app.client_manager)

    def create_image(**attrs: Any) -> _image.Image:
        merged = core_arguments.merge_attrs(attrs, creation.properties)
        return _create(proxy, merged, creation, app.stderr)

    with clients.override_image_proxy(
        app.client_manager,
        proxy,
        create_image=create_image,
        # as it is now: core's own is from before the upload
        get_image=lambda image: image,
    ):
        return take_core_action(core_arguments.args_for_core(parsed_args))


def _from_args(parsed_args: argparse.Namespace) -> _Creation:
    request = import_arguments.request_for_create(parsed_args)
    stores = () if request else parsed_args.store or ()
    return _Creation(
        name=parsed_args.name,
        properties=parsed_args.properties or {},
        source=image_source.source_options(parsed_args),
        store=next(iter(stores), None),
        request=request,
        wait=wait_arguments.wait_options(parsed_args),
        verify=parsed_args.verify,
        keep_failed=parsed_args.keep_failed,
        skip_identical=parsed_args.skip_identical,
        progress=parsed_args.progress,
    )


def _create(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    creation: _Creation,
    stderr: TextIO | None,
) -> _image.Image:
    """Create the image, with its data if there is any; return it."""
    if creation.request:
        return _import(proxy, attrs, creation, creation.request, stderr)
    store, verify = creation.store, creation.verify
    if store is not None:
        service_info.get_service_info(proxy).require_stores((store,))
    with image_source.open_source(creation.source) as source:
        if source is None:
            return _create_record(proxy, attrs, creation)
        _warn_of_format_mismatch(source, attrs)
        with display.make_display(
            creation.progress, stderr, creation.name
        ) as listener:
            image = _find_identical(proxy, attrs, creation, source, listener)
            if image:
                return image
            result = upload.create_image(
                proxy,
                attrs,
                source,
                listener,
                store=store,
                verify=verify,
                keep_failed=creation.keep_failed,
            )
    if verify:
        image_source.warn_unverified(result)
    return result.image


def _import(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    creation: _Creation,
    request: import_request.ImportRequest,
    stderr: TextIO | None,
) -> _image.Image:
    info = service_info.get_service_info(proxy)
    request.validate(info)
    verify = creation.verify
    with contextlib.ExitStack() as stack:
        source = None
        if request.needs_staging:
            source = stack.enter_context(
                image_source.require_source(creation.source)
            )
            _warn_of_format_mismatch(source, attrs)
        listener = stack.enter_context(
            display.make_display(creation.progress, stderr, creation.name)
        )
        image = _find_identical(proxy, attrs, creation, source, listener)
        if image:
            return image
        result = image_import.create_image(
            proxy,
            attrs,
            source,
            request,
            info,
            listener,
            wait=creation.wait,
            verify=verify,
            keep_failed=creation.keep_failed,
        )
    import_report.warn_about_result(result)
    if creation.wait.enabled and source and verify:
        image_source.warn_unverified(result)
    return result.image


def _find_identical(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    creation: _Creation,
    source: _source.Source | None,
    listener: _listener.ProgressListener,
) -> _image.Image | None:
    if not (source and creation.skip_identical):
        return None
    return identical.find(proxy, attrs, source, listener)


def _warn_of_format_mismatch(
    source: _source.Source, attrs: Mapping[str, Any]
) -> None:
    image_source.warn_of_format_mismatch(
        source, attrs['disk_format'], attrs['container_format']
    )


def _create_record(
    proxy: _proxy.Proxy, attrs: dict[str, Any], creation: _Creation
) -> _image.Image:
    for option, value in (
        ('size', creation.source.size),
        ('store', creation.store),
        ('checksum', creation.source.checksum),
        ('decompress', creation.source.decompress),
        ('skip-identical', creation.skip_identical),
    ):
        if value not in (None, False):
            raise exceptions.Error(
                _(
                    '--%(option)s requires image data from --file, --fetch '
                    'or standard input.'
                )
                % {'option': option}
            )
    return record.create(proxy, attrs)
