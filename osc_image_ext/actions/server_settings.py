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

"""What servers shall have, or no longer have: the options that tell it."""

import argparse

from openstack import utils as sdk_utils
from openstack.compute.v2 import _proxy
from osc_lib import exceptions as osc_exceptions

from osc_image_ext.compute import server_changes
from osc_image_ext.i18n import _


def set_settings(
    parsed_args: argparse.Namespace,
) -> server_changes.ServerSettings:
    """Return what the options of :func:`server_options.add_set` ask for.

    :raises osc_lib.exceptions.CommandError: if that is nothing.
    """
    return _require_any(
        server_changes.ServerSettings(
            parsed_args.properties or {},
            dict.fromkeys(parsed_args.tags, True),
            parsed_args.description,
        )
    )


def unset_settings(
    parsed_args: argparse.Namespace,
) -> server_changes.ServerSettings:
    """Return what the options of :func:`server_options.add_unset` ask for.

    :raises osc_lib.exceptions.CommandError: if that is nothing, or cannot be
        asked of Nova.
    """
    for key in parsed_args.properties:
        if key in server_changes.UNREMOVABLE_KEYS:
            raise osc_exceptions.CommandError(
                _('Nova cannot be asked to remove the property "%s".') % key
            )
    return _require_any(
        server_changes.ServerSettings(
            dict.fromkeys(parsed_args.properties),
            dict.fromkeys(parsed_args.tags, False),
            '' if parsed_args.description else None,
        )
    )


def _require_any(
    desired: server_changes.ServerSettings,
) -> server_changes.ServerSettings:
    if not desired:
        raise osc_exceptions.CommandError(
            _('At least one of --property, --tag and --description is needed.')
        )
    return desired


def microversion(
    proxy: _proxy.Proxy, desired: server_changes.ServerSettings
) -> str:
    """Return the microversion for what is wanted: the user's, or the least.

    :raises osc_lib.exceptions.CommandError: if that is not supported.
    """
    least = '2.1'
    for option, needed, used in (
        ('--description', '2.19', desired.description is not None),
        ('--tag', '2.26', bool(desired.tags)),
    ):
        if used and not sdk_utils.supports_microversion(proxy, needed):
            text = _(
                '--os-compute-api-version %(version)s or greater is required '
                'to support the %(option)s option'
            )
            raise osc_exceptions.CommandError(
                text % {'version': needed, 'option': option}
            )
        least = needed if used else least
    return proxy.default_microversion or least
