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

"""What Glance says of an import is true."""

from collections.abc import Sequence
import contextlib
import os
import signal
import time
from typing import Any

from openstack.image.v2 import image as _image

from tests.fixtures import faults
from tests.fixtures import web
from tests.functional import progress_base

_MIB = 1024 * 1024
# So much that hashing it takes longer than some looks at it, on a machine that
# is busy, too.
_SIZE = 256 * _MIB

# Seconds after which any process must know what another one sees.
_LAG = 2.0


class ImportTest(progress_base.ProgressTest):
    def start_import(
        self, image: _image.Image, method: str, **request: Any
    ) -> None:
        body = {'method': {'name': method, **request.pop('options', {})}}
        response = self.glance.post(
            f'/images/{image.id}/import', json=body | request
        )
        self.assertEqual(202, response.status_code, response.text)

    def staged(self) -> _image.Image:
        image = self.queued()
        data = os.urandom(_MIB) * (_SIZE // _MIB)
        response = self.send(image, data, 'stage').result()
        self.assertEqual(204, response.status_code)
        return image

    def watch(
        self, image: _image.Image, stores: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the documents until the end of an import, checked."""
        documents: list[dict[str, Any]] = []
        history = {store: [(0.0, 0)] for store in stores}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            asked = time.monotonic()
            found = self.progress(image)
            documents.append(found)
            for row in found['stores'] or []:
                if row['state'] != 'importing' or row['received'] is None:
                    continue
                sizes = history[row['store']]
                before = max(
                    size for when, size in sizes if when <= asked - _LAG
                )
                now = self.stored_size(image, row['store'])
                # The file is read up to a block ahead of the store.
                self.assertLessEqual(row['received'], now + _MIB)
                self.assertGreaterEqual(row['received'], before)
                self.assertEqual(_SIZE, row['total'])
            if found['state'] in ('done', 'failed'):
                return documents
            for store, sizes in history.items():
                size = self.stored_size(image, store)
                sizes.append((time.monotonic(), size))
            self.slow_down(image)
        self.fail(f'not ended: {documents[-1]}')

    def slow_down(self, image: _image.Image) -> None:
        """Let the import of an image run for a moment in half a second.

        How fast it is depends on the machine.
        """
        processes = self.processes_with(f'/staging/{image.id}')
        with contextlib.ExitStack() as stack:
            for process in processes:
                os.kill(process, signal.SIGSTOP)
                stack.callback(os.kill, process, signal.SIGCONT)
            time.sleep(0.5 if processes else 0.02)
        time.sleep(0.02)

    def assert_done(self, document: dict[str, Any], *stores: str) -> None:
        self.assertEqual('done', document['state'])
        self.assertEqual('import', document['phase'])
        self.assertEqual(_SIZE, document['received'])
        done = {
            (row['store'], row['state'], row['received'])
            for row in document['stores']
        }
        self.assertEqual({(store, 'done', _SIZE) for store in stores}, done)

    def seen(
        self, documents: Sequence[dict[str, Any]], store: str
    ) -> set[int]:
        """Return the bytes that were seen in a store during the import."""
        return {
            row['received']
            for document in documents
            for row in document['stores'] or []
            if row['store'] == store
            and row['state'] == 'importing'
            and row['received'] is not None
        }


class SeveralStoresTest(ImportTest):
    """One store after another."""

    def test_several_stores(self) -> None:
        image = self.staged()
        self.start_import(image, 'glance-direct', stores=['slow', 'fast'])
        *documents, last = self.watch(image, ['fast', 'slow'])
        self.assert_done(last, 'fast', 'slow')
        for store in ('fast', 'slow'):
            self.assertGreaterEqual(len(self.seen(documents, store)), 2)

    def test_one_store(self) -> None:
        image = self.staged()
        self.start_import(image, 'glance-direct', stores=['slow'])
        *documents, last = self.watch(image, ['slow'])
        self.assert_done(last, 'slow')
        seen = {
            document['received']
            for document in documents
            if document['received'] is not None
            and document['phase'] == 'import'
        }
        in_store = self.seen(documents, 'slow')
        self.assertGreaterEqual(len(in_store), 2)
        # A record may be older than the image, whose store is done.
        self.assertLessEqual(in_store, seen)


class ParallelStoresTest(SeveralStoresTest):
    """All stores at once (max_parallel_stores)."""

    kind = 'uwsgi'


class DownloadTest(ImportTest):
    def test_download(self) -> None:
        source = self.useFixture(web.Web())
        stall = faults.Stall(2 * _MIB)
        data = os.urandom(3 * _MIB)
        url = source.serve('disk.img', data, stall)
        image = self.queued()
        self.start_import(
            image,
            'web-download',
            options={'uri': url},
            stores=['fast', 'slow'],
        )
        self.assertTrue(stall.reached.wait(20))
        self.wait_until(image, state='receiving', phase='import')
        self.wait_for(
            lambda: (self.progress(image)['received'] or 0) > 1.9 * _MIB
        )
        found = self.progress(image)
        self.assertLessEqual(found['received'], 2 * _MIB)
        self.assertIsNone(found['total'])
        self.assertEqual(
            [('fast', 'waiting'), ('slow', 'waiting')],
            [(row['store'], row['state']) for row in found['stores']],
        )
        stall.released.set()
        self.wait_until(image, state='done', received=3 * _MIB)

    def test_source_that_is_not_there(self) -> None:
        source = self.useFixture(web.Web())
        image = self.queued()
        self.start_import(
            image, 'web-download', options={'uri': f'{source.url}/no'}
        )
        # The import is over before anything of it can be seen.
        self.wait_for(
            lambda: (
                'os_glance_import_task'
                not in self.glance.get(f'/images/{image.id}').json()
            )
        )
        self.assertIsNone(self.progress(image)['received'])

    def test_copy(self) -> None:
        image = self.queued()
        data = os.urandom(_MIB) * (_SIZE // _MIB)
        self.send(image, data).result()
        self.start_import(image, 'copy-image', stores=['slow'])
        *documents, last = self.watch(image, ['slow'])
        self.assertEqual(
            [('slow', 'done', _SIZE)],
            [
                (row['store'], row['state'], row['received'])
                for row in last['stores']
            ],
        )
        states = {
            document['state']
            for document in documents
            if document['phase'] == 'import'
        }
        self.assertIn('importing', states)
        for document in documents:
            self.assertEqual('active', document['status'])
