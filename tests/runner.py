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

"""Run tests with stestr; show failures and progress as they come.

Progress is the last line on a terminal, and a line now and then in a log. The
end is a line like "421 passed, 0 failed".
"""

import argparse
from collections.abc import Iterator, Sequence
import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Any

import subunit
import testtools

from tests import summary

# Seconds between two lines about the progress, if not on a terminal.
_INTERVAL = 30.0
# Seconds that tests have to clean up when they are interrupted.
_GRACE = 10.0

# The name of what is no result in the output of a run.
_OTHER = 'other'

# What a test's status counts as; any other is a failure.
_RESULTS = {'success': 'passed', 'xfail': 'passed', 'skip': 'skipped'}


class Report:
    """Counts results and shows them."""

    def __init__(self) -> None:
        #: tests that are to run; they are announced as workers start
        self._total = 0
        self._counts = {'passed': 0, 'failed': 0, 'skipped': 0}
        self._begun = self._shown = time.monotonic()
        self._on_terminal = sys.stdout.isatty()

    @property
    def failed(self) -> int:
        """How many tests have failed."""
        return self._counts['failed']

    @property
    def missing(self) -> int:
        """How many tests have no result yet."""
        return self._total - sum(self._counts.values())

    def add(self, test: dict[str, Any]) -> None:
        """Take what is known of a test, as StreamToDict has it."""
        if test['status'] == 'exists':
            self._total += 1
            return
        result = _RESULTS.get(test['status'], 'failed')
        self._counts[result] += 1
        if result == 'failed':
            self._show_failure(test)
        self._show_progress()

    def close(self) -> None:
        """Show the result of the run."""
        if self.missing:
            self._print(f'{self.missing} tests have no result.')
        self._print(summary.report(self._counts))

    def _show_failure(self, test: dict[str, Any]) -> None:
        self._print(f'\nFAILED: {test["id"]} ({test["status"]})')
        for name, content in test['details'].items():
            is_text = content.content_type.type == 'text'
            if is_text and (text := content.as_text().strip()):
                self._print(f'{name}:\n{text}\n')

    def _show_progress(self) -> None:
        now = time.monotonic()
        minutes, seconds = divmod(int(now - self._begun), 60)
        text = (
            f'{self._total - self.missing}/{self._total} tests, '
            f'{self.failed} failed, {minutes}:{seconds:02}'
        )
        if self._on_terminal:
            _write(f'\r{text}\x1b[K')
        elif now - self._shown > _INTERVAL:
            self._print(text)
            self._shown = now

    def _print(self, text: str) -> None:
        start = '\r\x1b[K' if self._on_terminal else ''
        _write(f'{start}{text}\n')


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main() -> int:
    """Return 0 if all the tests ran and none failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--failfast', action='store_true')
    parser.add_argument('--workers', help='file with what each worker runs')
    parser.add_argument('--include-list', help='file with filters')
    parser.add_argument('directory')
    parser.add_argument('filters', nargs='*')
    args = parser.parse_intermixed_args()
    # What was started ends in any case.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report()
    stestr = [
        *(sys.executable, '-m', 'stestr', '--test-path', args.directory),
        *('run', '--subunit', *args.filters),
    ]
    if args.include_list:
        stestr += ['--include-list', args.include_list]
    if args.workers:
        # With a concurrency of 1, as on one processor, it is not looked at.
        stestr += ['--concurrency', '2', '--worker-file', args.workers]
    with _group(stestr) as process:
        interrupted = _read(process, report, args.failfast)
        status = 1 if interrupted else process.wait()
    report.close()
    return int(bool(status or report.failed or report.missing))


def _read(
    process: subprocess.Popen[bytes], report: Report, failfast: bool
) -> bool:
    """Let the report have what a run writes; return whether it was stopped."""

    def add(test: Any) -> None:
        report.add(test)
        if failfast and report.failed:
            raise KeyboardInterrupt

    result = _Result(add)
    result.startTestRun()
    try:
        subunit.ByteStreamToStreamResult(process.stdout, _OTHER).run(result)
        # A test that has not ended by now is reported as such.
        result.stopTestRun()
    except KeyboardInterrupt:
        return True
    return False


class _Result(testtools.StreamToDict):
    """Shows what is written beside the results, such as errors of stestr."""

    def status(self, *args: Any, **options: Any) -> None:
        if options.get('file_name') == _OTHER:
            _write(options['file_bytes'].decode(errors='replace'))
        super().status(*args, **options)


@contextlib.contextmanager
def _group(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a process group, which is ended on exit."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=_GRACE)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == '__main__':
    sys.exit(main())
