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

from osc_image_ext.compute import outcomes
from osc_image_ext.compute import server_changes
from osc_image_ext.compute import session as _session
from tests.fixtures import compute_doubles
from tests.fixtures import doubles

PATH = f'/servers/{compute_doubles.SERVER_ID}'


def settings(
    properties: dict[str, str | None] | None = None,
    tags: dict[str, bool] | None = None,
    description: str | None = None,
) -> server_changes.ServerSettings:
    return server_changes.ServerSettings(
        properties or {}, tags or {}, description
    )


def difference(
    desired: server_changes.ServerSettings, **has: Any
) -> server_changes.ServerSettings:
    return server_changes.diff(desired, compute_doubles.server(**has))


class TestDifference(unittest.TestCase):
    def test_properties_to_set(self) -> None:
        desired = settings({'same': '1', 'other': '2', 'new': '', 'e': ''})
        has = {'same': '1', 'other': '1', 'e': '', 'more': '1'}
        self.assertEqual(
            settings({'other': '2', 'new': ''}),
            difference(desired, metadata=has),
        )

    def test_properties_to_remove(self) -> None:
        desired = settings({'there': None, 'empty': None, 'missing': None})
        has = {'there': '1', 'empty': '', 'more': '1'}
        self.assertEqual(
            settings({'there': None, 'empty': None}),
            difference(desired, metadata=has),
        )

    def test_tags_to_set(self) -> None:
        desired = settings(tags={'there': True, 'new': True, 'There': True})
        self.assertEqual(
            settings(tags={'new': True, 'There': True}),
            difference(desired, tags=['there', 'more']),
        )

    def test_tags_to_remove(self) -> None:
        desired = settings(tags={'there': False, 'missing': False})
        self.assertEqual(
            settings(tags={'there': False}),
            difference(desired, tags=['there', 'more']),
        )

    def test_description(self) -> None:
        for desired, has, differs in (
            ('new', None, True),
            ('new', 'old', True),
            ('new', 'new', False),
            ('', 'old', True),
            ('', '', False),
            ('', None, False),
            (None, 'old', False),
        ):
            with self.subTest(desired=desired, has=has):
                changes = difference(
                    settings(description=desired), description=has
                )
                self.assertEqual(differs, bool(changes))
                if differs:
                    self.assertEqual(desired, changes.description)

    def test_nothing(self) -> None:
        desired = settings({'a': '1', 'b': None}, {'x': True, 'y': False}, '')
        changes = difference(desired, metadata={'a': '1'}, tags=['x'])
        self.assertFalse(changes)
        self.assertEqual(settings(), changes)

    def test_what_an_old_nova_does_not_tell(self) -> None:
        server = {'id': '1', 'name': 'web', 'metadata': {'a': '1'}}
        desired = settings({'a': '1'})
        self.assertFalse(server_changes.diff(desired, server))


class TestSettings(unittest.TestCase):
    def test_whether_it_is_anything(self) -> None:
        self.assertFalse(settings())
        for something in (
            settings({'a': None}),
            settings(tags={'x': False}),
            settings(description=''),
        ):
            with self.subTest(something):
                self.assertTrue(something)


