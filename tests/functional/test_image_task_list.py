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

"""Tasks that are listed: all of them as in core, or those of one image."""

from typing import Any, cast

from openstack.image.v2 import _proxy

from tests.functional import base
from tests.functional import task_base

_LIST = ('image', 'task', 'list')


class ListTest(task_base.ImageTaskTest):
    """A member imports an image of its own."""

    def setUp(self) -> None:
        super().setUp()
        self.environ['OS_CLOUD'] = 'multi-member'
        self.member = cast(_proxy.Proxy, base.connection('multi-member').image)
        self.imported = self.member.create_image(
            self.name, disk_format='raw', container_format='bare'
        )

    def imports(self, url: str) -> None:
        """Import what is at a URL, and wait for the end of the task."""
        before = len(self.listed())
        self.member.import_image(self.imported, method='web-download', uri=url)
        self.wait_for(
            lambda: (
                len(ended := self.listed()) > before
                and all(t['Status'] in ('success', 'failure') for t in ended)
            )
        )

    def listed(self, *options: str) -> list[dict[str, Any]]:
        result = self.openstack(
            *_LIST, '--image', self.name, '-f', 'json', *options
        )
        tasks: list[dict[str, Any]] = result.json
        return tasks

    def test_tasks_of_an_image(self) -> None:
        self.assertEqual([], self.listed())
        self.imports(self.url)
        (task,) = self.listed()
        self.assertEqual(['ID', 'Type', 'Status', 'Owner'], list(task))
        self.assertEqual('api_image_import', task['Type'])
        self.assertEqual('success', task['Status'])

    def test_long(self) -> None:
        self.imports(self.url)
        (task,) = self.listed('--long')
        self.assertEqual(
            ['Message', 'Created At', 'Updated At'], list(task)[4:]
        )
        self.assertEqual('Copied 3 MiB', task['Message'])
        self.assertLessEqual(task['Created At'], task['Updated At'])

    def test_newest_first(self) -> None:
        self.imports(f'{self.web.url}/gone')
        self.imports(self.url)
        statuses = [task['Status'] for task in self.listed()]
        self.assertEqual(['success', 'failure'], statuses)
        (newest,) = self.listed('--max-items', '1')
        self.assertEqual('success', newest['Status'])
        (failed,) = self.listed('--status', 'failure')
        self.assertEqual('failure', failed['Status'])

    def test_image_of_somebody_else(self) -> None:
        self.environ['OS_CLOUD'] = 'multi-other'
        error = self.failing(*_LIST, '--image', self.name)
        self.assertIn(self.name, error)

    def test_what_does_not_go_together(self) -> None:
        self.assertEqual(
            '--sort-key, --sort-dir and --marker cannot be used with --image.',
            self.failing(*_LIST, '--image', self.name, '--sort-key', 'status'),
        )

    def test_all_tasks(self) -> None:
        self.imports(self.url)
        (ours,) = self.listed()
        self.environ['OS_CLOUD'] = 'multi'
        tasks = self.openstack(*_LIST, '-f', 'json').json
        self.assertIn(ours, tasks)
        tasks = self.openstack(*_LIST, '--long', '-f', 'json').json
        (task,) = [task for task in tasks if task['ID'] == ours['ID']]
        self.assertEqual(['Created At', 'Updated At'], list(task)[4:])
