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


class TestLookAt(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = doubles.proxy()
        self.look = tasks.look_at(self.proxy, doubles.TASK_ID)

    def test_each_look_asks_the_server(self) -> None:
        for status in ('processing', 'success'):
            self.proxy.get.return_value = doubles.response(
                200, {**TOLD, 'status': status}
            )
            self.assertEqual(status, self.look().status)

    def test_it_takes_no_answer_from_a_cache_and_does_not_hang(self) -> None:
        self.proxy.get.return_value = doubles.response(200, TOLD)
        self.look()
        (path,), options = self.proxy.get.call_args
        self.assertEqual(f'/tasks/{doubles.TASK_ID}', path)
        self.assertIs(True, options['skip_cache'])
        self.assertEqual(60, options['timeout'])

    def test_a_task_that_is_gone_is_an_error(self) -> None:
        self.proxy.get.return_value = doubles.response(404)
        with self.assertRaises(sdk_exceptions.NotFoundException):
            self.look()


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
