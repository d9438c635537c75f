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
from osc_image_ext.image import import_start
from osc_image_ext.image import service_info
from tests.fixtures import doubles
from tests.fixtures import importing_glance

OFFER = service_info.ServiceInfo(('glance-direct',), ('fast', 'slow'), 'fast')
SINGLE = service_info.ServiceInfo(('glance-direct',))
ORDER = import_start.ImportRequest('glance-direct')


class TestOrder(unittest.TestCase):
    def test_the_request_says_what_is_wanted_alone(self) -> None:
        for order, expected in (
            (ORDER, {}),
            (
                import_start.ImportRequest(
                    'glance-direct', allow_failure=False
                ),
                {},
            ),
            (
                import_start.ImportRequest('glance-direct', stores=('a',)),
                {'stores': ['a']},
            ),
            (
                import_start.ImportRequest('glance-direct', stores=('a', 'b')),
                {'stores': ['a', 'b'], 'all_stores_must_succeed': False},
            ),
            (
                import_start.ImportRequest(
                    'glance-direct', all_stores=True, allow_failure=False
                ),
                {'all_stores': True, 'all_stores_must_succeed': True},
            ),
        ):
            self.assertEqual(
                {'method': {'name': 'glance-direct'}, **expected},
                order.to_json(),
            )

    def test_the_sources_belong_to_the_method(self) -> None:
        order = import_start.ImportRequest('web-download', uri='http://x')
        self.assertEqual(
            {'method': {'name': 'web-download', 'uri': 'http://x'}},
            order.to_json(),
        )
        order = import_start.ImportRequest(
            'glance-download', None, 'r', 'i', 'internal'
        )
        self.assertEqual(
            {
                'name': 'glance-download',
                'glance_region': 'r',
                'glance_image_id': 'i',
                'glance_service_interface': 'internal',
            },
            order.to_json()['method'],
        )

    def test_targets(self) -> None:
        for order, offer, expected in (
            (ORDER, OFFER, ('fast',)),
            (ORDER, SINGLE, ()),
            (
                import_start.ImportRequest('x', stores=('slow',)),
                OFFER,
                ('slow',),
            ),
            (
                import_start.ImportRequest('x', all_stores=True),
                OFFER,
                ('fast', 'slow'),
            ),
        ):
            self.assertEqual(expected, order.target_stores(offer))

    def test_targets_are_not_where_the_image_is(self) -> None:
        order = import_start.ImportRequest('copy-image', all_stores=True)
        image = doubles.image(stores='fast')
        self.assertEqual(('slow',), order.target_stores(OFFER, image))

    def test_what_is_not_offered_is_refused(self) -> None:
        ORDER.validate(SINGLE)
        for order, offer, words in (
            (
                import_start.ImportRequest('copy-image'),
                OFFER,
                'but: glance-direct.',
            ),
            (
                import_start.ImportRequest('glance-direct', stores=('x',)),
                OFFER,
                'fast, sl',
            ),
            (
                import_start.ImportRequest('glance-direct', stores=('x',)),
                SINGLE,
                'choice',
            ),
            (
                import_start.ImportRequest('glance-direct', all_stores=True),
                SINGLE,
                'choice',
            ),
            (ORDER, service_info.ServiceInfo(()), 'offers no imports'),
        ):
            with self.assertRaisesRegex(exceptions.Error, words):
                order.validate(offer)


class TestStart(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sleep = doubles.RecordedSleep()
        self.glance = importing_glance.ImportingGlance()

    def start(self, *refusals: Any) -> None:
        self.glance.refusals = list(refusals)
        import_start.start_import(
            self.glance.proxy, doubles.IMAGE_ID, ORDER, self.sleep
        )

    def refused(self, *refusals: Any) -> str:
        with self.assertRaises(exceptions.TransferError) as caught:
            self.start(*refusals)
        return api_errors.describe(caught.exception)

    def test_it_is_accepted(self) -> None:
        self.start()
        self.assertEqual([ORDER.to_json()], self.glance.imports)
        call = self.glance.proxy.post.call_args
        self.assertEqual(0, call.kwargs['connect_retries'])
        self.assertEqual(0, call.kwargs['status_code_retries'])

    def test_an_error_is_an_error(self) -> None:
        for status in (400, 403, 404, 409, 413, 500):
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
        self.assertEqual([ORDER.to_json()] * 2, self.glance.imports)
        self.assertIn('502', self.refused(*[doubles.response(502)] * 10))

    def test_a_glance_that_hears_both_times(self) -> None:
        def begins(seconds: float) -> None:
            self.glance.accepts = True
            self.glance._begin()

        self.glance.accepts = False
        self.glance.refusals = [doubles.response(504), doubles.response(409)]
        import_start.start_import(
            self.glance.proxy, doubles.IMAGE_ID, ORDER, begins
        )
        self.assertEqual(2, len(self.glance.imports))

    def test_a_refusal_after_a_lost_question(self) -> None:
        self.glance.accepts = False
        told = self.refused(doubles.response(504), doubles.response(403))
        self.assertIn('403', told)

    def test_a_lock_is_told_of(self) -> None:
        self.glance.attributes['os_glance_import_task'] = 'other'
        told = self.refused(doubles.response(409))
        self.assertIn('Task other works on the image', told)
        self.setUp()
        self.assertNotIn('works', self.refused(doubles.response(409)))
