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

"""Creating, waiting for, and listing tasks."""

import argparse
from collections.abc import Callable, Iterable
import functools
import itertools
from typing import Any, TextIO

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task
from openstackclient.image.v2 import task as core

from osc_image_ext import exceptions
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import task_input
from osc_image_ext.actions import wait_arguments
from osc_image_ext.i18n import _
from osc_image_ext.image import tasks
from osc_image_ext.progress import display

# Glance's policy for users of the tasks API.
_POLICY = 'tasks_api_access'
# Options of core's that Glance does not support for the tasks of one image.
_FOR_ALL_TASKS = ('sort_key', 'sort_dir', 'marker')


@errors.as_command_error()
@errors.explain_policy_error(_POLICY)
def run_create(app: Any, parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Create a task, and wait for it if asked to.

    :param app: a shell.
    :returns: the columns of the task as it is then.
    """
    wait = wait_arguments.wait_options(parsed_args)
    content = task_input.build(
        parsed_args.type,
        parsed_args.input,
        {
            'import_from': parsed_args.import_from,
            'import_from_format': parsed_args.import_from_format,
        },
        parsed_args.image_properties,
    )
    proxy = clients.image_proxy(app.client_manager)
    with errors.add_note_on_error(
        _(
            'The task may have been created anyway. To check, run "openstack '
            'image task list".'
        ),
        unless=_is_client_error,
    ):
        task = tasks.create(proxy, parsed_args.type, content)
    if wait.enabled:
        task = _wait(proxy, task, parsed_args.progress, app.stderr, wait)
    return dict(sorted(core._format_task(task).items()))


def _wait(
    proxy: _proxy.Proxy,
    task: _task.Task,
    progress: bool,
    stderr: TextIO | None,
    wait: tasks.WaitOptions,
) -> _task.Task:
    with (
        errors.add_note_on_error(
            _(
                'Task %(id)s continues on the server. To check it, run '
                '"openstack image task show %(id)s".'
            )
            % {'id': task.id},
            unless=_task_is_over,
        ),
        display.make_display(progress, stderr, task.id) as listener,
    ):
        get_task = functools.partial(tasks.get, proxy, task.id)
        return tasks.wait_for_task(task, get_task, listener, wait)


def _is_client_error(stop: BaseException) -> bool:
    return isinstance(stop, sdk_exceptions.HttpException) and (
        400 <= (stop.status_code or 0) < 500
    )


def _task_is_over(stop: BaseException) -> bool:
    return isinstance(
        stop, (exceptions.TaskError, sdk_exceptions.NotFoundException)
    )


@errors.as_command_error()
def run_list(
    app: Any,
    parsed_args: argparse.Namespace,
    take_core_action: Callable[[argparse.Namespace], Any],
) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
    """List all tasks, or those of one image; return columns and rows.

    :param app: a shell.
    :param take_core_action: core's command.
    """
    proxy = clients.image_proxy(app.client_manager)
    found: list[_task.Task] = []

    def list_tasks(**query: Any) -> list[_task.Task]:
        max_items = getattr(parsed_args, 'max_items', None)
        if parsed_args.image is None:
            found[:] = _list_all(proxy, max_items, query)
        else:
            page_size = query.pop('limit', None)
            # core's only limit before it had --max-items
            if not hasattr(parsed_args, 'max_items'):
                max_items = page_size
            found[:] = _list_for_image(
                proxy, parsed_args.image, max_items, query
            )
        return found

    with clients.override_image_proxy(
        app.client_manager, proxy, tasks=list_tasks
    ):
        headers, rows = take_core_action(parsed_args)
    more = {}
    if parsed_args.long:
        if parsed_args.image:  # Glance's list of all tasks has no messages
            more['Message'] = 'message'
        more |= {'Created At': 'created_at', 'Updated At': 'updated_at'}
    return (*headers, *more), [
        (*row, *(task[attribute] for attribute in more.values()))
        for row, task in zip(rows, found, strict=True)
    ]


@errors.explain_policy_error(_POLICY)
def _list_all(
    proxy: _proxy.Proxy, max_items: int | None, query: dict[str, Any]
) -> list[_task.Task]:
    return list(itertools.islice(proxy.tasks(**query), max_items))


def _list_for_image(
    proxy: _proxy.Proxy,
    name_or_id: str,
    max_items: int | None,
    query: dict[str, Any],
) -> list[_task.Task]:
    if any(name in query for name in _FOR_ALL_TASKS):
        raise exceptions.Error(
            _(
                '--sort-key, --sort-dir and --marker cannot be used with '
                '--image.'
            )
        )
    image = proxy.find_image(name_or_id, ignore_missing=False)
    return tasks.list_for_image(proxy, image.id, max_items, **query)
