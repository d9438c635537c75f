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

import hashlib
import threading
import unittest
from unittest import mock

from osc_image_ext.image import digest

ALGORITHMS = ('md5', 'sha256', 'sha512')


def expected(data: bytes) -> dict[str, str]:
    return {name: hashlib.new(name, data).hexdigest() for name in ALGORITHMS}


class HeldHash:
    """A hash that does not take its next block before it is let."""

    digest_size = 1

    def __init__(self) -> None:
        self.may = threading.Semaphore(0)

    def update(self, block: bytes) -> None:
        self.may.acquire()

    def hexdigest(self) -> str:
        return '00'


class TestSupported(unittest.TestCase):
    def test_what_glance_may_use_is_supported(self) -> None:
        for name in (*ALGORITHMS, 'sha3_512', 'blake2b'):
            with self.subTest(name):
                self.assertTrue(digest.supported(name))

    def test_what_has_no_size_or_no_name_is_not(self) -> None:
        for name in ('shake_128', 'shake_256', 'nonsense', '', None):
            with self.subTest(name):
                self.assertIs(False, digest.supported(name))

    def test_a_python_that_is_denied_an_algorithm_says_so(self) -> None:
        denied = ValueError('[digital envelope routines] unsupported')
        with mock.patch.object(hashlib, 'new', side_effect=denied):
            self.assertIs(False, digest.supported('md5'))

    def test_hashes_are_not_made_for_security(self) -> None:
        with mock.patch.object(hashlib, 'new') as new:
            digest.new('md5')
        new.assert_called_once_with('md5', usedforsecurity=False)


class TestDigests(unittest.TestCase):
    def digests(self, *names: str) -> digest.Digests:
        digests = digest.Digests(names)
        self.addCleanup(digests.close)
        return digests

    def test_several_at_once_equal_those_of_hashlib(self) -> None:
        digests = self.digests(*ALGORITHMS)
        for block in (b'one', b'two', b'x' * 100_000):
            digests.update(block)
        self.assertEqual(
            expected(b'onetwo' + b'x' * 100_000), digests.result()
        )

    def test_no_data_has_a_digest(self) -> None:
        self.assertEqual(expected(b''), self.digests(*ALGORITHMS).result())

    def test_no_algorithm_has_no_digest(self) -> None:
        digests = self.digests()
        digests.restart()
        digests.update(b'data')
        self.assertEqual({}, digests.result())

    def test_a_restart_forgets_what_was_before(self) -> None:
        digests = self.digests(*ALGORITHMS)
        digests.update(b'lost')
        digests.restart()
        digests.update(b'kept')
        self.assertEqual(expected(b'kept'), digests.result())
        digests.restart()
        self.assertEqual(expected(b''), digests.result())

    def test_a_result_may_be_asked_for_in_between(self) -> None:
        digests = self.digests(*ALGORITHMS)
        digests.update(b'one')
        self.assertEqual(expected(b'one'), digests.result())
        digests.update(b'two')
        self.assertEqual(expected(b'onetwo'), digests.result())

    def test_what_is_known_is_not_computed(self) -> None:
        digests = digest.Digests(('md5', 'sha512'), {'sha512': 'known'})
        self.addCleanup(digests.close)
        digests.update(b'data')
        md5 = expected(b'data')['md5']
        self.assertEqual({'sha512': 'known', 'md5': md5}, digests.result())

    def test_an_unsupported_algorithm_is_refused_at_once(self) -> None:
        with self.assertRaises(ValueError):
            digest.Digests(('nonsense',))


class TestThreads(unittest.TestCase):
    def test_update_waits_for_a_hasher_that_lags_behind(self) -> None:
        held = HeldHash()
        with mock.patch.object(digest, 'new', return_value=held):
            digests = digest.Digests(('md5',))
        for _ in range(digest._BACKLOG):
            digests.update(b'block')
        sender = threading.Thread(target=digests.update, args=(b'block',))
        sender.start()
        self.assertTrue(sender.is_alive())
        held.may.release()
        sender.join(10)
        self.assertFalse(sender.is_alive())
        held.may.release(1000)
        digests.close()

    def test_close_ends_the_thread(self) -> None:
        before = set(threading.enumerate())
        digests = digest.Digests(ALGORITHMS)
        (ours,) = set(threading.enumerate()) - before
        digests.update(b'data')
        digests.close()
        ours.join(10)
        self.assertFalse(ours.is_alive())

    def test_an_abandoned_digest_does_not_keep_the_process_alive(self) -> None:
        before = set(threading.enumerate())
        digests = digest.Digests(('md5',))
        self.addCleanup(digests.close)
        for thread in set(threading.enumerate()) - before:
            self.assertTrue(thread.daemon)

    def test_close_does_not_wait_for_a_hasher(self) -> None:
        held = HeldHash()
        with mock.patch.object(digest, 'new', return_value=held):
            digests = digest.Digests(('md5',))
        for _ in range(digest._BACKLOG):
            digests.update(b'block')
        digests.close()
        held.may.release(1000)

    def test_ctrl_c_locks_no_queue(self) -> None:
        """Each call of a queue is one of C, which a signal cannot split."""
        digests = digest.Digests(('sha256',))
        self.addCleanup(digests.close)
        for queue_ in (digests._items, digests._free_slots):
            self.assertEqual('_queue', type(queue_).__module__)
        digests._free_slots.get()  # where Ctrl-C may end put()
        for block in (b'one', b'two'):
            digests.update(block)
        expected = hashlib.sha256(b'onetwo').hexdigest()
        self.assertEqual({'sha256': expected}, digests.result())
