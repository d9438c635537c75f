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

from osc_image_ext.actions import import_report
from osc_image_ext.image import import_wait
from tests.fixtures import doubles


class TestWarnAboutResult(unittest.TestCase):
    def test_names_of_stores_do_not_control_the_terminal(self) -> None:
        result = import_wait.ImportResult(doubles.image(), ('a\x1b[2J',))
        with self.assertLogs(import_report.LOG) as logged:
            import_report.warn_about_result(result)
        self.assertTrue(
            logged.output[0].endswith('into these stores: a\\x1b[2J.')
        )
