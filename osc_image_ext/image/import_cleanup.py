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

"""What becomes of an import that is not followed to its end."""

from collections.abc import Iterator
import contextlib

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import data as _data
from osc_image_ext.image import tasks

# What is raised when an import has ended by itself.
_IMPORT_ENDED = (exceptions.TaskError, exceptions.TransferError)
# Seconds between looks at an import that nobody wants to see the end of: in
# sum less than what CI systems give a job that they want to end.
_POLL_DELAYS = (0.2, 0.5, 1, 1, 1, 1, 1, 1, 1)


@contextlib.contextmanager
def note_import_continues(
    proxy: _proxy.Proxy, image_id: str
) -> Iterator[None]:
    """Tell what the end of the block means for an import and its image."""
    try:
        yield
    except _IMPORT_ENDED as failure:
        with contextlib.suppress(
            sdk_exceptions.SDKException, ksa_exceptions.ClientException
        ):
            failure.add_note(
                _('Image %(id)s has status %(status)s now.')
                % {'id': image_id, 'status': proxy.get_image(image_id).status}
            )
        raise
    except BaseException as stop:
        stop.add_note(
            _(
                'The import of image %(id)s goes on unwatched: "openstack '
                'image task list --image %(id)s --long" tells what becomes of '
                'it.'
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
    """Let an import end if the block does not, before its image is deleted.

    Whatever Glance is writing to a store when an image is deleted stays there
    for ever. That cannot be waited for as long as it takes, only for some
    seconds, and until a second Ctrl-C.

    :param listener: told that the end of the import is waited for.
    :param keep: the image will not be deleted.
    """
    try:
        yield
    except BaseException as stop:
        if not keep and not isinstance(stop, _IMPORT_ENDED):
            listener.phase(_('stopping'))
            if not _wait_until_idle(proxy, image_id, sleep):
                stop.add_note(
                    _(
                        'The import of image %s had not ended, so what it was '
                        'writing may stay in the store.'
                    )
                    % image_id
                )
        raise


@contextlib.contextmanager
def wait_for_staging_on_error(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep, keep: bool
) -> Iterator[None]:
    """Let Glance notice that no more data comes, before the image is deleted.

    Data that it is staging when an image is deleted may stay there for ever.

    :param keep: the image will not be deleted.
    """
    try:
        yield
    except BaseException as stop:
        if not keep and not _wait_until_unstaged(proxy, image_id, sleep):
            stop.add_note(
                _(
                    'The server has not noticed that image %s is not sent any '
                    'more, so what it got may stay in its staging area.'
                )
                % image_id
            )
        raise


def _wait_until_unstaged(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> bool:
    """Wait some seconds for Glance, until it has done with staged data."""
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        for delay in _POLL_DELAYS:
            with contextlib.suppress(
                sdk_exceptions.SDKException, ksa_exceptions.ClientException
            ):
                image = proxy.get_image(image_id)
                if not _data.STAGING.is_receiving(image, acknowledged=False):
                    return True
            sleep(delay)
    return False


def _wait_until_idle(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> bool:
    """Wait some seconds for the import of an image to end.

    :returns: whether it has ended, or there is none any more; not so after
        a second Ctrl-C.
    """
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        for delay in _POLL_DELAYS:
            try:
                found = tasks.list_for_image(proxy, image_id)
            except sdk_exceptions.NotFoundException:
                return True
            except (
                sdk_exceptions.SDKException,
                ksa_exceptions.ClientException,
            ):
                pass
            else:
                if all(t.status in ('success', 'failure') for t in found):
                    return True
            sleep(delay)
    return False
