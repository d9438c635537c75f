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

"""The image's record: created, looked at, and deleted if all was in vain."""

from collections.abc import Callable, Iterator
import contextlib
import time
from typing import Any
import uuid

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _

Sleep = Callable[[float], None]

# Seconds before an image is deleted once more: Glance may take a while to
# notice that a connection broke, and answers a DELETE with 409 or 500 until it
# has.
_RETRY_DELAYS = (0.5, 1, 2, 4, 8)
_RETRIABLE_STATUS_CODES = (409, 500, 502, 503, 504)


@contextlib.contextmanager
def create(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    *,
    listener: _listener.ProgressListener = _listener.NULL,
    keep: bool = False,
    sleep: Sleep = time.sleep,
) -> Iterator[_image.Image]:
    """Create an image, and delete it again if the block fails.

    What became of the image is added as a note to whatever ended the block,
    an interruption included.

    :param attrs: those of the SDK's Image; the user's own properties under
        ``properties``.
    :param listener: told when the image is being deleted.
    :param keep: leave the image where it is if the block fails.
    :raises openstack.exceptions.HttpException: if Glance refuses it.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached.
    """
    # With an ID chosen here the image is found even if the answer is lost.
    image = _image.Image.new(**{'id': str(uuid.uuid4()), **attrs})
    try:
        image.create(proxy)
    except BaseException as failure:
        # An ID that the user chose may be that of somebody's image.
        if 'id' not in attrs and not _was_rejected(failure):
            failure.add_note(_delete_and_describe(proxy, image, sleep))
        raise
    try:
        yield image
    except BaseException as failure:
        if keep:
            failure.add_note(_('Image %s was kept.') % image.id)
        else:
            listener.phase(_('deleting'))
            failure.add_note(_delete_and_describe(proxy, image, sleep))
        raise


@contextlib.contextmanager
def note_image_left_on_error(image_id: str) -> Iterator[None]:
    """Add to whatever ends the block that the image is still there."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(_('Image %s was left as it is now.') % image_id)
        raise


def _was_rejected(failure: BaseException) -> bool:
    """Tell whether Glance said that it did not create the image.

    A proxy's 502 or 504 does not say that. Neither does 409, which is what a
    repeated request gets if the first was lost on its way back.
    """
    status = getattr(failure, 'status_code', None)
    return status is not None and status < 500 and status != 409


def get_image(
    proxy: _proxy.Proxy, image_id: str, sleep: Sleep
) -> _image.Image:
    """Return an image as it is now, even if Glance is away for a while.

    :raises openstack.exceptions.HttpException: 404 if it was deleted.
    :raises keystoneauth1.exceptions.ClientException: see
        :func:`retry.retry_until`.
    """
    return retry.retry_until(lambda: proxy.get_image(image_id), sleep)


def _is_saving(image: _image.Image) -> bool:
    return bool(image.status == 'saving')


def wait_for_data(
    proxy: _proxy.Proxy,
    image_id: str,
    sleep: Sleep,
    busy: Callable[[_image.Image], bool] = _is_saving,
) -> _image.Image:
    """Wait until Glance has done with the data of an image.

    :param busy: tells whether it has not.
    :returns: the image as it is then; as it is after five minutes if Glance
        is busy for longer.
    :raises openstack.exceptions.HttpException: 404 if it was deleted.
    :raises keystoneauth1.exceptions.ClientException: see
        :func:`retry.retry_until`.
    """
    return retry.retry_until(
        lambda: proxy.get_image(image_id), sleep, lambda image: not busy(image)
    )


def protect(
    proxy: _proxy.Proxy, image: str | _image.Image, sleep: Sleep
) -> _image.Image:
    """Protect an image, even if Glance is away; return it as it is then.

    :raises openstack.exceptions.HttpException: if Glance refuses it.
    :raises keystoneauth1.exceptions.ClientException: see
        :func:`retry.retry_until`.
    """
    return retry.retry_until(
        lambda: proxy.update_image(image, is_protected=True), sleep
    )


def _delete_and_describe(
    proxy: _proxy.Proxy, image: _image.Image, sleep: Sleep
) -> str:
    """Delete an image; return a sentence on what became of it."""
    try:
        _delete(proxy, image, sleep)
    except (KeyboardInterrupt, SystemExit):
        return _('Image %s may be left on the server.') % image.id
    except Exception as error:
        return _('Deleting image %(id)s failed, too: %(reason)s') % {
            'id': image.id,
            'reason': api_errors.describe(error),
        }
    return _('Image %s was deleted.') % image.id


def _delete(proxy: _proxy.Proxy, image: _image.Image, sleep: Sleep) -> None:
    for delay in _RETRY_DELAYS:
        try:
            return proxy.delete_image(image.id)
        except sdk_exceptions.ForbiddenException:
            # The answer may have been lost, or Ctrl-C come, just when it was
            # being protected.
            if not proxy.get_image(image.id).is_protected:
                raise
            proxy.update_image(image.id, is_protected=False)
        except sdk_exceptions.HttpException as error:
            if error.status_code not in _RETRIABLE_STATUS_CODES:
                raise
        except ksa_exceptions.ConnectionError:
            pass
        sleep(delay)
    proxy.delete_image(image.id)
