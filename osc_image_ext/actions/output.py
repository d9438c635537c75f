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

"""What standard output cannot show."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import logging
from typing import Any

from osc_lib import exceptions as osc_exceptions

from osc_image_ext import exceptions
from osc_image_ext import text as _text
from osc_image_ext.actions import errors
from osc_image_ext.i18n import _
from osc_image_ext.progress import plain

LOG = logging.getLogger(__name__)


def require_stdout(app: Any) -> None:
    """Check, before anything is created, that the result can be shown.

    :param app: a shell.
    :raises osc_image_ext.exceptions.Error: if standard output is closed.
    """
    if app.stdout is None:
        raise exceptions.Error(_('Standard output is closed.'))


def check_columns(
    columns: Sequence[str], parsed_args: argparse.Namespace
) -> None:
    """Check that the selected columns exist: afterwards it is too late.

    :param columns: those that there are.
    :raises osc_lib.exceptions.CommandError: if one does not.
    """
    known = {_normalize(column) for column in columns}
    # Only lists can be sorted.
    sort_columns = getattr(parsed_args, 'sort_columns', ())
    for name in (*parsed_args.columns, *sort_columns):
        if _normalize(name) not in known:
            raise osc_exceptions.CommandError(
                _(
                    'There is no column "%(name)s"; the columns are '
                    '%(columns)s.'
                )
                % {
                    'name': _text.printable(name),
                    'columns': ', '.join(columns),
                }
            )


def _normalize(column: str) -> str:
    """Return the name of a column as cliff compares it."""
    return column.lower().strip().replace(' ', '_')


@contextlib.contextmanager
def report_interruption() -> Iterator[None]:
    """Log it if what shows results is interrupted."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        LOG.error(
            _(
                'Interrupted. The command had finished, but its result was '
                'not shown.'
            )
        )
        raise


def show(
    app: Any,
    produce_output: Callable[[], int],
    names: Sequence[str],
    values: Sequence[Any],
) -> int:
    """Show an image; if that fails, report what is on the server.

    :param produce_output: cliff's, which writes to standard output.
    :raises osc_lib.exceptions.CommandError: with the ID and the status of
        the image, if they cannot be shown as they should.
    """
    shown = dict(zip(names, values, strict=True))
    # With --volume it is what Cinder shows, and ``id`` is that of the volume.
    image_id = shown.get('image_id', shown['id'])
    image = {'id': image_id, 'status': shown['status']}
    note = _('Image %(id)s is in status %(status)s.')
    with (
        errors.as_command_error(),
        errors.add_note_on_error(
            note % image, unless=lambda stop: isinstance(stop, Exception)
        ),
    ):
        return _show(app, produce_output, image)


def _show(
    app: Any, produce_output: Callable[[], int], image: Mapping[str, Any]
) -> int:
    try:
        status = produce_output()
        app.stdout.flush()
    except (OSError, ValueError) as error:  # the latter for unknown columns
        if isinstance(error, OSError):
            plain.redirect_to_devnull(app.stdout)
        reason = getattr(error, 'strerror', None) or str(error)
        raise osc_exceptions.CommandError(
            _(
                'Image %(id)s is in status %(status)s, but could not be '
                'shown: %(reason)s'
            )
            % {
                'id': image['id'],
                'status': image['status'],
                'reason': _text.end_sentence(_text.printable(reason)),
            }
        ) from error
    return status
