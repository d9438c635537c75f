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

"""Importing the data of an image, new or existing."""

import dataclasses
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.image import data
from osc_image_ext.image import digest
from osc_image_ext.image import import_cleanup
from osc_image_ext.image import import_request
from osc_image_ext.image import import_start
from osc_image_ext.image import import_wait
from osc_image_ext.image import record
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams
from osc_image_ext.image import tasks
from osc_image_ext.image import upload
from osc_image_ext.image import verification


def create_image(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    source: _source.Source | None,
    request: import_request.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    *,
    wait: tasks.WaitOptions,
    verify: bool = True,
    keep_failed: bool = False,
) -> import_wait.ImportResult:
    """Create an image and import its data.

    If that fails or is interrupted before the command has waited as long as
    it was asked to, the image is deleted; a note on the error says so.

    :param attrs: see :func:`record.create`.
    :param source: the data to stage; None if Glance gets it from elsewhere.
    :param verify: compare digests of what was staged, if the command waits.
    :param keep_failed: do not delete the image if the import fails.
    :raises: see :func:`upload.create_image`.
    """
    sleep = wait.sleep
    verified = source if verify and wait.enabled else None
    with (
        upload.make_digests(proxy, verified, sleep) as digests,
        record.create_or_delete(
            proxy, attrs, listener=listener, keep=keep_failed, sleep=sleep
        ) as (image, protect),
    ):
        formats = _get_formats(image)
        body = None
        if source:
            body = upload.open_body(source, listener, data.STAGING, digests)
            with import_cleanup.wait_for_staging_on_error(
                proxy, image.id, sleep, keep_failed
            ):
                image = upload.stage(proxy, image.id, body, sleep)
        with import_cleanup.wait_for_import_on_error(
            proxy, image.id, listener, sleep, keep_failed
        ):
            # A running import writes the image back as it was at its start.
            if not wait.enabled:
                protect(image)
            import_start.start_import(proxy, image.id, request, sleep)
            if wait.enabled:
                result = _wait_for_import(
                    proxy, image, request, info, listener, wait
                )
        if wait.enabled:
            result = _verify(result, formats, body, digests)
            result = dataclasses.replace(result, image=protect(result.image))
    if not wait.enabled:
        image = record.get_image(proxy, image.id, sleep)
        return import_wait.ImportResult(image)
    _show_end(listener, result)
    return result


def import_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    request: import_request.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    wait: tasks.WaitOptions,
) -> import_wait.ImportResult:
    """Import the data of an existing image, which is never deleted.

    A note on the error has the status of the import or of the image.

    :raises osc_image_ext.exceptions.Error: if it fails.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    known = import_start.list_task_ids(proxy, image.id, wait.sleep)
    with import_cleanup.note_import_may_have_started(image.id):
        import_start.start_import(proxy, image.id, request, wait.sleep, known)
    if not wait.enabled:
        return import_wait.ImportResult(
            record.get_image(proxy, image.id, wait.sleep)
        )
    with import_cleanup.note_import_continues(proxy, image.id):
        result = _wait_for_import(
            proxy, image, request, info, listener, wait, known
        )
    _show_end(listener, result)
    return result


def _wait_for_import(
    proxy: _proxy.Proxy,
    image: _image.Image,
    request: import_request.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    wait: tasks.WaitOptions,
    known_task_ids: frozenset[str] = frozenset(),
) -> import_wait.ImportResult:
    task = import_start.find_import_task(
        proxy, image.id, known_task_ids, wait.sleep
    )
    if task is None:
        if not request.all_stores:
            raise exceptions.TransferError(
                _('No import task was found for image %(id)s.')
                % {'id': image.id}
            )
        # There was nothing to copy: the image is in all of them already.
        return import_wait.ImportResult(
            record.get_image(proxy, image.id, wait.sleep)
        )
    return import_wait.wait_for_import(
        proxy,
        task,
        image,
        request.target_stores(info, image),
        listener,
        wait,
        allow_failure=request.allow_failure,
    )


def _get_formats(image: _image.Image) -> tuple[str, str]:
    return image.disk_format, image.container_format


def _verify(
    result: import_wait.ImportResult,
    formats: tuple[str, str],
    body: streams.VerboseFileWrapper | None,
    digests: digest.Digests,
) -> import_wait.ImportResult:
    """Compare what was imported with what was staged, unless converted.

    :param formats: disk and container format of the image before the import.
    """
    if body is None:
        return result
    if _get_formats(result.image) != formats:
        return dataclasses.replace(result, converted=True)
    verified = verification.compare(
        result.image, body.position, digests.result()
    )
    return dataclasses.replace(result, verified=verified)


def _show_end(
    listener: _listener.ProgressListener, result: import_wait.ImportResult
) -> None:
    listener.phase(
        _('active'), _('verified') if result.verified else _('stored')
    )
