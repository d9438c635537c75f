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

"""How far an image is, from what every Glance shows.

The status of the image, its stores and the task of its import: bytes are known
of an import only, and only now and then.
"""

from openstack.image.v2 import image as _image
from openstack.image.v2 import task as _task

from osc_image_ext import text
from osc_image_ext.image import import_request
from osc_image_ext.image import progress_report as _report
from osc_image_ext.image import tasks

#: Property of an image with the task that imports it.
IMPORT_TASK = 'os_glance_import_task'

# Status of an image -> phase and state.
_MEANINGS = {
    'queued': (None, _report.WAITING),
    'saving': (_report.UPLOAD, _report.RECEIVING),
    'uploading': (_report.STAGE, _report.RECEIVING),
    'importing': (_report.IMPORT, _report.IMPORTING),
    'active': (None, _report.DONE),
    'deactivated': (None, _report.DONE),
    'killed': (None, _report.FAILED),
    'deleted': (None, _report.FAILED),
    'pending_delete': (None, _report.FAILED),
}
_RUNNING_TASK = ('pending', 'processing')


def infer(
    image: _image.Image, status: str, task: _task.Task | None
) -> _report.ImageProgress:
    """Return how far an image is.

    :param status: that of the image.
    :param task: that of the latest import, which other attempts may have
        followed.
    """
    phase, state = _MEANINGS.get(status, (None, status))
    message = ''
    if task and task.status in _RUNNING_TASK:
        phase, state = _report.IMPORT, _report.IMPORTING
    elif task and task.status == 'failure' and _has_failed(image, status):
        phase, state = _report.IMPORT, _report.FAILED
    elif status == 'uploading' and image.size and not task:
        # Glance sets the size once all data is staged, and keeps it when an
        # import fails.
        state = _report.DONE
    if task and phase == _report.IMPORT:
        message = text.printable(task.message or '')
    stores = list_stores(image)
    return _report.ImageProgress(
        image.id,
        status,
        state,
        phase,
        _find_received(image, state, stores, message),
        image.size or None,
        stores,
        updated_at=text.printable(image.updated_at or '') or None,
        name=printable_name(image),
        message=message,
    )


def _has_failed(image: _image.Image, status: str) -> bool:
    """Return whether an image is as its failed import has left it.

    While it is ``uploading``, new data is being staged.
    """
    if status in _report.COMPLETE:
        return bool(
            import_request.list_stores(image, import_request.FAILED_STORES)
        )
    return status in ('queued', 'importing')


def _find_received(
    image: _image.Image,
    state: str,
    stores: tuple[_report.StoreProgress, ...],
    message: str,
) -> int | None:
    """Return the bytes that an image has, None if not known."""
    size: int | None = image.size or None
    if state == _report.DONE:  # stored, or staged
        return size
    # Of several stores, the message may be about another one.
    if state != _report.IMPORTING or len(stores) > 1:
        return None
    copied = tasks.parse_copied(message)
    return copied if copied is None or size is None else min(copied, size)


def list_stores(image: _image.Image) -> tuple[_report.StoreProgress, ...]:
    """Return the stores that an image names, each once."""
    found: dict[str, str] = {}
    for key, state in (
        (import_request.IMPORTING_TO, _report.IMPORTING),
        (import_request.FAILED_STORES, _report.FAILED),
        ('stores', _report.DONE),
    ):
        for name in import_request.list_stores(image, key):
            found.setdefault(text.printable(name), state)
    return tuple(
        _report.StoreProgress(name, state) for name, state in found.items()
    )


def printable_name(image: _image.Image) -> str | None:
    """Return the name of an image, if it has one, fit for a terminal."""
    return text.printable(image.name) if image.name else None
