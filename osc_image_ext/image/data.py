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
import functools
import logging
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.image import record
from osc_image_ext.image import streams

LOG = logging.getLogger(__name__)

# Seconds before data is sent once more, so often at most.
_RETRY_DELAYS = (1, 2, 4)
# Answers that do not tell what became of the data: a conflict with a broken
# upload that is not over yet, and a proxy that lost patience with Glance.
_AMBIGUOUS_STATUS_CODES = (409, 502, 503, 504)


@dataclasses.dataclass(frozen=True)
class DataTarget:
    """Where the data of an image goes.

    :param path: where it is sent to, below the image's own path.
    :param busy: the image's status while Glance takes the data.
    :param done: its status when Glance has it.
    :param headers: sent beside those that all data has.
    """

    path: str
    busy: str
    done: str
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def is_receiving(self, image: _image.Image, acknowledged: bool) -> bool:
        """Tell whether Glance has not done with the data yet.

        :param acknowledged: whether Glance has told that it has it.
        """
        if image.status != self.busy or self.busy != self.done:
            return bool(image.status == self.busy)
        # Staged data shows by the image's size alone (since Glance 23).
        return image.size is None and not acknowledged

    def is_complete(self, image: _image.Image, acknowledged: bool) -> bool:
        """Tell whether Glance has all of the data."""
        return image.status == self.done and not self.is_receiving(
            image, acknowledged
        )


STAGING = DataTarget('stage', 'uploading', 'uploading')


def store_target(name: str | None = None) -> DataTarget:
    """Return a store as the destination.

    :param name: of one among several; None for the default one.
    """
    headers = {} if name is None else {'X-Image-Meta-Store': name}
    return DataTarget('file', 'saving', 'active', headers)


class OutcomeUnknown(exceptions.TransferError):
    """The data may have arrived, or not."""


def put_image_data(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    target: DataTarget,
    sleep: record.Sleep,
) -> _image.Image:
    """Send the data until Glance has it; return the image as it is then.

    :raises osc_image_ext.exceptions.Error: if the source fails, or Glance does
        not take the data.
    :raises openstack.exceptions.HttpException: if it does not tell what became
        of the data.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    delays = list(_RETRY_DELAYS)
    while True:
        failure: OutcomeUnknown | None = None
        try:
            _put_once(proxy, image_id, body, target)
        except OutcomeUnknown as error:
            failure = error
        now = _wait_for_outcome(proxy, image_id, failure, target, sleep)
        if target.is_complete(now, failure is None):
            return now
        if failure is None:
            raise exceptions.TransferError(
                _('Image %(id)s has status %(status)s after its upload.')
                % {'id': image_id, 'status': now.status}
            )
        if not body.rewindable:
            failure.add_note(body.rewind_error)
            raise failure
        if now.status != 'queued' or not delays:
            raise failure
        LOG.warning(_('%s It is sent again.'), failure)
        sleep(delays.pop(0))


def _wait_for_outcome(
    proxy: _proxy.Proxy,
    image_id: str,
    failure: OutcomeUnknown | None,
    target: DataTarget,
    sleep: record.Sleep,
) -> _image.Image:
    """Ask what state the data has left the image in."""
    busy = functools.partial(target.is_receiving, acknowledged=failure is None)
    try:
        return record.wait_for_data(proxy, image_id, sleep, busy)
    except Exception as error:
        if failure is None:
            raise
        failure.add_note(api_errors.describe(error))
        raise failure from error


def _put_once(
    proxy: _proxy.Proxy,
    image_id: str,
    body: streams.VerboseFileWrapper,
    target: DataTarget,
) -> None:
    """Send the data once, or twice if the token has expired.

    Not by the SDK's Image.upload() and stage(), which make Glance's answer
    unreadable (they accept no content type), and repeat what cannot be read
    twice. After a broken connection or a 503 keystoneauth must not repeat
    anything: the image may have all of the data already.
    """
    headers = {
        'Content-Type': 'application/octet-stream',
        'Accept': 'application/json',
        **target.headers,
    }
    if body.size is not None:
        headers['X-OpenStack-Image-Size'] = str(body.size)
    once: dict[str, Any] = {'allow_reauth': False}
    try:
        response = proxy.put(
            f'/images/{image_id}/{target.path}',
            data=body,
            headers=headers,
            connect_retries=0,
            status_code_retries=0,
            **({} if body.rewindable else once),
        )
    except ksa_exceptions.ConnectionError as error:
        raise OutcomeUnknown(
            _('The connection broke while image %(id)s was sent: %(reason)s.')
            % {
                'id': image_id,
                'reason': api_errors.connection_error_reason(error),
            }
        ) from error
    if response.status_code < 400:
        return
    kind = exceptions.TransferError
    if response.status_code in _AMBIGUOUS_STATUS_CODES:
        kind = OutcomeUnknown
    failure = kind(
        _('The server refused the data of image %(id)s: %(words)s')
        % {'id': image_id, 'words': api_errors.response_error(response)}
    )
    if not body.rewindable and response.status_code == 401:
        failure.add_note(body.rewind_error)
    raise failure
