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

import re
import unittest
from xml.etree import ElementTree

import pyte

from tools.pictures import drawing

_NAMESPACE = '{http://www.w3.org/2000/svg}'


class TestDraw(unittest.TestCase):
    def draw(self, text: str, columns: int = 20) -> ElementTree.Element:
        """Return the picture of a terminal with 4 lines."""
        screen = pyte.Screen(columns, 4)
        pyte.Stream(screen).feed(text)
        chars = [
            [screen.buffer[y][x] for x in range(columns)] for y in range(4)
        ]
        self.svg = drawing.draw(chars, 'name')
        return ElementTree.fromstring(self.svg)

    def texts(self, text: str) -> dict[str, ElementTree.Element]:
        """Return the elements of a picture by their texts."""
        return {
            (element.text or '').replace('\xa0', ' '): element
            for element in self.draw(text).iter(f'{_NAMESPACE}text')
        }

    def color(self, element: ElementTree.Element) -> str:
        """Return the color in the style sheet."""
        name = re.escape(element.attrib['class'])
        found = re.search(rf'\.{name} {{ fill: (#\w+)', self.svg)
        assert found
        return found[1]

    def test_colors(self) -> None:
        texts = self.texts('\x1b[32mok\x1b[0m\x1b[90m--\x1b[0mplain')
        self.assertEqual(['ok', '--', 'plain'], list(texts))
        colors = {self.color(element) for element in texts.values()}
        self.assertEqual(3, len(colors))

    def test_columns(self) -> None:
        texts = self.texts('ab\x1b[32mcde\x1b[0m')
        width = float(texts['cde'].attrib['x']) / 2
        self.assertEqual(12, width)
        for text, element in texts.items():
            length = float(element.attrib['textLength'])
            self.assertEqual(width * len(text), length)
            self.assertEqual(
                'spacingAndGlyphs', element.attrib['lengthAdjust']
            )

    def test_text_is_not_markup(self) -> None:
        self.assertIn('<b> & [red]', self.texts('<b> & [red]'))

    def test_without_the_last_prompt(self) -> None:
        self.assertEqual(['$ ls', 'file'], [*self.texts('$ ls\r\nfile\r\n$ ')])

    def test_height_is_that_of_the_lines(self) -> None:
        heights = [
            int(self.draw(text).attrib['height'])
            for text in ('1', '1\r\n2', '1\r\n2\r\n3')
        ]
        self.assertEqual(sorted(set(heights)), heights)

    def test_nothing_is_loaded(self) -> None:
        root = self.draw('$ openstack --version')
        self.assertNotRegex(self.svg, r'@import|@font-face|url\(')
        values = [
            v for element in root.iter() for v in element.attrib.values()
        ]
        self.assertNotIn('http', ''.join(values))
