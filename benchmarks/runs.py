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

"""Run a command and measure its use of resources."""

from collections.abc import Mapping, Sequence
import dataclasses
import fcntl
import os
import pathlib
import pty
import resource
import signal
import struct
import subprocess
import termios
import time

# Bytes of the output to keep, for error messages.
_TAIL = 8192


@dataclasses.dataclass(frozen=True)
class Run:
    """The resources that a command used.

    :param wall: seconds from its start to its end.
    :param cpu: seconds of processor time, in user and kernel mode.
    :param peak: peak resident memory in bytes.
    :param output: the end of its output on stdout and stderr.
    """

    wall: float
    cpu: float
    peak: int
    output: str


def run(
    command: Sequence[str | pathlib.Path],
    environ: Mapping[str, str],
    terminal: bool = False,
) -> Run:
    """Run a command until it exits.

    :param terminal: whether it writes to a terminal instead of a pipe.
    :raises RuntimeError: if it fails.
    """
    reader, writer = _terminal() if terminal else os.pipe()
    with os.fdopen(reader, 'rb', buffering=0):
        begun = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                env=environ,
                cwd=environ['HOME'],
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                # Only this process receives Ctrl-C, and kills the command.
                start_new_session=True,
            )
        finally:
            os.close(writer)
        output, usage, status = _followed(process, reader)
        wall = time.perf_counter() - begun
    if status:
        words = ' '.join(map(str, command))
        raise RuntimeError(f'{words} ended with status {status}:\n{output}')
    # On Linux ru_maxrss is in KiB. It includes the time before the exec,
    # when the child was a copy of this process, which has to stay small.
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, usage.ru_maxrss * 1024, output)


def _terminal() -> tuple[int, int]:
    """Return the two ends of a new terminal of 80 columns."""
    reader, writer = pty.openpty()
    size = struct.pack('HHHH', 24, 80, 0, 0)
    fcntl.ioctl(writer, termios.TIOCSWINSZ, size)
    return reader, writer


def _followed(
    process: subprocess.Popen[bytes], reader: int
) -> tuple[str, resource.struct_rusage, int]:
    try:
        output = _drained(reader)
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, usage, process.returncode


def _drained(reader: int) -> str:
    """Read until all writers have closed; return the end of the output."""
    tail = b''
    while True:
        try:
            got = os.read(reader, 65536)
        except OSError:  # a terminal is closed
            got = b''
        if not got:
            return tail.decode(errors='replace')
        tail = (tail + got)[-_TAIL:]
