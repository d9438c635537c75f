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


import io
from typing import Any
import unittest

from openstack import exceptions as sdk_exceptions

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import image_import
from osc_image_ext.image import import_request
from osc_image_ext.image import import_wait
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import tasks
from tests.fixtures import doubles
from tests.fixtures import importing_glance

DATA = bytes(range(250)) * 10_000
STEP = importing_glance.Step
STAGED = import_request.ImportRequest('glance-direct')
DOWNLOADED = import_request.ImportRequest(
    'web-download', uri='http://example.org/x'
)
COPIED = import_request.ImportRequest('copy-image', all_stores=True)


class ImportingTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.clock = doubles.FakeClock()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)

    def wait(
        self, wanted: bool = True, timeout: float | None = None
    ) -> tasks.WaitOptions:
        return tasks.WaitOptions(wanted, timeout, self.clock, self.sleep)

    def create(
        self,
        glance: importing_glance.ImportingGlance,
        order: import_request.ImportRequest = STAGED,
        *,
        attrs: dict[str, Any] | None = None,
        wanted: bool = True,
        timeout: float | None = None,
        **options: Any,
    ) -> import_wait.ImportResult:
        file: Any = io.BufferedReader(io.BytesIO(DATA))
        source = _source.Source(file, 'disk.img', len(DATA))
        formats = {'disk_format': 'raw', 'container_format': 'bare'}
        return image_import.create_image(
            glance.proxy,
            {'name': 'disk', **formats, **(attrs or {})},
            source if order.needs_staging else None,
            order,
            service_info.get_service_info(glance.proxy),
            self.listener,
            wait=self.wait(wanted, timeout),
            **options,
        )

    def failed(self, *args: Any, **options: Any) -> str:
        """Create what must fail; return what is told."""
        try:
            self.create(*args, **options)
        except BaseException as error:
            self.error = error
            return api_errors.describe(error)
        raise AssertionError('it did not fail')


class TestCreate(ImportingTestCase):
    def test_data_is_staged_imported_and_compared(self) -> None:
        glance = importing_glance.ImportingGlance()
        made = self.create(glance)
        self.assertEqual([DATA], glance.stored)
        self.assertEqual('active', made.image.status)
        self.assertEqual('sha512', made.verified)
        self.assertEqual(
            [{'method': {'name': 'glance-direct'}}], glance.imports
        )
        glance.proxy.delete_image.assert_not_called()

    def test_it_is_sent_to_staging(self) -> None:
        glance = importing_glance.ImportingGlance()
        self.create(glance)
        (url,) = glance.proxy.put.call_args.args
        self.assertTrue(url.endswith('/stage'))

    def test_the_phases(self) -> None:
        self.create(
            importing_glance.ImportingGlance(
                STEP(), STEP(), importing_glance.active()
            )
        )
        phases = list(dict.fromkeys(self.listener.heard('phase')))
        self.assertEqual(['staging', 'importing', 'active'], phases)
        self.assertEqual(len(DATA), self.listener.heard('moved')[-1])

    def test_without_waiting_nothing_is_followed_or_hashed(self) -> None:
        glance = importing_glance.ImportingGlance(STEP())
        made = self.create(glance, wanted=False)
        self.assertEqual('importing', made.image.status)
        self.assertIsNone(made.verified)
        self.assertEqual([], self.slept)
        glance.proxy.images.assert_not_called()

    def test_without_verification_nothing_is_hashed(self) -> None:
        glance = importing_glance.ImportingGlance(put=importing_glance.spoils)
        made = self.create(glance, verify=False)
        self.assertIsNone(made.verified)
        self.assertTrue(made.unverified)

    def test_what_differs_is_deleted(self) -> None:
        glance = importing_glance.ImportingGlance(put=importing_glance.spoils)
        told = self.failed(glance)
        self.assertIsInstance(self.error, exceptions.VerificationError)
        self.assertRegex(told, 'was deleted.$')
        glance.proxy.delete_image.assert_called_once()

    def test_a_size_that_differs_is_told_before_the_import(self) -> None:
        def shorten(glance: doubles.Glance, body: Any) -> Any:
            answer = importing_glance.stages(glance, body)
            glance.attributes['size'] -= 1
            return answer

        glance = importing_glance.ImportingGlance(put=shorten)
        self.failed(glance)
        self.assertIsInstance(self.error, exceptions.VerificationError)
        self.assertEqual([], glance.imports)

    def test_a_conversion_is_not_compared(self) -> None:
        for changed in (
            {'disk_format': 'qcow2'},
            {'container_format': 'docker'},
        ):
            glance = importing_glance.ImportingGlance(
                importing_glance.active(
                    **changed, hash_value='0', size=7, checksum='0'
                )
            )
            made = self.create(glance)
            self.assertTrue(made.converted)
            self.assertFalse(made.unverified)
            self.assertIsNone(made.verified)

    def test_a_download_needs_no_data(self) -> None:
        glance = importing_glance.ImportingGlance(
            importing_glance.active(size=5)
        )
        made = self.create(glance, DOWNLOADED)
        self.assertEqual([], glance.stored)
        self.assertIsNone(made.verified)
        self.assertEqual(5, self.listener.heard('moved')[-1])

    def test_protection_comes_last_if_it_is_waited_for(self) -> None:
        glance = importing_glance.ImportingGlance()
        made = self.create(glance, attrs={'is_protected': True})
        self.assertTrue(made.image.is_protected)
        (record,) = doubles.creations(glance.proxy)[:1]
        self.assertNotIn('protected', record)
        self.assertEqual(1, glance.proxy.update_image.call_count)

    def test_protection_comes_before_an_import_that_is_left_alone(
        self,
    ) -> None:
        glance = importing_glance.ImportingGlance()
        order: list[str] = []
        glance.proxy.update_image.side_effect = lambda *a, **k: order.append(
            f'{k}'
        )
        post = glance.proxy.post.side_effect

        def posted(url: str, **kwargs: Any) -> Any:
            order.append(url.rpartition('/')[2])
            return post(url, **kwargs)

        glance.proxy.post.side_effect = posted
        self.create(glance, attrs={'is_protected': True}, wanted=False)
        self.assertEqual("{'is_protected': True}", order[1])
        self.assertEqual('import', order[2])

    def test_stores_that_failed_are_returned(self) -> None:
        glance = importing_glance.ImportingGlance()
        order = import_request.ImportRequest('glance-direct', all_stores=True)
        self.assertEqual(('slow',), self.create(glance, order).missing_stores)


