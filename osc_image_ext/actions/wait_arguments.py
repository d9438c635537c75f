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

"""The options --wait, --watch, --timeout and --progress, as a value."""

import argparse

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.image import tasks


def wait_options(parsed_args: argparse.Namespace) -> tasks.WaitOptions:
    """Return whether and how to wait.

    :raises osc_image_ext.exceptions.Error: if there is a timeout, but nothing
        to wait for.
    """
    enabled = bool(parsed_args.wait or parsed_args.progress)
    if parsed_args.timeout is not None and not enabled:
        raise exceptions.Error(_('--timeout requires --wait or --progress.'))
    return tasks.WaitOptions(enabled, parsed_args.timeout)


def watch_options(parsed_args: argparse.Namespace) -> tasks.WaitOptions:
    """Return whether and how to watch.

    :raises osc_image_ext.exceptions.Error: if there is a timeout, but nothing
        to watch.
    """
    if parsed_args.timeout is not None and not parsed_args.watch:
        raise exceptions.Error(_('--timeout requires --watch.'))
    return tasks.WaitOptions(parsed_args.watch, parsed_args.timeout)
