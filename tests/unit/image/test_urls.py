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

from osc_image_ext.image import urls


class TestUrls(unittest.TestCase):
    def test_what_can_be_fetched(self) -> None:
        for text in (
            'http://h',
            'https://h/x',
            'HTTPS://h/x',
            'http://u:p@h:80/x?y#z',
            'http://[::1]:80/x',
        ):
            self.assertTrue(urls.is_url(text), text)

    def test_what_cannot(self) -> None:
        for text in (
            '',
            'disk.img',
            '/disk.img',
            'ftp://h/x',
            'file:///x',
            'http://',
            'http:///x',
            'http://h:x/',
            'http://h:99999/',
            'http://[::1/x',
        ):
            self.assertFalse(urls.is_url(text), text)

    def test_nothing_secret_is_shown(self) -> None:
        self.assertEqual(
            'https://h:80/a%20b?...',
            urls.printable_url('https://u:p@h:80/a%20b?token=x#y'),
        )
        self.assertEqual('http://h/x', urls.printable_url('http://h/x'))

    def test_the_name_of_a_file(self) -> None:
        for url, name in (
            ('http://h/a/disk.img', 'disk.img'),
            ('http://h/a%20b.img?x=/y.img', 'a b.img'),
            ('http://h/', ''),
            ('http://h', ''),
        ):
            self.assertEqual(name, urls.file_name(url))
