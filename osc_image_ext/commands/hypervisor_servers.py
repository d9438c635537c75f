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

"""Commands for all servers of hypervisors."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from osc_lib.command import command

from osc_image_ext.commands import option_types
from osc_image_ext.commands import output
from osc_image_ext.commands import server_options
from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


class _ChangeServers(output.ShowRows, command.Lister):
    """What setting and unsetting have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_selection(parser)
        parser.add_argument(
            '--workers',
            metavar='<number>',
            type=option_types.positive_integer,
            default=8,
            help=_('Number of servers to change concurrently (default: 8)'),
        )
        parser.add_argument(
            '--dry-run',
            action='store_true',
            help=_('Show the changes without applying them'),
        )
        parser.add_argument(
            '--yes',
            action='store_true',
            help=_('Skip the confirmation prompt for more than 100 servers'),
        )
        parser.add_argument(
            '--keep-going',
            action='store_true',
            help=_(
                'Try all servers even if many fail in a row for the same '
                'reason'
            ),
        )
        wait_options.add_progress(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status; failures are reported after the table."""
        from osc_image_ext.actions import hypervisor_servers

        self._change = hypervisor_servers.BulkChange(self.app)
        try:
            status = super().run(parsed_args)
        finally:  # the reader of the table may have gone
            failure = self._change.report_failures()
        return failure or status


class SetHypervisorServers(_ChangeServers):
    _description = _(
        'Set properties, tags and the description of all servers on one or '
        'more hypervisors'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_set(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        return self._change.run_set(parsed_args)


class UnsetHypervisorServers(_ChangeServers):
    _description = _(
        'Unset properties, tags and the description of all servers on one or '
        'more hypervisors'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_unset(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        return self._change.run_unset(parsed_args)
