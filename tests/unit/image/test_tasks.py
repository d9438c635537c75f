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

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import task as _task

from osc_image_ext import exceptions
from osc_image_ext.image import tasks
from tests.fixtures import doubles

# As Glance tells it.
TOLD = {
    'id': doubles.TASK_ID,
    'type': 'import',
    'status': 'pending',
    'owner': 'project',
    'input': {'import_from': 'http://example.org'},
    'result': None,
    'message': '',
    'self': f'/v2/tasks/{doubles.TASK_ID}',
    'schema': '/v2/schemas/task',
}


class TestCreate(unittest.TestCase):
    def test_type_and_input_are_sent_once(self) -> None:
        proxy = doubles.proxy(post=lambda *a, **k: doubles.response(201, TOLD))
        task = tasks.create(proxy, 'import', {'import_from': 'x'})
        proxy.post.assert_called_once_with(
            '/tasks',
            json={'type': 'import', 'input': {'import_from': 'x'}},
            connect_retries=0,
        )
        self.assertEqual(doubles.TASK_ID, task.id)
        self.assertEqual('project', task.owner_id)
        self.assertEqual(TOLD['input'], task.input)

    def test_a_refusal_is_raised(self) -> None:
        proxy = doubles.proxy(
            post=lambda *a, **k: doubles.response(403, {'message': 'No.'})
        )
        with self.assertRaises(sdk_exceptions.ForbiddenException):
            tasks.create(proxy, 'import', {})

    def test_a_lost_connection_is_raised(self) -> None:
        proxy = doubles.proxy(post=doubles.reset)
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            tasks.create(proxy, 'import', {})
        proxy.post.assert_called_once()


