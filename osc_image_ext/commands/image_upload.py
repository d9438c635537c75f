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

"""Commands that send the data of an existing image."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from openstackclient.image.v2 import image as core
from osc_lib.command import command

from osc_image_ext.commands import exit_on_signal
from osc_image_ext.commands import image_options
from osc_image_ext.commands import output
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class StageImage(exit_on_signal.ExitOnSignal, core.StageImage):
    """Core's command, but the data is sent again if that is necessary."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options = parser._option_string_actions
        options['--progress'].help = _('Show progress on standard error')
        if '--size' not in options:  # core 8 has none
            image_options.add_size(parser)
        image_options.replace_options(parser)
        image_options.add_source_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from osc_image_ext.actions import image_upload

        image_upload.run_stage(self.app, parsed_args)


class UploadImage(output.ShowImage, command.ShowOne):
    _description = _('Upload data to an existing, queued image')

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
                'Local file that contains disk image to be uploaded. '
                'Alternatively, images can be passed via stdin.'
            ),
        )
        image_options.add_size(parser)
        image_options.add_source_options(parser)
        parser.add_argument(
            '--store',
            metavar='<store>',
            help=_('Store to upload the image to'),
        )
        wait_options.add_progress(parser)
        image_options.add_no_verify(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_upload

        return self.dict2columns(
            image_upload.run_upload(self.app, parsed_args)
        )
