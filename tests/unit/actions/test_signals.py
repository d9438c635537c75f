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

import atexit
import os
import signal
import socket
import threading
import time
import types
import unittest
from unittest import mock

from osc_image_ext.actions import signals


class TestSetOnSignal(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        # A shell lets what it runs in the background ignore Ctrl-C.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        self.stop = signals.StopEvent()

    def test_a_signal_sets_it_and_raises_nothing(self) -> None:
        for name, status in (('SIGINT', 130), ('SIGTERM', 143)):
            with self.subTest(name):
                stop = signals.StopEvent()
                with signals.set_on_signal(stop):
                    self.assertFalse(stop.is_set())
                    os.kill(os.getpid(), getattr(signal, name))
                    self.assertTrue(stop.is_set())
                self.assertEqual(status, stop.status)

    def test_the_second_sets_it_at_once(self) -> None:
        with signals.set_on_signal(self.stop):
            os.kill(os.getpid(), signal.SIGTERM)
            self.assertFalse(self.stop.at_once.is_set())
            os.kill(os.getpid(), signal.SIGINT)
            self.assertTrue(self.stop.at_once.is_set())
            os.kill(os.getpid(), signal.SIGINT)  # does nothing more
        self.assertEqual(143, self.stop.status)

    def test_the_second_sigterm_does_nothing(self) -> None:
        with signals.set_on_signal(self.stop):
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
        self.assertFalse(self.stop.at_once.is_set())

    def test_handlers_are_those_of_before_afterwards(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with signals.set_on_signal(self.stop):
            self.assertNotEqual(before, signal.getsignal(signal.SIGINT))
        self.assertEqual(before, signal.getsignal(signal.SIGINT))

    def test_an_ignored_signal_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        with signals.set_on_signal(self.stop):
            os.kill(os.getpid(), signal.SIGHUP)
        self.assertFalse(self.stop.is_set())
        self.assertEqual(0, self.stop.status)

    def test_it_can_be_waited_for(self) -> None:
        self.assertFalse(self.stop.wait(0))
        threading.Thread(target=self.stop.set).start()
        self.assertTrue(self.stop.wait(10))


class TestExitOnSignal(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        for number in (signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
            signal.signal(number, signal.SIG_DFL)

    def test_a_signal_ends_the_block_as_an_exit(self) -> None:
        for number, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            with self.subTest(number):
                cleaned = mock.Mock()
                with (
                    self.assertRaises(SystemExit) as caught,
                    signals.exit_on_signal(),
                ):
                    try:
                        signal.raise_signal(number)
                    finally:
                        cleaned()
                self.assertEqual(status, caught.exception.code)
                cleaned.assert_called_once_with()

    def test_others_do_not_end_the_clean_up(self) -> None:
        cleaned = mock.Mock()
        with self.assertRaises(SystemExit) as caught, signals.exit_on_signal():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGHUP)
                cleaned()
        self.assertEqual(143, caught.exception.code)
        cleaned.assert_called_once_with()

    def test_a_signal_just_before_a_system_call(self) -> None:
        def receive_signal() -> None:
            # The main thread takes no notice while it waits: its system call
            # is not interrupted.
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

        thread = threading.Timer(0.05, receive_signal)
        self.addCleanup(thread.join)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(10)
            with self.assertRaises(SystemExit), signals.exit_on_signal():
                thread.start()
                begun = time.monotonic()
                ours.recv(1)
        self.assertLess(time.monotonic() - begun, 5)

    def test_handlers_are_put_back(self) -> None:
        with signals.exit_on_signal():
            pass
        with self.assertRaises(ValueError), signals.exit_on_signal():
            raise ValueError
        for number in (signal.SIGTERM, signal.SIGHUP):
            self.assertIs(signal.SIG_DFL, signal.getsignal(number))
        self.assertIs(signal.SIG_DFL, signal.getsignal(signal.SIGALRM))
        self.assertEqual((0, 0), signal.getitimer(signal.ITIMER_REAL))

    def test_what_comes_after_the_last_block_has_no_effect(self) -> None:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = signal.getsignal(signal.SIGINT)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        with mock.patch.object(atexit, 'register') as register:
            with (
                self.assertRaises(KeyboardInterrupt),
                signals.exit_on_signal(last=True),
            ):
                signal.raise_signal(signal.SIGINT)
            for number in numbers:
                signal.raise_signal(number)
        ((function, *arguments), _options) = register.call_args
        function(*arguments)
        for number in numbers:
            self.assertIs(signal.SIG_IGN, signal.getsignal(number))

    def test_an_ignored_signal_stays_ignored(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with signals.exit_on_signal():
            self.assertIs(signal.SIG_IGN, signal.getsignal(signal.SIGHUP))
            self.assertIsNot(signal.SIG_DFL, signal.getsignal(signal.SIGTERM))
        self.assertIs(signal.SIG_IGN, signal.getsignal(signal.SIGHUP))

    def test_the_handler_of_somebody_else_stays(self) -> None:
        def theirs(number: int, frame: types.FrameType | None) -> None:
            pass

        signal.signal(signal.SIGTERM, theirs)
        with signals.exit_on_signal():
            self.assertIs(theirs, signal.getsignal(signal.SIGTERM))
        self.assertIs(theirs, signal.getsignal(signal.SIGTERM))
