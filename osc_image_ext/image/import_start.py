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

"""An import: what it shall do, and how it is started."""

import contextlib
import dataclasses
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstack.image.v2 import task as _task

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import service_info
from osc_image_ext.image import tasks

_TASK_TYPE = 'api_image_import'
# Answers of a proxy that lost patience with Glance, which may have heard.
_AMBIGUOUS_STATUS_CODES = (502, 503, 504)
# Seconds before it is asked once more.
_RETRY_DELAYS = (1, 2, 4)


@dataclasses.dataclass(frozen=True)
class ImportRequest:
    """What an import shall do.

    :param method: such as ``web-download``; a :class:`service_info.ServiceInfo`
        knows which ones there are.
    :param uri: whence Glance downloads the data.
    :param remote_region: of the Glance that has the data.
    :param remote_image: the ID of the image there.
    :param remote_interface: of that Glance's endpoint, None for its default.
    :param stores: where to; none for the default store.
    :param all_stores: to all of them.
    :param allow_failure: of several stores, some may fail.
    """

    method: str
    uri: str | None = None
    remote_region: str | None = None
    remote_image: str | None = None
    remote_interface: str | None = None
    stores: tuple[str, ...] = ()
    all_stores: bool = False
    allow_failure: bool = True

    @property
    def needs_staging(self) -> bool:
        """Whether the data is staged by whoever asks for the import."""
        return self.method == 'glance-direct'

    def validate(self, info: service_info.ServiceInfo) -> None:
        """Make sure that a cloud offers what is wanted.

        :raises osc_image_ext.exceptions.Error: if not.
        """
        info.require_import_method(self.method)
        if self.stores or self.all_stores:
            info.require_stores(self.stores)

    def target_stores(
        self,
        info: service_info.ServiceInfo,
        image: _image.Image | None = None,
    ) -> tuple[str, ...]:
        """Return the stores that will be written to, in Glance's order.

        :param image: one that may be in some of them already.
        :returns: none where the cloud has but one store.
        """
        if self.all_stores:
            there = stores_of(image) if image else ()
            return tuple(name for name in info.stores if name not in there)
        default = (info.default_store,) if info.default_store else ()
        return self.stores or default

    def to_json(self) -> dict[str, Any]:
        """Return the request as Glance wants it.

        A Glance with one store refuses whatever concerns several. Where one
        alone is wanted its failure is the import's, whose reason Glance then
        tells.
        """
        details = {
            'uri': self.uri,
            'glance_region': self.remote_region,
            'glance_image_id': self.remote_image,
            'glance_service_interface': self.remote_interface,
        }
        method = {k: v for k, v in details.items() if v is not None}
        body: dict[str, Any] = {'method': {'name': self.method, **method}}
        if self.all_stores:
            body['all_stores'] = True
        elif self.stores:
            body['stores'] = list(self.stores)
        if self.all_stores or len(self.stores) > 1:
            body['all_stores_must_succeed'] = not self.allow_failure
        return body


def stores_of(image: _image.Image, key: str = 'stores') -> tuple[str, ...]:
    """Return stores that Glance names in a property of an image."""
    names = (image.properties or {}).get(key) or ''
    return tuple(filter(None, names.split(',')))


class OutcomeUnknown(exceptions.TransferError):
    """Glance may have heard, or not."""


def list_task_ids(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> frozenset[str]:
    """Return the IDs of an image's tasks; none if Glance does not tell."""
    with contextlib.suppress(sdk_exceptions.NotFoundException):
        return frozenset(t.id for t in _list_tasks(proxy, image_id, sleep))
    return frozenset()


def _list_tasks(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> list[_task.Task]:
    """Return an image's tasks, even if Glance is away for a while."""
    return retry.retry_until(
        lambda: tasks.list_for_image(proxy, image_id), sleep
    )


def find_import_task(
    proxy: _proxy.Proxy,
    image_id: str,
    known_task_ids: frozenset[str],
    sleep: retry.Sleep,
) -> _task.Task | None:
    """Return the import that was started first since the known tasks.

    Not by ``os_glance_import_task``, which a short import has already taken
    from the image again.
    """
    found = [
        task
        for task in _list_tasks(proxy, image_id, sleep)
        if task.type == _TASK_TYPE and task.id not in known_task_ids
    ]
    return found[-1] if found else None


def start_import(
    proxy: _proxy.Proxy,
    image_id: str,
    request: ImportRequest,
    sleep: retry.Sleep,
    known_task_ids: frozenset[str] = frozenset(),
) -> None:
    """Ask Glance for an import, and return as soon as it has accepted it.

    It is asked again if it may not have heard: a second import of an image at
    a time is refused.

    :param known_task_ids: the IDs of the image's tasks so far.
    :raises osc_image_ext.exceptions.Error: if Glance refuses it, or if nobody
        knows.
    """
    lost = False
    for delay in (*_RETRY_DELAYS, None):
        try:
            _post_import(proxy, image_id, request)
            return
        except exceptions.TransferError as failure:
            unclear = isinstance(failure, OutcomeUnknown)
            lost |= unclear
            with contextlib.suppress(sdk_exceptions.SDKException):
                if lost and find_import_task(
                    proxy, image_id, known_task_ids, sleep
                ):
                    return
            if not unclear or delay is None:
                raise
        sleep(delay)


def _post_import(
    proxy: _proxy.Proxy, image_id: str, request: ImportRequest
) -> None:
    """Ask for an import once.

    Not by the SDK's import_image(), which returns errors as if they were
    none, and leaves things out that Glance wants. keystoneauth must not repeat
    it: if Glance has heard, it refuses the second one.
    """
    try:
        response = proxy.post(
            f'/images/{image_id}/import',
            json=request.to_json(),
            connect_retries=0,
            status_code_retries=0,
        )
    except ksa_exceptions.ConnectionError as error:
        words = api_errors.end_sentence(
            api_errors.connection_error_reason(error)
        )
        raise _import_error(OutcomeUnknown, image_id, words) from error
    if response.status_code < 300:
        return
    kind = exceptions.TransferError
    if response.status_code in _AMBIGUOUS_STATUS_CODES:
        kind = OutcomeUnknown
    failure = _import_error(
        kind, image_id, api_errors.response_error(response)
    )
    if response.status_code == 409:
        _note_lock_holder(proxy, image_id, failure)
    raise failure


def _import_error(
    kind: type[exceptions.TransferError], image_id: str, words: str
) -> exceptions.TransferError:
    return kind(
        _('The server did not accept the import of image %(id)s: %(words)s')
        % {'id': image_id, 'words': words}
    )


def _note_lock_holder(
    proxy: _proxy.Proxy, image_id: str, failure: BaseException
) -> None:
    """Tell which other task has locked the image, if one has."""
    with contextlib.suppress(
        sdk_exceptions.SDKException, ksa_exceptions.ClientException
    ):
        properties = proxy.get_image(image_id).properties or {}
        if task_id := properties.get('os_glance_import_task'):
            failure.add_note(
                _(
                    'Task %(task)s works on the image: "openstack image task '
                    'list --image %(id)s" tells when it has ended.'
                )
                % {'task': api_errors.printable(task_id), 'id': image_id}
            )
