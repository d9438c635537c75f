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

"""Glance's tasks: made, looked at, and those of one image."""

from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task
import requests

from osc_image_ext import retry

# Seconds for an answer: between two looks a router may forget a connection,
# and nobody would ever tell.
_TIMEOUT = 60.0


def create(
    proxy: _proxy.Proxy, task_type: str, task_input: dict[str, Any]
) -> _task.Task:
    """Create a task.

    Not by the SDK's create_task(): where that is told to ask again after a
    connection broke, it may make two tasks.

    :param proxy: the SDK's image proxy.
    :param task_type: Glance decides which ones there are.
    :param task_input: what the type of task wants, as JSON can hold it.
    :raises openstack.exceptions.HttpException: if Glance refuses it.
    :raises keystoneauth1.exceptions.ClientException: if it is not reached, or
        its answer is lost.
    """
    return _from_response(
        proxy.post(
            '/tasks',
            json={'type': task_type, 'input': task_input},
            connect_retries=0,
        )
    )


def look_at(proxy: _proxy.Proxy, task_id: str) -> retry.GetTask:
    """Return a function that asks Glance for a task as it is now."""

    def get_task() -> _task.Task:
        return _from_response(
            proxy.get(f'/tasks/{task_id}', timeout=_TIMEOUT, skip_cache=True)
        )

    return get_task


def list_for_image(
    proxy: _proxy.Proxy,
    image_id: str,
    limit: int | None = None,
    **attributes: Any,
) -> list[_task.Task]:
    """Return the tasks of an image, the newest first, to all who may see it.

    Glance tells all of them, in no order.

    :param limit: return so many at most.
    :param attributes: return those alone that have these.
    :raises openstack.exceptions.HttpException: 404 if there is no image.
    """
    path = f'/images/{image_id}/tasks'
    found = [
        task
        for task in _task.Task.list(proxy, base_path=path)
        if all(task[name] == value for name, value in attributes.items())
    ]
    found.sort(key=lambda task: str(task.created_at), reverse=True)
    return found[:limit]


def _from_response(response: requests.Response) -> _task.Task:
    sdk_exceptions.raise_from_response(response)
    attributes = response.json()
    attributes.pop('self', None)  # Python has another use for that name
    return _task.Task.existing(**attributes)
