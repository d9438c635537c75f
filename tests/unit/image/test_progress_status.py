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
from osc_image_ext.image import progress_status
from tests.fixtures import doubles

MIB = 1024**2
BUSY = 'os_glance_importing_to_stores'
FAILED = 'os_glance_failed_import'


def infer(
    status: str,
    task: str | None = None,
    message: str = '',
    **attributes: Any,
) -> progress_report.ImageProgress:
    image = doubles.image(status=status, **attributes)
    return progress_status.infer(
        image, status, doubles.task(task, message=message) if task else None
    )


class TestState(unittest.TestCase):
    def test_of_the_image(self) -> None:
        for status, phase, state in (
            ('queued', None, 'waiting'),
            ('saving', 'upload', 'receiving'),
            ('uploading', 'stage', 'receiving'),
            ('importing', 'import', 'importing'),
            ('active', None, 'done'),
            ('deactivated', None, 'done'),
            ('killed', None, 'failed'),
            ('pending_delete', None, 'failed'),
            ('new one', None, 'new one'),
        ):
            with self.subTest(status):
                found = infer(status)
                self.assertEqual((phase, state), (found.phase, found.state))
                self.assertFalse(found.is_reported)

    def test_of_its_import(self) -> None:
        for status, task, state in (
            ('importing', 'processing', 'importing'),
            ('queued', 'pending', 'importing'),
            ('active', 'processing', 'importing'),
            ('queued', 'failure', 'failed'),
            ('importing', 'failure', 'failed'),
        ):
            with self.subTest(status, task=task):
                found = infer(status, task, 'Words.')
                self.assertEqual(
                    ('import', state, 'Words.'),
                    (found.phase, found.state, found.message),
                )

    def test_staged_data(self) -> None:
        found = infer('uploading', size=5)
        self.assertEqual(
            ('stage', 'done', 5), (found.phase, found.state, found.received)
        )
        self.assertFalse(found.is_over)

    def test_data_that_is_staged_after_an_import(self) -> None:
        """The size may be that of the data before."""
        self.assertEqual(
            'receiving', infer('uploading', 'failure', size=5).state
        )
        self.assertEqual(
            'importing', infer('uploading', 'processing', size=5).state
        )

    def test_an_import_that_other_attempts_have_followed(self) -> None:
        for status, phase, state in (
            ('uploading', 'stage', 'receiving'),
            ('active', None, 'done'),
        ):
            with self.subTest(status):
                found = infer(status, 'failure', 'No.')
                self.assertEqual(
                    (phase, state, ''),
                    (found.phase, found.state, found.message),
                )

    def test_a_copy_that_has_failed(self) -> None:
        found = infer(
            'active', 'failure', 'No.', stores='fast', **{FAILED: 'slow'}
        )
        self.assertEqual('failed', found.state)


class TestBytes(unittest.TestCase):
    def test_of_an_upload_nothing_is_known(self) -> None:
        for status in ('queued', 'saving'):
            self.assertIsNone(infer(status, size=5).received)
        self.assertIsNone(infer('uploading').received)

    def test_of_a_complete_image(self) -> None:
        found = infer('active', size=5)
        self.assertEqual((5, 5), (found.received, found.total))

    def test_of_an_import(self) -> None:
        for message, size, expected in (
            ('Copied 2 MiB', None, 2 * MIB),
            ('Copied 2 MiB', MIB, MIB),
            ('2 MiB kopiert', 3 * MIB, 2 * MIB),
            ('', 5, None),
            ('Copied ' + '9' * 300 + ' MiB', 5, 5),
        ):
            with self.subTest(message):
                found = infer('importing', 'processing', message, size=size)
                self.assertEqual(expected, found.received)

    def test_a_message_may_be_about_another_store(self) -> None:
        found = infer(
            'importing', 'processing', 'Copied 2 MiB', **{BUSY: 'fast,slow'}
        )
        self.assertIsNone(found.received)
        self.assertEqual('Copied 2 MiB', found.message)

    def test_an_import_that_has_failed(self) -> None:
        found = infer('queued', 'failure', 'Copied 2 MiB')
        self.assertIsNone(found.received)


class TestStores(unittest.TestCase):
    def test_each_is_named_once(self) -> None:
        found = infer(
            'importing',
            stores='a,b',
            **{BUSY: 'c', FAILED: 'b,\x1b[2J'},
        )
        self.assertEqual(
            {
                'a': 'done',
                'b': 'failed',
                'c': 'importing',
                '\\x1b[2J': 'failed',
            },
            {store.store: store.state for store in found.stores},
        )


class TestText(unittest.TestCase):
    def test_it_is_fit_for_a_terminal(self) -> None:
        evil = '\x1b[2Jx'
        found = infer('importing', 'failure', evil, name=evil, updated_at=evil)
        for text in (found.message, found.name, found.updated_at):
            assert text
            self.assertTrue(text.isprintable())

    def test_no_name(self) -> None:
        for name in (None, ''):
            self.assertIsNone(infer('queued', name=name).name)
