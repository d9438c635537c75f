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

"""How far images are, as the server knows it.

With glance-upload-progress the server reports bytes. Without it, Glance's own
data shows what it can.
"""

import contextlib
import dataclasses

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstack.image.v2 import task as _task

from osc_image_ext import bulk
from osc_image_ext import text
from osc_image_ext.image import import_request
from osc_image_ext.image import progress_report as _report
from osc_image_ext.image import progress_status
from osc_image_ext.image import tasks

ImageProgress = _report.ImageProgress

#: Statuses of images whose data is on its way.
IN_PROGRESS = ('saving', 'uploading', 'importing')

# Several images are asked for at once; Glance has other users, too.
_WORKERS = 4


class ProgressReader:
    """Reads how far images are.

    Each method may be called by several threads.
    """

    def __init__(self, proxy: _proxy.Proxy) -> None:
        self._proxy = proxy
        #: whether the server reports bytes; false once it is known not to
        self.has_reports = True

    def read(self, image: _image.Image) -> ImageProgress:
        """Return how far an image is.

        :param image: as Glance shows it now.
        :raises UnexpectedResponse: if a response is not the server's.
        :raises openstack.exceptions.HttpException: 404 if the image was
            deleted; otherwise if the server rejects a request.
        :raises keystoneauth1.exceptions.ClientException: if the server cannot
            be reached.
        """
        report = self._get_report(image.id)
        status = text.printable(report.status if report else image.status)
        if report is None or not report.is_reported:
            task = self._find_task(image, status)
            return progress_status.infer(image, status, task)
        report = dataclasses.replace(
            report,
            name=progress_status.printable_name(image),
            stores=report.stores or progress_status.list_stores(image),
        )
        if report.phase == _report.IMPORT:
            return self._add_message(report)
        if status in _report.COMPLETE:  # whatever has not been reported yet
            return dataclasses.replace(report, state=_report.DONE)
        return report

    def _get_report(self, image_id: str) -> ImageProgress | None:
        """Return what the server reports; None if it does not."""
        if not self.has_reports:
            return None
        response = self._proxy.get(
            f'/images/{image_id}/progress',
            skip_cache=True,
            status_code_retries=0,  # see retry.py
        )
        if response.status_code == 404:
            self._proxy.get_image(image_id)  # 404 if the image was deleted
            self.has_reports = False
            return None
        sdk_exceptions.raise_from_response(response)
        return _report.parse(response, image_id)

    def _find_task(
        self, image: _image.Image, status: str
    ) -> _task.Task | None:
        """Return the task of the latest import, if that may say more."""
        properties = image.properties or {}
        if status in ('queued', 'uploading', 'importing') or (
            properties.get(progress_status.IMPORT_TASK)
            or properties.get(import_request.FAILED_STORES)
        ):
            return tasks.find_latest_import(self._proxy, image.id)
        return None

    def _add_message(self, report: ImageProgress) -> ImageProgress:
        """Add what the task says where the report has no bytes or reason."""
        if report.state != _report.FAILED and report.received is not None:
            return report
        task = tasks.find_latest_import(self._proxy, report.image_id)
        message = text.printable(task.message or '') if task else ''
        return dataclasses.replace(report, message=message)


def list_images(proxy: _proxy.Proxy) -> list[_image.Image]:
    """Return the images whose data is on its way, by their status.

    One request for all statuses: between two of them, an image could pass
    from one to the other unseen.

    :raises: see :meth:`ProgressReader.read`.
    """
    return list(proxy.images(status=f'in:{",".join(IN_PROGRESS)}'))


def read_all(
    reader: ProgressReader, images: list[_image.Image]
) -> list[ImageProgress]:
    """Return how far images are, without those that were deleted.

    :raises: see :meth:`ProgressReader.read`.
    """
    found: dict[int, ImageProgress] = {}
    items = bulk.run(images, reader.read, _WORKERS)
    with contextlib.closing(items):  # type: ignore[type-var]
        for item in items:
            if item.result:
                found[item.index] = item.result
            elif item.error and not isinstance(
                item.error, sdk_exceptions.NotFoundException
            ):
                raise item.error
    return [found[index] for index in sorted(found)]
