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

"""Making, following and listing tasks, as the commands' options say."""

import argparse
import itertools
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import task_input
from osc_image_ext.i18n import _
from osc_image_ext.image import tasks
from osc_image_ext.progress import display

# Glance's policy of who may use the tasks API.
_POLICY = 'tasks_api_access'
# Options of core's for what Glance cannot do with the tasks of one image.
_FOR_ALL_TASKS = ('sort_key', 'sort_dir', 'marker')


def create(app: Any, parsed_args: argparse.Namespace) -> _task.Task:
    """Make a task, and wait for its end if that is wanted.

    :param app: a shell.
    :returns: the task as it is then.
    """
    with errors.explain_policy_error(_POLICY):
        waits = parsed_args.wait or parsed_args.progress
        if parsed_args.timeout is not None and not waits:
            raise exceptions.Error(
                _('--timeout requires --wait or --progress.')
            )
        wanted = task_input.build(parsed_args)
        proxy = clients.image_proxy(app.client_manager)
        with errors.add_note_on_error(
            _(
                'If the task was made nevertheless, "openstack image task '
                'list" shows it.'
            ),
            unless=_refused,
        ):
            task = tasks.create(proxy, parsed_args.type, wanted)
        if waits:
            task = _follow(app, proxy, task, parsed_args)
        return task


def _follow(
    app: Any,
    proxy: _proxy.Proxy,
    task: _task.Task,
    parsed_args: argparse.Namespace,
) -> _task.Task:
    with (
        errors.add_note_on_error(
            _(
                'Task %(id)s goes on unwatched: "openstack image task '
                'show %(id)s" tells what becomes of it.'
            )
            % {'id': task.id},
            unless=_ended,
        ),
        display.make_display(
            parsed_args.progress, app.stderr, task.id
        ) as listener,
    ):
        return retry.wait_for_task(
            task,
            tasks.look_at(proxy, task.id),
            listener,
            timeout=parsed_args.timeout,
        )


def _refused(stop: BaseException) -> bool:
    return isinstance(stop, sdk_exceptions.HttpException) and (
        400 <= (stop.status_code or 0) < 500
    )


def _ended(stop: BaseException) -> bool:
    return isinstance(
        stop, (exceptions.TaskError, sdk_exceptions.NotFoundException)
    )


def listed(
    proxy: _proxy.Proxy,
    parsed_args: argparse.Namespace,
    query: dict[str, Any],
) -> list[_task.Task]:
    """Return the tasks of an image, or all tasks; the newest first.

    :param query: as core's command asks for them.
    """
    most = getattr(parsed_args, 'max_items', None)
    if parsed_args.image is None:
        with errors.explain_policy_error(_POLICY):
            return list(itertools.islice(proxy.tasks(**query), most))
    if any(name in query for name in _FOR_ALL_TASKS):
        raise exceptions.Error(
            _('--sort-key, --sort-dir and --marker do not go with --image.')
        )
    page = query.pop('limit', None)
    if not hasattr(parsed_args, 'max_items'):  # before core had this option
        most = page
    image = proxy.find_image(parsed_args.image, ignore_missing=False)
    return tasks.list_for_image(proxy, image.id, most, **query)
