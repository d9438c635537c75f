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

"""What tests of tasks need: a source, and the input that imports it."""

import os
import shutil
from typing import Any

from openstack.image.v2 import task as _task

from tests.fixtures import web
from tests.functional import base

SIZE = 3 * 1024**2


class ImageTaskTest(base.FunctionalTest):
    """Has a web server with an image that Glance may import."""

    def setUp(self) -> None:
        super().setUp()
        if not shutil.which('qemu-img'):
            self.fail(
                'Glance needs qemu-img for tasks of type import: please '
                'install the Debian package qemu-utils.'
            )
        self.web = self.useFixture(web.Web())
        self.data = os.urandom(SIZE)
        self.url = self.web.serve('disk.img', self.data)
        self.create = ('image', 'task', 'create', '--type', 'import')

    def shortcuts(self, url: str, **properties: str) -> tuple[str, ...]:
        """Return the options that import a raw image of the test's name."""
        properties = {
            'name': self.name,
            'disk_format': 'raw',
            'container_format': 'bare',
        } | properties
        options = ['--import-from', url, '--import-from-format', 'raw']
        for key, value in properties.items():
            options += ['--image-property', f'{key}={value}']
        return tuple(options)

    def input(self, **changes: Any) -> dict[str, Any]:
        """Return the input of the same import."""
        properties = {
            'name': self.name,
            'disk_format': 'raw',
            'container_format': 'bare',
        }
        return {
            'import_from': self.url,
            'import_from_format': 'raw',
            'image_properties': properties,
        } | changes

    def task(self, task_id: str) -> _task.Task:
        """Return a task as Glance shows it now."""
        return self.glance.get_task(task_id)

    def ended(self, task_id: str) -> str:
        """Wait until a task has ended; return its status."""
        statuses = ('success', 'failure')
        self.wait_for(lambda: self.task(task_id).status in statuses)
        return str(self.task(task_id).status)

    def assert_imported(self) -> None:
        """Check that the test's image is what the web server has."""
        image = self.image()
        self.assertEqual('active', image.status)
        self.assertEqual(self.data, self.stored(image))
