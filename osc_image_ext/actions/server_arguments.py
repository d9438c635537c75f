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

"""The options of commands that change many servers, as values."""

import argparse
from collections.abc import Mapping
import functools
import logging
from typing import Any

from openstack import utils as sdk_utils
from openstack.compute.v2 import _proxy
from openstackclient.identity import common as identity_common
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import bulk
from osc_image_ext import text
from osc_image_ext.compute import hypervisors as _hypervisors
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)


# An unset variable of a shell leaves them empty.
_NON_EMPTY_OPTIONS = ('matching', 'project', 'project_domain', 'name')


def check_selection(parsed_args: argparse.Namespace) -> None:
    """Check that the options select hypervisors in one way, and servers.

    :raises osc_lib.exceptions.CommandError: if they do not.
    """
    for name in _NON_EMPTY_OPTIONS:
        if getattr(parsed_args, name) == '':
            option = f'--{name.replace("_", "-")}'
            raise osc_exceptions.CommandError(
                _('The value of %(option)s must not be empty.')
                % {'option': option}
            )
    if '' in parsed_args.hypervisors:
        raise osc_exceptions.CommandError(
            _('The name of a hypervisor must not be empty.')
        )
    if bool(parsed_args.hypervisors) == bool(parsed_args.matching):
        raise osc_exceptions.CommandError(
            _('Specify either hypervisors or --matching.')
        )


def find_hypervisors(
    session: _session.RetryingSession, parsed_args: argparse.Namespace
) -> list[_hypervisors.Hypervisor]:
    """Return the selected hypervisors, without duplicates.

    :raises: see :func:`osc_image_ext.compute.hypervisors.find`.
    """
    if not parsed_args.matching:
        return _find_named(session, parsed_args)
    found = _hypervisors.list_matching(session, parsed_args.matching)
    names = ', '.join(text.printable(each.name) for each in found)
    LOG.warning(_('Hypervisors found: %(names)s.'), {'names': names})
    return found


def _find_named(
    session: _session.RetryingSession, parsed_args: argparse.Namespace
) -> list[_hypervisors.Hypervisor]:
    """Look up hypervisors, several at a time; return each once."""
    names = list(dict.fromkeys(parsed_args.hypervisors))
    found: dict[int, _hypervisors.Hypervisor] = {}
    work = functools.partial(_hypervisors.find, session)
    for result in bulk.run(names, work, parsed_args.workers):
        if result.error:
            raise result.error
        if result.result:
            found[result.index] = result.result
    return list(dict.fromkeys(found[index] for index in sorted(found)))


def build_filters(
    manager: Any, parsed_args: argparse.Namespace
) -> Mapping[str, str]:
    """Return query parameters that limit a list of servers.

    :param manager: the client manager of a shell.
    :raises osc_lib.exceptions.CommandError: if there is no such project.
    """
    filters = {'status': parsed_args.status, 'name': parsed_args.name}
    if parsed_args.project:
        filters['project_id'] = identity_common.find_project(
            manager.identity, parsed_args.project, parsed_args.project_domain
        ).id
    return {name: value for name, value in filters.items() if value}


def set_settings(
    parsed_args: argparse.Namespace,
) -> server_changes.ServerSettings:
    """Return the settings that the options of a set command ask for.

    :raises osc_lib.exceptions.CommandError: if there are none.
    """
    for key in parsed_args.properties or ():
        if key in server_changes.UNREMOVABLE_KEYS:
            LOG.warning(
                _(
                    'Property "%(key)s" cannot be removed through the Nova '
                    'API.'
                ),
                {'key': key},
            )
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
    """Return the settings that the options of an unset command ask for.

    :raises osc_lib.exceptions.CommandError: if there are none, or Nova has no
        request for one of them.
    """
    for key in parsed_args.properties:
        if key in server_changes.UNREMOVABLE_KEYS:
            raise osc_exceptions.CommandError(
                _('Property "%(key)s" cannot be removed through the Nova API.')
                % {'key': key}
            )
        if not key:
            raise osc_exceptions.CommandError(
                _('The key of a property must not be empty.')
            )
        if '=' in key:
            raise osc_exceptions.CommandError(
                _('Specify only the key, not the value: "%(property)s".')
                % {'property': key}
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
    if '' in desired.tags:
        raise osc_exceptions.CommandError(_('A tag must not be empty.'))
    if not desired:
        raise osc_exceptions.CommandError(
            _('Specify at least one of --property, --tag and --description.')
        )
    return desired


def microversion(
    proxy: _proxy.Proxy, desired: server_changes.ServerSettings
) -> str:
    """Return the user's microversion, or the lowest that is sufficient.

    :raises osc_lib.exceptions.CommandError: if it is not supported.
    """
    lowest = '2.1'
    for option, required, used in (
        ('--description', '2.19', desired.description is not None),
        ('--tag', '2.26', bool(desired.tags)),
    ):
        if used and not sdk_utils.supports_microversion(proxy, required):
            message = _(
                '--os-compute-api-version %(version)s or greater is required '
                'to support the %(option)s option.'
            )
            raise osc_exceptions.CommandError(
                message % {'version': required, 'option': option}
            )
        lowest = required if used else lowest
    return proxy.default_microversion or lowest
