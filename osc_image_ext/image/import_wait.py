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

"""Waiting for an import until the image is in its stores."""

import contextlib
import dataclasses

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstack.image.v2 import task as _task

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import import_request
from osc_image_ext.image import tasks


@dataclasses.dataclass(frozen=True)
class ImportResult:
    """The result of an import.

    :param image: as Glance shows it now.
    :param missing_stores: stores that the image should be in, and is not.
    :param verified: algorithm of the digest that matched, None if none was
        compared.
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


def wait_for_import(
    proxy: _proxy.Proxy,
    task: _task.Task,
    image: _image.Image,
    stores: tuple[str, ...],
    listener: _listener.ProgressListener,
    wait: tasks.WaitOptions,
    *,
    allow_failure: bool = True,
) -> ImportResult:
    """Wait until an image is in its stores.

    The image's status alone does not show a failure: it returns to
    ``queued``, stays ``importing`` or was ``active`` before.

    :param stores: those that are written to; empty if the deployment has one
        store only.
    :param listener: its phase has the store, its position what is copied.
    :param allow_failure: succeed even if some of several stores fail.
    :raises TaskError: if the import failed.
    :raises TaskTimeout: if it did not finish in time.
    :raises TransferError: if the image was deleted, or is not in its stores.
    :raises: see :func:`tasks.wait_for_task`.
    """
    reporter = _Reporter(listener, stores, image)

    def get_task() -> _task.Task:
        reporter.update(_get_image(proxy, image.id))
        return _get_task(proxy, image.id, task.id)

    try:
        tasks.wait_for_task(task, get_task, reporter, wait)
    except exceptions.TaskError as error:
        _note_failed_stores(proxy, image.id, error)
        raise
    # The import has succeeded: a short outage must not hide that.
    imported = retry.retry_until(
        lambda: _get_image(proxy, image.id), wait.sleep
    )
    result = _check_result(imported, stores, allow_failure)
    listener.moved(imported.size or 0)
    return result


class _Reporter(_listener.NullListener):
    """Translates what is known of a task into progress of the import."""

    def __init__(
        self,
        listener: _listener.ProgressListener,
        stores: tuple[str, ...],
        image: _image.Image,
    ) -> None:
        self._listener = listener
        self._stores = stores
        self._size: int | None = image.size
        self._current = 0
        self._stale: str | None = ''
        self._begin()

    def _begin(self) -> None:
        self._listener.phase(_('importing'))
        self._listener.started(self._size)
        self._listener.phase(_('importing'), self._where())

    def update(self, image: _image.Image) -> None:
        """Find the store that is being written to."""
        busy = import_request.list_stores(image, import_request.IMPORTING_TO)
        pending = [i for i, name in enumerate(self._stores) if name in busy]
        if pending and pending[0] > self._current:
            self._current = pending[0]
            self._size = image.size or self._size
            # Until it changes the message is about the previous store.
            self._stale = None
            self._begin()

    def phase(self, name: str, message: str = '') -> None:
        if name not in ('pending', 'processing'):
            return
        copied = tasks.parse_copied(message)
        if self._stale is None:
            self._stale = message
        if copied is not None and message != self._stale:
            self._listener.moved(min(copied, self._size or copied))
        self._listener.phase(
            _('importing') if name == 'processing' else _('queued'),
            message if message and copied is None else self._where(),
        )

    def _where(self) -> str:
        if not self._stores:
            # Translators: follows the phase "importing" after a comma.
            return _('to the store')
        store = text.printable(self._stores[self._current])
        if len(self._stores) == 1:
            # Translators: the name of a store; follows "importing".
            return _('to %s') % store
        # Translators: follows "importing": to STORE (2 of 3).
        return _('to %(store)s (%(number)d of %(all)d)') % {
            'store': store,
            'number': self._current + 1,
            'all': len(self._stores),
        }


def _get_image(proxy: _proxy.Proxy, image_id: str) -> _image.Image:
    try:
        return proxy.get_image(image_id)
    except sdk_exceptions.NotFoundException as error:
        failure = exceptions.TransferError(
            _('Image %(id)s was deleted during the import.') % {'id': image_id}
        )
        failure.add_note(_('Partial data may remain in the store.'))
        raise failure from error


def _get_task(proxy: _proxy.Proxy, image_id: str, task_id: str) -> _task.Task:
    for task in tasks.list_for_image(proxy, image_id):
        if task.id == task_id:
            return task
    raise exceptions.TransferError(
        _('Task %(task)s of image %(id)s no longer exists.')
        % {'task': task_id, 'id': image_id}
    )


def _note_failed_stores(
    proxy: _proxy.Proxy, image_id: str, error: exceptions.TaskError
) -> None:
    """Name the stores that failed: Glance's message often does not."""
    with contextlib.suppress(*api_errors.API_ERRORS):
        image = proxy.get_image(image_id)
        failed = import_request.list_stores(
            image, import_request.FAILED_STORES
        )
        if failed:
            names = text.printable(', '.join(failed))
            error.add_note(_('Failed stores: %(stores)s.') % {'stores': names})


def _check_result(
    image: _image.Image, stores: tuple[str, ...], allow_failure: bool
) -> ImportResult:
    """Check that the image is active, and in its stores."""
    if image.status != 'active':
        raise exceptions.TransferError(
            _('The import finished, but image %(id)s is in status %(status)s.')
            % {'id': image.id, 'status': image.status}
        )
    present = import_request.list_stores(image)
    missing = tuple(name for name in stores if name not in present)
    if missing and (not allow_failure or len(missing) == len(stores)):
        raise exceptions.TransferError(
            _('Image %(id)s was not imported into these stores: %(stores)s.')
            % {'id': image.id, 'stores': ', '.join(missing)}
        )
    return ImportResult(image, missing)
