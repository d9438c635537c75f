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

"""Glance's tasks: creating, listing, and waiting for their end."""

from collections.abc import Callable
import contextlib
import dataclasses
import math
import re
import time
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task
import requests

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext import text

Clock = Callable[[], float]
#: Returns a task as it is now.
GetTask = Callable[[], _task.Task]

# The type of the tasks that import an image, other than the legacy "import".
IMPORT_TYPE = 'api_image_import'

# Seconds for a response: between two polls a router may forget a connection,
# and the client would never learn of it.
_TIMEOUT = 60.0
# Glance's 'Copied 512 MiB', in whatever language it is configured for.
_COPIED = re.compile(r'(\d{1,12})\s*MiB')
# Seconds between two polls: short tasks end soon, and long ones should not
# burden Glance, which writes a new message once a minute at most.
_FIRST_DELAY = 1.0
_LAST_DELAY = 5.0


@dataclasses.dataclass(frozen=True)
class WaitOptions:
    """Whether and how to wait for a task or an import.

    :param enabled: if not, the command returns once Glance has accepted it.
    :param timeout: seconds, see :func:`wait_for_task`.
    """

    enabled: bool
    timeout: float | None = None
    clock: Clock = time.monotonic
    sleep: retry.Sleep = time.sleep

    def compute_deadline(self) -> float:
        """Return when the timeout expires if it starts now."""
        return self.clock() + (
            math.inf if self.timeout is None else self.timeout
        )


def create(
    proxy: _proxy.Proxy, task_type: str, task_input: dict[str, Any]
) -> _task.Task:
    """Create a task.

    Not by the SDK's create_task(): where that repeats the request after a
    lost connection, it may create two tasks.

    :param proxy: the SDK's image proxy.
    :param task_type: one of those that Glance knows.
    :param task_input: what the type of task requires, fit for JSON.
    :raises openstack.exceptions.HttpException: if Glance rejects it.
    :raises keystoneauth1.exceptions.ClientException: if Glance cannot be
        reached, or its response is lost.
    """
    return _from_response(
        proxy.post(
            '/tasks',
            json={'type': task_type, 'input': task_input},
            connect_retries=0,
        )
    )


def get(proxy: _proxy.Proxy, task_id: str) -> _task.Task:
    """Return a task as it is now.

    :raises openstack.exceptions.HttpException: if Glance does not show it.
    """
    return _from_response(
        proxy.get(f'/tasks/{task_id}', timeout=_TIMEOUT, skip_cache=True)
    )


def list_for_image(
    proxy: _proxy.Proxy,
    image_id: str,
    limit: int | None = None,
    **attributes: Any,
) -> list[_task.Task]:
    """Return the tasks of an image, newest first.

    Any user who can see the image may list them. Glance returns all of them,
    in no particular order.

    :param limit: maximum number of tasks.
    :param attributes: values that the tasks must have.
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


def find_latest_import(
    proxy: _proxy.Proxy, image_id: str
) -> _task.Task | None:
    """Return the task of an image's latest import, None if there is none.

    A Glance older than 23.0 has no list of the tasks of an image.

    :raises openstack.exceptions.HttpException: if Glance rejects the request.
    """
    with contextlib.suppress(sdk_exceptions.NotFoundException):
        found = list_for_image(proxy, image_id, 1, type=IMPORT_TYPE)
        return found[0] if found else None
    return None


def parse_copied(message: str) -> int | None:
    """Return the bytes in the message of an import; None if it has none."""
    copied = _COPIED.search(message)
    return int(copied[1]) * 1024**2 if copied else None


def _from_response(response: requests.Response) -> _task.Task:
    sdk_exceptions.raise_from_response(response)
    attributes = response.json()
    attributes.pop('self', None)  # would collide with Python's own argument
    return _task.Task.existing(**attributes)


def wait_for_task(
    task: _task.Task,
    get_task: GetTask,
    listener: _listener.ProgressListener,
    wait: WaitOptions,
) -> _task.Task:
    """Poll a task until it has finished; return it if it succeeded.

    :param get_task: returns the task as it is now. For an import only this
        request differs.
    :param listener: its phase is the task's status, with the task's message
        or the problem with the last poll.
    :param wait: its timeout starts now; a poll in progress is not cut short.
    :raises TaskError: if the task failed.
    :raises TaskTimeout: if it did not finish in time.
    :raises: what get_task() raises, if that is not retriable, or for five
        minutes.
    """
    outage = retry.Outage(wait.clock)
    deadline = wait.compute_deadline()
    delay = _FIRST_DELAY
    while True:
        status = text.printable(task.status)
        message = text.printable(task.message or '')
        listener.phase(status, outage.problem or message)
        if status == 'success':
            return task
        if status == 'failure':
            raise exceptions.TaskError(task.id, message)
        remaining = deadline - wait.clock()
        if remaining <= 0:
            raise exceptions.TaskTimeout(task.id, status, outage.problem)
        wait.sleep(min(delay, remaining))
        delay = min(delay * 1.5, _LAST_DELAY)
        with outage.tolerate():
            task = get_task()
