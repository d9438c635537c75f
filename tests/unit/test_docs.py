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

"""The documentation has a place for each command."""

from importlib import metadata
import pathlib
import re
import unittest

DOCS = pathlib.Path(__file__).parents[2] / 'doc' / 'source'


class TestCommands(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.commands = {
            point.name.replace('_', ' ')
            for point in metadata.distribution('osc-image-ext').entry_points
            if point.group.endswith('.v2')
        }

    def test_the_reference_has_each_command(self) -> None:
        pages = ''.join(
            page.read_text() for page in (DOCS / 'cli').glob('*.rst')
        )
        documented = re.findall(r':command: (.*)', pages)
        self.assertEqual(sorted(self.commands), sorted(documented))

    def test_the_front_page_names_each_subject(self) -> None:
        page = (DOCS / 'index.rst').read_text()
        for subject in ('image create', 'hypervisor servers set'):
            with self.subTest(subject):
                self.assertIn(subject, self.commands)
                self.assertIn(subject, page)

    def test_the_summary_names_each_subject(self) -> None:
        summary = metadata.metadata('osc-image-ext')['Summary']
        for subject in ('upload', 'import', 'server'):
            with self.subTest(subject):
                self.assertIn(subject, summary)
