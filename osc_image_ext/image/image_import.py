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

"""Importing the data of an image, new or not."""

import contextlib
import dataclasses
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.image import digest
from osc_image_ext.image import import_cleanup
from osc_image_ext.image import import_start
from osc_image_ext.image import import_wait
from osc_image_ext.image import record
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import staging
from osc_image_ext.image import streams
from osc_image_ext.image import verification


@dataclasses.dataclass(frozen=True)
class ImportResult:
    """What became of an image that was made by import.

    :param image: as Glance shows it now.
    :param missing: stores that it should be in, and is not.
    :param verified: the algorithm of the digest that agreed, if any did.
    :param converted: whether the server changed the format of the data.
    """

    image: _image.Image
    missing_stores: tuple[str, ...] = ()
    verified: str | None = None
    converted: bool = False

    @property
    def unverified(self) -> bool:
        """Whether nothing was compared that could have been."""
        return not (self.verified or self.converted)


def create_image(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    source: _source.Source | None,
    request: import_start.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    *,
    wait: import_wait.WaitOptions,
    verify: bool = True,
    keep_failed: bool = False,
) -> ImportResult:
    """Create an image and import its data.

    If that fails or is interrupted, before the end that was asked for, the
    image is deleted; what became of it is a note on the error.

    :param attrs: see :func:`record.create`.
    :param source: the data to stage; None if Glance has it from elsewhere.
    :param verify: compare digests of what was staged, if it is waited for.
    :param keep_failed: leave the image where it is if the import fails.
    :raises osc_image_ext.exceptions.Error: if any of it fails.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    # See upload.create_image() for why an image is not protected until late.
    attrs = dict(attrs)
    protected = attrs.pop('is_protected', None)
    verify = verify and wait.enabled and source is not None
    names = verification.algorithms(proxy) if verify else ()
    with (
        contextlib.closing(digest.Digests(names)) as digests,
        record.create(
            proxy,
            attrs,
            listener=listener,
            keep=keep_failed,
            sleep=wait.sleep,
        ) as image,
    ):
        formats = _formats(image)
        body = staging.reader(source, listener, digests) if source else None
        if body:
            with import_cleanup.wait_for_staging_on_error(
                proxy, image.id, wait.sleep, keep_failed
            ):
                image = staging.stage(proxy, image.id, body, wait.sleep)
        with import_cleanup.wait_for_import_on_error(
            proxy, image.id, listener, wait.sleep, keep_failed
        ):
            # Once the import runs it is too late: it would write the image
            # back as it was at the beginning.
            if protected and not wait.enabled:
                record.protect(proxy, image.id, wait.sleep)
            import_start.start_import(proxy, image.id, request, wait.sleep)
            if wait.enabled:
                result = _wait_for_import(
                    proxy, image, request, info, listener, wait
                )
        if wait.enabled:
            result = _verify(result, formats, body, digests)
            if protected:
                changed = record.protect(proxy, result.image, wait.sleep)
                result = dataclasses.replace(result, image=changed)
    if wait.enabled:
        return result
    return ImportResult(record.get_image(proxy, image.id, wait.sleep))


def import_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    request: import_start.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    wait: import_wait.WaitOptions,
) -> ImportResult:
    """Import the data of an image that exists; the image is never deleted.

    What becomes of the import or of the image is a note on the error.

    :raises osc_image_ext.exceptions.Error: if it fails.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    known_task_ids = import_start.list_task_ids(proxy, image.id, wait.sleep)
    import_start.start_import(
        proxy, image.id, request, wait.sleep, known_task_ids
    )
    if not wait.enabled:
        return ImportResult(record.get_image(proxy, image.id, wait.sleep))
    with import_cleanup.note_import_continues(proxy, image.id):
        return _wait_for_import(
            proxy, image, request, info, listener, wait, known_task_ids
        )


def _wait_for_import(
    proxy: _proxy.Proxy,
    image: _image.Image,
    request: import_start.ImportRequest,
    info: service_info.ServiceInfo,
    listener: _listener.ProgressListener,
    wait: import_wait.WaitOptions,
    known_task_ids: frozenset[str] = frozenset(),
) -> ImportResult:
    task = import_start.find_import_task(
        proxy, image.id, known_task_ids, wait.sleep
    )
    if task is None:
        if not request.all_stores:
            raise exceptions.TransferError(
                _('The server shows no task that imports image %s.') % image.id
            )
        # There was nothing to copy: the image is in all of them already.
        return ImportResult(record.get_image(proxy, image.id, wait.sleep))
    imported = import_wait.wait_for_import(
        proxy,
        task,
        image,
        request.target_stores(info, image),
        listener,
        wait,
        allow_failure=request.allow_failure,
    )
    return ImportResult(imported.image, imported.missing_stores)


def _formats(image: _image.Image) -> tuple[str, str]:
    return image.disk_format, image.container_format


def _verify(
    result: ImportResult,
    formats: tuple[str, str],
    body: streams.VerboseFileWrapper | None,
    digests: digest.Digests,
) -> ImportResult:
    """Compare what was imported with what was staged, if that may agree.

    :param formats: those of the image before the import.
    """
    if body is None:
        return result
    if _formats(result.image) != formats:
        return dataclasses.replace(result, converted=True)
    verified = verification.compare(
        result.image, body.position, digests.result()
    )
    return dataclasses.replace(result, verified=verified)
