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

"""The image record: created, read, protected, and deleted after a failure."""

from collections.abc import Callable, Iterator
import contextlib
import time
from typing import Any
import uuid

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import deletion

# After these responses the image exists already, or never will.
_FINAL = (409, 500)

#: Protects the image if that was asked for; returns it as it is then.
Protect = Callable[[_image.Image], _image.Image]


def create(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    sleep: retry.Sleep = time.sleep,
) -> _image.Image:
    """Create an image without data.

    If it is not known whether Glance has created it, it is deleted as soon as
    it appears; a note on the error says what is known.

    :param attrs: those of the SDK's Image; the user's own properties under
        ``properties``.
    :raises openstack.exceptions.HttpException: if Glance rejects it.
    :raises keystoneauth1.exceptions.ClientException: if Glance cannot be
        reached.
    """
    # With an ID chosen here the image is found even if the response is lost.
    image = _image.Image.new(**{'id': str(uuid.uuid4()), **attrs})
    try:
        return image.create(proxy)
    except BaseException as failure:
        status = getattr(failure, 'status_code', None)
        # An ID that the user chose may belong to another image.
        if 'id' not in attrs and not _was_rejected(status):
            failure.add_note(_undo_creation(proxy, image.id, status, sleep))
        elif status not in _FINAL and not _was_rejected(status):
            failure.add_note(
                _(
                    'Image %(id)s may have been created. To check, run '
                    '"openstack image show %(id)s".'
                )
                % {'id': image.id}
            )
        raise


def _undo_creation(
    proxy: _proxy.Proxy,
    image_id: str,
    status: int | None,
    sleep: retry.Sleep,
) -> str:
    """Delete an image that may have been created; return a sentence."""
    delays = () if status in _FINAL else retry.CLEANUP.delays
    try:
        for delay in (*delays, None):
            try:
                deletion.delete(proxy, image_id, sleep)
            except sdk_exceptions.NotFoundException:
                if delay is not None:
                    sleep(delay)
            else:
                return _('Image %(id)s was deleted.') % {'id': image_id}
    except (KeyboardInterrupt, SystemExit):
        pass
    except Exception as error:
        return deletion.describe_error(image_id, error)
    if status in _FINAL:
        return _('Image %(id)s was not created.') % {'id': image_id}
    return _(
        'Image %(id)s may still be created. To check, run "openstack '
        'image show %(id)s".'
    ) % {'id': image_id}


@contextlib.contextmanager
def create_or_delete(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    *,
    listener: _listener.ProgressListener = _listener.NULL,
    keep: bool = False,
    sleep: retry.Sleep = time.sleep,
) -> Iterator[tuple[_image.Image, Protect]]:
    """Create an image, and delete it again if the block fails.

    A note on whatever ended the block says whether the image was deleted. The
    image is not protected until the block calls the function that comes with
    it: Glance cannot clean up after the interrupted upload of a protected
    image, and its data would stay in the store.

    :param attrs: see :func:`create`; and what is raised.
    :param keep: do not delete the image if the block fails; see
        :func:`is_kept`.
    """
    attrs = dict(attrs)
    is_protected = attrs.pop('is_protected', None)
    image = create(proxy, attrs, sleep)

    def protect(image: _image.Image) -> _image.Image:
        if not is_protected:
            return image
        return retry.retry_until(
            lambda: proxy.update_image(image, is_protected=True), sleep
        )

    try:
        yield image, protect
    except BaseException as failure:
        if is_kept(keep, failure):
            note = _('Image %(id)s was kept.') % {'id': image.id}
        else:
            listener.phase(_('deleting'))
            note = deletion.delete_and_describe(proxy, image.id, sleep)
        failure.add_note(note)
        raise


def is_kept(keep: bool, failure: BaseException) -> bool:
    """Return whether an image is kept after a failure.

    Never if its data is not what was published: nobody shall use it.

    :param keep: whether the user wants to keep what fails.
    """
    return keep and not isinstance(failure, exceptions.ChecksumError)


@contextlib.contextmanager
def note_image_left_on_error(image_id: str) -> Iterator[None]:
    """Add to whatever ends the block that the image was not deleted."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(_('Image %(id)s was not deleted.') % {'id': image_id})
        raise


def _was_rejected(status: int | None) -> bool:
    """Return whether Glance reported that it did not create the image.

    A 502 or 504 of a proxy does not say so. Neither does 409, the response to
    a repeated request if the response to the first was lost.
    """
    return status is not None and status < 500 and status != 409


def find_image(
    proxy: _proxy.Proxy, name_or_id: str, sleep: retry.Sleep = time.sleep
) -> _image.Image:
    """Return the image with a name or ID.

    :raises openstack.exceptions.SDKException: if there is none, or more than
        one, or the server gives no usable response in time.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    return retry.retry_until(
        lambda: proxy.find_image(name_or_id, ignore_missing=False),
        sleep,
        policy=retry.PROBE,
    )


def get_image(
    proxy: _proxy.Proxy,
    image_id: str,
    sleep: retry.Sleep,
    is_done: Callable[[_image.Image], bool] = lambda _image: True,
) -> _image.Image:
    """Return an image as it is now, or once a condition is met.

    :param is_done: whether the image is in the state that is waited for.
    :raises openstack.exceptions.HttpException: 404 if it was deleted; see
        :func:`retry.retry_until`.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    return retry.retry_until(lambda: proxy.get_image(image_id), sleep, is_done)
