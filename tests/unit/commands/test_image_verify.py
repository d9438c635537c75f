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

import argparse
import io
import signal
from typing import Any
from unittest import mock

from openstackclient.identity import common as identity_common
from osc_lib import exceptions as osc_exceptions

from osc_image_ext.commands import image_verify
from tests.fixtures import downloads
from tests.unit.commands import test_image

_DATA = b'some data'


class VerifyTestCase(test_image.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.source = downloads.Source(_DATA)
        self.records = {
            name: self.source.image(id=name, name=name, properties=properties)
            for name, properties in (('a', {'os': 'x'}), ('b', {}))
        }
        proxy = self.source.proxy
        proxy.find_image.side_effect = lambda name, **_: self.records[name]
        proxy.images.side_effect = lambda **_: iter(self.records.values())
        self.app = mock.Mock(
            client_manager=test_image.Manager(proxy),
            stderr=self.stderr,
            stdout=io.StringIO(),
        )
        self.command: Any = image_verify.VerifyImage(self.app, None)

    def verify(self, *arguments: str) -> list[dict[str, Any]]:
        """Run the command; return its rows."""
        rows: list[dict[str, Any]] = []

        def keep(_args: Any, heads: Any, data: Any) -> None:
            rows.extend(dict(zip(heads, row, strict=True)) for row in data)

        self.command.produce_output = keep
        parsed_args = self.command.get_parser('x').parse_args(arguments)
        self.status = self.command.run(parsed_args)
        return rows

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.log]

    def assert_refused(self, pattern: str, *arguments: str) -> None:
        with self.assertRaisesRegex(osc_exceptions.CommandError, pattern):
            self.verify(*arguments)
        self.assertEqual([], self.source.urls)


class TestVerify(VerifyTestCase):
    def test_verified(self) -> None:
        (row,) = self.verify('a')
        self.assertEqual(0, self.status)
        seconds = row.pop('Seconds')
        self.assertEqual(round(seconds, 1), seconds)
        self.assertEqual(
            {
                'ID': 'a',
                'Name': 'a',
                'Result': 'verified',
                'Size': len(_DATA),
                'Algorithm': 'sha512',
                'Reason': '',
            },
            row,
        )
        self.assertEqual([], self.messages())

    def test_each_once(self) -> None:
        rows = self.verify('b', 'a', 'b')
        self.assertEqual(['b', 'a'], [row['ID'] for row in rows])

    def test_failure(self) -> None:
        self.source.behaviours = [downloads.answers(204)]
        rows = self.verify('a', 'b', '--workers', '1')
        self.assertEqual(['lost', 'verified'], [row['Result'] for row in rows])
        self.assertEqual(1, self.status)
        self.assertEqual(['1 of 2 images were not verified.'], self.messages())

    def test_signal_after_all_was_done(self) -> None:
        def stop(*_args: Any) -> Any:
            signal.raise_signal(signal.SIGTERM)
            return downloads.sends()(*_args)

        self.source.behaviours = [stop]
        rows = self.verify('a', '--workers', '1')
        self.assertEqual(143, self.status)
        skipped = [row['Result'] for row in rows].count('skipped')
        self.assertEqual(
            [f'Interrupted; skipped {skipped} of 1 image.'], self.messages()
        )

    def test_reason_is_printable(self) -> None:
        self.source.behaviours = [
            downloads.answers(403, 'No\x1b[2J.', 'text/plain')
        ]
        (row,) = self.verify('a')
        self.assertIn(r'No\x1b[2J.', row['Reason'])

    def test_progress(self) -> None:
        self.verify('a', 'b', '--progress')
        lines = self.stderr.getvalue().splitlines()
        self.assertEqual('2 images: verifying 18 B', lines[0])

    def test_table_that_cannot_be_shown(self) -> None:
        self.source.behaviours = [downloads.answers(204)]
        self.command.produce_output = mock.Mock(side_effect=OSError)
        parsed_args = self.command.get_parser('x').parse_args(['a'])
        with self.assertRaises(OSError):
            self.command.run(parsed_args)
        self.assertIn('1 of 1 image was not', self.messages()[0])


class TestSelection(VerifyTestCase):
    def test_all(self) -> None:
        self.assertEqual(2, len(self.verify('--all')))
        self.source.proxy.images.assert_called_once_with(
            status='active', visibility='all'
        )

    def test_project(self) -> None:
        with mock.patch.object(
            identity_common, 'find_project', autospec=True
        ) as find:
            find.return_value.id = '7'
            self.verify('--project', 'demo', '--project-domain', 'default')
        identity = self.app.client_manager.identity
        find.assert_called_once_with(identity, 'demo', 'default')
        self.source.proxy.images.assert_called_once_with(
            status='active', owner='7'
        )

    def test_property(self) -> None:
        rows = self.verify('--property', 'os=x')
        self.assertEqual(['a'], [row['ID'] for row in rows])
        self.assertEqual([], self.verify('--property', 'os=y'))
        self.assertEqual(['No matching images.'], self.messages())
        self.assertEqual(0, self.status)

    def test_refused(self) -> None:
        words = '^Specify either images, or --all, --project or --property.$'
        self.assert_refused(words)
        self.assert_refused(words, 'a', '--all')
        for option in ('--project', '--project-domain'):
            words = f'^The value of {option} must not be empty.$'
            self.assert_refused(words, '--all', option, '')
        self.assert_refused('name of an image must not', 'a', '')
        self.assert_refused('no column "Nam"', 'a', '-c', 'Nam')

    def test_workers(self) -> None:
        parser: argparse.ArgumentParser = self.command.get_parser('x')
        self.assertEqual(2, parser.parse_args(['a']).workers)
