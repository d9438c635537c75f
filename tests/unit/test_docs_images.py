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

"""The documentation has its images, and they are complete in themselves."""

import pathlib
import re
import unittest
from xml.etree import ElementTree

CLONE = pathlib.Path(__file__).parents[2]
DOCS = CLONE / 'doc' / 'source'
IMAGES = DOCS / 'images'

_IMAGE = re.compile(r'^\.\. (?:image|figure):: (\S+)\n((?: +.*\n)*)', re.M)


class TestImages(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        #: page, name of its image, options
        self.used = [
            (page, *found)
            for page in [CLONE / 'README.rst', *DOCS.rglob('*.rst')]
            for found in _IMAGE.findall(page.read_text())
        ]

    def test_there_are_some(self) -> None:
        self.assertTrue(self.used)

    def test_each_exists(self) -> None:
        for page, name, _options in self.used:
            with self.subTest(name, page=page.name):
                if name.startswith('/'):
                    path = DOCS / name.lstrip('/')
                else:
                    path = page.parent / name
                self.assertTrue(path.is_file())

    def test_each_has_a_description(self) -> None:
        for page, name, options in self.used:
            with self.subTest(name, page=page.name):
                self.assertRegex(options, r':alt: \S')

    def test_each_is_used(self) -> None:
        used = {pathlib.Path(name).name for _page, name, _options in self.used}
        self.assertEqual({path.name for path in IMAGES.iterdir()}, used)

    def test_nothing_is_loaded(self) -> None:
        for path in IMAGES.glob('*.svg'):
            with self.subTest(path.name):
                svg = path.read_text()
                self.assertNotRegex(svg, r'@import|@font-face|<!DOCTYPE')
                for element in ElementTree.fromstring(svg).iter():
                    for value in element.attrib.values():
                        self.assertNotRegex(value, r'//|data:|url\([^#]')
