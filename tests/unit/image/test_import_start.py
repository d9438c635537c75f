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


from typing import Any
import unittest

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import import_request
from osc_image_ext.image import import_start
from tests.fixtures import doubles
from tests.fixtures import importing_glance

REQUEST = import_request.ImportRequest('glance-direct')


class TestStart(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sleep = doubles.RecordedSleep()
        self.glance = importing_glance.ImportingGlance()

    def start(self, *refusals: Any) -> None:
        self.glance.refusals = list(refusals)
        import_start.start_import(
            self.glance.proxy, doubles.IMAGE_ID, REQUEST, self.sleep
        )

    def refused(self, *refusals: Any) -> str:
        with self.assertRaises(exceptions.TransferError) as caught:
            self.start(*refusals)
        return api_errors.describe(caught.exception)

    def test_it_is_accepted(self) -> None:
        self.start()
        self.assertEqual([REQUEST.to_json()], self.glance.imports)
        call = self.glance.proxy.post.call_args
        self.assertEqual(0, call.kwargs['connect_retries'])
        self.assertEqual(0, call.kwargs['status_code_retries'])

    def test_an_error_is_an_error(self) -> None:
        for status in (300, 400, 403, 404, 409, 413):
            told = self.refused(
                doubles.response(status, 'No.', 'text/plain', 'Bad')
            )
            self.assertIn(f'{doubles.IMAGE_ID}: {status} Bad: No.', told)
            self.setUp()

    def test_an_answer_that_was_lost(self) -> None:
        for lost in (
            doubles.response(502),
            doubles.response(503),
            doubles.response(504),
        ):
            self.start(lost)
            self.setUp()

    def test_a_connection_that_broke(self) -> None:
        reset = doubles.broken(ConnectionResetError(104, 'reset by peer'))
        self.assertIn('reset by peer.', self.refused(*[reset] * 10))
        self.assertEqual(4, len(self.glance.imports))
        self.setUp()
        self.glance._begin()
        self.start(reset)
        self.assertEqual(1, len(self.glance.imports))

    def test_a_gateway_that_never_asked_glance(self) -> None:
        self.glance.accepts = False
        self.start(doubles.response(502))
        self.assertEqual([REQUEST.to_json()] * 2, self.glance.imports)
        self.assertIn('502', self.refused(*[doubles.response(502)] * 10))

    def test_a_glance_that_hears_both_times(self) -> None:
        def begins(seconds: float) -> None:
            self.glance.accepts = True
            self.glance._begin()

        self.glance.accepts = False
        self.glance.refusals = [doubles.response(504), doubles.response(409)]
        import_start.start_import(
            self.glance.proxy, doubles.IMAGE_ID, REQUEST, begins
        )
        self.assertEqual(2, len(self.glance.imports))

    def test_a_refusal_after_a_lost_question(self) -> None:
        self.glance.accepts = False
        told = self.refused(doubles.response(504), doubles.response(403))
        self.assertIn('403', told)

    def test_a_lock_is_told_of(self) -> None:
        self.glance.attributes['os_glance_import_task'] = 'other'
        told = self.refused(doubles.response(409))
        self.assertIn('Task other is still using the image', told)
        self.setUp()
        self.assertNotIn('works', self.refused(doubles.response(409)))


class TestListTaskIds(unittest.TestCase):
    def test_a_glance_without_a_list_has_none(self) -> None:
        glance = importing_glance.ImportingGlance()
        glance.proxy.get.side_effect = lambda path, **options: (
            doubles.response(404, {'message': 'No.'})
        )
        self.assertEqual(
            frozenset(),
            import_start.list_task_ids(
                glance.proxy, doubles.IMAGE_ID, doubles.RecordedSleep()
            ),
        )
