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

"""The command that downloads an image."""

import argparse

from openstackclient.image.v2 import image as core

from osc_image_ext.commands import exit_on_signal
from osc_image_ext.commands import option_types
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _

# As much as is sent at a time: see osc_image_ext.image.streams.
_CHUNK_SIZE = 896 * 1024


class SaveImage(exit_on_signal.ExitOnSignal, core.SaveImage):
    """Core's command, but what it leaves under a name is the image."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options = parser._option_string_actions
        # Core 8 has none.
        chunk_size = options.get('--chunk-size') or parser.add_argument(
            '--chunk-size', metavar='<chunk-size>'
        )
        chunk_size.type = option_types.positive_integer
        chunk_size.default = _CHUNK_SIZE
        chunk_size.help = _(
            'Size in bytes to read from the wire and buffer at one time '
            '(default and maximum: %(default)s)'
        )
        wait_options.add_progress(parser)
        parser.add_argument(
            '--resume',
            action='store_true',
            help=_(
                'Continue with what an earlier, interrupted download of the '
                'image to the same file left'
            ),
        )
        parser.add_argument(
            '--no-verify',
            dest='verify',
            action='store_false',
            default=True,
            help=_('Do not verify the checksum of the downloaded data'),
        )
        parser.add_argument(
            '--sparse',
            action='store_true',
            help=_('Write blocks of zeros as holes'),
        )
        parser.add_argument(
            '--no-clobber',
            action='store_true',
            help=_(
                'Do not replace an existing file (succeed if it has the data '
                'of the image)'
            ),
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        from osc_image_ext.actions import image_save

        image_save.run(self.app, parsed_args)
