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

"""Watching images until they have their data, or have failed to get it."""

from collections.abc import Iterator
import contextlib
import dataclasses

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import progress_report as _report
from osc_image_ext.image import progress_reporter
from osc_image_ext.image import server_progress
from osc_image_ext.image import tasks

# Seconds between two polls of one image, and of all.
_INTERVAL = 1.0
_LIST_INTERVAL = 2.0


def watch_image(
    proxy: _proxy.Proxy,
    reader: server_progress.ProgressReader,
    progress: _report.ImageProgress,
    listener: _listener.ProgressListener,
    wait: tasks.WaitOptions,
) -> _report.ImageProgress:
    """Poll an image until it is active, or has failed; return the end.

    :param progress: the image as it is now.
    :param wait: its timeout starts now; a poll in progress is not cut short.
    :raises TransferError: if the image was deleted.
    :raises WatchTimeout: if it is neither active nor failed in time.
    :raises: see :meth:`server_progress.ProgressReader.read`; what is
        retriable only if it lasts for more than five minutes.
    """
    outage = retry.Outage(wait.clock)
    deadline = wait.compute_deadline()
    reporter = progress_reporter.Reporter(listener)
    while True:
        reporter.update(progress, outage.problem)
        if progress.is_over:
            return progress
        remaining = deadline - wait.clock()
        if remaining <= 0:
            raise exceptions.WatchTimeout(
                progress.image_id, progress.state, outage.problem
            )
        wait.sleep(min(_INTERVAL, remaining))
        with outage.tolerate(), _explain_deletion(progress.image_id):
            progress = _read_again(proxy, reader, progress)


@contextlib.contextmanager
def _explain_deletion(image_id: str) -> Iterator[None]:
    try:
        yield
    except sdk_exceptions.NotFoundException as error:
        raise exceptions.TransferError(
            _('Image %(id)s was deleted.') % {'id': image_id}
        ) from error


def _read_again(
    proxy: _proxy.Proxy,
    reader: server_progress.ProgressReader,
    before: _report.ImageProgress,
) -> _report.ImageProgress:
    """Return how far an image is now."""
    now = reader.read(proxy.get_image(before.image_id))
    if before.is_running and now.state == _report.WAITING:
        # Glance does not say that an upload has failed.
        return dataclasses.replace(
            now, phase=before.phase, state=_report.FAILED
        )
    return now


def watch_all(
    proxy: _proxy.Proxy,
    reader: server_progress.ProgressReader,
    found: list[_report.ImageProgress],
    board: _listener.ProgressBoard,
    wait: tasks.WaitOptions,
) -> list[_report.ImageProgress]:
    """Poll all images in progress until there are none; return each end.

    :param found: the images in progress now.
    :raises: see :meth:`server_progress.ProgressReader.read`; what is
        retriable only if it lasts for more than five minutes.
    """
    outage = retry.Outage(wait.clock)
    watched = _WatchedImages(board)
    while True:
        watched.update(found, outage.problem)
        if not watched.running:
            return list(watched.images.values())
        wait.sleep(_LIST_INTERVAL)
        with outage.tolerate():
            images = server_progress.list_images(proxy)
            found = server_progress.read_all(reader, images)
            listed = {progress.image_id for progress in found}
            for image_id in watched.running - listed:
                found.append(
                    _read_end(proxy, reader, watched.images[image_id])
                )


def _read_end(
    proxy: _proxy.Proxy,
    reader: server_progress.ProgressReader,
    before: _report.ImageProgress,
) -> _report.ImageProgress:
    """Return how an image that is not in progress any more has ended."""
    try:
        return _read_again(proxy, reader, before)
    except sdk_exceptions.NotFoundException:
        return dataclasses.replace(
            before, status='deleted', state=_report.FAILED
        )


class _WatchedImages:
    """All images that have been in progress, and the rows of a board."""

    def __init__(self, board: _listener.ProgressBoard) -> None:
        self._board = board
        self._reporters: dict[str, progress_reporter.Reporter] = {}
        self._titles: dict[str, str] = {}
        #: the latest progress of each image, by ID
        self.images: dict[str, _report.ImageProgress] = {}

    @property
    def running(self) -> set[str]:
        """IDs of the images that are in progress."""
        return set(self._reporters)

    def update(self, found: list[_report.ImageProgress], problem: str) -> None:
        """Show what was found, with the problem of the last poll if any."""
        for progress in found:
            self._update(progress, problem)
        self._board.refresh()

    def _update(self, progress: _report.ImageProgress, problem: str) -> None:
        image_id = progress.image_id
        is_known = image_id in self.images
        self.images[image_id] = progress
        if image_id not in self._reporters:
            # A failed import may leave its image in the list for good.
            if is_known and progress.is_over:
                return
            row = self._board.get_row(image_id, self._find_title(progress))
            self._reporters[image_id] = progress_reporter.Reporter(row)
        self._reporters[image_id].update(progress, problem)
        if (
            progress.is_over
            or progress.status not in server_progress.IN_PROGRESS
        ):
            del self._reporters[image_id]
            self._board.finish(image_id)

    def _find_title(self, progress: _report.ImageProgress) -> str:
        """Return the name of an image, or its ID if that tells it apart."""
        image_id = progress.image_id
        title = progress.name or image_id
        if title in self._titles.values():
            title = image_id
        return self._titles.setdefault(image_id, title)
