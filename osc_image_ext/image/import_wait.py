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

"""An import that is followed until the image is where it should be."""

import contextlib
import dataclasses
import re
import time

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstack.image.v2 import task as _task

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import import_start
from osc_image_ext.image import tasks

_IMPORTING_TO = 'os_glance_importing_to_stores'
_FAILED_STORES = 'os_glance_failed_import'
# Glance's 'Copied 512 MiB', in whatever language it talks.
_COPIED = re.compile(r'(\d+)\s*MiB')
_MIB = 1024 * 1024


@dataclasses.dataclass(frozen=True)
class WaitOptions:
    """Whether and how an import is waited for.

    :param wanted: if not, it is left alone once it was accepted.
    :param timeout: seconds, see :func:`retry.wait_for_task`.
    """

    enabled: bool
    timeout: float | None = None
    clock: retry.Clock = time.monotonic
    sleep: retry.Sleep = time.sleep


@dataclasses.dataclass(frozen=True)
class Imported:
    """What became of an import.

    :param image: as Glance shows it now.
    :param missing_stores: stores that it should be in, and is not.
    """

    image: _image.Image
    missing_stores: tuple[str, ...] = ()


def wait_for_import(
    proxy: _proxy.Proxy,
    task: _task.Task,
    image: _image.Image,
    targets: tuple[str, ...],
    listener: _listener.ProgressListener,
    wait: WaitOptions,
    *,
    allow_failure: bool = True,
) -> Imported:
    """Follow an import until the image is in its stores.

    The image's status alone would tell nothing: it goes back to ``queued``,
    stays ``importing`` or was ``active`` before.

    :param task: the import, as it was seen last.
    :param image: as it was seen last.
    :param targets: the stores that are written to; none if the cloud has but
        one.
    :param listener: told the phase, the store, and how much is copied.
    :param allow_failure: of several stores, some may fail.
    :raises TaskError: if the import failed.
    :raises TaskTimeout: if it has not ended in time.
    :raises osc_image_ext.exceptions.Error: if the image was deleted, or is
        not in its stores.
    :raises openstack.exceptions.HttpException: see :func:`retry.wait_for_task`.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    reporter = _Reporter(listener, targets, image)

    def get_task() -> _task.Task:
        reporter.update(_get_image(proxy, image.id))
        return _get_task(proxy, image.id, task.id)

    try:
        retry.wait_for_task(
            task,
            get_task,
            reporter,
            timeout=wait.timeout,
            clock=wait.clock,
            sleep=wait.sleep,
        )
    except exceptions.TaskError as error:
        _note_failed_stores(proxy, image.id, error)
        raise
    # It has all been done by now: who is away for a moment is waited for.
    shown = retry.retry_until(lambda: _get_image(proxy, image.id), wait.sleep)
    imported = _check_result(shown, targets, allow_failure)
    listener.moved(imported.image.size or 0)
    return imported


class _Reporter(_listener.NullListener):
    """Tells a listener of an import what it hears of a task."""

    def __init__(
        self,
        listener: _listener.ProgressListener,
        targets: tuple[str, ...],
        image: _image.Image,
    ) -> None:
        self._listener = listener
        self._targets = targets
        self._size: int | None = image.size
        self._current = 0
        self._stale: str | None = ''
        self._begin()

    def _begin(self) -> None:
        self._listener.phase(_('importing'))
        self._listener.started(self._size)
        self._listener.phase(_('importing'), self._where())

    def update(self, image: _image.Image) -> None:
        """Find out which store is being written to."""
        busy = import_start.stores_of(image, _IMPORTING_TO)
        left = [i for i, name in enumerate(self._targets) if name in busy]
        if left and left[0] > self._current:
            self._current = left[0]
            self._size = image.size or self._size
            # Until it changes the message is still about the store before.
            self._stale = None
            self._begin()

    def phase(self, name: str, message: str = '') -> None:
        if name not in ('pending', 'processing'):
            return
        copied = _COPIED.search(message)
        if self._stale is None:
            self._stale = message
        if copied and message != self._stale:
            position = int(copied[1]) * _MIB
            self._listener.moved(min(position, self._size or position))
        self._listener.phase(
            _('importing') if name == 'processing' else _('queued'),
            self._where() if copied else message or self._where(),
        )

    def _where(self) -> str:
        if not self._targets:
            return _('to the store')
        store = api_errors.printable(self._targets[self._current])
        if len(self._targets) == 1:
            return _('to %s') % store
        return _('to %(store)s (%(number)d of %(all)d)') % {
            'store': store,
            'number': self._current + 1,
            'all': len(self._targets),
        }


def _get_image(proxy: _proxy.Proxy, image_id: str) -> _image.Image:
    try:
        return proxy.get_image(image_id)
    except sdk_exceptions.NotFoundException as error:
        raise exceptions.TransferError(
            _('Image %s was deleted while it was imported.') % image_id
        ) from error


def _get_task(proxy: _proxy.Proxy, image_id: str, task_id: str) -> _task.Task:
    for task in tasks.list_for_image(proxy, image_id):
        if task.id == task_id:
            return task
    raise exceptions.TransferError(
        _('The server does not know task %(task)s of image %(id)s any more.')
        % {'task': task_id, 'id': image_id}
    )


def _note_failed_stores(
    proxy: _proxy.Proxy, image_id: str, error: exceptions.TaskError
) -> None:
    """Tell which stores failed: that is more than Glance's message often."""
    with contextlib.suppress(
        sdk_exceptions.SDKException, ksa_exceptions.ClientException
    ):
        image = proxy.get_image(image_id)
        failed = import_start.stores_of(image, _FAILED_STORES)
        if failed:
            names = api_errors.printable(', '.join(failed))
            error.add_note(_('Stores that failed: %s.') % names)


def _check_result(
    image: _image.Image, targets: tuple[str, ...], allow_failure: bool
) -> Imported:
    """Find out whether the image is where it should be."""
    if image.status != 'active':
        raise exceptions.TransferError(
            _('The import ended, but image %(id)s has status %(status)s.')
            % {'id': image.id, 'status': image.status}
        )
    there = import_start.stores_of(image)
    missing_stores = tuple(name for name in targets if name not in there)
    if missing_stores and (
        not allow_failure or len(missing_stores) == len(targets)
    ):
        raise exceptions.TransferError(
            _('Image %(id)s did not get into these stores: %(stores)s.')
            % {'id': image.id, 'stores': ', '.join(missing_stores)}
        )
    return Imported(image, missing_stores)
