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

from osc_image_ext import exceptions
from osc_image_ext.image import data_response
from tests.fixtures import doubles
from tests.fixtures import downloads

_IMAGE = doubles.image(size=10)


class TestRefusesRange(unittest.TestCase):
    def test_responses(self) -> None:
        for status, value, expected in (
            (206, 'bytes 4-9/10', False),
            (206, 'bytes 0-9/10', True),
            (206, 'bytes 4-9/*', False),
            (206, 'nonsense', True),
            (206, '', True),
            (200, '', False),
            (204, '', True),
            (400, '', True),
            (416, '', True),
            (503, '', False),
        ):
            with self.subTest(status, value=value):
                response = downloads.data_response(
                    b'', status, Content_Range=value
                )
                self.assertIs(
                    expected, data_response.refuses_range(response, 4)
                )


class TestCheck(unittest.TestCase):
    def check(self, status: int, position: int = 0, **headers: Any) -> int:
        response = downloads.data_response(b'x', status, **headers)
        return data_response.check(response, _IMAGE, position)

    def test_what_is_the_image(self) -> None:
        self.assertEqual(0, self.check(200, Content_Length='10'))
        self.assertEqual(0, self.check(200))
        self.assertEqual(0, self.check(200, 4, Content_Length='10'))
        self.assertEqual(0, self.check(200, Content_Encoding='identity'))
        range_ = 'bytes 4-9/10'
        self.assertEqual(4, self.check(206, 4, Content_Range=range_))
        self.assertEqual(4, self.check(206, 4, Content_Range='bytes 4-9/*'))

    def test_what_is_not(self) -> None:
        for status, headers, words in (
            (200, {'Content_Length': '9'}, 'sends 9 bytes as image'),
            (200, {'Content_Encoding': 'gzip'}, 'in the encoding gzip,'),
            (200, {'Content_Encoding': 'a\x1b'}, r'encoding a\\x1b,'),
            (200, {'Content_Type': 'text/html'}, 'Unexpected response'),
            (202, {}, 'Unexpected response'),
            (206, {'Content_Range': 'bytes 3-9/10'}, 'Unexpected response'),
            (206, {'Content_Range': 'bytes 4-9/11'}, 'sends 11 bytes as'),
            (204, {}, 'its store has lost the data'),
        ):
            with (
                self.subTest(status, headers=headers),
                self.assertRaisesRegex(exceptions.TransferError, words),
            ):
                self.check(status, 4, **headers)

    def test_no_data_yet(self) -> None:
        image = doubles.image(status='saving')
        with self.assertRaisesRegex(
            exceptions.NoDataError, r'has no data yet \(status: saving\).'
        ):
            data_response.check(doubles.response(204), image, 0)

    def test_forbidden(self) -> None:
        for status, words in (
            ('active', 'requires the Glance policy download_image'),
            ('deactivated', 'The image is deactivated. An administrator can'),
        ):
            with (
                self.subTest(status),
                self.assertRaises(exceptions.TransferError) as caught,
            ):
                data_response.check(
                    doubles.response(403, 'No.', reason='Forbidden'),
                    doubles.image(status=status),
                    0,
                )
            self.assertIn('403 Forbidden: No.', str(caught.exception))
            (note,) = caught.exception.__notes__
            self.assertIn(words, note)

    def test_size_is_not_known(self) -> None:
        response = downloads.data_response(b'x', Content_Length='5')
        image = doubles.image()
        self.assertEqual(0, data_response.check(response, image, 0))
        self.assertEqual(5, data_response.parse_length(response))
