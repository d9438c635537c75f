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

"""What happens to an import and its data if the command ends early."""

from collections.abc import Callable, Iterator
import contextlib

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import data
from osc_image_ext.image import record
from osc_image_ext.image import tasks


def _has_ended(stop: BaseException) -> bool:
    """Return whether an import has finished by itself, or never started."""
    ended = isinstance(stop, (exceptions.TaskError, exceptions.TransferError))
    return ended and not isinstance(
        stop, (exceptions.OutcomeUnknown, exceptions.UnexpectedResponse)
    )


@contextlib.contextmanager
def note_import_may_have_started(image_id: str) -> Iterator[None]:
    """Add to an interruption of the request that starts an import."""
    try:
        yield
    except BaseException as stop:
        if not _has_ended(stop):
            stop.add_note(
                _(
                    'The import of image %(id)s may have started. To check '
                    'it, run "openstack image task list --image %(id)s '
                    '--long".'
                )
                % {'id': image_id}
            )
        raise


@contextlib.contextmanager
def note_import_continues(
    proxy: _proxy.Proxy, image_id: str
) -> Iterator[None]:
    """Add to whatever ends the block the status of the import or image."""
    try:
        yield
    except BaseException as stop:
        if _has_ended(stop):
            with contextlib.suppress(*api_errors.API_ERRORS):
                image = proxy.get_image(image_id)
                stop.add_note(
                    _('Image %(id)s is in status %(status)s.')
                    % {'id': image_id, 'status': text.printable(image.status)}
                )
            raise
        stop.add_note(
            _(
                'The import of image %(id)s continues on the server. To '
                'check it, run "openstack image task list --image %(id)s '
                '--long".'
            )
            % {'id': image_id}
        )
        raise


@contextlib.contextmanager
def wait_for_import_on_error(
    proxy: _proxy.Proxy,
    image_id: str,
    listener: _listener.ProgressListener,
    sleep: retry.Sleep,
    keep: bool,
) -> Iterator[None]:
    """Wait for an import to finish before its image is deleted.

    Whatever Glance is writing to a store when an image is deleted stays there
    permanently. The wait is limited to some seconds, and ended by a second
    Ctrl-C.

    :param listener: its phase says that the command is stopping.
    :param keep: the image will not be deleted.
    """
    try:
        yield
    except BaseException as stop:
        if not keep and not _has_ended(stop):
            listener.phase(_('stopping'), _('waiting for the import'))
            if not _poll(lambda: _is_idle(proxy, image_id), sleep):
                stop.add_note(
                    _(
                        'The import of image %(id)s was still running; '
                        'partial data may remain in the store.'
                    )
                    % {'id': image_id}
                )
        raise


@contextlib.contextmanager
def wait_for_upload_on_interrupt(
    proxy: _proxy.Proxy,
    image_id: str,
    target: data.DataTarget,
    sleep: retry.Sleep,
    keep: bool,
) -> Iterator[None]:
    """Give Glance a moment to process what it received before a deletion.

    Glance itself removes the data of an upload that was interrupted, unless
    the image is deleted when all of the data is on its way.

    :param keep: the image will not be deleted.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        delays = retry.CLEANUP.delays[:2]
        if not keep and not _poll(
            lambda: _has_received(proxy, image_id, target), sleep, delays
        ):
            stop.add_note(
                _(
                    'The server had not yet aborted the upload of image '
                    '%(id)s; partial data may remain in the store.'
                )
                % {'id': image_id}
            )
        raise


@contextlib.contextmanager
def wait_for_staging_on_error(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep, keep: bool
) -> Iterator[None]:
    """Wait until Glance has aborted an upload before its image is deleted.

    Data that Glance is staging when an image is deleted may stay there
    permanently.

    :param keep: the image will not be deleted.
    """
    try:
        yield
    except BaseException as stop:
        if not record.is_kept(keep, stop) and not _poll(
            lambda: _has_received(proxy, image_id, data.STAGING), sleep
        ):
            stop.add_note(
                _(
                    'The server had not yet aborted the upload of image '
                    '%(id)s; partial data may remain in the staging area.'
                )
                % {'id': image_id}
            )
        raise


def _poll(
    is_done: Callable[[], bool],
    sleep: retry.Sleep,
    delays: tuple[float, ...] = retry.CLEANUP.delays,
) -> bool:
    """Wait some seconds until something is done; return whether it is.

    A second Ctrl-C ends the wait.
    """
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        for delay in (*delays, None):
            with contextlib.suppress(*api_errors.API_ERRORS):
                if is_done():
                    return True
            if delay is not None:
                sleep(delay)
    return False


def _has_received(
    proxy: _proxy.Proxy, image_id: str, target: data.DataTarget
) -> bool:
    """Return whether Glance does not receive data any more."""
    image = proxy.get_image(image_id)
    return not target.is_receiving(image, acknowledged=False)


def _is_idle(proxy: _proxy.Proxy, image_id: str) -> bool:
    """Return whether all tasks of an image have finished.

    If there is none, the request that starts one may be in progress.
    """
    try:
        found = tasks.list_for_image(proxy, image_id)
    except sdk_exceptions.NotFoundException:
        return True
    return bool(found) and all(
        task.status in ('success', 'failure') for task in found
    )
