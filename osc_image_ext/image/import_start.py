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

"""Starting an import, and finding the task that runs it."""

import contextlib

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.i18n import _
from osc_image_ext.image import import_request
from osc_image_ext.image import tasks


def list_task_ids(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> frozenset[str]:
    """Return the IDs of an image's tasks; empty if Glance has no such list."""
    with contextlib.suppress(sdk_exceptions.NotFoundException):
        return frozenset(t.id for t in _list_tasks(proxy, image_id, sleep))
    return frozenset()


def _list_tasks(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> list[_task.Task]:
    return retry.retry_until(
        lambda: tasks.list_for_image(proxy, image_id), sleep
    )


def find_import_task(
    proxy: _proxy.Proxy,
    image_id: str,
    known_task_ids: frozenset[str],
    sleep: retry.Sleep,
) -> _task.Task | None:
    """Return the first import that was started after the known tasks.

    Not by ``os_glance_import_task``, which a short import has already removed
    from the image.
    """
    found = [
        task
        for task in _list_tasks(proxy, image_id, sleep)
        if task.type == tasks.IMPORT_TYPE and task.id not in known_task_ids
    ]
    return found[-1] if found else None


def start_import(
    proxy: _proxy.Proxy,
    image_id: str,
    request: import_request.ImportRequest,
    sleep: retry.Sleep,
    known_task_ids: frozenset[str] = frozenset(),
) -> None:
    """Start an import, and return as soon as Glance has accepted it.

    The request is repeated if Glance may not have received it: a second
    import of an image at the same time is rejected.

    :param known_task_ids: those of the image's tasks so far.
    :raises osc_image_ext.exceptions.Error: if Glance rejects the request, or
        it is not known whether Glance has received it.
    """
    may_have_started = False
    for delay in (*retry.IMPORT.delays, None):
        try:
            _post_import(proxy, image_id, request)
            return
        except exceptions.TransferError as failure:
            unknown = isinstance(failure, exceptions.OutcomeUnknown)
            may_have_started |= unknown
            with contextlib.suppress(sdk_exceptions.SDKException):
                if may_have_started and find_import_task(
                    proxy, image_id, known_task_ids, sleep
                ):
                    return
            if not unknown or delay is None:
                raise
        sleep(delay)


def _post_import(
    proxy: _proxy.Proxy, image_id: str, request: import_request.ImportRequest
) -> None:
    """Request an import once.

    Not by the SDK's import_image(), which returns errors like success, and
    omits what Glance needs. keystoneauth must not repeat the request: if
    Glance has received it, it rejects the second one.
    """
    try:
        response = proxy.post(
            f'/images/{image_id}/import',
            json=request.to_json(),
            connect_retries=0,
            status_code_retries=0,
        )
    except ksa_exceptions.ConnectionError as error:
        raise exceptions.OutcomeUnknown(
            _(
                'Lost connection while starting the import of image %(id)s: '
                '%(reason)s.'
            )
            % {
                'id': image_id,
                'reason': api_errors.connection_error_reason(error),
            }
        ) from error
    if response.status_code < 300:
        return
    error_class = exceptions.TransferError
    if response.status_code in retry.IMPORT.status_codes:
        error_class = exceptions.OutcomeUnknown
    failure = error_class(
        _('The server rejected the import of image %(id)s: %(response)s')
        % {'id': image_id, 'response': api_errors.response_error(response)}
    )
    if response.status_code == 409:
        _note_lock_holder(proxy, image_id, failure)
    raise failure


def _note_lock_holder(
    proxy: _proxy.Proxy, image_id: str, failure: BaseException
) -> None:
    """Name the other task that has locked the image, if there is one."""
    with contextlib.suppress(*api_errors.API_ERRORS):
        properties = proxy.get_image(image_id).properties or {}
        if task_id := properties.get('os_glance_import_task'):
            failure.add_note(
                _(
                    'Task %(task)s is still using the image. To check it, '
                    'run "openstack image task list --image %(id)s".'
                )
                % {'task': text.printable(task_id), 'id': image_id}
            )
