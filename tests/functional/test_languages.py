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

"""Messages in the language that the environment asks for."""

from tests.functional import base

_ENGLISH = '--size cannot be used with --uri or --remote-image.'
_GERMAN = '--size kann nicht mit --uri oder --remote-image verwendet werden.'


class LanguageTest(base.FunctionalTest):
    def speaking(self, **variables: str) -> dict[str, str]:
        """Return an environment with these variables for the language."""
        names = ('LANGUAGE', 'LC_ALL', 'LC_MESSAGES', 'LANG')
        return self.environ | dict.fromkeys(names, '') | variables

    @base.cases(
        language=({'LANGUAGE': 'de'}, _GERMAN),
        locale=({'LANG': 'de_AT.UTF-8'}, _GERMAN),
        first_of_several=({'LANGUAGE': 'tlh:de:en'}, _GERMAN),
        unknown_language=({'LANGUAGE': 'tlh'}, _ENGLISH),
        no_language=({}, _ENGLISH),
    )
    def test_error(self, variables: dict[str, str], expected: str) -> None:
        command = ('image', 'create', '--uri', 'http://a/b', '--size', '1')
        line = self.failing(
            *command, self.name, env=self.speaking(**variables)
        )
        self.assertEqual(expected, line)

    def test_help(self) -> None:
        result = self.openstack(
            *('image', 'create', '--help'), env=self.speaking(LANGUAGE='de')
        )
        text = ' '.join(result.stdout.split())
        self.assertIn('Ein Image erstellen/hochladen', text)
        self.assertIn(
            '--progress Fortschritt auf der Standardfehlerausgabe anzeigen',
            text,
        )

    def test_data_is_the_same_in_all_languages(self) -> None:
        source = self.source(1000)
        self.openstack('image', 'create', '--file', str(source), self.name)
        result = self.openstack(
            *('image', 'verify', self.name, '-f', 'json'),
            env=self.speaking(LANGUAGE='de'),
        )
        self.assertEqual('verified', result.json[0]['Result'])
