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

"""The command that imports the data of an existing image."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from openstackclient.image.v2 import image as core

from osc_image_ext.commands import image_options
from osc_image_ext.commands import output
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class ImportImage(output.ShowImage, core.ImportImage):
    """Core's command, but --wait waits for the import."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.conflict_handler = 'resolve'  # core may add these one day
        image_options.extend_stores(parser)
        image_options.add_timeout(parser)
        wait_options.add_progress(
            parser, _('Show progress on standard error (implies --wait)')
        )
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import image_import

        return self.dict2columns(image_import.run(self.app, parsed_args))
