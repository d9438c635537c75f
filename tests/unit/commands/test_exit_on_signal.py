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

import argparse
from importlib import metadata
import signal
import unittest
from unittest import mock

from osc_image_ext.commands import exit_on_signal

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Sleep:
    """A command that a signal ends."""

    def run(self, parsed_args: argparse.Namespace) -> int:
        signal.raise_signal(parsed_args.number)
        return 0


class _Command(exit_on_signal.ExitOnSignal, _Sleep):
    def __init__(self, interactive: bool) -> None:
        self.app = mock.Mock(interactive_mode=interactive)


class TestExitOnSignal(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        for number in NUMBERS:
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def stopped(self, number: int, interactive: bool) -> object:
        """Run a command that gets a signal; return its exit status."""
        with (
            mock.patch('atexit.register'),
            self.assertRaises((KeyboardInterrupt, SystemExit)) as caught,
        ):
            _Command(interactive).run(argparse.Namespace(number=number))
        return getattr(caught.exception, 'code', None)

    def test_a_signal_ends_the_command(self) -> None:
        for number, status in zip(NUMBERS, (None, 143, 129), strict=True):
            self.assertEqual(status, self.stopped(number, interactive=True))

    def test_signals_have_no_effect_afterwards(self) -> None:
        self.stopped(signal.SIGTERM, interactive=False)
        for number in NUMBERS:
            signal.raise_signal(number)

    def test_they_do_in_the_interactive_mode(self) -> None:
        before = [signal.getsignal(number) for number in NUMBERS]
        self.stopped(signal.SIGTERM, interactive=True)
        self.assertEqual(
            before, [signal.getsignal(number) for number in NUMBERS]
        )

    def test_each_command_has_it(self) -> None:
        points = [
            point
            for point in metadata.distribution('osc-image-ext').entry_points
            if '.commands.' in point.value
        ]
        self.assertTrue(points)
        for point in points:
            with self.subTest(point.name):
                self.assertTrue(
                    issubclass(point.load(), exit_on_signal.ExitOnSignal)
                )
