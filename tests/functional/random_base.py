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

"""What tests with random commands, faults and signals have in common.

By default they run for some seconds with a fixed seed. Variables change that:

``OSC_IMAGE_EXT_SEED``
    the seed, or ``SEED/NUMBER`` for one run of those with that seed
``OSC_IMAGE_EXT_SECONDS``
    how long each of these tests runs
``OSC_IMAGE_EXT_LOG``
    file that gets a line for each run
"""

from collections.abc import Iterator, Sequence
import dataclasses
import itertools
import os
import random
import re
import shlex
import signal
import subprocess
import threading
import time
from typing import Any

from tests.fixtures import random_faults
from tests.fixtures import random_faults_proxy
from tests.functional import base

_SEED = os.environ.get('OSC_IMAGE_EXT_SEED') or '1'
_LOG = os.environ.get('OSC_IMAGE_EXT_LOG')
_SECONDS = float(os.environ.get('OSC_IMAGE_EXT_SECONDS') or 20)

# A command that takes longer has failed.
_MAX_SECONDS = 60.0
# Seconds until what a command has begun is over on the server.
_GRACE = 6.0
_MAX_FAILURES = 20

#: requests for image data, as a target
DOWNLOAD = ('GET', '/file$')

_STATUSES = {
    signal.SIGINT: {0, 1, 130, -signal.SIGINT},
    # The last one if it comes before or after what the command does.
    signal.SIGTERM: {0, 1, 143, -signal.SIGTERM},
}


_WORDS_OF_PYTHON = re.compile(
    r"Expecting value|Unterminated string|Extra data:|NoneType|'\w+' object|"
    r"^'\w+'\.?$|status None|list index",
    re.MULTILINE,
)
# Those of commands that need not say why; a signal may come when all is said.
_SILENT = (0, -signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL)


@dataclasses.dataclass
class Run:
    """A command to run, and what it is about.

    :param targets: requests that are worth a fault: methods and paths, as
        regular expressions.
    :param data: for its standard input.
    :param size: bytes of image data that it sends or receives.
    :param flip: whether a changed byte is noticed.
    :param disturbed: whether more than the proxy and signals disturb it.
    """

    command: tuple[str, ...]
    targets: tuple[tuple[str, str], ...] = ()
    data: bytes | None = None
    size: int = 0
    flip: bool = False
    disturbed: bool = False


