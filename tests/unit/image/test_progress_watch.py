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


import dataclasses
from typing import Any
import unittest

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.image import progress_report
from osc_image_ext.image import progress_watch
from osc_image_ext.image import tasks
from tests.fixtures import doubles


def progress(
    status: str = 'saving',
    state: str = 'receiving',
    image_id: str = doubles.IMAGE_ID,
    **values: Any,
) -> progress_report.ImageProgress:
    return progress_report.ImageProgress(image_id, status, state, **values)


ACTIVE = progress('active', 'done')
FAILED = progress('queued', 'failed')
QUEUED = progress('queued', 'waiting')

Look = progress_report.ImageProgress | Exception


class Script:
    """A reader that has a list of looks for each image."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)

    def read(self, image: Any) -> progress_report.ImageProgress:
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        return dataclasses.replace(look, image_id=image.id)


class WatchTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = doubles.FakeClock()
        self.listener = doubles.RecordingListener()
        self.proxy = doubles.proxy()
        self.proxy.get_image.side_effect = lambda name: doubles.image(id=name)


class TestImage(WatchTestCase):
    def watch(
        self,
        first: progress_report.ImageProgress,
        *looks: Look,
        timeout: float | None = None,
    ) -> progress_report.ImageProgress:
        script: Any = Script(*looks)
        return progress_watch.watch_image(
            self.proxy,
            script,
            first,
            self.listener,
            tasks.WaitOptions(True, timeout, self.clock, self.clock.advance),
        )

    def test_until_it_is_active(self) -> None:
        found = self.watch(QUEUED, progress(), progress(), ACTIVE)
        self.assertEqual('done', found.state)
        self.assertEqual(3, self.clock.now - 1000)
        self.assertEqual(
            ['waiting', 'receiving', 'receiving', 'active'],
            self.listener.heard('phase'),
        )

    def test_what_is_over_is_not_asked_for_again(self) -> None:
        for first in (ACTIVE, FAILED):
            self.assertIs(first, self.watch(first))

    def test_an_upload_that_fails(self) -> None:
        for last in (FAILED, QUEUED):
            found = self.watch(progress(phase='upload'), last)
            self.assertEqual('failed', found.state)
        self.assertEqual('upload', found.phase)

    def test_staged_data_waits_for_an_import(self) -> None:
        staged = progress('uploading', 'done', phase='stage')
        self.watch(progress('uploading'), staged, staged, ACTIVE)
        self.assertEqual(
            ['receiving', 'staged', 'staged', 'active'],
            self.listener.heard('phase'),
        )

    def test_an_image_that_is_deleted(self) -> None:
        with self.assertRaisesRegex(
            exceptions.TransferError, f'^Image {doubles.IMAGE_ID} was deleted'
        ):
            self.watch(progress(), doubles.http_error(404))

    def test_faults_that_pass(self) -> None:
        self.watch(
            progress(),
            doubles.http_error(503),
            doubles.broken(ConnectionResetError(104, 'Reset')),
            ACTIVE,
        )
        first, second = self.listener.heard('message')[1:3]
        self.assertIn('503', first)
        self.assertIn('Reset', second)

    def test_faults_that_do_not(self) -> None:
        with self.assertRaises(sdk_exceptions.ForbiddenException):
            self.watch(progress(), doubles.http_error(403))
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            errors = [doubles.broken(OSError(1, 'No.'))] * 400
            self.watch(progress(), *errors)
        self.assertAlmostEqual(302, self.clock.now - 1001, delta=2)

    def test_timeout(self) -> None:
        with self.assertRaises(exceptions.WatchTimeout) as caught:
            self.watch(
                progress(), progress(), doubles.http_error(503), timeout=1.5
            )
        self.assertEqual(1.5, self.clock.now - 1000)
        self.assertRegex(
            api_errors.describe(caught.exception),
            r'^Timed out watching image \S+ \(state: receiving\)\. The '
            r'server returned 503\.$',
        )


class RecordingBoard:
    """A board that keeps what it hears."""

    def __init__(self) -> None:
        self.rows: dict[str, doubles.RecordingListener] = {}
        self.titles: list[str] = []
        self.finished: list[str] = []
        self.refreshed = 0

    def get_row(self, key: str, title: str) -> _listener.ProgressListener:
        self.titles.append(title)
        return self.rows.setdefault(key, doubles.RecordingListener())

    def finish(self, key: str) -> None:
        self.finished.append(key)

    def refresh(self) -> None:
        self.refreshed += 1


class TestAll(WatchTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.board = RecordingBoard()
        #: what each poll finds, or raises
        self.polls: list[list[progress_report.ImageProgress] | Exception] = []
        #: how images end that are not listed any more, None if deleted
        self.ends: dict[str, progress_report.ImageProgress | None] = {}
        self.proxy.images.side_effect = self._images
        self.proxy.get_image.side_effect = self._get_image

    def _images(self, **query: Any) -> Any:
        poll = self.polls.pop(0)
        if isinstance(poll, Exception):
            raise poll
        self.found = {found.image_id: found for found in poll}
        return iter(doubles.image(id=name) for name in self.found)

    def _get_image(self, image_id: str) -> Any:
        if self.ends[image_id] is None:
            raise doubles.http_error(404)
        return doubles.image(id=image_id)

    def read(self, image: Any) -> progress_report.ImageProgress:
        found = self.found.get(image.id) or self.ends[image.id]
        assert found
        return found

    def watch(
        self, *found: progress_report.ImageProgress
    ) -> dict[str, tuple[str, str]]:
        """Return status and state of each image at the end."""
        reader: Any = self
        ended = progress_watch.watch_all(
            self.proxy,
            reader,
            list(found),
            self.board,
            tasks.WaitOptions(True, None, self.clock, self.clock.advance),
        )
        self.assertEqual([], self.polls)
        return {end.image_id: (end.status, end.state) for end in ended}

    def test_nothing_in_progress(self) -> None:
        self.assertEqual({}, self.watch())

    def test_until_none_is_in_progress(self) -> None:
        a, b, c = (progress(image_id=name) for name in 'abc')
        self.polls = [[a, b], [b, c], [c], []]
        self.ends = {
            'a': progress('active', 'done', 'a'),
            'b': None,
            'c': progress('queued', 'waiting', 'c'),
        }
        self.assertEqual(
            {
                'a': ('active', 'done'),
                'b': ('deleted', 'failed'),
                'c': ('queued', 'failed'),
            },
            self.watch(a, b),
        )
        self.assertEqual(['a', 'b', 'c'], self.board.finished)
        self.assertEqual(5, self.board.refreshed)
        self.assertEqual(
            ['receiving', 'receiving', 'active'],
            self.board.rows['a'].heard('phase'),
        )

    def test_an_image_that_a_failed_import_has_left_in_the_list(self) -> None:
        stuck = progress('importing', 'failed', 'a')
        other = progress(image_id='b')
        self.polls = [[stuck, other], [stuck, other], [stuck]]
        self.ends = {'b': progress('active', 'done', 'b')}
        self.assertEqual(
            ('importing', 'failed'), self.watch(stuck, other)['a']
        )
        self.assertEqual(['a', 'b'], self.board.finished)

    def test_an_upload_that_is_repeated(self) -> None:
        again = progress(image_id='a')
        other = progress(image_id='b')
        self.polls = [[other], [again, other], []]
        self.ends = {
            'a': progress('queued', 'waiting', 'a'),
            'b': progress('active', 'done', 'b'),
        }
        self.watch(again, other)
        self.assertEqual(['a', 'a', 'b'], sorted(self.board.finished))

    def test_names_that_are_not_unique(self) -> None:
        found = [
            progress('importing', 'failed', name, name=title)
            for name, title in (('a', 'disk'), ('b', 'disk'), ('c', None))
        ]
        self.watch(*found)
        self.assertEqual(['disk', 'b', 'c'], self.board.titles)

    def test_faults_that_pass(self) -> None:
        found = progress(image_id='a')
        self.polls = [doubles.http_error(503), [found], []]
        self.ends = {'a': progress('active', 'done', 'a')}
        self.assertEqual({'a': ('active', 'done')}, self.watch(found))
        (_none, problem, _next) = self.board.rows['a'].heard('message')
        self.assertIn('503', problem)

    def test_a_page_that_is_not_glances(self) -> None:
        found = progress(image_id='a')
        self.polls = [exceptions.UnexpectedResponse('A page.')]
        with self.assertRaises(exceptions.UnexpectedResponse):
            self.watch(found)
