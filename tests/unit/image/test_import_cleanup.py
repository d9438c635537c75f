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

from osc_image_ext import exceptions
from osc_image_ext.image import import_cleanup
from osc_image_ext.image import source
from osc_image_ext.image import upload
from tests.fixtures import doubles
from tests.fixtures import importing_glance
from tests.unit.image import test_image_import

STEP = importing_glance.Step


class TestInterruptedStaging(test_image_import.ImportingTestCase):
    """Glance is given the time to see that no more data comes."""

    def interrupted(self, *statuses: str, **options: Any) -> str:
        def stop(glance: doubles.Glance, body: Any) -> Any:
            next(iter(body))
            glance.statuses = list(statuses)
            raise KeyboardInterrupt

        self.glance = importing_glance.ImportingGlance(put=stop)
        return self.failed(self.glance, **options)

    def test_it_is_waited_for(self) -> None:
        told = self.interrupted('uploading', 'uploading', 'queued')
        self.assertEqual([0.2, 0.5], self.slept)
        self.assertNotIn('may remain', told)
        self.glance.proxy.delete_image.assert_called_once()

    def test_not_for_ever(self) -> None:
        told = self.interrupted('uploading')
        self.assertLess(sum(self.slept), 10)
        self.assertRegex(told, r'may remain in the staging area. Image .* del')
        self.glance.proxy.delete_image.assert_called_once()

    def test_not_if_the_image_is_kept(self) -> None:
        self.interrupted('uploading', keep_failed=True)
        self.assertEqual([], self.slept)


class TestInterruptedImport(test_image_import.ImportingTestCase):
    """Glance is given the time to end what it writes."""

    def test_a_timeout_waits_a_moment_and_deletes(self) -> None:
        glance = importing_glance.ImportingGlance(
            *[STEP()] * 5, importing_glance.active()
        )
        self.assertRegex(
            self.failed(glance, timeout=2),
            r'^Timed out waiting for task \S+ \(status: processing\). Image '
            r'\S+ was '
            r'deleted.$',
        )

    def test_an_import_that_does_not_end_is_told_of(self) -> None:
        glance = importing_glance.ImportingGlance(STEP())
        self.assertIn(
            'was still running; partial data may remain in the store. Image ',
            self.failed(glance, timeout=2),
        )
        self.assertIn('stopping', self.listener.heard('phase'))
        # With a message it is not shown as a transfer of 0 bytes.
        self.assertIn('waiting for the import', self.listener.heard('message'))
        self.assertLess(sum(self.slept), 15)

    def test_an_interruption_waits_a_moment_and_deletes(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(),
            STEP(error=KeyboardInterrupt()),
            STEP(error=503),
            importing_glance.active(),
        )
        self.assertRegex(self.failed(glance), r'Image \S+ was deleted.$')
        self.assertIsInstance(self.error, KeyboardInterrupt)
        glance.proxy.delete_image.assert_called_once()

    def test_a_second_interruption_waits_no_longer(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(),
            STEP(error=KeyboardInterrupt()),
            STEP(error=KeyboardInterrupt()),
        )
        self.assertIn('may remain', self.failed(glance))
        glance.proxy.delete_image.assert_called_once()

    def test_an_image_that_is_gone_is_not_waited_for(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), STEP(error=KeyboardInterrupt()), STEP(error=404)
        )
        self.assertNotIn('may remain', self.failed(glance))

    def test_not_if_the_image_is_kept(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), STEP(error=KeyboardInterrupt()), STEP()
        )
        self.assertIn('was kept', self.failed(glance, keep_failed=True))
        self.assertNotIn('stopping', self.listener.heard('phase'))

    def test_not_if_the_import_has_failed(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), STEP('failure', message='No.')
        )
        self.failed(glance)
        self.assertNotIn('stopping', self.listener.heard('phase'))

    def test_an_odd_response_does_not_end_an_import(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(),
            STEP(error=exceptions.UnexpectedResponse('A login page.')),
            STEP(),
        )
        self.assertIn('may remain', self.failed(glance))
        self.assertIn('stopping', self.listener.heard('phase'))

    def test_an_import_that_may_still_start_is_waited_for(self) -> None:
        """Ctrl-C during the request: Glance shows no task of it yet."""

        def stop(*args: Any, **kwargs: Any) -> Any:
            raise KeyboardInterrupt

        glance = importing_glance.ImportingGlance(STEP())
        create = glance.proxy.post.side_effect
        glance.proxy.post.side_effect = lambda url, **options: (
            stop() if url.endswith('/import') else create(url, **options)
        )
        self.assertIn('may remain', self.failed(glance))
        self.assertIn('stopping', self.listener.heard('phase'))
        glance.proxy.delete_image.assert_called_once()

    def test_an_import_that_fails_meanwhile_has_ended(self) -> None:
        glance = importing_glance.ImportingGlance(
            STEP(), STEP(error=KeyboardInterrupt()), importing_glance.failed()
        )
        self.assertNotIn('may remain', self.failed(glance))


class TestInterruptedUpload(test_image_import.ImportingTestCase):
    """Glance may not have seen the end of the data, or not even begun."""

    def interrupted(self, *statuses: str, keep: bool = False) -> str:
        def stop(glance: doubles.Glance, body: Any) -> Any:
            next(iter(body))
            glance.statuses = list(statuses)
            raise KeyboardInterrupt

        self.glance = doubles.Glance(stop)
        file: Any = io.BufferedReader(io.BytesIO(b'data'))
        sleep = doubles.RecordedSleep()
        self.seconds = sleep.seconds
        try:
            upload.create_image(
                self.glance.proxy,
                {'name': 'disk'},
                source.Source(file, 'disk.img', 4),
                self.listener,
                keep_failed=keep,
                sleep=sleep,
            )
        except KeyboardInterrupt as stopped:
            return ' '.join(stopped.__notes__)
        raise AssertionError('it was not interrupted')

    def test_the_image_is_deleted_once_glance_has_aborted_it(self) -> None:
        told = self.interrupted('saving', 'saving', 'queued')
        self.assertEqual([0.2, 0.5], self.seconds)
        self.assertRegex(told, r'^Image \S+ was deleted.$')

    def test_it_is_not_waited_for_permanently(self) -> None:
        told = self.interrupted('saving')
        self.assertRegex(told, 'may remain in the store. .* was deleted.$')
        self.assertLess(sum(self.seconds), 1)

    def test_not_if_the_image_is_kept(self) -> None:
        self.interrupted('saving', keep=True)
        self.assertEqual([], self.seconds)


class TestImportThatMayHaveStarted(unittest.TestCase):
    def test_an_interruption_says_so(self) -> None:
        for stop in (KeyboardInterrupt(), exceptions.OutcomeUnknown('Lost.')):
            with (
                self.assertRaises(type(stop)) as caught,
                import_cleanup.note_import_may_have_started('7'),
            ):
                raise stop
            (note,) = caught.exception.__notes__
            self.assertIn('may have started. To check', note)

    def test_a_rejection_does_not(self) -> None:
        stop = exceptions.TransferError('No.')
        with (
            self.assertRaises(exceptions.TransferError),
            import_cleanup.note_import_may_have_started('7'),
        ):
            raise stop
        self.assertFalse(hasattr(stop, '__notes__'))
