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

import contextlib
import threading
import unittest

from osc_image_ext.progress import base
from tests.fixtures import doubles

MIB = 1024**2


class Drawn(base.Display):
    """A display that counts its drawings."""

    def __init__(self, interval: float = 3600) -> None:
        super().__init__(interval, doubles.FakeClock())
        self.ticks = 0
        self.ends: list[str] = []
        self.drawn = threading.Semaphore(0)

    def tick(self) -> None:
        self.ticks += 1
        self.drawn.release()

    def finish(self) -> None:
        self.ends.append(self.meter.name)


class TestDisplay(unittest.TestCase):
    def test_it_is_drawn_by_a_clock_of_its_own(self) -> None:
        with Drawn(interval=0.001) as drawn:
            for _ in range(3):
                self.assertTrue(drawn.drawn.acquire(timeout=10))

    def test_what_the_transfer_tells_is_only_stored(self) -> None:
        with Drawn() as drawn:
            drawn.phase('uploading')
            drawn.started(100)
            drawn.moved(40)
            self.assertEqual(0, drawn.ticks)
        self.assertEqual(100, drawn.meter.total)
        self.assertEqual(40, drawn.meter.position)
        self.assertEqual('uploading', drawn.meter.name)

    def test_every_way_out_draws_the_end_once(self) -> None:
        for error, expected in (
            (None, 'verified'),
            (ValueError(), 'failed'),
            (KeyboardInterrupt(), 'interrupted'),
            (SystemExit(143), 'interrupted'),
        ):
            with self.subTest(expected):
                drawn = Drawn()
                with contextlib.suppress(BaseException), drawn:
                    drawn.phase('verified')
                    if error:
                        raise error
                self.assertEqual([expected], drawn.ends)
                self.assertFalse(drawn._thread.is_alive())

    def test_an_error_of_the_transfer_is_let_through(self) -> None:
        error = ValueError()
        with self.assertRaises(ValueError) as caught, Drawn():
            raise error
        self.assertIs(error, caught.exception)

    def test_what_ends_before_it_starts_has_no_end(self) -> None:
        with contextlib.suppress(ValueError), Drawn() as drawn:
            raise ValueError
        self.assertEqual([], drawn.ends)
        self.assertFalse(drawn._thread.is_alive())
