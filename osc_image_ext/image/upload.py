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

"""Uploading or staging the data of an image, and verifying what arrived."""

from collections.abc import Iterator
import contextlib
import dataclasses
import time
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import data
from osc_image_ext.image import digest
from osc_image_ext.image import import_cleanup
from osc_image_ext.image import record
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams
from osc_image_ext.image import verification


@dataclasses.dataclass(frozen=True)
class UploadResult:
    """The result of an upload.

    :param image: as Glance shows it now.
    :param verified: algorithm of the digest that matched, None if there was
        none to compare.
    """

    image: _image.Image
    verified: str | None

    @property
    def unverified(self) -> bool:
        """Whether there was no digest to compare."""
        return not self.verified


def create_image(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    store: str | None = None,
    verify: bool = True,
    keep_failed: bool = False,
    sleep: retry.Sleep = time.sleep,
) -> UploadResult:
    """Create an image, upload its data and verify what was stored.

    If that fails or is interrupted, the image is deleted; a note on the error
    says so.

    :param proxy: the SDK's image proxy.
    :param attrs: see :func:`record.create`.
    :param source: the data; the caller closes it.
    :param store: the store to upload to, None for the default store.
    :param verify: compare digests; the length is compared in any case.
    :param keep_failed: do not delete the image if the upload fails.
    :raises osc_image_ext.exceptions.Error: if the source fails, Glance
        rejects it, or something else was stored.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    with (
        make_digests(proxy, source if verify else None, sleep) as digests,
        record.create_or_delete(
            proxy, attrs, listener=listener, keep=keep_failed, sleep=sleep
        ) as (image, protect),
    ):
        with import_cleanup.wait_for_upload_on_interrupt(
            proxy, image.id, data.store_target(store), sleep, keep_failed
        ):
            result = _put_and_verify(
                proxy, image.id, source, listener, digests, store, sleep
            )
        result = dataclasses.replace(result, image=protect(result.image))
    _show_end(listener, result)
    return result


def upload_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    store: str | None = None,
    verify: bool = True,
    sleep: retry.Sleep = time.sleep,
) -> UploadResult:
    """Upload the data of an image that has none, and verify what was stored.

    The image is never deleted; a note on the error says so.

    :param image: one whose status is ``queued``.

    The other parameters and the errors are those of :func:`create_image`.
    """
    with (
        make_digests(proxy, source if verify else None, sleep) as digests,
        record.note_image_left_on_error(image.id),
    ):
        result = _put_and_verify(
            proxy, image.id, source, listener, digests, store, sleep
        )
    _show_end(listener, result)
    return result


def stage_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    sleep: retry.Sleep = time.sleep,
) -> _image.Image:
    """Stage the data of an image that has none; return the image then.

    The image is never deleted; a note on the error says so.

    :param image: one whose status is ``queued``.

    The other parameters and the errors are those of :func:`create_image`.
    """
    body = open_body(source, listener, data.STAGING)
    with record.note_image_left_on_error(image.id):
        staged = stage(proxy, image.id, body, sleep)
    listener.phase(_('staged'))
    return staged


def stage(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    sleep: retry.Sleep,
) -> _image.Image:
    """Stage data until Glance has it; return the image as it is then.

    :raises: see :func:`data.put_image_data`.
    :raises VerificationError: if something of another size was staged.
    """
    image = data.put_image_data(proxy, image_id, body, data.STAGING, sleep)
    # Before Glance 23 there is no size until the image is active.
    if image.size not in (None, body.position):
        raise exceptions.VerificationError(
            image_id, 'size', body.position, image.size
        )
    return image


def open_body(
    source: _source.Source,
    listener: _listener.ProgressListener,
    target: data.DataTarget,
    digests: digest.Digests | None = None,
) -> streams.VerboseFileWrapper:
    """Return the body of the request that sends a source to a target."""
    return make_body(source, listener, target.phases, digests)


def make_body(
    source: _source.Source,
    listener: _listener.ProgressListener,
    phases: tuple[str, str],
    digests: digest.Digests | None = None,
) -> streams.VerboseFileWrapper:
    return streams.VerboseFileWrapper(
        source.file,
        source.name,
        source.size,
        listener,
        digests,
        phases,
        origin=source.origin,
        hold_last=source.checked_at_end,
    )


@contextlib.contextmanager
def make_digests(
    proxy: _proxy.Proxy, source: _source.Source | None, sleep: retry.Sleep
) -> Iterator[digest.Digests]:
    """Yield the digests for an upload.

    :param source: what is to be verified; None if nothing is.
    """
    names = verification.algorithms(proxy, sleep) if source else ()
    known = source.published if source else {}
    with contextlib.closing(digest.Digests(names, known)) as digests:
        yield digests


def _put_and_verify(
    proxy: _proxy.Proxy,
    image_id: str,
    source: _source.Source,
    listener: _listener.ProgressListener,
    digests: digest.Digests,
    store: str | None,
    sleep: retry.Sleep,
) -> UploadResult:
    target = data.store_target(store)
    body = open_body(source, listener, target, digests)
    image = data.put_image_data(proxy, image_id, body, target, sleep)
    verified = verification.compare(image, body.position, digests.result())
    return UploadResult(image, verified)


def _show_end(
    listener: _listener.ProgressListener, result: UploadResult
) -> None:
    listener.phase(_('verified') if result.verified else _('stored'))
