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

from osc_image_ext.image import progress_report
from osc_image_ext.image import progress_reporter
from tests.fixtures import doubles


def progress(
    state: str = 'receiving', **values: Any
) -> progress_report.ImageProgress:
    values = {'phase': 'upload', 'is_reported': True, **values}
    status = values.pop('status', 'saving')
    return progress_report.ImageProgress(
        doubles.IMAGE_ID, status, state, **values
    )


class TestReporter(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.reporter = progress_reporter.Reporter(self.listener)

    def report(self, *args: Any, problem: str = '', **values: Any) -> None:
        self.reporter.update(progress(*args, **values), problem)

    def heard(self, kind: str) -> list[Any]:
        return self.listener.heard(kind)

    def test_an_upload_that_others_see(self) -> None:
        for received in (500, 800):
            self.report(received=received, total=1000)
        self.report('storing', received=1000, total=1000)
        self.report('done', status='active', received=1000, total=1000)
        self.assertEqual([1000], self.heard('started'))
        # The first is where it starts: what came before has no rate.
        self.assertEqual([500, 500, 800, 1000, 1000], self.heard('moved'))
        self.assertEqual(
            ['receiving', 'receiving', 'receiving', 'storing', 'active'],
            self.heard('phase'),
        )
        self.assertEqual([], self.heard('message'))

    def test_what_starts_again(self) -> None:
        for values in (
            {'received': 5},
            {'received': 5, 'total': 9},
            {'received': 6, 'total': 9},
            {'received': 6, 'total': 9, 'attempt': 'req-2'},
            {'received': 5, 'total': 9, 'attempt': 'req-2'},
            {'received': 5, 'total': 9, 'phase': 'import'},
        ):
            self.report(**values)
        self.assertEqual([None, 9, 9, 9, 9], self.heard('started'))

    def test_bytes_that_are_not_reported(self) -> None:
        self.report(is_reported=False)
        self.report('waiting', phase=None)
        self.assertEqual(['receiving', 'waiting'], self.heard('phase'))
        self.assertEqual(['bytes not reported'], self.heard('message'))
        self.assertEqual([], self.heard('started'))

    def test_bytes_that_one_poll_does_not_report(self) -> None:
        self.report(received=5)
        self.report(is_reported=False)
        self.report(received=6)
        self.assertEqual([None], self.heard('started'))
        self.assertEqual([5, 5, 6], self.heard('moved'))

    def test_bytes_that_are_not_reported_any_more(self) -> None:
        self.report(received=9, total=9, phase='stage')
        for _ in range(2):
            self.report('importing', phase='import', message='Copying.')
        self.assertEqual([9, None], self.heard('started'))
        self.assertEqual(['Copying.', 'Copying.'], self.heard('message'))

    def test_bytes_that_the_task_reports(self) -> None:
        self.report('importing', received=5, is_reported=False)
        self.assertEqual(['reported once a minute'], self.heard('message'))

    def test_the_problem_of_the_last_poll(self) -> None:
        self.report(received=5, problem='No.')
        self.assertEqual(['No.'], self.heard('message'))

    def test_names(self) -> None:
        for state, status, name in (
            ('done', 'uploading', 'staged'),
            ('done', 'active', 'active'),
            ('failed', 'queued', 'failed'),
            ('stalled', 'saving', 'stalled'),
            ('new one', 'saving', 'new one'),
        ):
            self.report(state, status=status, received=5)
            self.assertEqual(name, self.heard('phase')[-1])

    def test_an_image_that_is_active_from_the_start(self) -> None:
        self.report('done', status='active', received=5, total=5)
        self.assertEqual([('phase', 'active')], self.listener.events)