class TestGet(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = doubles.proxy()

    def test_each_look_asks_the_server(self) -> None:
        for status in ('processing', 'success'):
            self.proxy.get.return_value = doubles.response(
                200, {**TOLD, 'status': status}
            )
            self.assertEqual(
                status, tasks.get(self.proxy, doubles.TASK_ID).status
            )

    def test_it_takes_no_answer_from_a_cache_and_does_not_hang(self) -> None:
        self.proxy.get.return_value = doubles.response(200, TOLD)
        tasks.get(self.proxy, doubles.TASK_ID)
        (path,), options = self.proxy.get.call_args
        self.assertEqual(f'/tasks/{doubles.TASK_ID}', path)
        self.assertIs(True, options['skip_cache'])
        self.assertEqual(60, options['timeout'])

    def test_a_task_that_is_gone_is_an_error(self) -> None:
        self.proxy.get.return_value = doubles.response(404)
        with self.assertRaises(sdk_exceptions.NotFoundException):
            tasks.get(self.proxy, doubles.TASK_ID)


class TestOfImage(unittest.TestCase):
    def listed(self, *told: dict[str, Any], **wanted: Any) -> list[str]:
        """Return the IDs of the tasks that are listed."""
        self.proxy = doubles.proxy()
        self.proxy.get.return_value = doubles.response(200, {'tasks': [*told]})
        found = tasks.list_for_image(self.proxy, doubles.IMAGE_ID, **wanted)
        return [task.id for task in found]

    def task(self, name: str, created: str, status: str = 'success') -> Any:
        return {'id': name, 'created_at': created, 'status': status}

    def test_the_image_is_asked_for_its_tasks(self) -> None:
        self.assertEqual([doubles.TASK_ID], self.listed(TOLD))
        self.assertEqual(
            f'/images/{doubles.IMAGE_ID}/tasks',
            self.proxy.get.call_args.args[0],
        )

    def test_the_newest_comes_first(self) -> None:
        told = [self.task('a', '1'), self.task('c', '3'), self.task('b', '2')]
        self.assertEqual(['c', 'b', 'a'], self.listed(*told))
        self.assertEqual(['c', 'b'], self.listed(*told, limit=2))

    def test_those_that_are_wanted(self) -> None:
        told = [self.task('a', '1'), self.task('b', '2', 'failure')]
        self.assertEqual(['b'], self.listed(*told, status='failure'))
        self.assertEqual(['a'], self.listed(*told, status='success', limit=1))
        self.assertEqual([], self.listed(*told, type='import'))


class WaitTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.listener = doubles.RecordingListener()
        self.seconds: list[float] = []
        self.looks = 0

    def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.clock.advance(seconds)

    def follow(
        self,
        *answers: _task.Task | Exception,
        timeout: float | None = None,
        first: _task.Task | None = None,
    ) -> _task.Task:
        """Follow a task; each look has one of the answers, or the last."""
        left = list(answers)

        def look() -> _task.Task:
            self.looks += 1
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return tasks.wait_for_task(
            first or doubles.task('pending'),
            look,
            self.listener,
            tasks.WaitOptions(True, timeout, self.clock, self.sleep),
        )


class TestEnd(WaitTestCase):
    def test_a_task_that_succeeds_is_returned(self) -> None:
        ended = doubles.task('success', result={'image_id': 'x'})
        self.assertIs(ended, self.follow(doubles.task(), ended))
        self.assertEqual(2, self.looks)

    def test_a_task_that_has_ended_is_not_looked_at(self) -> None:
        ended = doubles.task('success')
        self.assertIs(ended, self.follow(ended, first=ended))
        self.assertEqual((0, []), (self.looks, self.seconds))

    def test_a_failure_is_told_with_the_servers_reason(self) -> None:
        with self.assertRaises(exceptions.TaskError) as caught:
            self.follow(doubles.task('failure', message='Disk\x1b[2J full'))
        self.assertEqual(doubles.TASK_ID, caught.exception.task_id)
        self.assertEqual(
            f'Task {doubles.TASK_ID} failed: Disk\\x1b[2J full',
            str(caught.exception),
        )

    def test_a_failure_without_a_reason(self) -> None:
        for message in ('', None):
            with self.assertRaisesRegex(
                exceptions.TaskError, 'failed; the server gave no reason'
            ):
                self.follow(doubles.task('failure', message=message))

    def test_a_status_that_nobody_knows_is_waited_for(self) -> None:
        self.follow(doubles.task('paused'), doubles.task('success'))
        self.assertIn('paused', self.listener.heard('phase'))


class TestPhases(WaitTestCase):
    def test_they_are_the_statuses_with_their_messages(self) -> None:
        self.follow(
            doubles.task('processing', message=''),
            doubles.task('processing', message='Copied 5\nMiB'),
            doubles.task('success', message=None),
        )
        self.assertEqual(
            [
                ('phase', 'pending'),
                ('phase', 'processing'),
                ('phase', 'processing'),
                ('message', 'Copied 5 MiB'),
                ('phase', 'success'),
            ],
            self.listener.events,
        )

    def test_trouble_is_the_message_until_it_is_over(self) -> None:
        self.follow(
            doubles.broken(ConnectionResetError(104, 'Connection reset')),
            doubles.http_error(503, {'message': 'Busy.'}, reason='Not now'),
            doubles.task('processing', message='Copied 5 MiB'),
            doubles.task('success'),
        )
        self.assertEqual(
            [
                'Cannot connect to the server: Connection reset.',
                'The server returned 503 Not now: Busy.',
                'Copied 5 MiB',
            ],
            self.listener.heard('message'),
        )


class TestDelays(WaitTestCase):
    def test_they_grow_from_one_to_five_seconds(self) -> None:
        running = [doubles.task()] * 7
        self.follow(*running, doubles.task('success'))
        self.assertEqual([1, 1.5, 2.25, 3.375, 5, 5, 5, 5], [*self.seconds])


class TestTimeout(WaitTestCase):
    def test_it_ends_the_wait_and_tells_the_task(self) -> None:
        with self.assertRaises(exceptions.TaskTimeout) as caught:
            self.follow(doubles.task(), timeout=10)
        self.assertEqual(10, sum(self.seconds))
        self.assertEqual(
            f'Timed out waiting for task {doubles.TASK_ID} (status: '
            f'processing).',
            str(caught.exception),
        )

    def test_a_task_that_ends_at_the_last_moment_has_ended(self) -> None:
        self.follow(doubles.task(), doubles.task('success'), timeout=2)
        self.assertEqual([1, 1], self.seconds)

    def test_no_time_at_all(self) -> None:
        with self.assertRaises(exceptions.TaskTimeout):
            self.follow(doubles.task(), timeout=0)
        self.assertEqual(0, self.looks)

    def test_there_is_none_unless_given(self) -> None:
        self.follow(*[doubles.task()] * 10_000, doubles.task('success'))
        self.assertGreater(sum(self.seconds), 10_000)

    def test_it_tells_what_kept_the_server_from_answering(self) -> None:
        with self.assertRaises(exceptions.TaskTimeout) as caught:
            self.follow(
                doubles.broken(ConnectionRefusedError(111, 'Refused')),
                timeout=10,
            )
        self.assertEqual(
            ['Cannot connect to the server: Refused.'],
            caught.exception.__notes__,
        )


class TestTrouble(WaitTestCase):
    def test_what_may_pass_is_survived(self) -> None:
        for trouble in (
            doubles.broken(ConnectionResetError(104, 'Connection reset')),
            ksa_exceptions.ConnectTimeout('too slow'),
            ksa_exceptions.ServiceUnavailable('Keystone'),
            *(
                doubles.http_error(status)
                for status in (429, 500, 502, 503, 504)
            ),
        ):
            with self.subTest(trouble=trouble):
                self.follow(trouble, doubles.task(), doubles.task('success'))

    def test_what_will_not_is_told_at_once(self) -> None:
        for trouble in (
            *(doubles.http_error(status) for status in (400, 401, 403, 404)),
            ksa_exceptions.Unauthorized('Keystone'),
            sdk_exceptions.SDKException('odd'),
            ZeroDivisionError(),
        ):
            with (
                self.subTest(trouble=trouble),
                self.assertRaises(type(trouble)) as caught,
            ):
                self.follow(trouble, doubles.task('success'))
            self.assertIs(trouble, caught.exception)

    def test_patience_ends_after_five_minutes_without_an_answer(self) -> None:
        trouble = doubles.http_error(503)
        with self.assertRaises(sdk_exceptions.HttpException):
            self.follow(trouble)
        self.assertTrue(300 < sum(self.seconds) <= 305)

    def test_each_answer_renews_the_patience(self) -> None:
        trouble = doubles.http_error(503)
        answers: list[_task.Task | Exception] = [trouble] * 50
        answers = [*answers, doubles.task()] * 3
        self.follow(*answers, doubles.task('success'))
        self.assertGreater(sum(self.seconds), 600)

    def test_an_interruption_goes_on(self) -> None:
        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            tasks.wait_for_task(
                doubles.task(),
                lambda: self.fail('looked'),
                self.listener,
                tasks.WaitOptions(True, sleep=interrupted),
            )
