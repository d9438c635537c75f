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

"""What is written to memcached, and read from it."""

import threading
from typing import Any
import unittest
from unittest import mock

import pymemcache

from glance_upload_progress import codec
from glance_upload_progress import memcached
from glance_upload_progress import opts
from glance_upload_progress import records
from tests.unit.server import doubles

ID = doubles.IMAGE_ID
KEY = f'glance-upload-progress:{ID}'
SERVERS = ('192.0.2.1:11211', '192.0.2.2:11211')


def encoded(**values: Any) -> bytes:
    return codec.Codec(None).encode(doubles.record(**values))


class MemcachedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.writers, self.create_writer = self.patch('Client')
        self.readers, self.create_reader = self.patch('PooledClient')
        for writer in self.writers:
            writer.set_many.return_value = []
        for reader in self.readers:
            reader.get.return_value = None

    def patch(self, name: str) -> tuple[list[mock.Mock], mock.Mock]:
        """Replace a class of clients; return its instances, and it."""
        original = getattr(pymemcache, name)
        clients = [mock.Mock(spec=original) for _ in SERVERS]
        create = mock.patch.object(pymemcache, name, side_effect=clients)
        self.addCleanup(create.stop)
        return clients, create.start()

    def memcached(self, **options: Any) -> memcached.Memcached:
        values: dict[str, Any] = {'memcache_servers': SERVERS, **options}
        return memcached.Memcached(
            opts.Options(**values), None, lambda: self.now
        )

    def written(self, server: int = 0) -> dict[str, tuple[bytes, int]]:
        """Return {key: (value, expiry)}, and forget it."""
        found = {}
        for call in self.writers[server].set_many.call_args_list:
            self.assertFalse(call.kwargs['noreply'])
            for key, value in call.args[0].items():
                found[key] = (value, call.kwargs['expire'])
        self.writers[server].set_many.reset_mock()
        return found

    def removed(self) -> list[str]:
        [call] = self.writers[0].delete_many.call_args_list
        return list(call.args[0])

    def test_clients(self) -> None:
        self.memcached(socket_timeout=0.7)
        for create in (self.create_writer, self.create_reader):
            found = [call.args[0] for call in create.call_args_list]
            self.assertEqual(list(SERVERS), found)
            for call in create.call_args_list:
                self.assertEqual(0.7, call.kwargs['timeout'])
                self.assertEqual(0.7, call.kwargs['connect_timeout'])

    def test_running_upload(self) -> None:
        self.assertTrue(self.memcached().write([doubles.record()]))
        expected = {
            KEY: (encoded(), 60),
            f'{ID}_total_size': (b'100', 86400),
            f'{ID}_uploading_size': (b'30', 86400),
        }
        self.assertEqual(expected, self.written(0))
        self.assertEqual(expected, self.written(1))
        self.assertEqual([], self.removed())

    def test_records_of_different_lifetimes(self) -> None:
        ended = doubles.record(
            image_id=doubles.OTHER_ID, state=records.State.DONE
        )
        shared = self.memcached(running_ttl=7, legacy_keys=False)
        shared.write([doubles.record(), ended])
        written = self.written()
        self.assertEqual(7, written[KEY][1])
        other = f'glance-upload-progress:{doubles.OTHER_ID}'
        self.assertEqual(900, written[other][1])
        self.assertEqual(2, len(written))

    def test_unknown_total_is_not_written(self) -> None:
        self.memcached().write([doubles.record(total=None)])
        self.assertNotIn(f'{ID}_total_size', self.written())

    def test_failed_upload_has_no_legacy_keys(self) -> None:
        self.memcached().write([doubles.record(state=records.State.FAILED)])
        self.assertEqual([KEY], list(self.written()))
        self.assertEqual(
            [f'{ID}_total_size', f'{ID}_uploading_size'], self.removed()
        )

    def test_import_has_no_legacy_keys(self) -> None:
        self.memcached().write([doubles.record(phase=records.Phase.IMPORT)])
        self.assertEqual([KEY], list(self.written()))

    def test_server_that_fails_is_left_alone_for_a_while(self) -> None:
        shared = self.memcached()
        self.writers[0].set_many.side_effect = OSError('refused')
        with self.assertLogs('glance_upload_progress') as logs:
            self.assertTrue(shared.write([doubles.record()]))
        self.assertIn('192.0.2.1:11211: refused', logs.output[0])
        self.assertIn(KEY, self.written(1))
        self.written(0)
        self.now += 4.9
        self.assertTrue(shared.write([doubles.record()]))
        self.assertEqual({}, self.written(0))
        self.now += 0.2
        self.writers[0].set_many.side_effect = None
        self.assertTrue(shared.write([doubles.record()]))
        self.assertIn(KEY, self.written(0))

    def test_old_connection_that_was_lost(self) -> None:
        lost = pymemcache.MemcacheUnexpectedCloseError
        for error in (lost, ConnectionResetError, BrokenPipeError):
            with self.subTest(error.__name__):
                self.writers[0].set_many.side_effect = [error, []]
                shared = self.memcached(legacy_keys=False)
                with self.assertNoLogs('glance_upload_progress'):
                    self.assertTrue(shared.write([doubles.record()]))
                self.assertIn(KEY, self.written(0))
                self.readers[0].get.side_effect = [error, encoded()]
                with self.assertNoLogs('glance_upload_progress'):
                    self.assertEqual(doubles.record(), shared.read(ID))
                self.readers[0].close.assert_called_once_with()
                self.readers[0].close.reset_mock()
                self.create_writer.side_effect = self.writers
                self.create_reader.side_effect = self.readers

    def test_no_server_has_the_values(self) -> None:
        self.writers[0].set_many.side_effect = TimeoutError()
        self.writers[1].set_many.return_value = [KEY]
        with self.assertLogs('glance_upload_progress') as logs:
            self.assertFalse(self.memcached().write([doubles.record()]))
        self.assertIn('TimeoutError', logs.output[0])
        self.assertIn('not stored', logs.output[1])

    def test_read(self) -> None:
        shared = self.memcached(secret_key='a')
        self.assertIsNone(shared.read(ID))
        signed = codec.Codec('a').encode(doubles.record())
        self.readers[1].get.return_value = signed
        self.assertEqual(doubles.record(), shared.read(ID))
        self.readers[1].get.return_value = encoded()
        self.assertIsNone(shared.read(ID))
        self.readers[1].get.assert_called_with(KEY)

    def test_newest_record_is_right(self) -> None:
        new = doubles.record(started_at=2.0, updated_at=6.0)
        shared = self.memcached()
        for old in (
            encoded(started_at=2.0, updated_at=5.0),
            encoded(started_at=1.0, updated_at=9.0),
            b'rubbish',
            None,
        ):
            for servers in ((0, 1), (1, 0)):
                with self.subTest(old, servers=servers):
                    one, other = (self.readers[index] for index in servers)
                    one.get.return_value = old
                    other.get.return_value = codec.Codec(None).encode(new)
                    self.assertEqual(new, shared.read(ID))

    def test_server_that_fails_is_not_read(self) -> None:
        self.readers[0].get.side_effect = OSError('refused')
        self.readers[1].get.return_value = encoded()
        shared = self.memcached()
        with self.assertLogs('glance_upload_progress'):
            self.assertEqual(doubles.record(), shared.read(ID))
        self.assertEqual(doubles.record(), shared.read(ID))
        self.readers[0].get.assert_called_once()

    def test_no_server(self) -> None:
        for reader in self.readers:
            reader.get.side_effect = OSError('refused')
        shared = self.memcached()
        with self.assertLogs('glance_upload_progress'):
            self.assertIsNone(shared.read(ID))
        self.assertIsNone(shared.read(ID))

    def test_servers_that_do_not_respond_are_not_waited_for(self) -> None:
        released = threading.Event()
        self.addCleanup(released.set)
        for reader in self.readers:
            reader.get.side_effect = lambda key: released.wait(10)
        with mock.patch.object(memcached, '_READ_TIMEOUT', 0):
            shared = self.memcached()
            for _ in range(20):
                self.assertIsNone(shared.read(ID))
        released.set()
        # Questions have not piled up: this one is not the last of many.
        shared.read(ID)
        calls = sum(reader.get.call_count for reader in self.readers)
        self.assertLessEqual(calls, 8 + 2)


class TlsContextTest(unittest.TestCase):
    def test_no_tls(self) -> None:
        self.assertIsNone(memcached.tls_context(opts.Options()))

    def test_tls(self) -> None:
        with mock.patch('ssl.create_default_context') as create:
            options = opts.Options(
                tls_enabled=True,
                tls_cafile='ca',
                tls_certfile='cert',
                tls_keyfile='key',
            )
            context = memcached.tls_context(options)
        create.assert_called_once_with(cafile='ca')
        self.assertIs(create.return_value, context)
        create.return_value.load_cert_chain.assert_called_once_with(
            'cert', 'key'
        )

    def test_certificates_that_are_not_there(self) -> None:
        options = opts.Options(tls_enabled=True, tls_cafile='/nowhere')
        self.assertRaises(OSError, memcached.tls_context, options)
