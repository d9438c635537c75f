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

"""The options of commands that import."""

import argparse

from osc_lib.cli import parseractions

from osc_image_ext.i18n import _


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options that name data which the cloud fetches by itself."""
    parser.add_argument(
        '--uri',
        metavar='<uri>',
        help=_(
            'Let the cloud download the image data from here (the import '
            'method web-download)'
        ),
    )
    parser.add_argument(
        '--remote-region',
        metavar='<region>',
        help=_(
            'Let the cloud copy the image data from the image service of this '
            'region (the import method glance-download)'
        ),
    )
    parser.add_argument(
        '--remote-image',
        metavar='<image>',
        help=_('ID of the image in the remote region'),
    )
    parser.add_argument(
        '--remote-service-interface',
        metavar='<interface>',
        help=_('Interface of the image service in the remote region'),
    )


def add_targets(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the stores."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        '--store',
        metavar='<store>',
        action='append',
        help=_(
            'Store to write the image to (repeat option for several stores, '
            'which requires an import)'
        ),
    )
    where.add_argument(
        '--all-stores',
        action='store_true',
        help=_('Write the image to all stores (requires an import)'),
    )
    failure = parser.add_mutually_exclusive_group()
    failure.add_argument(
        '--allow-failure',
        action='store_true',
        default=None,
        help=_('Of several stores, let some fail (default)'),
    )
    failure.add_argument(
        '--disallow-failure',
        action='store_false',
        dest='allow_failure',
        default=None,
        help=_('Of several stores, let none fail'),
    )


def extend_stores(parser: argparse.ArgumentParser) -> None:
    """Let all of several ``--store`` count, where to core only the last does.

    Whether failure is allowed then shows whether it was asked for.
    """
    options = parser._option_string_actions
    # It differs in what it does with a value, and keeps its place among the
    # options, which a new one would not.
    options['--store'].__class__ = argparse._ExtendAction
    options['--allow-failure'].default = None
    options['--disallow-failure'].default = None


def add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--wait',
        action='store_true',
        help=_(
            'Wait until the import has ended and the image is where it should '
            'be; fail if it fails'
        ),
    )


def add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--timeout',
        metavar='<seconds>',
        type=int,
        action=parseractions.NonNegativeAction,
        help=_(
            'Seconds to wait for the import at most, once it has started '
            '(default: no limit)'
        ),
    )
