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

"""Image task commands."""

import argparse
from collections.abc import Iterable, Sequence
import itertools
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import task as _task
from openstackclient.image.v2 import task as core
from osc_lib.cli import parseractions
from osc_lib.command import command

from osc_image_ext import exceptions
from osc_image_ext.commands import clients
from osc_image_ext.commands import errors
from osc_image_ext.commands import task_input
from osc_image_ext.i18n import _
from osc_image_ext.progress import display
from osc_image_ext.transfer import tasks
from osc_image_ext.transfer import waiting

# Glance's policy of who may use the tasks API.
_POLICY = 'tasks_api_access'
# Options of core's for what Glance cannot do with the tasks of one image.
_FOR_ALL_TASKS = ('sort_key', 'sort_dir', 'marker')


class CreateImageTask(command.ShowOne):
    _description = _(
        'Create an image task (administrators only; Glance calls its tasks '
        'API deprecated)'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--type',
            metavar='<type>',
            required=True,
            help=_(
                'Type of the task (known are: import, api_image_import, '
                'location_import; Glance decides)'
            ),
        )
        parser.add_argument(
            '--input',
            metavar='<json>',
            default='{}',
            help=_(
                'Input of the task: a JSON object, or a Python literal with '
                'the same meaning; @<file> or - (standard input) to read it '
                'from there (default: {})'
            ),
        )
        parser.add_argument(
            '--import-from',
            metavar='<url>',
            help=_('Set import_from in the input of an import'),
        )
        parser.add_argument(
            '--import-from-format',
            metavar='<format>',
            help=_('Set import_from_format in the input of an import'),
        )
        parser.add_argument(
            '--image-property',
            metavar='<key=value>',
            dest='image_properties',
            action='append',
            default=[],
            help=_(
                'Set a property of the image in the input of an import, such '
                'as name, disk_format or container_format (repeat option to '
                'set multiple properties)'
            ),
        )
        parser.add_argument(
            '--wait',
            action='store_true',
            help=_('Wait until the task has ended; fail if it fails'),
        )
        parser.add_argument(
            '--timeout',
            metavar='<seconds>',
            type=int,
            action=parseractions.NonNegativeAction,
            help=_('Seconds to wait at most (default: no limit)'),
        )
        parser.add_argument(
            '--progress',
            action='store_true',
            help=_('Show on standard error how the task proceeds, and wait'),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        with (
            errors.terminable(),
            errors.translated(),
            errors.governed(_POLICY),
        ):
            waits = parsed_args.wait or parsed_args.progress
            if parsed_args.timeout is not None and not waits:
                raise exceptions.Error(
                    _('--timeout requires --wait or --progress.')
                )
            wanted = task_input.gathered(parsed_args)
            proxy = clients.image(self.app.client_manager)
            with errors.noted(
                _(
                    'If the task was made nevertheless, "openstack image task '
                    'list" shows it.'
                ),
                unless=_refused,
            ):
                task = tasks.create(proxy, parsed_args.type, wanted)
            if waits:
                task = self._follow(proxy, task, parsed_args)
        # what core's "image task show" makes its columns of
        columns, values = zip(
            *sorted(core._format_task(task).items()), strict=True
        )
        return columns, values

    def _follow(
        self,
        proxy: _proxy.Proxy,
        task: _task.Task,
        parsed_args: argparse.Namespace,
    ) -> _task.Task:
        with (
            errors.noted(
                _(
                    'Task %(id)s goes on unwatched: "openstack image task '
                    'show %(id)s" tells what becomes of it.'
                )
                % {'id': task.id},
                unless=_ended,
            ),
            display.make_display(
                parsed_args.progress, self.app.stderr, task.id
            ) as listener,
        ):
            return waiting.follow(
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


class ListImageTask(core.ListTask):
    # Should core have an option of ours one day, ours is meant.
    conflict_handler = 'resolve'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--image',
            metavar='<image>',
            help=_(
                'List the tasks of this image (name or ID) only; whoever sees '
                'the image may do so'
            ),
        )
        parser.add_argument(
            '--long',
            action='store_true',
            help=_('List additional fields in output'),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]:
        found: list[_task.Task] = []

        def listed(**query: Any) -> list[_task.Task]:
            found[:] = _listed(proxy, parsed_args, query)
            return found

        with errors.translated():
            manager = self.app.client_manager
            proxy = clients.image(manager)
            with clients.stand_in(manager, proxy, tasks=listed):
                headers, rows = super().take_action(parsed_args)
        if not parsed_args.long:
            return headers, rows
        more = {'Created At': 'created_at', 'Updated At': 'updated_at'}
        if parsed_args.image:  # Glance's list of all tasks has no messages
            more = {'Message': 'message', **more}
        return (*headers, *more), [
            (*row, *(task[attribute] for attribute in more.values()))
            for row, task in zip(rows, found, strict=True)
        ]


def _listed(
    proxy: _proxy.Proxy,
    parsed_args: argparse.Namespace,
    query: dict[str, Any],
) -> list[_task.Task]:
    """Return the tasks of an image, or all tasks; the newest first.

    :param query: as core's command asks for them.
    """
    most = getattr(parsed_args, 'max_items', None)
    if parsed_args.image is None:
        with errors.governed(_POLICY):
            return list(itertools.islice(proxy.tasks(**query), most))
    if any(name in query for name in _FOR_ALL_TASKS):
        raise exceptions.Error(
            _('--sort-key, --sort-dir and --marker do not go with --image.')
        )
    page = query.pop('limit', None)
    if not hasattr(parsed_args, 'max_items'):  # before core had this option
        most = page
    image = proxy.find_image(parsed_args.image, ignore_missing=False)
    return tasks.of_image(proxy, image.id, most, **query)
