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

import abc
import argparse
from collections.abc import Iterable, Sequence
from typing import Any, TYPE_CHECKING

from osc_lib.command import command

from osc_image_ext.actions import errors
from osc_image_ext.commands import server_options
from osc_image_ext.i18n import _

if TYPE_CHECKING:
    from osc_image_ext.compute import server_changes


class _ChangeServers(command.Lister, metaclass=abc.ABCMeta):
    """What setting and unsetting have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_selection(parser)
        parser.add_argument(
            '--workers',
            metavar='<number>',
            type=_positive,
            default=8,
            help=_('Number of servers to change at a time (default: 8)'),
        )
        parser.add_argument(
            '--dry-run',
            action='store_true',
            help=_('Show what would be changed, and change nothing'),
        )
        parser.add_argument(
            '--yes',
            action='store_true',
            help=_('Do not ask before more than 100 servers are changed'),
        )
        parser.add_argument(
            '--progress',
            action='store_true',
            help=_('Show progress on standard error'),
        )
        return parser

    @abc.abstractmethod
    def _wanted(
        self, parsed_args: argparse.Namespace
    ) -> 'server_changes.ServerSettings':
        """Return what the options ask for."""

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        with errors.as_command_error():
            return self._change.run(parsed_args, self._wanted(parsed_args))

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status; what is said of it comes after the table."""
        from osc_image_ext.actions import hypervisor_servers

        self._change = hypervisor_servers.BulkChange(self.app)
        try:
            status = super().run(parsed_args)
        finally:  # nobody may be left who reads the table
            verdict = self._change.report_failures()
        return verdict or status


class SetHypervisorServers(_ChangeServers):
    _description = _(
        'Set properties, tags and the description of all servers on '
        'hypervisors'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_set(parser)
        return parser

    def _wanted(
        self, parsed_args: argparse.Namespace
    ) -> 'server_changes.ServerSettings':
        from osc_image_ext.actions import server_settings

        return server_settings.set_settings(parsed_args)


class UnsetHypervisorServers(_ChangeServers):
    _description = _(
        'Unset properties, tags and the description of all servers on '
        'hypervisors'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        server_options.add_unset(parser)
        return parser

    def _wanted(
        self, parsed_args: argparse.Namespace
    ) -> 'server_changes.ServerSettings':
        from osc_image_ext.actions import server_settings

        return server_settings.unset_settings(parsed_args)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
