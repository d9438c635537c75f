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

"""What is logged when a change of many servers is stopped, or fails."""

from collections.abc import Sequence
import logging

from osc_image_ext.compute import batch
from osc_image_ext.compute import outcomes as _outcomes
from osc_image_ext.i18n import ngettext

LOG = logging.getLogger(__name__)


def log_stop(count: int) -> None:
    """Log that a change is stopped.

    :param count: number of servers whose requests are in progress.
    """
    LOG.warning(
        ngettext(
            'Stopping; waiting for %(count)d request. Press Ctrl-C again to '
            'stop at once.',
            'Stopping; waiting for %(count)d requests. Press Ctrl-C again to '
            'stop at once.',
            count,
        ),
        {'count': count},
    )


def log_failures(
    outcomes: Sequence[_outcomes.Outcome], stop_status: int
) -> int:
    """Log how many servers were not changed; return the exit status for that.

    :param stop_status: the exit status for the signal that stopped the
        change, 0 if none did.
    """
    results = [outcome.result for outcome in outcomes]
    failed = results.count(_outcomes.FAILED)
    unknown = results.count(_outcomes.UNKNOWN)
    if failed:
        _log_failed(failed, len(results))
    if unknown:
        _log_unknown(unknown, len(results))
    if results and stop_status:
        _log_interrupted(results.count(_outcomes.SKIPPED), len(results))
        return stop_status
    if skipped := results.count(_outcomes.SKIPPED):
        _log_given_up(skipped, len(results))
    return 1 if failed or unknown else 0


def _log_failed(failed: int, count: int) -> None:
    LOG.error(
        ngettext(
            '%(failed)d of %(count)d server could not be changed.',
            '%(failed)d of %(count)d servers could not be changed.',
            count,
        ),
        {'failed': failed, 'count': count},
    )


def _log_unknown(unknown: int, count: int) -> None:
    LOG.error(
        ngettext(
            'The result is unknown for %(unknown)d of %(count)d server.',
            'The result is unknown for %(unknown)d of %(count)d servers.',
            count,
        ),
        {'unknown': unknown, 'count': count},
    )


def _log_interrupted(skipped: int, count: int) -> None:
    LOG.error(
        ngettext(
            'Interrupted; skipped %(skipped)d of %(count)d server.',
            'Interrupted; skipped %(skipped)d of %(count)d servers.',
            count,
        ),
        {'skipped': skipped, 'count': count},
    )


def _log_given_up(skipped: int, count: int) -> None:
    LOG.error(
        ngettext(
            'Stopped after %(failures)d failures in a row for the same '
            'reason; skipped %(skipped)d of %(count)d server. Use '
            '--keep-going to try all.',
            'Stopped after %(failures)d failures in a row for the same '
            'reason; skipped %(skipped)d of %(count)d servers. Use '
            '--keep-going to try all.',
            count,
        ),
        {
            'failures': batch.MAX_SAME_FAILURES,
            'skipped': skipped,
            'count': count,
        },
    )
