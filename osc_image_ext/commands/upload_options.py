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

"""Options of the commands that upload."""

import argparse

from osc_image_ext.i18n import _


def size(text: str) -> int:
    """Return the bytes that ``--size`` tells; a type for argparse."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            _("'%s' is not a valid size (use a positive integer)") % text
        )
    return int(text)


def add_no_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--no-verify',
        dest='verify',
        action='store_false',
        default=True,
        help=_(
            'Do not compare the digest of the data sent with that of the '
            'image stored'
        ),
    )
