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

"""Uploading: a record, its data, and the proof that they arrived."""

from collections.abc import Iterator
import contextlib
import dataclasses
import time
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import listener as _listener
from osc_image_ext.image import data as _data
from osc_image_ext.image import digest
from osc_image_ext.image import record
from osc_image_ext.image import source as _source
from osc_image_ext.image import streams
from osc_image_ext.image import verification


@dataclasses.dataclass(frozen=True)
class UploadResult:
    """What became of an upload.

    :param image: as Glance shows it now.
    :param verified: the algorithm of the digest that agreed, if any did.
    """

    image: _image.Image
    verified: str | None


def create_image(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    store: str | None = None,
    verify: bool = True,
    keep_failed: bool = False,
    sleep: record.Sleep = time.sleep,
) -> UploadResult:
    """Create an image, upload its data and compare what was stored.

    If that fails or is interrupted the image is deleted; what became of it is
    a note on the error.

    :param proxy: the SDK's image proxy.
    :param attrs: see :func:`record.create`.
    :param source: the data; closing it is the caller's.
    :param store: where Glance shall keep the data, None for its default.
    :param verify: compare digests; the length is compared in any case.
    :param keep_failed: leave the image where it is if the upload fails.
    :raises osc_image_ext.exceptions.Error: if the source fails, Glance refuses
        it, or something else was stored.
    :raises openstack.exceptions.HttpException: if another request fails.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    # Glance cannot clean up after the upload of a protected image that was
    # interrupted: its data would stay in the store. So that comes last.
    attrs = dict(attrs)
    protected = attrs.pop('is_protected', None)
    with (
        _digests(proxy, verify) as digests,
        record.create(
            proxy, attrs, listener=listener, keep=keep_failed, sleep=sleep
        ) as created,
    ):
        result = _put_and_verify(
            proxy, created.id, source, listener, digests, store, sleep
        )
        if protected:
            image = record.protect(proxy, result.image, sleep)
            result = dataclasses.replace(result, image=image)
    return result


def upload_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    source: _source.Source,
    listener: _listener.ProgressListener,
    *,
    store: str | None = None,
    verify: bool = True,
    sleep: record.Sleep = time.sleep,
) -> UploadResult:
    """Upload the data of an image that has none, and compare what was stored.

    The image is never deleted; its ID is a note on whatever goes wrong.

    :param image: one whose status is ``queued``.

    The other parameters and what is raised are those of :func:`create_image`.
    """
    with (
        _digests(proxy, verify) as digests,
        record.note_image_left_on_error(image.id),
    ):
        return _put_and_verify(
            proxy, image.id, source, listener, digests, store, sleep
        )


@contextlib.contextmanager
def _digests(proxy: _proxy.Proxy, verify: bool) -> Iterator[digest.Digests]:
    names = verification.algorithms(proxy) if verify else ()
    with contextlib.closing(digest.Digests(names)) as digests:
        yield digests


def _put_and_verify(
    proxy: _proxy.Proxy,
    image_id: str,
    source: _source.Source,
    listener: _listener.ProgressListener,
    digests: digest.Digests,
    store: str | None,
    sleep: record.Sleep,
) -> UploadResult:
    body = streams.VerboseFileWrapper(
        source.file, source.name, source.size, listener, digests
    )
    target = _data.store_target(store)
    image = _data.put_image_data(proxy, image_id, body, target, sleep)
    verified = verification.compare(image, body.position, digests.result())
    return UploadResult(image, verified)
