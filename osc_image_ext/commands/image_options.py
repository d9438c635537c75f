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

"""The options of commands that upload or import."""

import argparse

from osc_image_ext.commands import wait_options
from osc_image_ext.i18n import _


def parse_size(text: str) -> int:
    """Return the value of ``--size`` in bytes; a type for argparse."""
    if not text.isdecimal() or not 0 < int(text[:20]) < 2**63:
        raise argparse.ArgumentTypeError(
            _("'%(value)s' is not a valid size (use a positive integer)")
            % {'value': text}
        )
    return int(text)


def replace_options(parser: argparse.ArgumentParser) -> None:
    """Let options that are added from now on replace those of core.

    Core may add some of them one day; others it has given up.
    """
    parser.conflict_handler = parser._optionals.conflict_handler = 'resolve'


def add_size(parser: argparse.ArgumentParser) -> None:
    """Add ``--size``, in bytes."""
    parser.add_argument(
        '--size',
        metavar='<size>',
        type=parse_size,
        help=_('Size of image data in bytes'),
    )


def add_no_verify(parser: argparse.ArgumentParser) -> None:
    """Add ``--no-verify``."""
    parser.add_argument(
        '--no-verify',
        dest='verify',
        action='store_false',
        default=True,
        help=_('Do not verify the checksum of the stored image'),
    )


def add_source_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for image data that this command reads."""
    parser.add_argument(
        '--fetch',
        metavar='<url>',
        help=_(
            'URL (http or https) to fetch the image data from while it is '
            'uploaded'
        ),
    )
    parser.add_argument(
        '--checksum',
        metavar='<algorithm>:<value>',
        help=_(
            'Published checksum to compare the source with, such as '
            'sha256:<value>, or the URL or path of a list that has it, such '
            'as SHA256SUMS'
        ),
    )
    parser.add_argument(
        '--decompress',
        metavar='<format>',
        choices=('auto', 'gzip', 'bzip2', 'xz', 'zstd'),
        help=_(
            'Decompress the source while it is uploaded: auto (if its first '
            'bytes show a format), gzip, bzip2, xz or zstd'
        ),
    )


def add_skip_identical(parser: argparse.ArgumentParser) -> None:
    """Add ``--skip-identical``."""
    parser.add_argument(
        '--skip-identical',
        action='store_true',
        default=False,
        help=_(
            'If the project has an active image of this name with the same '
            'formats and data, show it and upload nothing'
        ),
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the options that name data which Glance downloads or copies."""
    parser.add_argument(
        '--uri',
        metavar='<uri>',
        help=_(
            'URI that Glance downloads the image data from (web-download '
            'import method)'
        ),
    )
    parser.add_argument(
        '--remote-region',
        metavar='<region>',
        help=_(
            'Region to copy the image data from (glance-download import '
            'method)'
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
    stores = parser.add_mutually_exclusive_group()
    stores.add_argument(
        '--store',
        metavar='<store>',
        action='append',
        help=_(
            'Store to upload the image to (repeat option to import into '
            'multiple stores)'
        ),
    )
    stores.add_argument(
        '--all-stores',
        action='store_true',
        help=_(
            'Import the image into all stores (requires --import, --uri or '
            '--remote-image)'
        ),
    )
    failure = parser.add_mutually_exclusive_group()
    failure.add_argument(
        '--allow-failure',
        action='store_true',
        default=None,
        help=_('Succeed even if the import into some stores fails (default)'),
    )
    failure.add_argument(
        '--disallow-failure',
        action='store_false',
        dest='allow_failure',
        default=None,
        help=_('Fail if the import into any store fails'),
    )


def extend_stores(parser: argparse.ArgumentParser) -> None:
    """Let core's ``--store`` be repeated: core keeps only the last one.

    ``--allow-failure`` then shows whether it was given.
    """
    options = parser._option_string_actions
    # A changed action keeps its place among the options; a new one would not.
    options['--store'].__class__ = argparse._ExtendAction
    options['--allow-failure'].default = None
    options['--disallow-failure'].default = None
    all_stores = options['--all-stores']
    if all_stores.nargs != 0:  # core 8 requires a value, and ignores it
        all_stores.__class__ = argparse._StoreTrueAction
        all_stores.nargs, all_stores.const = 0, True
        all_stores.default, all_stores.metavar = False, None


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Add ``--wait`` for an import."""
    wait_options.add_wait(parser, _('Wait for import to complete'))


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add ``--timeout`` for an import."""
    wait_options.add_timeout(
        parser,
        _(
            'Maximum number of seconds to wait for the import, once started '
            '(default: no limit)'
        ),
    )
