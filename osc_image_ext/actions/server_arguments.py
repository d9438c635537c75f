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

"""Which servers are meant: options that name hypervisors, and filters."""

import argparse
from collections.abc import Mapping
import logging
from typing import Any

from openstackclient.identity import common as identity_common
from osc_lib import exceptions as osc_exceptions

from osc_image_ext.compute import hypervisors as _hypervisors
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)


def check(parsed_args: argparse.Namespace) -> None:
    """Refuse options that do not go together.

    :raises osc_lib.exceptions.CommandError: if they do not.
    """
    if bool(parsed_args.hypervisors) == bool(parsed_args.matching):
        raise osc_exceptions.CommandError(
            _('Either hypervisors or --matching must be given.')
        )


def find_hypervisors(
    session: _session.RetryingSession, parsed_args: argparse.Namespace
) -> list[_hypervisors.Hypervisor]:
    """Return the hypervisors that are meant, each once.

    :raises: what :func:`osc_image_ext.compute.hypervisors.find` does.
    """
    if not parsed_args.matching:
        names = dict.fromkeys(parsed_args.hypervisors)
        found = [_hypervisors.find(session, name) for name in names]
        return list(dict.fromkeys(found))
    found = _hypervisors.list_matching(session, parsed_args.matching)
    LOG.warning(
        _('Hypervisors found: %s.'), ', '.join(each.name for each in found)
    )
    return found


def build_filters(
    manager: Any, parsed_args: argparse.Namespace
) -> Mapping[str, str]:
    """Return what narrows a list of servers, as Nova takes it.

    :param manager: the client manager of a shell.
    :raises osc_lib.exceptions.CommandError: if there is no such project.
    """
    desired = {'status': parsed_args.status, 'name': parsed_args.name}
    if parsed_args.project:
        desired['project_id'] = identity_common.find_project(
            manager.identity,
            parsed_args.project,
            parsed_args.project_domain,
        ).id
    return {name: value for name, value in desired.items() if value}
