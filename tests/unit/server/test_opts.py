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

"""The options."""

import dataclasses
import unittest

from oslo_config import cfg

from glance_upload_progress import opts


class LoadTest(unittest.TestCase):
    def setUp(self) -> None:
        self.conf = cfg.ConfigOpts()
        self.conf([], default_config_files=[])

    def test_defaults(self) -> None:
        self.assertEqual(opts.Options(), opts.load(self.conf, {}))

    def test_each_option_is_listed(self) -> None:
        [(group, listed)] = opts.list_opts()
        self.assertEqual('upload_progress', group)
        self.assertEqual(
            {field.name for field in dataclasses.fields(opts.Options)},
            {opt.dest for opt in listed},
        )
        for opt in listed:
            with self.subTest(opt.dest):
                self.assertRegex(opt.help or '', r'^[A-Z].*\.$')

    def test_paste_takes_precedence(self) -> None:
        opts.load(self.conf, {})
        self.conf.set_override('running_ttl', 30, 'upload_progress')
        self.conf.set_override('secret_key', 'a', 'upload_progress')
        options = opts.load(
            self.conf,
            {
                'memcache_servers': '192.0.2.1:11211, unix:/run/m.sock',
                'running_ttl': '90',
                'legacy_keys': 'false',
                'socket_timeout': '1.5',
                'visible_to': 'owner',
            },
        )
        self.assertEqual(
            opts.Options(
                memcache_servers=('192.0.2.1:11211', 'unix:/run/m.sock'),
                running_ttl=90,
                legacy_keys=False,
                socket_timeout=1.5,
                visible_to='owner',
                secret_key='a',
            ),
            options,
        )

    def test_values_that_are_not_valid(self) -> None:
        for name, value in (
            ('running_ttl', '4'),
            ('running_ttl', 'long'),
            ('visible_to', 'all'),
            ('legacy_keys', 'perhaps'),
        ):
            with self.subTest(name):
                with self.assertRaisesRegex(ValueError, name):
                    opts.load(self.conf, {name: value})

    def test_unknown_option(self) -> None:
        with self.assertRaisesRegex(ValueError, 'memcached_servers'):
            opts.load(self.conf, {'memcached_servers': 'a'})

    def test_secret_is_not_shown(self) -> None:
        self.assertNotIn('hidden', repr(opts.Options(secret_key='hidden')))
