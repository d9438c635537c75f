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

"""Errors of the layers below, as errors of a command."""

from collections.abc import Callable, Iterator
import contextlib
import logging

from openstack import exceptions as sdk_exceptions
from osc_lib import exceptions as osc_exceptions

from osc_image_ext import api_errors
from osc_image_ext import text as _text
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)


@contextlib.contextmanager
def as_command_error() -> Iterator[None]:
    """Turn any error of the block, with its notes, into one CommandError.

    :raises osc_lib.exceptions.CommandError: with all that is known.
    """
    try:
        yield
    except osc_exceptions.CommandError as error:
        notes = getattr(error, '__notes__', ())
        text = str(error)
        if error.__cause__ and not text:  # core's, for unknown projects
            text = api_errors.describe(error.__cause__)
        elif not notes:
            raise
        text = ' '.join([_text.end_sentence(text), *notes])
        raise osc_exceptions.CommandError(text) from error
    except Exception as error:
        # OpenStackClient shows the traceback with --debug.
        raise osc_exceptions.CommandError(
            api_errors.describe(error)
        ) from error
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
    :param unless: whether the note is not true for an error.
    """
    try:
        yield
    except BaseException as stop:
        if not unless(stop):
            stop.add_note(note)
        raise


@contextlib.contextmanager
def explain_policy_error(policy: str) -> Iterator[None]:
    """Add to a 403 which users one of Glance's policies allows."""
    try:
        yield
    except sdk_exceptions.ForbiddenException as error:
        error.add_note(
            _(
                'This requires the Glance policy %(policy)s, which by default '
                'allows administrators only.'
            )
            % {'policy': policy}
        )
        raise
