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

"""Errors of the layers below, told as errors of a command."""

from collections.abc import Callable, Iterator
import contextlib
import logging
import signal
import sys
from types import FrameType

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)

# Windows has no SIGHUP.
_TERMINATING_SIGNALS = [
    getattr(signal, name)
    for name in ('SIGTERM', 'SIGHUP')
    if hasattr(signal, name)
]


@contextlib.contextmanager
def as_command_error() -> Iterator[None]:
    """Turn what goes wrong in the block into one CommandError.

    :raises osc_lib.exceptions.CommandError: with all that is known.
    """
    try:
        yield
    except (
        exceptions.Error,
        sdk_exceptions.SDKException,
        ksa_exceptions.ClientException,
    ) as error:
        raise osc_exceptions.CommandError(
            api_errors.describe(error)
        ) from error
    except osc_exceptions.CommandError as error:
        if error.__cause__ and not str(error):  # core's, for no such project
            text = api_errors.describe(error.__cause__)
            raise osc_exceptions.CommandError(text) from error
        raise
    except (KeyboardInterrupt, SystemExit) as stop:
        LOG.error(
            ' '.join([_('Interrupted.'), *getattr(stop, '__notes__', ())])
        )
        raise


@contextlib.contextmanager
def add_note_on_error(
    note: str, unless: Callable[[BaseException], bool]
) -> Iterator[None]:
    """Add a note to whatever ends the block, an interruption included.

    :param note: a sentence.
    :param unless: tells of what it would not be true.
    """
    try:
        yield
    except BaseException as stop:
        if not unless(stop):
            stop.add_note(note)
        raise


@contextlib.contextmanager
def explain_policy_error(policy: str) -> Iterator[None]:
    """Tell who is allowed to do what a policy of Glance's refuses."""
    try:
        yield
    except sdk_exceptions.ForbiddenException as error:
        error.add_note(
            _(
                "Glance's policy %s lets only administrators do this, unless "
                'it was changed.'
            )
            % policy
        )
        raise


@contextlib.contextmanager
def exit_on_signal() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as an exit that cleans up.

    CI systems end a job with SIGTERM, a closed terminal with SIGHUP. The exit
    status is the one that the signal itself would have caused. A signal that
    is ignored (nohup) stays ignored.
    """
    ours = {
        number: handler
        for number in _TERMINATING_SIGNALS
        if (handler := signal.getsignal(number)) == signal.SIG_DFL
    }
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
