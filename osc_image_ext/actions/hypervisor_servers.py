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

"""Changing all servers of hypervisors, and reporting each result."""

import argparse
from collections.abc import Iterable, Sequence
import functools
import logging
from typing import Any

from osc_lib import exceptions as osc_exceptions

from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import server_arguments
from osc_image_ext.actions import server_rows
from osc_image_ext.actions import signals
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.progress import display
from osc_image_ext.progress import units

LOG = logging.getLogger(__name__)

# More servers than these are changed only after a confirmation.
CONFIRM_ABOVE = 100

_Table = tuple[Sequence[str], Iterable[Any]]


class BulkChange:
    """A change of many servers, and the result for each.

    :param app: a shell.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stop = signals.StopEvent()
        self._outcomes: Sequence[server_changes.Outcome] = ()

    @errors.as_command_error()
    def run_set(self, parsed_args: argparse.Namespace) -> _Table:
        """Set what the options ask for; return columns and rows."""
        desired = server_arguments.set_settings(parsed_args)
        return self._run(parsed_args, desired)

    @errors.as_command_error()
    def run_unset(self, parsed_args: argparse.Namespace) -> _Table:
        """Unset what the options ask for; return columns and rows."""
        desired = server_arguments.unset_settings(parsed_args)
        return self._run(parsed_args, desired)

    def report_failures(self) -> int:
        """Log what was not changed; return the exit status for that."""
        status = 0
        results = [outcome.result for outcome in self._outcomes]
        count = len(results)
        if failed := results.count(server_changes.FAILED):
            status = 1
            LOG.error(
                ngettext(
                    '%(failed)d of %(count)d server could not be changed.',
                    '%(failed)d of %(count)d servers could not be changed.',
                    count,
                ),
                {'failed': failed, 'count': count},
            )
        if count and self._stop.is_set():
            status = self._stop.status
            skipped = results.count(_batch.SKIPPED)
            LOG.error(
                ngettext(
                    'Interrupted; skipped %(skipped)d of %(count)d server.',
                    'Interrupted; skipped %(skipped)d of %(count)d servers.',
                    count,
                ),
                {'skipped': skipped, 'count': count},
            )
        return status

    def _run(
        self,
        parsed_args: argparse.Namespace,
        desired: server_changes.ServerSettings,
    ) -> _Table:
        server_arguments.check_selection(parsed_args)
        manager = self._app.client_manager
        proxy = clients.compute_proxy(manager)
        microversion = server_arguments.microversion(proxy, desired)
        workers = parsed_args.workers
        session = _session.RetryingSession(proxy, workers, self._stop.wait)
        batch = _batch.Batch(
            session, desired, microversion, workers, self._stop
        )
        hypervisors = server_arguments.find_hypervisors(session, parsed_args)
        filters = server_arguments.build_filters(manager, parsed_args)
        servers = batch.list_servers(hypervisors, filters)
        names = ', '.join(each.name for each in hypervisors)
        if not servers:
            LOG.warning(_('No matching servers on %s.'), names)
        if parsed_args.dry_run:
            return server_rows.COLUMNS, server_rows.dry_run_rows(servers)
        to_change = sum(bool(server.changes) for server in servers)
        if to_change > CONFIRM_ABOVE and not parsed_args.yes:
            self._confirm(to_change, names)
        operation = functools.partial(
            server_changes.apply_changes, session, microversion=microversion
        )
        with (
            display.make_display(
                parsed_args.progress and to_change > 0,
                self._app.stderr,
                names,
                units.format_servers,
            ) as listener,
            signals.set_on_signal(self._stop),
        ):
            self._outcomes = batch.change(servers, operation, listener)
        rows = server_rows.result_rows(servers, self._outcomes)
        return server_rows.COLUMNS, rows

    def _confirm(self, count: int, names: str) -> None:
        """Ask the user if there is one at a terminal."""
        stdin, screens = self._app.stdin, (self._app.stderr, self._app.stdout)
        screen = next((s for s in screens if s and s.isatty()), None)
        if screen is None or not (stdin and stdin.isatty()):
            return
        question = _('Change %(count)d servers on %(names)s? [y/N] ')
        screen.write(question % {'count': count, 'names': names})
        screen.flush()
        if stdin.readline().strip().lower() not in ('y', 'yes'):
            raise osc_exceptions.CommandError(
                _('Aborted; no servers were changed.')
            )
