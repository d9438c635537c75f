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

"""Showing how far the server is with the data of images."""

import argparse
from collections.abc import Callable, Iterable, Sequence
import contextlib
import logging
from typing import Any, TypeVar

from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import output
from osc_image_ext.actions import progress_rows
from osc_image_ext.actions import wait_arguments
from osc_image_ext.i18n import _
from osc_image_ext.image import progress_report as _report
from osc_image_ext.image import progress_watch
from osc_image_ext.image import server_progress
from osc_image_ext.image import tasks
from osc_image_ext.progress import display

LOG = logging.getLogger(__name__)

_Result = TypeVar('_Result')
_Screen = TypeVar('_Screen')


class ShowProgress:
    """Shows one image, and reports its failure if it was watched.

    :param app: a shell.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._failed: _report.ImageProgress | None = None

    @errors.as_command_error()
    def run(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        """Return the columns of the image, when watching it has ended."""
        output.require_stdout(self._app)
        wait = wait_arguments.watch_options(parsed_args)
        proxy = clients.image_proxy(self._app.client_manager)
        reader = server_progress.ProgressReader(proxy)
        image = proxy.find_image(parsed_args.image, ignore_missing=False)
        progress = retry.retry_until(lambda: reader.read(image), wait.sleep)
        _warn_unreported(reader, [progress])
        if wait.enabled:
            screen = display.make_display(
                True, self._app.stderr, parsed_args.image
            )
            progress = _watch(
                screen,
                lambda listener: progress_watch.watch_image(
                    proxy, reader, progress, listener, wait
                ),
            )
            if progress.state == _report.FAILED:
                self._failed = progress
        return progress_rows.show_columns(progress)

    def report_failure(self) -> int:
        """Log why the watched image failed; return the exit status."""
        if self._failed is None:
            return 0
        LOG.error(_describe_failure(self._failed))
        return 1


@errors.as_command_error()
def run_list(
    app: Any, parsed_args: argparse.Namespace
) -> tuple[Sequence[str], Iterable[Any]]:
    """List the images in progress, or those that were while it watched.

    :param app: a shell.
    :returns: columns and rows.
    """
    output.require_stdout(app)
    output.check_columns(progress_rows.COLUMNS, parsed_args)
    wait = tasks.WaitOptions(parsed_args.watch)
    proxy = clients.image_proxy(app.client_manager)
    reader = server_progress.ProgressReader(proxy)
    found = retry.retry_until(
        lambda: server_progress.read_all(
            reader, server_progress.list_images(proxy)
        ),
        wait.sleep,
    )
    _warn_unreported(reader, found)
    if wait.enabled:
        found = _watch(
            display.make_board(app.stderr),
            lambda board: progress_watch.watch_all(
                proxy, reader, found, board, wait
            ),
        )
    return progress_rows.COLUMNS, map(progress_rows.list_row, found)


def _watch(
    screen: contextlib.AbstractContextManager[_Screen],
    watch: Callable[[_Screen], _Result],
) -> _Result:
    """Watch while something is drawn.

    The display does not learn what ends the watch: it would show that the
    upload, not the watch, was interrupted or has failed.
    """
    stop: BaseException
    with screen as drawn:
        try:
            return watch(drawn)
        except BaseException as error:
            stop = error
    if not isinstance(stop, Exception):
        stop.add_note(_('Nothing was changed on the server.'))
    raise stop


def _warn_unreported(
    reader: server_progress.ProgressReader,
    found: Iterable[_report.ImageProgress],
) -> None:
    """Warn, once, if bytes that are on their way are not reported."""
    is_running = any(progress.is_running for progress in found)
    if is_running and not reader.has_reports:
        LOG.warning(
            _(
                'The image service does not report the bytes of uploads '
                '(glance-upload-progress is not installed there).'
            )
        )


def _describe_failure(progress: _report.ImageProgress) -> str:
    """Return why an image failed, and its status."""
    code = progress.status_code or 0
    if progress.phase == _report.IMPORT and progress.message:
        sentence = _('The import of image %(id)s failed: %(reason)s')
    elif progress.phase == _report.IMPORT:
        sentence = _(
            'The import of image %(id)s failed; the server gave no reason.'
        )
    elif progress.phase is not None and code >= 400:
        sentence = _(
            'The upload of image %(id)s failed with HTTP status %(code)d.'
        )
    elif progress.phase is not None:
        sentence = _('The upload of image %(id)s failed.')
    else:
        sentence = ''
    status = _('Image %(id)s is in status %(status)s.')
    values = {
        'id': progress.image_id,
        'status': progress.status,
        'code': code,
        'reason': text.end_sentence(progress.message),
    }
    return ' '.join(filter(None, (sentence, status))) % values