class RandomTest(base.FunctionalTest):
    """Runs commands until the time is over; fails if one broke a promise."""

    proxy: random_faults_proxy.RandomFaultsProxy

    def plan(self, rng: random.Random) -> Any:
        """Draw a command, and prepare on the server what it needs."""
        raise NotImplementedError

    def check(self, run: Any, result: base.Result) -> list[str]:
        """Return the promises that the command has broken, as sentences."""
        raise NotImplementedError

    def clean(self, run: Any) -> None:
        """Remove what a command has left."""
        raise NotImplementedError

    def find_late(self) -> list[str]:
        """Return what has appeared on the server after all, as sentences."""
        return []

    def run_random(self) -> None:
        """Do all of that."""
        reports = []
        for number in self._numbers():
            if report := self._report_run(number):
                reports.append(report)
            if len(reports) == _MAX_FAILURES:
                break
        reports += self.find_late()
        if reports:
            self.fail('\n\n'.join(['', *reports]))

    def _numbers(self) -> Iterator[int]:
        if '/' in _SEED:
            yield int(_SEED.partition('/')[2])
            return
        end = time.monotonic() + _SECONDS
        for number in itertools.count(1):
            yield number
            if time.monotonic() > end:
                return

    def _report_run(self, number: int) -> str:
        """Run a command; return a report if it broke a promise."""
        name = f'{_SEED.partition("/")[0]}/{number}'
        rng = random.Random(name)  # not for cryptography
        self.name = f'random-{name}'.replace('/', '-')
        run = self.plan(rng)
        faults = [
            self._draw_injection(rng, run) for _ in range(rng.randint(1, 4))
        ]
        signals = random_faults.draw_signals(rng, run.targets)
        result, seconds = self._run(run, faults, signals)
        problems = self._check(run, result)
        self.clean(run)
        self._log(name, run, result, seconds)
        # finish() adds outputs, of which only those in reports are wanted.
        self.getDetails().clear()
        if not problems:
            return ''
        return '\n'.join(
            [
                f'OSC_IMAGE_EXT_SEED={name}: {shlex.join(run.command)}',
                *(f'  * {problem}' for problem in problems),
                *(f'  - {planned}' for planned in (*faults, *signals)),
                f'status {result.status} after {seconds:.1f} s, stdout:',
                result.stdout,
                'stderr:',
                result.stderr,
                'requests, and what was done to them:',
                self.proxy.trace(),
            ]
        )

    def _log(
        self, name: str, run: Run, result: base.Result, seconds: float
    ) -> None:
        if _LOG:
            with open(_LOG, 'a') as file:
                hits = ', '.join(self.proxy.injected())
                file.write(
                    f'{name} {result.status} {seconds:.1f} s: '
                    f'{shlex.join(run.command)}: {hits}: '
                    f'{result.stderr.strip()!r}\n'
                )

    def _draw_injection(
        self, rng: random.Random, run: Run
    ) -> random_faults.Injection:
        method, path = rng.choice(run.targets)
        if (method, path) == DOWNLOAD:
            fault = random_faults.draw_data_fault(rng, run.size, run.flip)
        else:
            size = run.size if method == 'PUT' else 0
            flip = run.flip and size > 0
            fault = random_faults.draw_fault(rng, size, flip)
        return random_faults.Injection(
            method,
            path,
            first=rng.choice((1, 1, 1, 2, 3)),
            times=rng.choice((1, 1, 2)),
            fault=fault,
        )

    def _run(
        self,
        run: Run,
        faults: Sequence[random_faults.Injection],
        signals: Sequence[random_faults.SignalAfter],
    ) -> tuple[base.Result, float]:
        """Run a command, with faults and signals; return its duration too."""
        started = threading.Event()

        def send(number: signal.Signals) -> None:
            if started.wait(1):
                process.send_signal(number)

        self.proxy.prepare(faults, signals, send)
        stdin = subprocess.DEVNULL if run.data is None else subprocess.PIPE
        begun = time.monotonic()
        process = self.start(*run.command, stdin=stdin)
        started.set()
        watchdog = threading.Timer(_MAX_SECONDS, process.kill)
        watchdog.start()
        result = self.finish(process, run.data)
        watchdog.cancel()
        seconds = time.monotonic() - begun
        self.proxy.settle()
        return result, seconds

    def _check(self, run: Run, result: base.Result) -> list[str]:
        return self._check_process(run, result) + self._check_later(
            run, result
        )

    def _check_process(self, run: Run, result: base.Result) -> list[str]:
        problems = []
        allowed = {0, 1}
        for number in self.proxy.sent:
            allowed |= _STATUSES[number]
        if result.status == -signal.SIGKILL:
            problems.append(f'It runs longer than {_MAX_SECONDS} s.')
        elif result.status not in allowed:
            problems.append(f'Its status is {result.status}.')
        if 'Traceback' in result.stderr:
            problems.append('It shows a traceback.')
        if result.status not in _SILENT and not result.stderr.strip():
            problems.append('It fails silently.')
        disturbed = run.disturbed or self.proxy.injected()
        if result.status != 0 and not disturbed:
            problems.append('It fails without any disturbance.')
        if words := _WORDS_OF_PYTHON.search(result.stderr):
            problems.append(f'It shows words of Python: {words[0]}.')
        return problems

    def _check_later(self, run: Run, result: base.Result) -> list[str]:
        """Check the server, also a while later if that is not as promised."""
        end = time.monotonic() + _GRACE
        while (problems := self.check(run, result)) and time.monotonic() < end:
            time.sleep(0.5)
        return problems
