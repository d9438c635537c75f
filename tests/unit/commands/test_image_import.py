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
from typing import Any
from unittest import mock

from openstackclient.image.v2 import image as core

from osc_image_ext.commands import image_import
from tests.fixtures import doubles
from tests.fixtures import importing_glance
from tests.unit.commands import test_image


class ImportImageTestCase(test_image.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(importing_glance.in_no_time())

    def use(self, glance: doubles.Glance) -> None:
        super().use(glance)
        app = mock.Mock(client_manager=self.manager, stderr=self.stderr)
        self.command: Any = image_import.ImportImage(app, None)

    def use_importing(self, *steps: Any, **options: Any) -> Any:
        glance = importing_glance.ImportingGlance(*steps, **options)
        glance.attributes['size'] = 5
        self.use(glance)
        return glance


class TestParser(ImportImageTestCase):
    def test_every_option_of_cores_is_here_with_its_meaning(self) -> None:
        theirs = core.ImportImage(self.command.app, None).get_parser('x')
        ours = self.command.get_parser('x')
        here = {(a.dest, *a.option_strings): a for a in ours._actions}
        for there in theirs._actions:
            key = (there.dest, *there.option_strings)
            with self.subTest(key):
                self.assertIn(key, here)
                if there.dest == 'all_stores' and there.nargs != 0:
                    continue  # core 8 requires a value, and ignores it
                kept, meant = vars(here[key]).copy(), vars(there).copy()
                for names in (kept, meant):
                    del names['container']
                    if there.dest == 'allow_failure':
                        del names['default']
                self.assertEqual(meant, kept)

    def test_options_that_exclude_each_other_still_do(self) -> None:
        for options in (
            ['--store', 'a', '--all-stores'],
            ['--allow-failure', '--disallow-failure'],
        ):
            with (
                mock.patch.object(
                    argparse.ArgumentParser, 'error', side_effect=SystemExit
                ),
                self.assertRaises(SystemExit),
            ):
                self.parse('disk', *options)

    def test_all_of_several_stores_count(self) -> None:
        for options in (
            ['--store', 'a', '--store', 'b'],
            ['--store', 'a', 'b'],
        ):
            parsed = self.parse('disk', *options)
            self.assertEqual(['a', 'b'], parsed.stores)
        self.assertEqual(['b'], self.parse('disk', '--store', 'b').stores)


class TestImport(ImportImageTestCase):
    def test_it_is_waited_for(self) -> None:
        for option in ('--wait', '--progress'):
            self.use_importing(
                importing_glance.Step(), importing_glance.active()
            )
            columns = self.run_command('disk', option)
            self.assertEqual('active', columns['status'])

    def test_it_is_shown_as_it_is_afterwards(self) -> None:
        self.use_importing(importing_glance.Step())
        self.assertEqual('importing', self.run_command('disk')['status'])

    def test_progress(self) -> None:
        self.use_importing(importing_glance.Step(), importing_glance.active())
        self.run_command('disk', '--progress')
        first, *_, last = self.stderr.getvalue().splitlines()
        self.assertEqual('disk: importing 5 B', first)
        self.assertTrue(last.startswith('disk: active, stored, 5 B in'))

    def test_what_is_asked_for(self) -> None:
        for options, expected in (
            (['--method', 'web-download', '--uri', 'http://x/y'], {}),
            (['--store', 'slow', 'fast'], {'all_stores_must_succeed': False}),
            (
                ['--all-stores', '--disallow-failure'],
                {'all_stores': True, 'all_stores_must_succeed': True},
            ),
        ):
            glance = self.use_importing(importing_glance.active('fast,slow'))
            self.run_command('disk', '--wait', *options)
            (body,) = glance.imports
            body.pop('method')
            body.pop('stores', None)
            self.assertEqual(expected, body)

    def test_failed_stores_are_warned_of(self) -> None:
        self.use_importing()
        self.run_command('disk', '--wait', '--all-stores')
        self.assertRegex(self.warnings()[0], 'these stores: slow.$')

    def test_a_refusal_is_an_error(self) -> None:
        glance = self.use_importing()
        glance.refusals = [doubles.response(409, 'Busy.', 'text/plain')]
        self.assertRefused('rejected the import of .* 409: Busy.$', 'disk')

    def test_a_method_that_is_not_offered(self) -> None:
        glance = self.use_importing(methods=())
        self.assertRefused('import is not supported', 'disk')
        glance = self.use_importing(methods=('web-download',))
        self.assertRefused('Supported: web-download.$', 'disk')
        self.assertEqual([], glance.imports)

    def test_nonsense(self) -> None:
        for words, *options in (
            ('requires --uri', '--method', 'web-download'),
            ('requires --method web-download', '--uri', 'http://x'),
            ('requires --method glance-download', '--remote-image', 'x'),
            ('Both --remote-region and', '--method', 'glance-download'),
            ('requires --store', '--method', 'copy-image'),
            ('require --store', '--disallow-failure'),
            ('requires --wait', '--timeout', '5'),
        ):
            self.assertRefused(words, 'disk', *options)
