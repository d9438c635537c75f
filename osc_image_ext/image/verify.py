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

"""Compares the stored data of images with their records."""

from collections.abc import Callable, Sequence
import contextlib
import dataclasses
import time

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import bulk
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import digest
from osc_image_ext.image import download as _download
from osc_image_ext.image import total_listener
from osc_image_ext.image import verification

#: Results. They are data, and not translated.
VERIFIED = 'verified'
DIFFERENT = 'different'
LOST = 'lost'
NO_DIGEST = 'no digest'
FAILED = 'failed'
SKIPPED = 'skipped'


@dataclasses.dataclass(frozen=True)
class VerifyResult:
    """The result for one image.

    :param result: one of the constants of this module.
    :param algorithm: of the digest that was compared, may be empty.
    :param seconds: that it took.
    :param reason: a sentence, may be empty.
    """

    result: str
    algorithm: str = ''
    seconds: float = 0.0
    reason: str = ''


def verify_images(
    proxy: _proxy.Proxy,
    images: Sequence[_image.Image],
    listener: _listener.ProgressListener,
    *,
    workers: int,
    stop: bulk.Stop,
    sleep: retry.Sleep = time.sleep,
) -> list[VerifyResult]:
    """Download images and compare their digests; keep nothing.

    A stop is immediate: nothing is changed that would have to be finished.

    :param listener: gets the bytes of all images.
    :param workers: number of images to download at a time.
    :param stop: once it is set, the remaining images are skipped.
    :returns: the results in the order of the images.
    """
    total = total_listener.TotalListener(listener, images, _('verifying'))
    results = [VerifyResult(SKIPPED)] * len(images)
    numbered = list(enumerate(images))

    def work(item: tuple[int, _image.Image]) -> VerifyResult:
        return verify_image(proxy, item[1], total.part(item[0]), sleep)

    for item in bulk.run(
        numbered, work, workers, stop, lambda _count: stop.at_once.set()
    ):
        if item.error:
            reason = api_errors.describe(item.error)
            results[item.index] = VerifyResult(FAILED, reason=reason)
        elif item.result:
            results[item.index] = item.result
            total.finish(item.index)
    listener.phase(_('interrupted') if stop.is_set() else _('finished'))
    return results


def verify_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    listener: _listener.ProgressListener,
    sleep: retry.Sleep = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> VerifyResult:
    """Download an image and compare its digest; never raise an error.

    Data that differs is downloaded twice: it may have been damaged on its way.
    """
    begun = clock()
    try:
        result = _compare_twice(proxy, image, listener, sleep)
    except exceptions.NoDataError as error:
        is_lost = error.status == 'active'
        result = VerifyResult(LOST if is_lost else FAILED, reason=str(error))
    except Exception as error:
        result = VerifyResult(FAILED, reason=api_errors.describe(error))
    return dataclasses.replace(result, seconds=clock() - begun)


def _compare_twice(
    proxy: _proxy.Proxy,
    image: _image.Image,
    listener: _listener.ProgressListener,
    sleep: retry.Sleep,
) -> VerifyResult:
    try:
        algorithm = _compare_once(proxy, image, listener, sleep)
    except exceptions.CorruptDataError as error:
        first = error
    else:
        return VerifyResult(VERIFIED if algorithm else NO_DIGEST, algorithm)
    try:
        algorithm = _compare_once(proxy, image, listener, sleep)
    except exceptions.CorruptDataError as error:
        if error.actual == first.actual:
            reason = _(
                'Expected %(expected)s, but two downloads have %(actual)s.'
            ) % {'expected': error.expected, 'actual': error.actual}
            return VerifyResult(DIFFERENT, error.algorithm, reason=reason)
        reason = _('Two downloads have different checksums, both wrong.')
        return VerifyResult(FAILED, error.algorithm, reason=reason)
    reason = _('The first of two downloads was damaged on its way.')
    return VerifyResult(VERIFIED, algorithm, reason=reason)


def _compare_once(
    proxy: _proxy.Proxy,
    image: _image.Image,
    listener: _listener.ProgressListener,
    sleep: retry.Sleep,
) -> str:
    """Return the algorithm of the digest that matched, '' without one.

    :raises CorruptDataError: if it did not match.
    """
    algorithms = verification.download_algorithms(image)
    download = _download.Download(proxy, image, listener, sleep=sleep)
    with (
        contextlib.closing(digest.Digests(algorithms)) as digests,
        contextlib.closing(download),
    ):
        listener.started(image.size)
        download.open()  # fails if the data is lost
        if not verification.has_digest(image, download.content_md5):
            return ''
        for block in download.read_blocks():
            digests.update(block)
        return (
            verification.compare_data(
                image, digests.result(), download.content_md5
            )
            or ''
        )
