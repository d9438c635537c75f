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

"""Commands that show how far the server is with the data of images."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from osc_lib.command import command

from osc_image_ext.commands import exit_on_signal
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class ShowImageProgress(exit_on_signal.ExitOnSignal, command.ShowOne):
    _description = _(
        'Display how much data of an image the image service has received'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'image',
            metavar='<image>',
            help=_('Image to display progress of (name or ID)'),
        )
        parser.add_argument(
            '--watch',
            action='store_true',
            help=_(
                'Show progress on standard error until the image is active '
                'or failed'
            ),
        )
        wait_options.add_timeout(
            parser,
            _(
                'Maximum number of seconds to watch the image (only valid '
                'with --watch) (default: no limit)'
            ),
        )
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status; a failure is reported after the table."""
        from osc_image_ext.actions import image_progress

        self._show = image_progress.ShowProgress(self.app)
        status = super().run(parsed_args)
        return self._show.report_failure() or status

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        return self.dict2columns(self._show.run(parsed_args))


class ListImageProgress(exit_on_signal.ExitOnSignal, command.Lister):
    _description = _(
        'List images whose data is being uploaded, staged or imported'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            '--watch',
            action='store_true',
            help=_(
                'Show progress on standard error until no image is in '
                'progress, then list the images that were'
            ),
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_progress

        return image_progress.run_list(self.app, parsed_args)
