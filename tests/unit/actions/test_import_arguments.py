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
import unittest

from osc_image_ext import exceptions
from osc_image_ext.actions import import_arguments
from osc_image_ext.commands import image_options
from osc_image_ext.image import import_request

URI = 'http://example.org/x'


class TestCreation(unittest.TestCase):
    def parse(self, *arguments: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        for name in ('import', 'progress'):
            parser.add_argument(
                f'--{name}',
                dest=name.replace('import', 'use_import'),
                action='store_true',
            )
        parser.add_argument('--file', dest='filename')
        for name in ('--size', '--sign-key-path', '--sign-cert-id'):
            parser.add_argument(name)
        image_options.add_source_options(parser)
        image_options.add_skip_identical(parser)
        image_options.add_sources(parser)
        image_options.add_targets(parser)
        image_options.add_wait(parser)
        image_options.add_timeout(parser)
        return parser.parse_args(arguments)

    def order(self, *arguments: str) -> import_request.ImportRequest | None:
        return import_arguments.request_for_create(self.parse(*arguments))

    def test_no_import_is_wanted(self) -> None:
        for options in ([], ['--file', 'x'], ['--store', 'a']):
            self.assertIsNone(self.order(*options))

    def test_methods(self) -> None:
        for options, expected in (
            (['--import'], import_request.ImportRequest('glance-direct')),
            (
                ['--uri', URI],
                import_request.ImportRequest('web-download', uri=URI),
            ),
            (
                ['--import', '--uri', URI],
                import_request.ImportRequest('web-download', URI),
            ),
            (
                ['--remote-region', 'r', '--remote-image', 'i'],
                import_request.ImportRequest(
                    'glance-download', remote_region='r', remote_image='i'
                ),
            ),
            (
                [
                    *('--remote-region', 'r', '--remote-image', 'i'),
                    *('--remote-service-interface', 'internal'),
                ],
                import_request.ImportRequest(
                    'glance-download', None, 'r', 'i', 'internal'
                ),
            ),
        ):
            self.assertEqual(expected, self.order(*options))

    def test_stores(self) -> None:
        order = self.order('--import', '--store', 'a', '--store', 'b')
        assert order
        self.assertEqual(('a', 'b'), order.stores)
        order = self.order('--import', '--store', 'a', '--store', 'a')
        assert order
        self.assertEqual(('a',), order.stores)

    def test_any_scheme_may_be_allowed(self) -> None:
        for uri in ('file:///x', 'https://x/y', 'ftp://x'):
            request = self.order('--uri', uri)
            assert request
            self.assertEqual(uri, request.uri)

    def test_a_store_that_is_named_twice_is_one(self) -> None:
        self.assertIsNone(self.order('--store', 'a', '--store', 'a'))

    def test_failure(self) -> None:
        for option, expected in (
            ([], True),
            (['--allow-failure'], True),
            (['--disallow-failure'], False),
        ):
            order = self.order('--import', '--all-stores', *option)
            assert order
            self.assertIs(expected, order.allow_failure)

    def test_nonsense(self) -> None:
        file = ('--file', 'x')
        for words, *options in (
            ('require --import', '--wait', *file),
            ('require --import', '--timeout', '3', *file),
            ('requires --import', '--store', 'a', '--store', 'b', *file),
            ('requires --import', '--all-stores', *file),
            ('require --all-stores', '--import', '--allow-failure'),
            ('require --all-stores', '--disallow-failure'),
            ('--file cannot be used with --uri', '--uri', URI, *file),
            ('--size cannot be used with --uri', '--uri', URI, '--size', '3'),
            ('--sign-cert-id cannot', '--uri', URI, '--sign-cert-id', '3'),
            ('--uri cannot be used', '--uri', URI, '--remote-image', 'x'),
            ('Both --remote-region and', '--remote-region', 'x'),
            ('Both --remote-region and', '--remote-image', 'x'),
            ('Both --remote-region and', '--remote-service-interface', 'x'),
            ('is not a URI', '--uri', 'disk.img'),
            ('is not a URI', '--uri', ''),
            ('is not a URI', '--uri', 'http://[::1'),
            ('requires the ID', '--store', '', *file),
            ('requires the ID', '--import', '--store', 'a', '--store', ''),
        ):
            with (
                self.subTest(options=options),
                self.assertRaisesRegex(exceptions.Error, words),
            ):
                self.order(*options)
