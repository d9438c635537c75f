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

import contextlib
import dataclasses
import logging
import time
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.transfer import digest
from osc_image_ext.transfer import listener as _listener
from osc_image_ext.transfer import record
from osc_image_ext.transfer import replies
from osc_image_ext.transfer import source as _source
from osc_image_ext.transfer import streams
from osc_image_ext.transfer import verification

LOG = logging.getLogger(__name__)

# Seconds before data is sent once more after a broken connection, so often at
# most; keystoneauth counts its own retries after a 503.
_DELAYS = (1, 2, 4)
# Answers that do not tell what became of the data: a conflict with a broken
# upload that is not over yet, and a proxy that lost patience with Glance.
_UNCLEAR = (409, 502, 504)
# Answers after which keystoneauth sends data that can be read again.
_REPEATED = (401, 503)


@dataclasses.dataclass(frozen=True)
class Uploaded:
    """What became of an upload.

    :param image: as Glance shows it now.
    :param verified: the algorithm of the digest that agreed, if any did.
    """

    image: _image.Image
    verified: str | None


class _Unclear(exceptions.TransferError):
    """The data may have arrived, or not."""


def create_image(
    proxy: _proxy.Proxy,
    attrs: dict[str, Any],
    source: _source.Source,
    listener: _listener.TransferListener,
    *,
    verify: bool = True,
    keep_failed: bool = False,
    sleep: record.Sleep = time.sleep,
) -> Uploaded:
    """Create an image, upload its data and compare what was stored.

    If that fails or is interrupted the image is deleted; what became of it is
    a note on the error.

    :param proxy: the SDK's image proxy.
    :param attrs: see :func:`record.created`.
    :param source: the data; closing it is the caller's.
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
    names = verification.algorithms(proxy) if verify else ()
    with contextlib.closing(digest.Digests(names)) as digests:
        body = streams.VerboseFileWrapper(
            source.file, source.name, source.size, listener, digests
        )
        with record.created(
            proxy, attrs, listener=listener, keep=keep_failed, sleep=sleep
        ) as created:
            stored = _store(proxy, created.id, body, sleep)
            verified = verification.compare(
                stored, body.position, digests.result()
            )
            if protected:
                stored = proxy.update_image(stored, is_protected=True)
    return Uploaded(stored, verified)


def _store(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    sleep: record.Sleep,
) -> _image.Image:
    """Send the data until Glance has it; return the image as it is then."""
    delays = list(_DELAYS)
    while True:
        failure: _Unclear | None = None
        try:
            _put(proxy, image_id, body)
        except _Unclear as error:
            failure = error
        stored = _settled(proxy, image_id, failure, sleep)
        if stored.status == 'active':
            return stored
        if failure is None:
            raise exceptions.TransferError(
                _('Image %(id)s has status %(status)s after its upload.')
                % {'id': image_id, 'status': stored.status}
            )
        if not body.rewindable:
            failure.add_note(body.not_again)
            raise failure
        if stored.status != 'queued' or not delays:
            raise failure
        LOG.warning(_('%s It is sent again.'), failure)
        sleep(delays.pop(0))


def _settled(
    proxy: _proxy.Proxy,
    image_id: str,
    failure: _Unclear | None,
    sleep: record.Sleep,
) -> _image.Image:
    """Ask what state an upload has left the image in."""
    try:
        return record.settled(proxy, image_id, sleep)
    except Exception as error:
        if failure is None:
            raise
        failure.add_note(replies.explain(error))
        raise failure from error


def _put(
    proxy: _proxy.Proxy, image_id: str, body: streams.VerboseFileWrapper
) -> None:
    """Send the data once, or as often as keystoneauth repeats it.

    Not by the SDK's Image.upload(), which makes Glance's answer unreadable
    (it accepts no content type), and repeats what cannot be read twice. After
    a broken connection keystoneauth must not repeat anything: the image may
    have all of the data already.
    """
    headers = {
        'Content-Type': 'application/octet-stream',
        'Accept': 'application/json',
    }
    if body.size is not None:
        headers['X-OpenStack-Image-Size'] = str(body.size)
    once: dict[str, Any] = {'allow_reauth': False, 'status_code_retries': 0}
    try:
        response = proxy.put(
            f'/images/{image_id}/file',
            data=body,
            headers=headers,
            connect_retries=0,
            **({} if body.rewindable else once),
        )
    except ksa_exceptions.ConnectionError as error:
        raise _Unclear(
            _('The connection broke while image %(id)s was sent: %(reason)s.')
            % {'id': image_id, 'reason': replies.cause(error)}
        ) from error
    if response.status_code < 400:
        return
    kind = exceptions.TransferError
    if response.status_code in _UNCLEAR:
        kind = _Unclear
    failure = kind(
        _('The server refused the data of image %(id)s: %(words)s')
        % {'id': image_id, 'words': replies.words(response)}
    )
    if not body.rewindable and response.status_code in _REPEATED:
        failure.add_note(body.not_again)
    raise failure