class TestFailure(ImportingTestCase):
    def test_a_failed_task_deletes_the_image(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), importing_glance.failed('Disk full', 'fast')
        )
        self.assertRegex(
            self.failed(glance),
            r'^Task \S+ failed: Disk full. Failed stores: fast. Image '
            r'\S+ was deleted.$',
        )
        glance.proxy.delete_image.assert_called_once()

    def test_a_failed_image_may_be_kept(self) -> None:
        glance = importing_glance.ImportingGlance(importing_glance.failed())
        self.assertRegex(self.failed(glance, keep_failed=True), 'was kept.$')
        glance.proxy.delete_image.assert_not_called()

    def test_a_refusal_deletes_the_image(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.refusals = [
            doubles.response(403, 'No.', 'text/plain', 'Forbidden')
        ]
        for wanted in (True, False):
            glance.refusals *= 2
            self.assertRegex(
                self.failed(glance, wanted=wanted),
                r'rejected the import of image (\S+): 403 Forbidden: '
                r'No. Image \1 was deleted.$',
            )

    def test_no_task_is_an_error(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.accepts = False
        self.assertIn('No import task was found', self.failed(glance))


class TestImport(ImportingTestCase):
    """Images that exist."""

    def imported(
        self,
        glance: importing_glance.ImportingGlance,
        order: import_request.ImportRequest = COPIED,
        wanted: bool = True,
        timeout: float | None = None,
    ) -> import_wait.ImportResult:
        return image_import.import_image(
            glance.proxy,
            doubles.image(stores='fast', size=5),
            order,
            service_info.get_service_info(glance.proxy),
            self.listener,
            self.wait(wanted, timeout),
        )

    def refused(self, *args: Any, **options: Any) -> str:
        try:
            self.imported(*args, **options)
        except BaseException as error:
            return api_errors.describe(error)
        raise AssertionError('it did not fail')

    def test_the_image_is_returned_as_it_is_then(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), importing_glance.active('fast,slow', size=5)
        )
        made = self.imported(glance)
        self.assertEqual(
            ('active', ()), (made.image.status, made.missing_stores)
        )

    def test_without_waiting_too(self) -> None:
        glance = importing_glance.ImportingGlance(STEP())
        made = self.imported(glance, wanted=False)
        self.assertEqual('importing', made.image.status)
        self.assertEqual([], self.slept)

    def test_older_tasks_are_others(self) -> None:
        glance = importing_glance.ImportingGlance(
            importing_glance.active('fast,slow')
        )
        glance.tasks = [
            {
                'id': 'older',
                'type': 'api_image_import',
                'status': 'failure',
                'created_at': '1',
            }
        ]
        self.assertEqual('active', self.imported(glance).image.status)

    def test_nothing_to_copy_is_no_error(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.accepts = False
        glance.statuses = ['active']
        self.assertEqual('active', self.imported(glance).image.status)

    def test_a_failure_tells_the_images_status_and_deletes_nothing(
        self,
    ) -> None:
        glance = importing_glance.ImportingGlance(importing_glance.failed())
        self.assertRegex(
            self.refused(glance),
            r'failed: No. Image \S+ is in status queued.$',
        )
        glance.proxy.delete_image.assert_not_called()

    def test_an_interruption_leaves_it_running(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), STEP(error=KeyboardInterrupt())
        )
        self.assertIn('continues on the server', self.refused(glance))
        glance.proxy.delete_image.assert_not_called()
        self.assertEqual([1], self.slept)

    def test_a_timeout_leaves_it_running(self) -> None:
        glance = importing_glance.ImportingGlance(STEP())
        told = self.refused(glance, timeout=3)
        self.assertRegex(told, '^Timed out waiting.* continues on the server')

    def test_a_refusal_says_nothing_of_an_import_that_goes_on(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.refusals = [doubles.response(400)]
        self.assertNotIn('continues on', self.refused(glance))

    def test_a_connection_that_breaks_now_and_then(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(error=doubles.broken(ConnectionResetError(104, 'reset'))),
            STEP(),
            importing_glance.active('fast,slow'),
        )
        self.assertEqual('active', self.imported(glance).image.status)

    def test_a_connection_that_stays_broken(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(error=doubles.broken(ConnectionResetError(104, 'reset')))
        )
        self.assertIn('Cannot connect to', self.refused(glance))

    def test_an_old_glance_that_shows_no_tasks(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.tasks = [{'id': doubles.TASK_ID}]
        glance.steps = [STEP(error=404)]
        self.assertEqual(
            doubles.IMAGE_ID, self.imported(glance, wanted=False).image.id
        )
        with self.assertRaises(sdk_exceptions.NotFoundException):
            self.imported(glance)
