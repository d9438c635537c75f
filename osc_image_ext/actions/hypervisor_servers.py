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
from collections.abc import Iterable, Iterator, Sequence
import contextlib
import functools
import logging
from typing import Any

from keystoneauth1 import session as ksa_session
from openstack.compute.v2 import _proxy
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import listener as _listener
from osc_image_ext import text
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import output
from osc_image_ext.actions import server_arguments
from osc_image_ext.actions import server_report
from osc_image_ext.actions import server_rows
from osc_image_ext.actions import signals
from osc_image_ext.compute import batch as _batch
from osc_image_ext.compute import hypervisors as _hypervisors
from osc_image_ext.compute import outcomes as _outcomes
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.progress import display
from osc_image_ext.progress import units

LOG = logging.getLogger(__name__)

# More servers than these are changed only after a confirmation.
CONFIRM_ABOVE = 100

# More hypervisors than these are counted, not named.
_MAX_NAMES = 3

# Seconds until a request fails, unless the cloud has an api_timeout.
_TIMEOUT = 60.0

_Table = tuple[Sequence[str], Iterable[Any]]


class BulkChange:
    """A change of many servers, and the result for each.

    :param app: a shell.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stop = signals.StopEvent()
        self._outcomes: Sequence[_outcomes.Outcome] = ()

    @errors.as_command_error()
    def run_set(self, parsed_args: argparse.Namespace) -> _Table:
        """Set what the options ask for; return columns and rows."""
        self._check_arguments(parsed_args)
        desired = server_arguments.set_settings(parsed_args)
        return self._run(parsed_args, desired, is_unset=False)

    @errors.as_command_error()
    def run_unset(self, parsed_args: argparse.Namespace) -> _Table:
        """Unset what the options ask for; return columns and rows."""
        self._check_arguments(parsed_args)
        desired = server_arguments.unset_settings(parsed_args)
        return self._run(parsed_args, desired, is_unset=True)

    def report_failures(self) -> int:
        """Log what was not changed; return the exit status for that."""
        return server_report.log_failures(self._outcomes, self._stop.status)

    def _check_arguments(self, parsed_args: argparse.Namespace) -> None:
        output.require_stdout(self._app)
        output.check_columns(server_rows.COLUMNS, parsed_args)
        server_arguments.check_selection(parsed_args)

    def _run(
        self,
        parsed_args: argparse.Namespace,
        desired: server_changes.ServerSettings,
        is_unset: bool,
    ) -> _Table:
        with errors.add_note_on_error(
            _('No servers were changed.'),
            unless=lambda stop: isinstance(stop, Exception),
        ):
            proxy = clients.compute_proxy(self._app.client_manager)
            batch = self._create_batch(proxy, desired, parsed_args)
            with _limit_requests(proxy.session):
                servers, place = self._survey(batch, parsed_args)
            columns = server_rows.COLUMNS
            if parsed_args.dry_run:
                return columns, server_rows.dry_run_rows(servers, is_unset)
            to_change = sum(bool(server.changes) for server in servers)
            if to_change > CONFIRM_ABOVE and not parsed_args.yes:
                self._confirm(to_change, place)
        operation = functools.partial(
            server_changes.apply_changes,
            batch.session,
            microversion=batch.microversion,
        )
        is_shown = parsed_args.progress and to_change > 0
        with (
            _limit_requests(proxy.session),
            self._make_display(is_shown, place) as listener,
            signals.set_on_signal(self._stop),
        ):
            self._outcomes = batch.change(
                servers, operation, listener, server_report.log_stop
            )
        return columns, server_rows.result_rows(servers, self._outcomes)

    def _create_batch(
        self,
        proxy: _proxy.Proxy,
        desired: server_changes.ServerSettings,
        parsed_args: argparse.Namespace,
    ) -> _batch.Batch:
        workers = parsed_args.workers
        return _batch.Batch(
            _session.RetryingSession(proxy, workers, self._stop.wait),
            desired,
            server_arguments.microversion(proxy, desired),
            workers,
            self._stop,
            parsed_args.keep_going,
        )

    def _survey(
        self, batch: _batch.Batch, parsed_args: argparse.Namespace
    ) -> tuple[list[_batch.Server], str]:
        """Return the selected servers, and where they are in a few words."""
        hypervisors = server_arguments.find_hypervisors(
            batch.session, parsed_args
        )
        filters = server_arguments.build_filters(
            self._app.client_manager, parsed_args
        )
        place = _describe_place(hypervisors)
        with self._make_display(parsed_args.progress, place) as listener:
            servers = batch.list_servers(hypervisors, filters, listener)
        if not servers:
            LOG.warning(
                _('No matching servers on %(place)s.'), {'place': place}
            )
        return servers, place

    def _make_display(
        self, is_shown: bool, place: str
    ) -> contextlib.AbstractContextManager[_listener.ProgressListener]:
        return display.make_display(
            is_shown, self._app.stderr, place, units.format_servers
        )

    def _confirm(self, count: int, place: str) -> None:
        """Ask the user if there is one at a terminal."""
        stdin, screens = self._app.stdin, (self._app.stderr, self._app.stdout)
        screen = next((s for s in screens if s and s.isatty()), None)
        if screen is None or not (stdin and stdin.isatty()):
            return
        # Translators: %(place)s is names, or a number of hypervisors. For y
        # and yes your answers are accepted, too.
        question = ngettext(
            'Change %(count)d server on %(place)s? [y/N] ',
            'Change %(count)d servers on %(place)s? [y/N] ',
            count,
        )
        screen.write(question % {'count': count, 'place': place})
        screen.flush()
        # Translators: answers to the prompt [y/N].
        answers = ('y', 'yes', _('y'), _('yes'))
        if stdin.readline().strip().lower() not in answers:
            raise osc_exceptions.CommandError(
                _('Aborted; no servers were changed.')
            )


@contextlib.contextmanager
def _limit_requests(session: ksa_session.Session) -> Iterator[None]:
    """Give all requests of a block a timeout, those to Keystone too."""
    before = session.timeout
    session.timeout = before or _TIMEOUT
    try:
        yield
    finally:
        session.timeout = before


def _describe_place(hypervisors: Sequence[_hypervisors.Hypervisor]) -> str:
    """Return hypervisors by name if they are few, else their number."""
    count = len(hypervisors)
    if count <= _MAX_NAMES:
        return ', '.join(text.printable(each.name) for each in hypervisors)
    return ngettext('%d hypervisor', '%d hypervisors', count) % count
