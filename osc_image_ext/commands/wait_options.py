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

"""The options of commands that can wait for the server."""

import argparse

from osc_image_ext.i18n import _

# Three years: more would overflow what clocks and sleeps can handle.
_MAX_SECONDS = 99_999_999


def add_wait(parser: argparse.ArgumentParser, description: str) -> None:
    """Add ``--wait``."""
    parser.add_argument('--wait', action='store_true', help=description)


def add_timeout(parser: argparse.ArgumentParser, description: str) -> None:
    """Add ``--timeout``, in seconds."""
    parser.add_argument(
        '--timeout',
        metavar='<seconds>',
        type=_parse_seconds,
        help=description,
    )


def _parse_seconds(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_MAX_SECONDS)):
        raise argparse.ArgumentTypeError(
            _("'%(value)s' is not a valid number of seconds") % {'value': text}
        )
    return min(int(text), _MAX_SECONDS)


def add_progress(
    parser: argparse.ArgumentParser,
    description: str = _('Show progress on standard error'),
) -> None:
    """Add ``--progress``."""
    parser.add_argument('--progress', action='store_true', help=description)
