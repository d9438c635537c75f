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
from typing import Any

from openstack.image.v2 import task as _task
from openstackclient.image.v2 import task as core
from osc_lib.cli import parseractions
from osc_lib.command import command

from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.i18n import _


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
        from osc_image_ext.actions import image_task

        with errors.exit_on_signal(), errors.as_command_error():
            task = image_task.create(self.app, parsed_args)
        # what core's "image task show" makes its columns of
        columns, values = zip(
            *sorted(core._format_task(task).items()), strict=True
        )
        return columns, values


class ListImageTask(core.ListTask):
    """Core's command, which also lists the tasks of one image."""

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
        from osc_image_ext.actions import image_task

        found: list[_task.Task] = []

        def listed(**query: Any) -> list[_task.Task]:
            found[:] = image_task.listed(proxy, parsed_args, query)
            return found

        with errors.as_command_error():
            manager = self.app.client_manager
            proxy = clients.image_proxy(manager)
            with clients.override_image_proxy(manager, proxy, tasks=listed):
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
