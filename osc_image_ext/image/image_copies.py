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

"""Copying several images at a time, with a result for each."""

from collections.abc import Callable, Sequence
import dataclasses
import time

from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import bulk
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.image import image_copy
from osc_image_ext.image import total_listener

#: Results. They are data, and not translated.
COPIED = 'copied'
UNCHANGED = 'unchanged'
IMPORTING = 'importing'
FAILED = 'failed'
SKIPPED = 'skipped'

#: Those after which the other cloud has the image, or will have it.
SUCCESSES = (COPIED, UNCHANGED, IMPORTING)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result for one image.

    :param result: one of the constants of this module.
    :param copied: the copy; None if there is none.
    :param reason: sentences; empty after a success.
    """

    result: str
    copied: image_copy.CopyResult | None = None
    reason: str = ''


def copy_images(
    copier: image_copy.Copier,
    images: Sequence[_image.Image],
    listener: _listener.ProgressListener,
    *,
    workers: int,
    stop: bulk.Stop,
    on_stop: Callable[[int], None] = lambda _count: None,
) -> list[Outcome]:
    """Copy images; return the results in their order.

    :param listener: gets the bytes of all images, or the progress of the only
        one.
    :param workers: number of images to copy at a time.
    :param stop: once it is set, copies in progress are deleted, and the
        remaining images are skipped.
    :param on_stop: see :func:`bulk.run`.
    """
    total, parts = None, [listener]
    if len(images) > 1:
        total = total_listener.TotalListener(listener, images, _('copying'))
        parts = [total.part(index) for index in range(len(images))]
    outcomes = [Outcome(SKIPPED)] * len(images)

    def work(index: int) -> image_copy.CopyResult:
        interruption = _Interruption(stop)
        return copier.copy(
            images[index],
            parts[index],
            sleep=interruption.sleep,
            on_read=interruption.check,
        )

    for item in bulk.run(range(len(images)), work, workers, stop, on_stop):
        outcomes[item.index] = _to_outcome(item)
        if total:
            total.finish(item.index)
    if total:
        listener.phase(_('interrupted') if stop.is_set() else _('finished'))
    return outcomes


class _Interruption:
    """Raises KeyboardInterrupt in a thread, once, after a stop.

    Signals reach the main thread only. What cleans up afterwards may sleep.
    """

    def __init__(self, stop: bulk.Stop) -> None:
        self._stop = stop
        self._is_raised = False

    def check(self) -> None:
        """Raise it if the run was stopped."""
        if self._stop.is_set() and not self._is_raised:
            self._is_raised = True
            raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """Wait, no longer than until the run is stopped."""
        if self._is_raised:
            time.sleep(seconds)
        else:
            self._stop.wait(seconds)
            self.check()


def _to_outcome(item: bulk.ItemResult[int, image_copy.CopyResult]) -> Outcome:
    if item.is_abandoned:
        return Outcome(
            FAILED,
            reason=_(
                'The command was stopped; an incomplete copy may remain in '
                'the other cloud.'
            ),
        )
    if isinstance(item.error, KeyboardInterrupt):
        notes = getattr(item.error, '__notes__', ())
        return Outcome(FAILED, reason=' '.join([_('Interrupted.'), *notes]))
    if item.error:
        return Outcome(FAILED, reason=api_errors.describe(item.error))
    if item.result is None:
        return Outcome(SKIPPED)
    return Outcome(_describe(item.result), item.result)


def _describe(result: image_copy.CopyResult) -> str:
    if not result.is_new:
        return UNCHANGED
    return COPIED if result.image.status == 'active' else IMPORTING
