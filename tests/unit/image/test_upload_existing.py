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


from collections.abc import Iterable
import io
from typing import Any
import unittest

import requests

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import data as _data
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from tests.fixtures import doubles
from tests.fixtures import importing_glance

DATA = bytes(range(250)) * 10_000


class ExistingTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.sleep = doubles.RecordedSleep()

    def source(self, data: io.BytesIO | None = None) -> _source.Source:
        file: Any = io.BufferedReader(data or io.BytesIO(DATA))
        return _source.Source(file, 'disk.img', len(DATA))

    def failed(self, call: Any, *args: Any) -> str:
        try:
            call(*args)
        except BaseException as error:
            self.error = error
            return api_errors.describe(error)
        raise AssertionError('it did not fail')


class TestStage(ExistingTestCase):
    def stage(self, glance: doubles.Glance, data: Any = None) -> Any:
        return upload.stage_image(
            glance.proxy,
            doubles.image(status='queued'),
            self.source(data),
            self.listener,
            sleep=self.sleep,
        )

    def test_data_is_staged(self) -> None:
        glance = importing_glance.ImportingGlance()
        image = self.stage(glance)
        self.assertEqual([DATA], glance.stored)
        self.assertEqual('uploading', image.status)
        call = glance.proxy.put.call_args
        self.assertEqual((f'/images/{doubles.IMAGE_ID}/stage',), call.args)
        self.assertEqual(
            str(len(DATA)), call.kwargs['headers']['X-OpenStack-Image-Size']
        )
        self.assertEqual(
            {'staging', 'staged'}, set(self.listener.heard('phase'))
        )

    def test_a_glance_that_tells_no_size(self) -> None:
        def stage(glance: doubles.Glance, body: Any) -> Any:
            answer = importing_glance.stages(glance, body)
            del glance.attributes['size']
            return answer

        self.stage(importing_glance.ImportingGlance(put=stage))
        self.assertEqual([], self.sleep.seconds)

    def test_a_lost_answer_is_no_failure(self) -> None:
        def lose(glance: doubles.Glance, body: Any) -> Any:
            importing_glance.stages(glance, body)
            doubles.reset()

        glance = importing_glance.ImportingGlance(put=lose)
        self.stage(glance)
        self.assertEqual([DATA], glance.stored)

    def test_data_that_is_still_being_staged_is_waited_for(self) -> None:
        looks: list[int] = []

        def stall(
            glance: doubles.Glance, body: Iterable[bytes]
        ) -> requests.Response:
            glance.statuses = ['uploading', 'uploading', 'queued']
            glance.behaviours = [importing_glance.stages]
            looks.append(1)
            doubles.reset()

        glance = importing_glance.ImportingGlance(put=stall)
        with self.assertLogs(_data.LOG):
            self.stage(glance)
        self.assertEqual([0.5, 1, 1], self.sleep.seconds)
        self.assertEqual([DATA], glance.stored)

    def test_a_failure_leaves_the_image(self) -> None:
        glance = importing_glance.ImportingGlance(
            put=doubles.answers(413, 'Too much.', 'text/plain')
        )
        told = self.failed(self.stage, glance)
        self.assertTrue(
            told.endswith(f'Image {doubles.IMAGE_ID} was not deleted.')
        )
        glance.proxy.delete_image.assert_not_called()

    def test_what_cannot_be_read_twice_is_not_sent_twice(self) -> None:
        glance = importing_glance.ImportingGlance(put=doubles.breaks())
        told = self.failed(self.stage, glance, doubles.NonSeekableReader(DATA))
        self.assertIn('can be read only once', told)

    def test_a_size_that_differs(self) -> None:
        def shorten(glance: doubles.Glance, body: Any) -> Any:
            answer = importing_glance.stages(glance, body)
            glance.attributes['size'] -= 1
            return answer

        glance = importing_glance.ImportingGlance(put=shorten)
        self.failed(self.stage, glance)
        self.assertIsInstance(self.error, exceptions.VerificationError)


class TestFill(ExistingTestCase):
    def fill(self, glance: doubles.Glance, **options: Any) -> Any:
        return upload.upload_image(
            glance.proxy,
            doubles.image(status='queued'),
            self.source(),
            self.listener,
            sleep=self.sleep,
            **options,
        )

    def test_data_is_stored_and_compared(self) -> None:
        glance = doubles.Glance()
        done = self.fill(glance)
        self.assertEqual(
            ('active', 'sha512'), (done.image.status, done.verified)
        )
        self.assertEqual([DATA], glance.stored)
        glance.proxy.post.assert_not_called()

    def test_into_a_store(self) -> None:
        glance = doubles.Glance()
        self.fill(glance, store='slow')
        headers = glance.proxy.put.call_args.kwargs['headers']
        self.assertEqual('slow', headers['X-Image-Meta-Store'])

    def test_a_failure_leaves_the_image(self) -> None:
        glance = doubles.Glance(doubles.answers(500, 'Oh.', 'text/plain'))
        self.assertIn('was not deleted.', self.failed(self.fill, glance))
        glance.proxy.delete_image.assert_not_called()
