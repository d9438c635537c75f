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

"""Warnings, once a minute."""

import unittest

from oslo_log import log as logging

from glance_upload_progress import limited_log


class LimitedLogTest(unittest.TestCase):
    def test_one_line_a_minute(self) -> None:
        now = 0.0
        log = limited_log.LimitedLog(
            logging.getLogger('glance_upload_progress'), lambda: now
        )
        with self.assertLogs('glance_upload_progress') as logs:
            for now in (0, 1, 59.9, 60, 61, 200):
                log.warning('At %s %s', now, 's')
        self.assertEqual(
            ['At 0 s', 'At 60 s', 'At 200 s'],
            [record.getMessage() for record in logs.records],
        )
