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
from unittest import mock

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import import_wait
from osc_image_ext.image import tasks
from tests.fixtures import doubles
from tests.fixtures import importing_glance

MIB = 1024**2
STEP = importing_glance.Step
ALL = ('fast', 'slow')


def importing(*stores: str, **image: Any) -> dict[str, Any]:
    """Return what an image shows while these stores are written to."""
    return {'os_glance_importing_to_stores': ','.join(stores), **image}


class FollowTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.listener = doubles.RecordingListener()
        self.clock = doubles.FakeClock()

    def follow(
        self,
        *steps: importing_glance.Step,
        targets: tuple[str, ...] = ('fast',),
        size: int | None = 100 * MIB,
        timeout: float | None = None,
        **options: Any,
    ) -> import_wait.ImportResult:
        self.glance = importing_glance.ImportingGlance(*steps)
        self.glance.tasks = [
            {'id': doubles.TASK_ID, 'type': 'api_image_import'}
        ]
        return import_wait.wait_for_import(
            self.glance.proxy,
            doubles.task('pending'),
            doubles.image(status='importing', size=size),
            targets,
            self.listener,
            tasks.WaitOptions(True, timeout, self.clock, self.clock.advance),
            **options,
        )

    def failed(self, *args: Any, **options: Any) -> str:
        try:
            self.follow(*args, **options)
        except exceptions.Error as error:
            self.error = error
            return api_errors.describe(error)
        raise AssertionError('it did not fail')


class TestTruth(FollowTestCase):
    """Success is the task's and the stores', never the state alone."""

    def test_success(self) -> None:
        done = self.follow(STEP(), importing_glance.active(size=7))
        self.assertEqual(
            ('active', ()), (done.image.status, done.missing_stores)
        )
        self.assertEqual(7, self.listener.heard('moved')[-1])

    def test_a_glance_that_is_away_at_the_very_end(self) -> None:
        seen = mock.Mock(
            side_effect=[
                doubles.image(status='importing'),
                doubles.http_error(502),
                doubles.image(status='active', stores='fast'),
            ]
        )
        with mock.patch.object(
            importing_glance.ImportingGlance, '_get_image', seen
        ):
            done = self.follow(importing_glance.active())
        self.assertEqual('active', done.image.status)

    def test_an_active_image_is_no_success_of_a_task_that_runs(self) -> None:
        copying = STEP('processing', '', {'status': 'active'})
        done = self.follow(copying, copying, importing_glance.active())
        self.assertEqual('fast', done.image.properties['stores'])

    def test_an_active_image_is_no_success_of_a_task_that_failed(self) -> None:
        told = self.failed(
            importing_glance.failed('Full.', 'slow', status='active'),
            targets=('slow',),
        )
        self.assertIsInstance(self.error, exceptions.TaskError)
        self.assertEqual(
            f'Task {doubles.TASK_ID} failed: Full. Failed stores: slow.',
            told,
        )

    def test_a_failure_in_no_store(self) -> None:
        self.assertEqual(
            f'Task {doubles.TASK_ID} failed: Full.',
            self.failed(importing_glance.failed('Full.')),
        )

    def test_a_failure_whose_image_is_gone(self) -> None:
        self.assertIn(
            'failed: Full.',
            self.failed(
                STEP(),
                importing_glance.failed('Full.'),
                STEP('failure', '', {'status': 'deleted'}),
            ),
        )

    def test_a_task_that_succeeded_with_an_image_that_is_not_active(
        self,
    ) -> None:
        self.assertIn(
            'is in status queued',
            self.failed(STEP('success', '', {'status': 'queued'})),
        )

    def test_some_stores_may_fail(self) -> None:
        done = self.follow(importing_glance.active('fast'), targets=ALL)
        self.assertEqual(('slow',), done.missing_stores)

    def test_but_not_all(self) -> None:
        for targets in (('slow',), ('slow', 'third')):
            told = self.failed(
                importing_glance.active('fast'), targets=targets
            )
            self.assertIn(
                'was not imported into these stores: ' + ', '.join(targets),
                told,
            )

    def test_and_not_if_none_may(self) -> None:
        told = self.failed(
            importing_glance.active('fast'), targets=ALL, allow_failure=False
        )
        self.assertIn('was not imported into these stores: slow.', told)

    def test_one_store_without_a_name(self) -> None:
        done = self.follow(
            STEP('success', '', {'status': 'active'}), targets=()
        )
        self.assertEqual((), done.missing_stores)

    def test_a_deleted_image(self) -> None:
        self.assertEqual(
            f'Image {doubles.IMAGE_ID} was deleted during the import. '
            'Partial data may remain in the store.',
            self.failed(STEP(), STEP(image={'status': 'deleted'})),
        )

    def test_a_task_that_is_forgotten(self) -> None:
        glance = importing_glance.ImportingGlance
        real = glance._tasks
        try:
            glance._tasks = lambda self: doubles.response(200, {'tasks': []})  # type: ignore[method-assign]
            told = self.failed(STEP())
        finally:
            glance._tasks = real  # type: ignore[method-assign]
        self.assertIn('no longer exists', told)

    def test_a_timeout(self) -> None:
        self.assertEqual(
            f'Timed out waiting for task {doubles.TASK_ID} (status: '
            f'processing).',
            self.failed(STEP(), timeout=5),
        )


