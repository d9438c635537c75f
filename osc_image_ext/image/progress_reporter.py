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

"""The progress of an image, as a listener gets it."""

from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _
from osc_image_ext.image import progress_report as _report

# What is the same for all numbers of bytes that can be compared.
_Count = tuple[str | None, str | None, int | None, bool]


class Reporter:
    """Translates the progress of an image into calls of a listener."""

    def __init__(self, listener: _listener.ProgressListener) -> None:
        self._listener = listener
        self._count: _Count | None = None
        self._position = 0

    def update(
        self, progress: _report.ImageProgress, problem: str = ''
    ) -> None:
        """Report how far an image is, with the problem of the last poll."""
        name = _describe_state(progress)
        received = progress.received
        if not progress.is_over and self._is_new_count(progress):
            self._listener.phase(name)
            self._listener.started(progress.total, received or 0)
            self._count = _identify_count(progress)
        if received is not None and self._count:
            self._position = received
            self._listener.moved(received)
        self._listener.phase(name, problem or _describe_source(progress))

    def _is_new_count(self, progress: _report.ImageProgress) -> bool:
        """Return whether bytes are counted that were not counted before."""
        if progress.received is None:  # for this poll, or from now on
            return bool(self._count and self._count[0] != progress.phase)
        return (
            self._count != _identify_count(progress)
            or progress.received < self._position
        )


def _identify_count(progress: _report.ImageProgress) -> _Count:
    return (
        progress.phase,
        progress.attempt,
        progress.total,
        progress.received is None,
    )


def _describe_state(progress: _report.ImageProgress) -> str:
    """Return the state of an image in a word."""
    if progress.state == _report.DONE:
        return _('active') if progress.is_over else _('staged')
    names = {
        _report.WAITING: _('waiting'),
        _report.RECEIVING: _('receiving'),
        _report.STORING: _('storing'),
        _report.IMPORTING: _('importing'),
        _report.STALLED: _('stalled'),
        _report.FAILED: _('failed'),
    }
    return names.get(progress.state, progress.state)


def _describe_source(progress: _report.ImageProgress) -> str:
    """Return what is known in place of bytes, or why they rarely change."""
    if not progress.is_running:
        return ''
    if progress.received is None:
        return progress.message or _('bytes not reported')
    return '' if progress.is_reported else _('reported once a minute')
