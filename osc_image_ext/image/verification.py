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

"""Comparing what Glance stored with what was sent."""

import dataclasses
import time

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.image import digest

# Glance's default (its option hashing_algorithm) and what it always computes.
_MULTIHASH = 'sha512'
_CHECKSUM = 'md5'


def algorithms(
    proxy: _proxy.Proxy, sleep: retry.Sleep = time.sleep
) -> tuple[str, ...]:
    """Return the digests worth computing for an upload to this deployment.

    Glance shows its algorithm only with stored images, so the newest ones are
    listed. If there are none, its default is expected, and MD5 in case the
    deployment does not use the default.

    :param proxy: the SDK's image proxy; one page of images is requested.
    :raises keystoneauth1.exceptions.ClientException: if Glance cannot be
        reached.
    """

    def list_newest() -> list[_image.Image]:
        return list(
            proxy.images(
                paginated=False,
                limit=20,
                sort='created_at:desc',
                status='active',
            )
        )

    try:
        page = retry.retry_until(list_newest, sleep, policy=retry.PROBE)
    except sdk_exceptions.HttpException:
        page = []  # some users may create images, but not list them
    names = {image.hash_algo for image in page}
    if not any(image.checksum or image.hash_algo for image in page):
        names.add(_MULTIHASH)
        names.add(_CHECKSUM)
    known = sorted(filter(digest.supported, names)) or [_CHECKSUM]
    return tuple(filter(digest.supported, known))


def compare(
    image: _image.Image, length: int, digests: dict[str, str]
) -> str | None:
    """Compare an image with what was sent: size first, then a digest.

    :param image: as Glance shows it, active.
    :param length: number of bytes sent.
    :param digests: {algorithm: hexadecimal digest} of the bytes sent.
    :returns: algorithm of the digest that matched; None if there was none
        in common.
    :raises VerificationError: if anything differs.
    """
    if image.size != length:
        raise exceptions.VerificationError(
            image.id, 'size', length, image.size
        )
    for name, actual in _image_digests(image).items():
        if name in digests:
            if actual != digests[name]:
                raise exceptions.VerificationError(
                    image.id, name, digests[name], actual
                )
            return name
    return None


@dataclasses.dataclass(frozen=True)
class ExpectedDigest:
    """What the digest of an image's data must be.

    :param algorithm: a name of hashlib.
    :param value: hexadecimal, in lower case.
    """

    algorithm: str
    value: str


def expected_digest(
    image: _image.Image, content_md5: str | None = None
) -> ExpectedDigest | None:
    """Return the strongest digest that is known of an image's data.

    :param content_md5: that of the response which has the data.
    """
    found = _image_digests(image) or {_CHECKSUM: content_md5 or ''}
    algorithm, value = next(iter(found.items()))
    return ExpectedDigest(algorithm, value.lower()) if value else None


def has_digest(image: _image.Image, content_md5: str | None = None) -> bool:
    """Return whether there is anything to compare downloaded data with.

    :param content_md5: that of the response which has the data.
    """
    return expected_digest(image, content_md5) is not None


def download_algorithms(image: _image.Image) -> tuple[str, ...]:
    """Return the digests worth computing of data that is downloaded.

    :returns: one name, or none if neither the record nor the response can
        have a digest that this Python computes.
    :raises UnsupportedAlgorithm: if this Python cannot compute the digest of
        the record. A weaker one is not used instead.
    """
    expected = expected_digest(image)
    if expected is None:  # the response may have an MD5
        return tuple(filter(digest.supported, [_CHECKSUM]))
    if not digest.supported(expected.algorithm):
        raise exceptions.UnsupportedAlgorithm(image.id, expected.algorithm)
    return (expected.algorithm,)


def compare_data(
    image: _image.Image,
    digests: dict[str, str],
    content_md5: str | None = None,
) -> str | None:
    """Compare data that was downloaded with its digest.

    :param digests: {algorithm: hexadecimal digest} of the data.
    :param content_md5: that of the response which had the data.
    :returns: algorithm of the digest that matched; None if there was none in
        common.
    :raises CorruptDataError: if it differs.
    """
    expected = expected_digest(image, content_md5)
    if expected is None or expected.algorithm not in digests:
        return None
    actual = digests[expected.algorithm]
    if actual != expected.value:
        raise exceptions.CorruptDataError(
            image.id, expected.algorithm, expected.value, actual
        )
    return expected.algorithm


def supported_digests(image: _image.Image) -> dict[str, str]:
    """Return the digests of an image that this Python can compute.

    :param image: as Glance shows it.
    :returns: {algorithm: hexadecimal digest}, the strongest first.
    """
    return {
        name: value
        for name, value in _image_digests(image).items()
        if digest.supported(name)
    }


def _image_digests(image: _image.Image) -> dict[str, str]:
    """Return the digests of an image, the strongest first."""
    shown = (
        (image.hash_algo, image.hash_value),
        (_CHECKSUM, image.checksum),
    )
    return {str(name): str(value) for name, value in shown if name and value}
