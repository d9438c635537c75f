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

"""Sending the data of an image until Glance has it."""

from collections.abc import Mapping
import dataclasses
import logging
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import record
from osc_image_ext.image import streams

LOG = logging.getLogger(__name__)

# Glance may still be receiving from an attempt that ended like this.
_UNFINISHED = (exceptions.OutcomeUnknown, exceptions.SourceInterrupted)


@dataclasses.dataclass(frozen=True)
class DataTarget:
    """Where image data is sent: the staging area or a store.

    :param path: last part of the URL, after the image's own path.
    :param receiving_status: the image's status while Glance receives data.
    :param received_status: its status once Glance has all of it.
    :param phases: shown while the data is sent, and afterwards.
    :param headers: sent in addition to those of all image data.
    """

    path: str
    receiving_status: str
    received_status: str
    phases: tuple[str, str]
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def is_receiving(self, image: _image.Image, acknowledged: bool) -> bool:
        """Return whether Glance has not finished processing the data.

        :param acknowledged: whether Glance has reported that it has the data.
        """
        if image.status != self.receiving_status:
            return False
        if self.receiving_status != self.received_status:
            return True
        # Only the image's size shows that data is staged (since Glance 23).
        return image.size is None and not acknowledged

    def is_complete(self, image: _image.Image, acknowledged: bool) -> bool:
        """Return whether Glance has all of the data."""
        return image.status == self.received_status and not self.is_receiving(
            image, acknowledged
        )


STAGING = DataTarget(
    'stage', 'uploading', 'uploading', (_('staging'), _('staging'))
)


def store_target(name: str | None = None) -> DataTarget:
    """Return a store as the target.

    :param name: one of several stores; None for the default store.
    """
    headers = {} if name is None else {'X-Image-Meta-Store': name}
    phases = (_('uploading'), _('storing'))
    return DataTarget('file', 'saving', 'active', phases, headers)


def put_image_data(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    target: DataTarget,
    sleep: retry.Sleep,
) -> _image.Image:
    """Send the data until Glance has it; return the image as it is then.

    :raises osc_image_ext.exceptions.Error: if the source fails, or Glance
        does not accept the data, or has that of another client.
    :raises openstack.exceptions.HttpException: if Glance does not report
        whether it has the data.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    # Whether Glance may still be receiving from an earlier attempt, and
    # whether all of the data was sent in one of unknown outcome.
    is_pending = sent_all = False
    delays = list(retry.UPLOAD.delays)
    while True:
        try:
            _put_once(proxy, image_id, body, target)
        except _UNFINISHED as error:
            failure: exceptions.Error = error
            is_pending = True
            sent_all |= body.complete
        except exceptions.ConflictError as error:
            failure = error
            # The size alone does not show whose data is staged.
            sent_all &= target is not STAGING
        else:
            return _get_uploaded(proxy, image_id, body, target, sleep)
        image = _get_outcome(
            proxy, image_id, failure, target, sleep, wait=is_pending
        )
        if sent_all and target.is_complete(image, acknowledged=False):
            return image
        if not body.rewindable:
            failure.add_note(body.rewind_error)
            raise failure
        if image.status != 'queued' or not delays:
            raise failure
        text = _('%(problem)s Retrying from the beginning.')
        LOG.warning(text, {'problem': failure})
        sleep(delays.pop(0))


def _get_uploaded(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    target: DataTarget,
    sleep: retry.Sleep,
) -> _image.Image:
    """Return the image once Glance has processed the data it accepted."""
    image = record.get_image(
        proxy,
        image_id,
        sleep,
        lambda image: not target.is_receiving(image, acknowledged=True),
    )
    if not target.is_complete(image, acknowledged=True):
        raise exceptions.TransferError(
            _('The upload finished, but image %(id)s is in status %(status)s.')
            % {'id': image_id, 'status': image.status}
        )
    if not body.complete:
        raise exceptions.TransferError(
            _(
                'The server reported success before all data of image '
                '%(id)s was sent.'
            )
            % {'id': image_id}
        )
    return image


def _get_outcome(
    proxy: _proxy.Proxy,
    image_id: str,
    failure: exceptions.Error,
    target: DataTarget,
    sleep: retry.Sleep,
    *,
    wait: bool,
) -> _image.Image:
    """Return the image after an attempt that failed.

    :param wait: until Glance has aborted or processed what it received.
    """

    def is_done(image: _image.Image) -> bool:
        return not (wait and target.is_receiving(image, acknowledged=False))

    try:
        return record.get_image(proxy, image_id, sleep, is_done)
    except Exception as error:
        failure.add_note(api_errors.describe(error))
        raise failure from error


def _make_headers(
    body: streams.VerboseFileWrapper, target: DataTarget
) -> dict[str, str]:
    headers = {
        'Content-Type': 'application/octet-stream',
        'Accept': 'application/json',
        **target.headers,
    }
    if body.size is not None:
        headers['X-OpenStack-Image-Size'] = str(body.size)
    return headers


def _put_once(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    target: DataTarget,
) -> None:
    """Send the data once, or twice if the token has expired.

    Not by the SDK's Image.upload() and stage(), which accept no content type
    for errors, and repeat what can be read only once. keystoneauth must not
    repeat the request: the image may have all of the data already.
    """
    no_reauth: dict[str, Any] = {'allow_reauth': False}
    try:
        response = proxy.put(
            f'/images/{image_id}/{target.path}',
            data=body,
            headers=_make_headers(body, target),
            connect_retries=0,
            status_code_retries=0,
            **({} if body.rewindable else no_reauth),
        )
    except ksa_exceptions.ConnectionError as error:
        reason = api_errors.connection_error_reason(error)
        raise exceptions.OutcomeUnknown(
            _('Lost connection while uploading image %(id)s: %(reason)s.')
            % {'id': image_id, 'reason': reason}
        ) from error
    if response.status_code < 400:
        return
    error_class = exceptions.TransferError
    if response.status_code == 409:
        error_class = exceptions.ConflictError
    elif response.status_code in retry.UPLOAD.status_codes:
        error_class = exceptions.OutcomeUnknown
    failure = error_class(
        _('The server rejected the data for image %(id)s: %(response)s')
        % {'id': image_id, 'response': api_errors.response_error(response)}
    )
    if not body.rewindable and response.status_code == 401:
        failure.add_note(body.rewind_error)
    raise failure