class TestProgress(FollowTestCase):
    def phases(self) -> list[tuple[str, Any]]:
        """Return what was told, without repetitions."""
        told: list[tuple[str, Any]] = []
        for event in self.listener.events:
            if event not in told[-2:]:
                told.append(event)
        return told

    def test_what_is_copied_moves_the_bar(self) -> None:
        self.follow(
            STEP('processing', 'Copied 40 MiB'),
            STEP('processing', 'Kopiert: 90 MiB'),
            importing_glance.active(size=100 * MIB),
        )
        self.assertEqual([100 * MIB], self.listener.heard('started'))
        moved = [m // MIB for m in self.listener.heard('moved')]
        self.assertEqual([40, 90, 100], moved)

    def test_it_does_not_move_beyond_the_size(self) -> None:
        self.follow(
            STEP('processing', 'Copied 40 MiB'),
            importing_glance.active(),
            size=39 * MIB + 1,
        )
        self.assertEqual(39 * MIB + 1, self.listener.heard('moved')[0])

    def test_an_unknown_size(self) -> None:
        self.follow(
            STEP('processing', 'Copied 40 MiB'),
            importing_glance.active(),
            size=None,
        )
        self.assertEqual([None], self.listener.heard('started'))
        self.assertEqual(40 * MIB, self.listener.heard('moved')[0])

    def test_the_phases(self) -> None:
        self.follow(STEP(), importing_glance.active())
        self.assertEqual(
            ['importing', 'queued', 'importing'],
            [
                what
                for i, what in enumerate(self.listener.heard('phase'))
                if i == 0 or what != self.listener.heard('phase')[i - 1]
            ],
        )

    def test_the_store_is_named(self) -> None:
        for targets, expected in (
            ((), 'to the store'),
            (('slow',), 'to slow'),
            (('s\x1b[2J',), 'to s\\x1b[2J'),
            (ALL, 'to fast (1 of 2)'),
        ):
            self.setUp()
            image = {'status': 'active', 'stores': ','.join(targets)}
            self.follow(STEP(), STEP('success', '', image), targets=targets)
            self.assertEqual({expected}, set(self.listener.heard('message')))

    def test_each_store_starts_again(self) -> None:
        self.follow(
            STEP('processing', '', importing('fast', 'slow')),
            STEP('processing', 'Copied 90 MiB', importing('fast', 'slow')),
            STEP('processing', 'Copied 100 MiB', importing('slow')),
            STEP('processing', 'Copied 100 MiB', importing('slow')),
            STEP('processing', 'Copied 50 MiB', importing('slow')),
            STEP('processing', 'Copied 50 MiB', importing()),
            importing_glance.active('fast,slow', size=100 * MIB),
            targets=ALL,
        )
        self.assertEqual([100 * MIB] * 2, self.listener.heard('started'))
        moved = [m // MIB for m in self.listener.heard('moved')]
        self.assertEqual([90, 50, 50, 100], moved)
        messages = list(dict.fromkeys(self.listener.heard('message')))
        self.assertEqual(['to fast (1 of 2)', 'to slow (2 of 2)'], messages)

    def test_trouble_is_told(self) -> None:
        self.follow(STEP(), STEP(error=502), importing_glance.active())
        self.assertTrue(
            any('502' in told for told in self.listener.heard('message'))
        )
