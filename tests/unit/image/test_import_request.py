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


import unittest

from osc_image_ext import exceptions
from osc_image_ext.image import import_request
from osc_image_ext.image import service_info
from tests.fixtures import doubles

INFO = service_info.ServiceInfo(('glance-direct',), ('fast', 'slow'), 'fast')
SINGLE = service_info.ServiceInfo(('glance-direct',))
REQUEST = import_request.ImportRequest('glance-direct')


class TestImportRequest(unittest.TestCase):
    def test_the_request_says_what_is_wanted_alone(self) -> None:
        for request, expected in (
            (REQUEST, {}),
            (
                import_request.ImportRequest(
                    'glance-direct', allow_failure=False
                ),
                {},
            ),
            (
                import_request.ImportRequest('glance-direct', stores=('a',)),
                {'stores': ['a']},
            ),
            (
                import_request.ImportRequest(
                    'glance-direct', stores=('a', 'b')
                ),
                {'stores': ['a', 'b'], 'all_stores_must_succeed': False},
            ),
            (
                import_request.ImportRequest(
                    'glance-direct', all_stores=True, allow_failure=False
                ),
                {'all_stores': True, 'all_stores_must_succeed': True},
            ),
        ):
            self.assertEqual(
                {'method': {'name': 'glance-direct'}, **expected},
                request.to_json(),
            )

    def test_the_sources_belong_to_the_method(self) -> None:
        request = import_request.ImportRequest('web-download', uri='http://x')
        self.assertEqual(
            {'method': {'name': 'web-download', 'uri': 'http://x'}},
            request.to_json(),
        )
        request = import_request.ImportRequest(
            'glance-download', None, 'r', 'i', 'internal'
        )
        self.assertEqual(
            {
                'name': 'glance-download',
                'glance_region': 'r',
                'glance_image_id': 'i',
                'glance_service_interface': 'internal',
            },
            request.to_json()['method'],
        )

    def test_targets(self) -> None:
        for request, info, expected in (
            (REQUEST, INFO, ('fast',)),
            (REQUEST, SINGLE, ()),
            (
                import_request.ImportRequest('x', stores=('slow',)),
                INFO,
                ('slow',),
            ),
            (
                import_request.ImportRequest('x', all_stores=True),
                INFO,
                ('fast', 'slow'),
            ),
        ):
            self.assertEqual(expected, request.target_stores(info))

    def test_targets_are_not_where_the_image_is(self) -> None:
        request = import_request.ImportRequest('copy-image', all_stores=True)
        image = doubles.image(stores='fast')
        self.assertEqual(('slow',), request.target_stores(INFO, image))

    def test_what_is_not_offered_is_refused(self) -> None:
        REQUEST.validate(SINGLE)
        for request, info, words in (
            (
                import_request.ImportRequest('copy-image'),
                INFO,
                'Supported: glance-direct.',
            ),
            (
                import_request.ImportRequest('glance-direct', stores=('x',)),
                INFO,
                'fast, sl',
            ),
            (
                import_request.ImportRequest('glance-direct', stores=('x',)),
                SINGLE,
                'does not have multiple stores',
            ),
            (
                import_request.ImportRequest('glance-direct', all_stores=True),
                SINGLE,
                'does not have multiple stores',
            ),
            (REQUEST, service_info.ServiceInfo(()), 'import is not supported'),
        ):
            with self.assertRaisesRegex(exceptions.Error, words):
                request.validate(info)
