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

"""Commands that bring data to an image that exists."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from openstackclient.image.v2 import image as core
from osc_lib.command import command

from osc_image_ext.actions import errors
from osc_image_ext.commands import upload_options
from osc_image_ext.i18n import _


class StageImage(core.StageImage):
    """Core's command, with data that is sent again if it must be."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options = parser._option_string_actions
        options['--progress'].help = _(
            'Show progress of staging on standard error'
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from osc_image_ext.actions import image_upload

        with errors.exit_on_signal(), errors.as_command_error():
            image_upload.stage(self.app, parsed_args)


class UploadImage(command.ShowOne):
    _description = _('Upload the data of an image that has none yet')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'image',
            metavar='<image>',
            help=_('Image to upload data for (name or ID)'),
        )
        parser.add_argument(
            '--file',
            metavar='<file>',
            dest='filename',
            help=_(
                'Local file with the image data (default is to read standard '
                'input)'
            ),
        )
        parser.add_argument(
            '--size',
            metavar='<size>',
            type=upload_options.size,
            help=_('Size of image data in bytes'),
        )
        parser.add_argument(
            '--store',
            metavar='<store>',
            help=_('Store to write the image to'),
        )
        parser.add_argument(
            '--progress',
            action='store_true',
            help=_('Show upload progress on standard error'),
        )
        upload_options.add_no_verify(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_upload

        with errors.exit_on_signal(), errors.as_command_error():
            image = image_upload.upload_image(self.app, parsed_args)
        # what core's commands make their columns of
        columns, values = zip(
            *sorted(core._format_image(image).items()), strict=True
        )
        return columns, values
