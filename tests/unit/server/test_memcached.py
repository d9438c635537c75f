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

import concurrent.futures
import threading
import unittest
from unittest import mock

from glance_upload_progress import codec
from glance_upload_progress import memcached
from glance_upload_progress import opts
from glance_upload_progress import records
from pymemcache.client import hash as _hash

from tests.unit.server import doubles

ID = doubles.IMAGE_ID
KEY = f'glance-upload-progress:{ID}'


class MemcachedTest(unittest.TestCase):
    def setUp(self) -> None:
        self.writer = mock.Mock(spec=_hash.HashClient)
        self.writer.set_many.return_value = []
        self.reader = mock.Mock(spec=_hash.HashClient)
        client = mock.patch.object(_hash, 'HashClient', autospec=True)
        self.create = client.start()
        self.addCleanup(client.stop)
        self.create.side_effect = [self.writer, self.reader]

    def memcached(self, **options: object) -> memcached.Memcached:
        values = {'memcache_servers': ('192.0.2.1:11211',), **options}
        return memcached.Memcached(opts.Options(**values), None)  # type: ignore[arg-type]

    def written(self) -> dict[str, tuple[bytes, int]]:
        """Return {key: (value, expiry)}."""
        found = {}
        for call in self.writer.set_many.call_args_list:
            self.assertFalse(call.kwargs['noreply'])
            for key, value in call.args[0].items():
                found[key] = (value, call.kwargs['expire'])
        return found

    def test_clients(self) -> None:
        self.memcached(socket_timeout=0.7)
        for call in self.create.call_args_list:
            self.assertEqual((['192.0.2.1:11211'],), call.args)
            self.assertEqual(0.7, call.kwargs['timeout'])
            self.assertEqual(0.7, call.kwargs['connect_timeout'])

    def test_running_upload(self) -> None:
        record = doubles.record()
        self.memcached().write([record])
        self.assertEqual(
            {
                KEY: (codec.Codec(None).encode(record), 60),
                f'{ID}_total_size': (b'100', 86400),
                f'{ID}_uploading_size': (b'30', 86400),
            },
            self.written(),
        )
        self.writer.delete.assert_not_called()

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
            [f'{ID}_total_size', f'{ID}_uploading_size'],
            [call.args[0] for call in self.writer.delete.call_args_list],
        )

    def test_import_has_no_legacy_keys(self) -> None:
        self.memcached().write([doubles.record(phase=records.Phase.IMPORT)])
        self.assertEqual([KEY], list(self.written()))

    def test_values_that_were_not_stored(self) -> None:
        self.writer.set_many.return_value = [KEY]
        with self.assertRaisesRegex(Exception, '1 values were not stored'):
            self.memcached(legacy_keys=False).write([doubles.record()])

    def test_read(self) -> None:
        record = doubles.record()
        shared = self.memcached(secret_key='a')
        self.reader.get.return_value = codec.Codec('a').encode(record)
        self.assertEqual(record, shared.read(ID))
        self.reader.get.return_value = codec.Codec(None).encode(record)
        self.assertIsNone(shared.read(ID))
        self.reader.get.return_value = None
        self.assertIsNone(shared.read(ID))

    def test_server_that_fails_is_replaced_by_another(self) -> None:
        value = codec.Codec(None).encode(doubles.record())
        self.reader.get.side_effect = [OSError('refused'), value]
        self.assertEqual(doubles.record(), self.memcached().read(ID))

    def test_no_server(self) -> None:
        self.reader.get.side_effect = OSError('refused')
        self.assertRaises(OSError, self.memcached().read, ID)

    def test_servers_that_do_not_respond_are_not_waited_for(self) -> None:
        released = threading.Event()
        self.addCleanup(released.set)
        self.reader.get.side_effect = lambda key: released.wait(10)
        with mock.patch.object(memcached, '_READ_TIMEOUT', 0):
            shared = self.memcached()
            for _ in range(20):
                with self.assertRaises(concurrent.futures.TimeoutError):
                    shared.read(ID)
        # Questions do not pile up.
        self.assertLessEqual(self.reader.get.call_count, 4)


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
