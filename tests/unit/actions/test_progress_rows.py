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

from osc_image_ext.actions import progress_rows
from osc_image_ext.image import progress_report
from tests.fixtures import doubles

PROGRESS = progress_report.ImageProgress(
    doubles.IMAGE_ID,
    'importing',
    'importing',
    'import',
    3 * 1024**2,
    4 * 1024**2,
    (
        progress_report.StoreProgress('fast', 'done', 1024, 2048),
        progress_report.StoreProgress('slow', 'waiting'),
        progress_report.StoreProgress(None, 'importing', 5),
    ),
    name='disk',
)


class TestRows(unittest.TestCase):
    def test_a_row_has_the_values_of_its_columns(self) -> None:
        row = dict(
            zip(
                progress_rows.COLUMNS,
                progress_rows.list_row(PROGRESS),
                strict=True,
            )
        )
        self.assertEqual(
            (doubles.IMAGE_ID, 'disk', 'import', 'importing', 75, None),
            (
                row['ID'],
                row['Name'],
                row['Phase'],
                row['State'],
                row['Percent'],
                row['Updated At'],
            ),
        )

    def test_people_get_units_and_programs_numbers(self) -> None:
        columns = progress_rows.show_columns(PROGRESS)
        received, stores = columns['received'], columns['stores']
        self.assertEqual('3.0 MiB', received.human_readable())
        self.assertEqual(3 * 1024**2, received.machine_readable())
        self.assertEqual(
            'fast: done 1.0/2.0 KiB, slow: waiting, importing 5 B',
            stores.human_readable(),
        )
        self.assertEqual(
            {
                'store': 'fast',
                'state': 'done',
                'received': 1024,
                'total': 2048,
            },
            stores.machine_readable()[0],
        )

    def test_what_is_not_known(self) -> None:
        columns = progress_rows.show_columns(
            progress_report.ImageProgress(doubles.IMAGE_ID, 'saving', 'x')
        )
        for name in ('received', 'total', 'percent', 'message', 'attempt'):
            self.assertIsNone(columns[name])
        self.assertEqual([], columns['stores'].machine_readable())
