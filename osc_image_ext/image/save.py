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

"""Downloads an image into a target, and verifies what was downloaded."""

from collections.abc import Sequence
import contextlib
import dataclasses
import logging
import time

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import digest
from osc_image_ext.image import download as _download
from osc_image_ext.image import streams
from osc_image_ext.image import target as _target
from osc_image_ext.image import verification

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class SaveResult:
    """The result of a download.

    :param image: its record.
    :param verified: algorithm of the digest that matched, None if none was
        compared.
    """

    image: _image.Image
    verified: str | None

    @property
    def unverified(self) -> bool:
        """Whether there was no digest to compare."""
        return not self.verified


@dataclasses.dataclass(frozen=True)
class DownloadOptions:
    """How the data is requested.

    :param stores: IDs of stores, the preferred one first.
    :param block_size: largest number of bytes to read at a time.
    :param verify: compare the digest; the length is compared in any case.
    """

    stores: Sequence[str] = ()
    block_size: int = streams.BLOCK_SIZE
    verify: bool = True


def save_image(
    proxy: _proxy.Proxy,
    image: _image.Image,
    target: _target.Target,
    listener: _listener.ProgressListener,
    options: DownloadOptions,
    sleep: retry.Sleep = time.sleep,
) -> SaveResult:
    """Download the data of an image into a target.

    Data that does not match its digest is downloaded once more if it came in
    several parts, some of them perhaps in an earlier run.

    :param image: its record.
    :param target: in whose context this is called.
    :raises osc_image_ext.exceptions.Error: if the data cannot be had, written
        or verified.
    :raises keystoneauth1.exceptions.ClientException: if the server cannot be
        reached.
    """
    transfer = _Transfer(proxy, image, target, listener, options, sleep)
    target.begin(image.size or 0)
    try:
        verified = transfer.run()
    except exceptions.CorruptDataError as error:
        if not transfer.was_resumed or not target.is_restartable:
            error.add_note(_suggest_verify(image.id))
            raise
        LOG.warning(
            _('%(problem)s Downloading again from the beginning.'),
            {'problem': error},
        )
        verified = _save_again(transfer, target, error.actual)
    target.commit()
    listener.phase(_('verified') if verified else _('saved'))
    return SaveResult(image, verified)


def _save_again(
    transfer: '_Transfer', target: _target.Target, first_digest: str
) -> str | None:
    """Download all data; return the algorithm of the digest that matched."""
    target.restart()
    try:
        return transfer.run()
    except exceptions.CorruptDataError as error:
        error.add_note(
            _describe_damage()
            if error.actual == first_digest
            else _suggest_verify(error.image_id)
        )
        raise


def _describe_damage() -> str:
    """Return what two downloads with the same wrong digest mean."""
    return _(
        'Two downloads have the same checksum, so the stored data or the '
        'image record is wrong. Report this to the administrator of the image '
        'service.'
    )


def _suggest_verify(image_id: str) -> str:
    return _(
        'To find out whether the stored data is damaged, run "openstack '
        'image verify %(id)s".'
    ) % {'id': image_id}


class _Transfer:
    """Downloads of one image into one target."""

    def __init__(
        self,
        proxy: _proxy.Proxy,
        image: _image.Image,
        target: _target.Target,
        listener: _listener.ProgressListener,
        options: DownloadOptions,
        sleep: retry.Sleep,
    ) -> None:
        #: whether the data came in several parts
        self.was_resumed = False
        self._algorithms = (
            verification.download_algorithms(image) if options.verify else ()
        )
        self._proxy = proxy
        self._image = image
        self._target = target
        self._listener = listener
        self._options = options
        self._sleep = sleep

    def run(self) -> str | None:
        """Download what the target does not have; compare the digest.

        :returns: the algorithm, None if there was nothing to compare.
        """
        download = _download.Download(
            self._proxy,
            self._image,
            self._listener,
            stores=self._options.stores,
            block_size=self._options.block_size,
            sleep=self._sleep,
        )
        self.was_resumed = self._target.position > 0
        with (
            contextlib.closing(digest.Digests(self._algorithms)) as digests,
            contextlib.closing(download),
        ):
            if self.was_resumed and self._algorithms:
                self._hash_existing(digests)
            # What is complete already needs no request.
            if self._target.position != self._image.size or (
                not self._target.position
            ):
                self._receive(download, digests)
            self.was_resumed |= download.resumed
            self._listener.phase(_('verifying'))
            return verification.compare_data(
                self._image, digests.result(), download.content_md5
            )

    def _hash_existing(self, digests: digest.Digests) -> None:
        self._listener.phase(_('reading'))
        self._listener.started(self._target.position)
        position = 0
        for block in self._target.read_existing():
            digests.update(block)
            position += len(block)
            self._listener.moved(position)

    def _receive(
        self, download: _download.Download, digests: digest.Digests
    ) -> None:
        self._listener.phase(_('downloading'))
        self._listener.started(self._image.size, self._target.position)
        download.open(self._target.position)
        self._target.prepare()
        with contextlib.closing(download.read_blocks()) as blocks:
            for block in blocks:
                digests.update(block)
                self._target.write(block)
