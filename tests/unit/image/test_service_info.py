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

from osc_image_ext import api_errors
from osc_image_ext.image import service_info
from tests.fixtures import doubles
from tests.fixtures import importing_glance


class TestOf(unittest.TestCase):
    def test_several_stores(self) -> None:
        glance = importing_glance.ImportingGlance(methods=('web-download',))
        self.assertEqual(
            service_info.ServiceInfo(
                ('web-download',), ('fast', 'slow'), 'fast'
            ),
            service_info.get_service_info(glance.proxy),
        )

    def test_one_store(self) -> None:
        glance = importing_glance.ImportingGlance(stores=None, methods=())
        self.assertEqual(
            service_info.ServiceInfo(()),
            service_info.get_service_info(glance.proxy),
        )

    def test_a_store_that_cannot_be_written_to(self) -> None:
        proxy = doubles.proxy()
        proxy.get.side_effect = lambda path: doubles.response(
            200,
            {'stores': [{'id': 'web', 'read-only': 'true'}, {'id': 'file'}]},
        )
        self.assertEqual(
            ('file',), service_info.get_service_info(proxy).stores
        )

    def test_an_error_is_raised(self) -> None:
        proxy = doubles.proxy()
        proxy.get.return_value = doubles.response(500)
        with self.assertRaises(Exception) as caught:
            service_info.get_service_info(proxy, doubles.RecordedSleep())
        self.assertIn('500', api_errors.describe(caught.exception))

    def test_a_short_outage_is_survived(self) -> None:
        proxy = doubles.proxy()
        for failure in (
            doubles.broken(ConnectionResetError(104, 'Reset')),
            doubles.http_error(502),
        ):
            proxy.get.side_effect = [
                failure,
                doubles.response(200, {'import-methods': {'value': ['x']}}),
                failure,
                doubles.response(404, {'message': 'No.'}),
            ]
            info = service_info.get_service_info(
                proxy, doubles.RecordedSleep()
            )
            self.assertEqual(('x',), info.import_methods)
