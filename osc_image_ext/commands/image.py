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

"""Image commands."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from openstackclient.image.v2 import image as core

from osc_image_ext.commands import image_options
from osc_image_ext.commands import output
from osc_image_ext.i18n import _


class CreateImage(output.ShowImage, core.CreateImage):
    _description = _('Create/upload an image')

    # These options of v1, which core has given up, have new meanings.
    deadopts: Any = tuple(
        option
        for option in core.CreateImage.deadopts
        if option not in ('checksum', 'store')
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options = parser._option_string_actions
        options['--progress'].help = _(
            'Show progress on standard error (with an import, implies --wait)'
        )
        size = options['--size']
        if size.help == argparse.SUPPRESS:  # core before 10.3 had given it up
            size.metavar, size.type = '<size>', image_options.parse_size
            size.help = _(
                'Size of image data in bytes. Providing this can improve '
                'upload performance.'
            )
        image_options.add_no_verify(parser)
        parser.add_argument(
            '--keep-failed',
            action='store_true',
            default=False,
            help=_(
                'Keep the image if its upload or import fails or is '
                'interrupted (default is to delete it)'
            ),
        )
        image_options.replace_options(parser)
        image_options.add_source_options(parser)
        image_options.add_skip_identical(parser)
        image_options.add_sources(parser)
        image_options.add_targets(parser)
        image_options.add_wait(parser)
        image_options.add_timeout(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_create

        return image_create.run(self.app, parsed_args, super().take_action)
