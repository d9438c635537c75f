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

"""Options of the commands that change many servers."""

import argparse

from openstackclient.identity import common as identity_common
from osc_lib.cli import parseractions

from osc_image_ext.i18n import _

# Those of core's "server list", but for DELETED: such are not changed.
_STATUSES = (
    *('ACTIVE', 'BUILD', 'ERROR', 'HARD_REBOOT', 'MIGRATING', 'PASSWORD'),
    *('PAUSED', 'REBOOT', 'REBUILD', 'RESCUE', 'RESIZE', 'REVERT_RESIZE'),
    *('SHELVED', 'SHELVED_OFFLOADED', 'SHUTOFF', 'SOFT_DELETED'),
    *('SUSPENDED', 'VERIFY_RESIZE'),
)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what chooses the servers."""
    parser.add_argument(
        'hypervisors',
        metavar='<hypervisor>',
        nargs='*',
        help=_('Hypervisor(s) whose servers to change (name or ID)'),
    )
    parser.add_argument(
        '--matching',
        metavar='<text>',
        help=_('Select all hypervisors whose name contains <text>'),
    )
    parser.add_argument(
        '--project',
        metavar='<project>',
        help=_('Limit to servers in this project (name or ID)'),
    )
    identity_common.add_project_domain_option_to_parser(parser)
    parser.add_argument(
        '--status',
        metavar='<status>',
        type=str.upper,
        choices=_STATUSES,
        help=_('Limit to servers in this status'),
    )
    parser.add_argument(
        '--name',
        metavar='<name-regex>',
        help=_('Limit to servers whose name matches this regular expression'),
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add the options that set something."""
    parser.add_argument(
        '--property',
        metavar='<key=value>',
        action=parseractions.KeyValueAction,
        dest='properties',
        help=_(
            'Property to add or change '
            '(repeat option to set multiple properties)'
        ),
    )
    parser.add_argument(
        '--tag',
        metavar='<tag>',
        action='append',
        dest='tags',
        default=[],
        help=_(
            'Tag to add (repeat option to add multiple tags) '
            '(supported by --os-compute-api-version 2.26 or above)'
        ),
    )
    parser.add_argument(
        '--description',
        metavar='<description>',
        help=_(
            'New server description (supported by --os-compute-api-version '
            '2.19 or above)'
        ),
    )


def add_unset(parser: argparse.ArgumentParser) -> None:
    """Add the options that unset something."""
    parser.add_argument(
        '--property',
        metavar='<key>',
        action='append',
        dest='properties',
        default=[],
        help=_(
            'Property key to remove (repeat option to remove multiple '
            'properties)'
        ),
    )
    parser.add_argument(
        '--tag',
        metavar='<tag>',
        action='append',
        dest='tags',
        default=[],
        help=_(
            'Tag to remove (repeat option to remove multiple tags) '
            '(supported by --os-compute-api-version 2.26 or above)'
        ),
    )
    parser.add_argument(
        '--description',
        action='store_true',
        help=_(
            'Unset server description (supported by --os-compute-api-version '
            '2.19 or above)'
        ),
    )
