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

"""Tasks that are created: what they are told, and what Glance answers."""

import json
from typing import Any

from tests.fixtures import faults
from tests.functional import base
from tests.functional import task_base

_POST = ('POST', '/v2/tasks')


class CreateTest(task_base.ImageTaskTest):
    def waited(self, *options: str, **more: Any) -> dict[str, Any]:
        """Create a task that ends well; return what is shown of it."""
        result = self.openstack(
            *self.create, *options, '--wait', '-f', 'json', **more
        )
        shown: dict[str, Any] = result.json
        self.assertEqual('success', shown['status'])
        self.assertEqual({'image_id': self.image().id}, shown['result'])
        self.assert_imported()
        return shown

    def test_not_waited_for(self) -> None:
        result = self.openstack(
            *self.create, *self.shortcuts(self.url), '-f', 'json'
        )
        self.assertEqual('pending', result.json['status'])
        self.assertEqual('success', self.ended(result.json['id']))
        self.assert_imported()

    def test_waited_for(self) -> None:
        shown = self.waited(*self.shortcuts(self.url))
        self.assertEqual(self.input(), shown['input'])

    def test_json(self) -> None:
        self.waited('--input', json.dumps(self.input()))

    def test_python_literal_with_an_apostrophe(self) -> None:
        self.name = f"it's {self.name}"
        self.waited('--input', repr(self.input()))

    def test_file(self) -> None:
        path = self.folder / 'input.json'
        path.write_text(json.dumps(self.input(), indent=2))
        self.waited('--input', f'@{path}')

    def test_standard_input(self) -> None:
        data = json.dumps(self.input()).encode()
        self.waited('--input', '-', data=data)

    def test_properties_have_their_types(self) -> None:
        self.waited(
            *self.shortcuts(
                self.url,
                min_disk='1',
                min_ram='2',
                os_hidden='false',
                protected='false',
                tags='one,two',
                os_distro='3',
            )
        )
        image = self.image()
        self.assertEqual((1, 2), (image.min_disk, image.min_ram))
        self.assertIs(False, image.is_hidden)
        self.assertIs(False, image.is_protected)
        self.assertEqual({'one', 'two'}, set(image.tags))
        self.assertEqual('3', image.os_distro)

    def test_columns_are_those_of_show(self) -> None:
        created = self.waited(*self.shortcuts(self.url))
        shown = self.openstack(
            'image', 'task', 'show', created['id'], '-f', 'json'
        )
        self.assertEqual(shown.json, created)

    @base.cases(
        table=(r'(?m)^\| status +\| pending +\|$',),
        value=('^pending\n$', '-f', 'value', '-c', 'status'),
        yaml=('(?m)^  import_from: http', '-f', 'yaml'),
        shell=('(?m)^status="pending"$', '-f', 'shell'),
    )
    def test_format(self, pattern: str, *options: str) -> None:
        result = self.openstack(
            *self.create, *self.shortcuts(self.url), *options
        )
        self.assertRegex(result.stdout, pattern)
        self.wait_for(self.images)
        self.wait_for(lambda: self.image().status == 'active')


class SingleStoreTest(task_base.ImageTaskTest):
    region = 'single'

    def test_waited_for(self) -> None:
        result = self.openstack(
            *self.create, *self.shortcuts(self.url), '--wait', '-f', 'json'
        )
        self.assertEqual('success', result.json['status'])
        self.assert_imported()


class RefusedTest(task_base.ImageTaskTest):
    def test_source_that_is_not_there(self) -> None:
        error = self.failing(
            *self.create, *self.shortcuts(f'{self.web.url}/gone'), '--wait'
        )
        self.assertRegex(error, r'^Task \S{36} failed: \S.*\.$')
        message = self.task(error.split()[1]).message
        self.assertIn(message, error)
        self.assertEqual([], self.images())

    def test_source_that_the_filter_refuses(self) -> None:
        error = self.failing(
            *self.create, *self.shortcuts('http://192.0.2.1/disk.img')
        )
        self.assertRegex(
            error,
            '^The server returned 400 Bad Request: .*filter.*'
            r'http://192\.0\.2\.1/disk\.img\.$',
        )

    def test_type(self) -> None:
        error = self.failing('image', 'task', 'create', '--type', 'nonsense')
        self.assert_starts('The server returned 400 Bad Request: ', error)
        self.assertIn("'nonsense' is not one of ['import',", error)

    @base.cases(
        create=('create', '--type', 'import'),
        list=('list',),
    )
    def test_member(self, *command: str) -> None:
        self.environ['OS_CLOUD'] = 'multi-member'
        error = self.failing('image', 'task', *command)
        self.assert_starts('The server returned 403 Forbidden: ', error)
        self.assertRegex(
            error, 'the Glance policy tasks_api_access, .*administrators'
        )

    def test_login(self) -> None:
        error = self.failing(*self.create, '--os-password', 'wrong')
        self.assertIn('401', error)

    def test_cloud_without_tasks(self) -> None:
        page = '<html><title>404 Not Found</title>No such thing.</html>'
        self.proxied().inject(
            *_POST,
            faults.Answer(
                404,
                body=page,
                content_type='text/html',
                headers=(('X-Openstack-Request-Id', 'req-1'),),
            ),
        )
        self.assertEqual(
            'The server returned 404 Not Found: No such thing.',
            self.failing(*self.create),
        )

    def test_input_is_checked_before_anything_is_sent(self) -> None:
        proxy = self.proxied()
        wrong = '{"import_from": }'
        self.assertEqual(
            f"--input, line 1, column 17, near '{wrong}': Expecting value.",
            self.failing(*self.create, '--input', wrong),
        )
        self.failing(*self.create, '--timeout', '1')
        self.assertEqual([], proxy.seen)

    def test_answer_that_is_lost(self) -> None:
        """The task may have been made, so it is not asked for again."""
        proxy = self.proxied()
        proxy.inject(*_POST, faults.Reset(None))
        error = self.failing(*self.create, *self.shortcuts(self.url))
        self.assertRegex(
            error, 'Connection reset.*To check, run .*image task list"'
        )
        self.assertEqual(1, len(proxy.requests(*_POST)))
        self.wait_for(self.images)
        self.wait_for(lambda: self.image().status == 'active')
