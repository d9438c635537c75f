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

"""The command that copies images to another cloud."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from osc_lib.command import command

from osc_image_ext.commands import image_options
from osc_image_ext.commands import option_types
from osc_image_ext.commands import output
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _

# As core describes them.
_VISIBILITIES = {
    'public': _('Image is accessible and visible to all users'),
    'private': _('Image is only accessible by the owner (default)'),
    'community': _(
        'Image is accessible by all users but does not appear in the default '
        'image list of any user except the owner'
    ),
    'shared': _('Image is only accessible by the owner and image members'),
}


class CopyImage(output.ShowRows, command.Lister):
    _description = _('Copy images to another cloud')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument(
            'images',
            metavar='<image>',
            nargs='+',
            help=_('Image(s) to copy (name or ID)'),
        )
        parser.add_argument(
            '--to-cloud',
            metavar='<cloud>',
            required=True,
            help=_('Cloud in clouds.yaml to copy the images to'),
        )
        parser.add_argument(
            '--to-region',
            metavar='<region>',
            help=_(
                'Region of that cloud (default: the region in clouds.yaml)'
            ),
        )
        parser.add_argument(
            '--name',
            metavar='<name>',
            help=_('Name of the copy (default: the name of the image)'),
        )
        _add_visibility(parser)
        parser.add_argument(
            '--import',
            action='store_true',
            dest='use_import',
            help=_(
                'Stage the data and import it, instead of uploading it to a '
                'store'
            ),
        )
        image_options.add_targets(parser)
        parser._option_string_actions['--all-stores'].help = _(
            'Import the image into all stores (requires --import)'
        )
        image_options.add_no_verify(parser)
        image_options.add_wait(parser)
        image_options.add_timeout(parser)
        parser.add_argument(
            '--workers',
            metavar='<number>',
            type=option_types.positive_integer,
            default=2,
            help=_('Number of images to copy concurrently (default: 2)'),
        )
        wait_options.add_progress(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status: 1 unless all images are in the cloud."""
        from osc_image_ext.actions import image_copy

        self._copying = image_copy.Copying(self.app)
        try:
            status = super().run(parsed_args)
        finally:  # the reader of the table may have gone
            failure = self._copying.report_failures()
        return failure or status

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        return self._copying.run(parsed_args)


def _add_visibility(parser: argparse.ArgumentParser) -> None:
    group = parser.add_mutually_exclusive_group()
    for name, text in _VISIBILITIES.items():
        group.add_argument(
            f'--{name}',
            action='store_const',
            const=name,
            dest='visibility',
            default='private',
            help=text,
        )
