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

"""The command that verifies stored images."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from openstackclient.identity import common as identity_common
from osc_lib.cli import parseractions
from osc_lib.command import command

from osc_image_ext.commands import option_types
from osc_image_ext.commands import output
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class VerifyImage(output.ShowRows, command.Lister):
    _description = _(
        'Verify that the stored data of images has the checksum of their '
        'records'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'images',
            metavar='<image>',
            nargs='*',
            help=_('Image(s) to verify (name or ID)'),
        )
        parser.add_argument(
            '--all',
            action='store_true',
            help=_('Verify all active images, of all visibilities'),
        )
        parser.add_argument(
            '--project',
            metavar='<project>',
            help=_('Limit to active images of this project (name or ID)'),
        )
        identity_common.add_project_domain_option_to_parser(parser)
        parser.add_argument(
            '--property',
            metavar='<key=value>',
            dest='properties',
            action=parseractions.KeyValueAction,
            help=_(
                'Limit to active images with this property (repeat option to '
                'filter on multiple properties)'
            ),
        )
        parser.add_argument(
            '--workers',
            metavar='<number>',
            type=option_types.positive_integer,
            default=2,
            help=_('Number of images to verify concurrently (default: 2)'),
        )
        wait_options.add_progress(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status: 1 unless all images are verified."""
        from osc_image_ext.actions import image_verify

        self._verification = image_verify.Verification(self.app)
        try:
            status = super().run(parsed_args)
        finally:  # the reader of the table may have gone
            failure = self._verification.report_failures()
        return failure or status

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        return self._verification.run(parsed_args)
