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

from openstackclient.image.v2 import task as core
from osc_lib.command import command

from osc_image_ext.commands import exit_on_signal
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class CreateImageTask(exit_on_signal.ExitOnSignal, command.ShowOne):
    _description = _(
        'Create an image task (administrators only; the Glance tasks API is '
        'deprecated)'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--type',
            metavar='<type>',
            required=True,
            help=_('Task type (such as import or api_image_import)'),
        )
        parser.add_argument(
            '--input',
            metavar='<json>',
            default='{}',
            help=_(
                'Task input as a JSON object or Python dict literal (@<file> '
                'to read a file, - to read standard input) (default: {})'
            ),
        )
        parser.add_argument(
            '--import-from',
            metavar='<url>',
            help=_(
                'URL to import the image from (only valid with --type import)'
            ),
        )
        parser.add_argument(
            '--import-from-format',
            metavar='<format>',
            help=_(
                'Format of the image to import (only valid with --type import)'
            ),
        )
        parser.add_argument(
            '--image-property',
            metavar='<key=value>',
            dest='image_properties',
            action='append',
            default=[],
            help=_(
                'Set a property on the imported image, such as name, '
                'disk_format or container_format (only valid with --type '
                'import) (repeat option to set multiple properties)'
            ),
        )
        wait_options.add_wait(parser, _('Wait for task to complete'))
        wait_options.add_timeout(
            parser,
            _(
                'Maximum number of seconds to wait for the task (default: no '
                'limit)'
            ),
        )
        wait_options.add_progress(
            parser, _('Show progress on standard error (implies --wait)')
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_task

        return self.dict2columns(image_task.run_create(self.app, parsed_args))


class ListImageTask(exit_on_signal.ExitOnSignal, core.ListTask):
    """Core's command, which also lists the tasks of one image."""

    # If core adds an option of the same name, ours is meant.
    conflict_handler = 'resolve'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--image',
            metavar='<image>',
            help=_(
                'List only tasks of this image (name or ID) (not limited to '
                'administrators)'
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

        return image_task.run_list(self.app, parsed_args, super().take_action)
