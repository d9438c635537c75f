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

import io
from typing import Any
from unittest import mock

from openstack.image.v2 import image as _image
from osc_lib import exceptions as osc_exceptions
from osc_lib.command import command

from osc_image_ext.actions import clients
from osc_image_ext.commands import image_copy
from tests.fixtures import doubles
from tests.fixtures import downloads
from tests.fixtures import importing_glance
from tests.unit.commands import test_image

DATA = b'some data'


class CopyTestCase(test_image.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = downloads.Source(DATA)
        self.record: dict[str, Any] = {
            'id': doubles.IMAGE_ID,
            'name': 'disk',
            'status': 'active',
            'disk_format': 'raw',
            'container_format': 'bare',
            'hw_cpu_cores': '2',
        }
        proxy = self.source.proxy
        send = proxy.get.side_effect
        proxy.get.side_effect = lambda url, **options: (
            send(url, **options)
            if url.endswith('/file')
            else doubles.response(200, self.record)
        )
        proxy.find_image.side_effect = lambda name, **_: self.image(name)
        self.app = mock.Mock(
            client_manager=test_image.Manager(proxy),
            stderr=self.stderr,
            stdout=io.StringIO(),
        )
        self.command: Any = image_copy.CopyImage(self.app, None)
        self.use_target(doubles.Glance())

    def image(self, name: str) -> _image.Image:
        return self.source.image(status=self.record['status'])

    def use_target(self, target: doubles.Glance) -> None:
        self.target = target
        target.proxy.get_project_id.return_value = 'project'
        self.enterContext(
            mock.patch.object(
                clients, 'cloud_image_proxy', return_value=target.proxy
            )
        )

    def copy(self, *options: str) -> list[dict[str, Any]]:
        """Run the command; return its rows."""
        rows: list[dict[str, Any]] = []

        def keep(_args: Any, heads: Any, data: Any) -> None:
            rows.extend(dict(zip(heads, row, strict=True)) for row in data)

        self.command.produce_output = keep
        arguments = ['--to-cloud', 'west', *(options or ('disk',))]
        parsed_args = self.command.get_parser('x').parse_args(arguments)
        self.status = self.command.run(parsed_args)
        return rows

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.log]


class TestCopy(CopyTestCase):
    def test_interrupted_when_it_is_copied(self) -> None:
        arguments = ['--to-cloud', 'west', 'disk']
        parsed_args = self.command.get_parser('x').parse_args(arguments)
        with (
            mock.patch.object(
                command.Lister, 'produce_output', side_effect=KeyboardInterrupt
            ),
            self.assertRaises(KeyboardInterrupt),
        ):
            self.command.run(parsed_args)
        self.assertIn('its result was not shown.', self.messages()[-1])

    def test_copied(self) -> None:
        (row,) = self.copy()
        self.assertEqual(0, self.status)
        self.assertEqual([DATA], self.target.stored)
        (created,) = doubles.creations(self.target.proxy)
        self.assertEqual(
            {
                'ID': doubles.IMAGE_ID,
                'Name': 'disk',
                'Result': 'copied',
                'Copy ID': created['id'],
                'Reason': '',
            },
            row,
        )
        self.assertEqual('2', created['hw_cpu_cores'])
        self.assertEqual('private', created['visibility'])

    def test_unchanged(self) -> None:
        self.target.proxy.images.side_effect = lambda **_: iter(
            [self.source.image(**self.record, owner_id='project')]
        )
        (row,) = self.copy()
        self.assertEqual((0, 'unchanged'), (self.status, row['Result']))
        self.assertEqual([], self.target.stored)

    def test_progress(self) -> None:
        self.copy('disk', '--progress')
        first, *_, last = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: uploading 9 B', first)
        self.assertTrue(last.startswith('disk: verified, 9 B in'), last)

    def test_wrong_data(self) -> None:
        spoilt = downloads.data_response(b'x' + DATA[1:])
        self.source.behaviours = [lambda _source, _start: spoilt]
        (row,) = self.copy()
        self.assertEqual((1, 'failed'), (self.status, row['Result']))
        self.assertIn('checksum of Image', row['Reason'])
        self.assertEqual([], self.target.stored)
        self.target.proxy.delete_image.assert_called_once()
        self.assertIn('1 of 1 image was not copied.', self.messages())

    def test_wrong_data_that_is_not_verified(self) -> None:
        spoilt = downloads.data_response(b'x' + DATA[1:])
        self.source.behaviours = [lambda _source, _start: spoilt]
        self.copy('disk', '--no-verify')
        self.assertEqual(0, self.status)

    def test_properties_of_one_cloud(self) -> None:
        self.record['os_glance_import_task'] = '7'
        self.copy()
        self.assertRegex(
            self.messages()[-1],
            r'^Properties not copied to image \S+: os_glance_import_task\.$',
        )

    def test_reserved_property(self) -> None:
        self.record['x_billing'] = 'gold'
        echo = self.target.proxy.post.side_effect
        self.target.proxy.post.side_effect = iter(
            [
                doubles.response(
                    403, "Attribute 'x_billing' is reserved.", 'text/plain'
                ),
                echo('', json={'id': '7'}),
            ]
        )
        (row,) = self.copy()
        self.assertEqual((0, 'copied'), (self.status, row['Result']))
        _refused, created = doubles.creations(self.target.proxy)
        self.assertNotIn('x_billing', created)
        self.assertIn('x_billing', self.messages()[-1])

    def test_another_403(self) -> None:
        self.target.proxy.post.side_effect = lambda *_, **__: doubles.response(
            403, "You are not 'permitted'.", 'text/plain'
        )
        (row,) = self.copy()
        self.assertIn("not 'permitted'", row['Reason'])

    def test_import(self) -> None:
        self.use_target(importing_glance.ImportingGlance())
        (row,) = self.copy('disk', '--import', '--wait')
        self.assertEqual((0, 'copied'), (self.status, row['Result']), row)
        self.assertEqual([DATA], self.target.stored)


class TestRefused(CopyTestCase):
    def assert_refused(self, pattern: str, *options: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.copy(*options)
        self.assertEqual([], self.source.urls)
        self.target.proxy.post.assert_not_called()

    def test_names(self) -> None:
        self.assert_refused('--name requires', 'a', 'b', '--name', 'c')
        self.assert_refused('must not be empty', '')
        self.assert_refused('must not be empty', 'a', '--to-region', '')

    def test_options_of_an_import(self) -> None:
        for pattern, options in (
            ('^More than one store requires --import', ('--all-stores',)),
            ('^--wait and --timeout require --import', ('--wait',)),
            ('^--allow-failure', ('--import', '--allow-failure')),
        ):
            with self.subTest(options):
                self.assert_refused(pattern, 'disk', *options)

    def test_image_without_data(self) -> None:
        self.record['status'] = 'queued'
        self.assert_refused('has no data yet', 'disk')