class GiveTestCase(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nova = compute_doubles.Nova()
        self.sleep = doubles.RecordedSleep()
        self.answer('POST', '/metadata', compute_doubles.echo)
        self.answer('PUT', '', compute_doubles.echo)
        self.answer('PUT', '/tags', compute_doubles.echo)
        self.answer('PUT', '/tags/.*', doubles.response(201))
        self.answer('DELETE', '/.*', doubles.response(204))
        self.is_there()

    def answer(self, method: str, path: str, *answers: Any) -> None:
        self.nova.answer(method, PATH + path, *answers)

    def is_there(self, state: str = 'active', **attributes: Any) -> None:
        attributes['OS-EXT-STS:vm_state'] = state
        server = compute_doubles.server(**attributes)
        self.answer('GET', '', {'server': server})

    def give(self, changes: server_changes.ServerSettings) -> outcomes.Outcome:
        return server_changes.apply_changes(
            _session.RetryingSession(self.nova.proxy, sleep=self.sleep),
            compute_doubles.SERVER_ID,
            changes,
            '2.26',
        )

    def refuse(self, *statuses: int) -> outcomes.Outcome:
        answers = [
            compute_doubles.not_found('No.')
            if status == 404
            else compute_doubles.echo
            if status == 200
            else doubles.response(status, {'message': 'No.'}, reason='Reason')
            for status in statuses
        ]
        self.answer('POST', '/metadata', *answers)
        return self.give(settings({'a': '1'}))

    def assert_requests(self, *expected: str) -> None:
        found = [line.replace(PATH, '…') for line in self.nova.lines]
        self.assertEqual(list(expected), found)


class TestRequests(GiveTestCase):
    def assert_updated(
        self, changes: server_changes.ServerSettings, *requests: str
    ) -> None:
        outcome = self.give(changes)
        self.assertEqual(outcomes.Outcome('updated'), outcome)
        self.assert_requests(*requests)
        versions = {a.options['microversion'] for a in self.nova.asked}
        self.assertEqual({'2.26'}, versions)

    def test_properties_are_set_at_once(self) -> None:
        self.assert_updated(
            settings({'a': '1', 'server': ''}),
            'POST …/metadata {"metadata": {"a": "1", "server": ""}}',
        )

    def test_properties_are_removed_one_by_one(self) -> None:
        self.assert_updated(
            settings({'a': None, 'b c:d': None}),
            'DELETE …/metadata/a',
            'DELETE …/metadata/b%20c%3Ad',
        )

    def test_tags(self) -> None:
        self.assert_updated(
            settings(tags={'a': True, 'b?#%': True, 'c': False}),
            'PUT …/tags/a',
            'PUT …/tags/b%3F%23%25',
            'DELETE …/tags/c',
        )

    def test_tags_that_no_url_can_name(self) -> None:
        """They are put together with those that are there by then."""
        tags = ['ö', 'kept', '..']
        self.answer('GET', '/tags', {'tags': tags})
        for name in ('', '.', '..', 'a/b', 'ö', '\x80', '大'):
            with self.subTest(name):
                self.assertFalse(server_changes.is_url_safe(name))
        self.assert_updated(
            settings(
                tags={'ü': True, '..': False, 'a': True, 'ö': True, '.': False}
            ),
            'PUT …/tags/a',
            'GET …/tags',
            r'PUT …/tags {"tags": ["\u00f6", "kept", "\u00fc"]}',
        )

    def test_description(self) -> None:
        self.assert_updated(
            settings(description='new'),
            'PUT … {"server": {"description": "new"}}',
        )

    def test_description_to_remove(self) -> None:
        self.assert_updated(
            settings(description=''),
            'PUT … {"server": {"description": null}}',
        )

    def test_all_at_once(self) -> None:
        self.assert_updated(
            settings({'a': '1', 'b': None}, {'x': True}, 'new'),
            'POST …/metadata {"metadata": {"a": "1"}}',
            'DELETE …/metadata/b',
            'PUT …/tags/x',
            'PUT … {"server": {"description": "new"}}',
        )


class TestFailures(GiveTestCase):
    def test_refused(self) -> None:
        for status in (400, 403, 413, 500):
            with self.subTest(status):
                outcome = self.refuse(status)
                expected = f'{status} Reason: No.'
                self.assertEqual(outcomes.Outcome('failed', expected), outcome)
                self.assertEqual([], self.sleep.seconds)

    def test_not_reached(self) -> None:
        broken = doubles.broken(ConnectionRefusedError(111, 'Refused'))
        self.answer('POST', '/metadata', broken)
        outcome = self.give(settings({'a': '1'}))
        self.assertEqual('failed', outcome.result)
        self.assertIn(': Refused.', outcome.reason)

    def test_what_follows_a_failure_is_not_done(self) -> None:
        self.answer('PUT', '/tags/x', doubles.response(400, reason='Bad'))
        outcome = self.give(settings({'a': '1'}, {'x': True}, 'new'))
        reason = '400 Bad. Some of its changes had already been applied.'
        self.assertEqual(outcomes.Outcome('failed', reason), outcome)
        self.assertEqual(2, len(self.nova.asked))

    def test_gone(self) -> None:
        self.answer('GET', '', compute_doubles.not_found())
        outcome = self.refuse(404)
        self.assertEqual(
            outcomes.Outcome('gone', 'The server no longer exists.'),
            outcome,
        )

    def test_gone_in_the_middle(self) -> None:
        self.answer('GET', '', compute_doubles.not_found())
        for tag, path in (('x', '/tags/x'), ('ö', '/tags')):
            with self.subTest(tag):
                self.answer('PUT', path, compute_doubles.not_found())
                self.answer('GET', '/tags', compute_doubles.not_found())
                outcome = self.give(settings({'a': '1'}, {tag: True}))
                self.assertEqual('gone', outcome.result)

    def test_not_found_and_not_gone(self) -> None:
        outcome = self.refuse(404)
        self.assertEqual('failed', outcome.result)

    def test_somebody_else_has_removed_it(self) -> None:
        for path, changes in (
            ('/metadata/a', settings({'a': None})),
            ('/tags/a', settings(tags={'a': False})),
        ):
            with self.subTest(path):
                self.answer('DELETE', path, compute_doubles.not_found())
                self.assertEqual('updated', self.give(changes).result)

    def test_not_found_and_still_there(self) -> None:
        self.is_there(metadata={'b c': '1'}, tags=['b c'])
        for path, changes in (
            ('/metadata/b%20c', settings({'b c': None})),
            ('/tags/b%20c', settings(tags={'b c': False})),
        ):
            with self.subTest(path):
                self.answer('DELETE', path, compute_doubles.not_found('No.'))
                outcome = self.give(changes)
                self.assertEqual('failed', outcome.result)
                self.assertEqual('404 Not Found: No.', outcome.reason)

    def test_a_404_that_is_not_novas(self) -> None:
        page = doubles.response(404, '<p>Oops', 'text/html', 'Not Found')
        self.answer('GET', '.*', page)
        self.answer('DELETE', '/metadata/a', page)
        for changes in (
            settings({'a': None}),
            settings(tags={'ö': True}),
        ):
            outcome = self.give(changes)
            self.assertEqual('failed', outcome.result)
            self.assertIn('Unexpected response to ', outcome.reason)
            self.assertIn('404 Not Found: Oops', outcome.reason)

    def test_a_login_page(self) -> None:
        page = doubles.response(200, '<p>Log in', 'text/html', 'OK')
        self.nova.answer('(POST|PUT|DELETE)', '.*', page)
        self.answer('GET', '/tags', {'tags': []})
        for changes in (
            settings({'a': '1'}),
            settings({'a': None}),
            settings(tags={'x': True}),
            settings(tags={'x': False}),
            settings(tags={'ö': True}),
            settings(description='new'),
        ):
            with self.subTest(changes):
                outcome = self.give(changes)
                self.assertEqual('failed', outcome.result)
                self.assertEqual(
                    'Unexpected response to '
                    f'{self.nova.asked[-1].method} {doubles.URL} '
                    '(text/html): 200 OK: Log in.',
                    outcome.reason,
                )

    def test_something_else_was_set(self) -> None:
        self.answer('POST', '/metadata', {'metadata': {'a': '2'}})
        self.assertEqual('failed', self.give(settings({'a': '1'})).result)

    def test_perhaps_changed(self) -> None:
        self.answer('POST', '/metadata', doubles.response(504, reason='Time'))
        outcome = self.give(settings({'a': '1'}))
        self.assertEqual(
            outcomes.Outcome(
                'unknown',
                'Nova returned 504 Time. The server may have been changed; '
                'run the command with --dry-run to find out.',
            ),
            outcome,
        )

    def test_tags_that_are_not_told(self) -> None:
        self.answer('GET', '/tags', doubles.response(500, reason='Oops'))
        outcome = self.give(settings(tags={'ö': True}))
        self.assertEqual('failed', outcome.result)
        self.assertIn('500 Oops', outcome.reason)
        self.assert_requests('GET …/tags')

    def test_an_answer_that_is_none(self) -> None:
        self.answer('GET', '/tags', {'server': {}})
        outcome = self.give(settings(tags={'ö': True}))
        self.assertEqual('failed', outcome.result)


class TestConflicts(GiveTestCase):
    def test_in_transition(self) -> None:
        outcome = self.refuse(409, 409, 200)
        self.assertEqual('updated', outcome.result)
        self.assertEqual([1, 2], self.sleep.seconds)

    def test_for_long(self) -> None:
        outcome = self.refuse(409)
        self.assertEqual(
            outcomes.Outcome('failed', '409 Reason: No.', is_own=True), outcome
        )
        self.assertEqual([1, 2, 4], self.sleep.seconds)

    def test_being_built(self) -> None:
        self.is_there('building')
        self.assertEqual('updated', self.refuse(409, 200).result)

    def test_a_state_that_does_not_pass(self) -> None:
        for state in ('error', 'rescued', 'shelved_offloaded', 'resized'):
            with self.subTest(state):
                self.is_there(state)
                self.assertEqual('failed', self.refuse(409).result)
                self.assertEqual([], self.sleep.seconds)

    def test_a_state_that_is_not_told(self) -> None:
        self.answer('GET', '', doubles.response(500))
        self.assertEqual('updated', self.refuse(409, 200).result)

    def test_gone_in_a_conflict(self) -> None:
        self.answer('GET', '', compute_doubles.not_found())
        self.assertEqual('gone', self.refuse(409).result)

    def test_a_pause_that_is_cut_short_is_the_last(self) -> None:
        self.answer('POST', '/metadata', doubles.response(409, reason='C'))
        outcome = server_changes.apply_changes(
            _session.RetryingSession(
                self.nova.proxy, sleep=lambda seconds: True
            ),
            compute_doubles.SERVER_ID,
            settings({'a': '1'}),
            '2.26',
        )
        self.assertEqual(
            outcomes.Outcome('failed', '409 C.', is_own=True), outcome
        )
