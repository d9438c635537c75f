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

from osc_image_ext import text as _text


class TestPrintable(unittest.TestCase):
    def test_words_in_any_script_stay_as_they_are(self) -> None:
        for text in ('disk.img', 'образ диска', '磁盘', 'é'):
            with self.subTest(text):
                self.assertEqual(text, _text.printable(text))

    def test_white_space_becomes_one_blank(self) -> None:
        self.assertEqual('a b c', _text.printable('  a\r\n\t b\x0b\n\nc '))

    def test_what_steers_a_terminal_is_escaped(self) -> None:
        for text, expected in (
            ('\x1b[31mred', r'\x1b[31mred'),
            ('\x1b]0;title\x07', r'\x1b]0;title\x07'),
            ('\x9b2J', r'\x9b2J'),
            ('a\x08b\x7f', r'a\x08b\x7f'),
            ('\u202etxt.exe', r'\u202etxt.exe'),
            ('\udcff', r'\udcff'),
        ):
            with self.subTest(expected):
                self.assertEqual(expected, _text.printable(text))

    def test_a_long_text_is_cut(self) -> None:
        text = _text.printable('word ' * 1000 + 'is too long.')
        self.assertEqual(403, len(text))
        self.assertIn('word...', text.replace(' ', ''))
        self.assertTrue(text.endswith('word is too long.'))
        self.assertEqual('x' * 400, _text.printable('x' * 400))


class TestEncodable(unittest.TestCase):
    def test_text(self) -> None:
        for encoding, expected in (
            ('utf-8', 'größer…'),
            ('latin-1', r'größer\u2026'),
            ('ascii', r'gr\xf6\xdfer\u2026'),
        ):
            with self.subTest(encoding):
                self.assertEqual(
                    expected, _text.encodable('größer…', encoding)
                )


class TestEndSentence(unittest.TestCase):
    def test_a_sentence_ends(self) -> None:
        self.assertEqual('It broke.', _text.end_sentence('It broke'))
        for text in ('It broke.', 'It broke!', 'Why?', '壊れた。'):
            self.assertEqual(text, _text.end_sentence(text))
