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

"""What SIGINT, SIGTERM and SIGHUP do while an action runs."""

import atexit
from collections.abc import Callable, Iterable, Iterator
import contextlib
import signal
import sys
from types import FrameType

from osc_image_ext import bulk

_Handler = Callable[[int, FrameType | None], None]

# CI systems end a job with SIGTERM, a closed terminal with SIGHUP, which
# Windows does not have.
_TERMINATING_SIGNALS = [
    getattr(signal, name)
    for name in ('SIGTERM', 'SIGHUP')
    if hasattr(signal, name)
]


# Seconds for which a signal may go unnoticed.
_INTERVAL = 0.2


class StopEvent(bulk.Stop):
    """An event that a signal sets, and that a second one sets at once."""

    #: the exit status that the signal would have caused, 0 without a signal
    status = 0

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Stop at the first signal, and at once at the second.

        Other signals than Ctrl-C may come twice, and mean no more than once:
        ``timeout`` signals a command and its process group, and both a shell
        and its terminal send SIGHUP.
        """
        if self.is_set():
            if number == signal.SIGINT or self.status != 128 + number:
                self.at_once.set()
            return
        self.status = 128 + number
        self.set()


@contextlib.contextmanager
def set_on_signal(stop: StopEvent) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP set an event instead of ending the block.

    An exception could be raised in the middle of whatever the block does. A
    second signal sets its ``at_once``: see :meth:`StopEvent.handle`.
    """
    numbers = [
        number
        for number in (signal.SIGINT, *_TERMINATING_SIGNALS)
        if signal.getsignal(number) != signal.SIG_IGN  # by nohup
    ]
    with _handle(numbers, stop.handle):
        yield


@contextlib.contextmanager
def exit_on_signal(last: bool = False) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as an exit that cleans up.

    The exit status is the one that the signal itself would have caused. Only
    the first one counts: see :meth:`StopEvent.handle`.

    :param last: whether the process ends after the block. Signals have no
        effect then: the result is final, and Python takes a while to exit.
    """
    numbers = [
        number
        for number in _TERMINATING_SIGNALS
        if signal.getsignal(number) == signal.SIG_DFL
    ]
    _set_handler(numbers, _exit)
    try:
        with _notice_signals():
            yield
    finally:
        if last:
            numbers.append(signal.SIGINT)
            _set_handler(numbers, _ignore)
            # A handler written in Python ends before the process does.
            atexit.register(_set_handler, numbers, signal.SIG_IGN)
        else:
            _set_handler(numbers, signal.SIG_DFL)


def _set_handler(
    numbers: Iterable[int], handler: _Handler | signal.Handlers
) -> None:
    for number in numbers:
        signal.signal(number, handler)


@contextlib.contextmanager
def _notice_signals() -> Iterator[None]:
    """Interrupt the system calls of the block again and again.

    Python runs its handlers between two of its instructions. If a signal
    comes after the last of these and before a system call, that call would
    wait on, perhaps for minutes, as if nothing had happened.
    """
    if not hasattr(signal, 'setitimer'):  # on Windows
        yield
        return
    with _handle([signal.SIGALRM], _ignore):
        signal.setitimer(signal.ITIMER_REAL, _INTERVAL, _INTERVAL)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _handle(numbers: list[int], handler: _Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _exit(number: int, frame: FrameType | None) -> None:
    # Not SIG_IGN: Python complains of a signal that it got just before.
    for each in _TERMINATING_SIGNALS:
        if signal.getsignal(each) == _exit:
            signal.signal(each, _ignore)
    sys.exit(128 + number)


def _ignore(number: int, frame: FrameType | None) -> None:
    """Let the block go on."""
