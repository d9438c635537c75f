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

"""Directories that Glance's configuration names."""

import pathlib
import unittest

from oslo_config import cfg

from glance_upload_progress import directories


def configuration(
    groups: dict[str | None, dict[str, object]],
) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    for group, values in groups.items():
        for name, value in values.items():
            kinds = {'list': cfg.ListOpt, 'dict': cfg.DictOpt}
            kind = kinds.get(type(value).__name__, cfg.StrOpt)
            conf.register_opt(kind(name, default=value), group)
    conf([], default_config_files=[])
    return conf


class FindTest(unittest.TestCase):
    def test_several_stores(self) -> None:
        conf = configuration(
            {
                None: {
                    'enabled_backends': {'fast': 'file', 'ceph': 'rbd'},
                    'node_staging_uri': 'file:///old',
                },
                'os_glance_staging_store': {
                    'filesystem_store_datadir': '/staging/'
                },
                'fast': {
                    'filesystem_store_datadir': '/fast/',
                    'filesystem_store_datadirs': ['/more:200', '/most'],
                },
                'ceph': {'rbd_store_pool': 'images'},
                'glance_store': {'default_backend': 'fast'},
            }
        )
        self.assertEqual(
            directories.Directories(
                pathlib.PurePath('/staging'),
                {
                    pathlib.PurePath('/fast'): 'fast',
                    pathlib.PurePath('/more'): 'fast',
                    pathlib.PurePath('/most'): 'fast',
                },
            ),
            directories.find(conf),
        )
        self.assertEqual('fast', directories.default_store(conf))

    def test_one_store(self) -> None:
        conf = configuration({None: {'node_staging_uri': 'file:///staging/'}})
        self.assertEqual(
            directories.Directories(pathlib.PurePath('/staging'), {}),
            directories.find(conf),
        )
        self.assertIsNone(directories.default_store(conf))

    def test_nothing(self) -> None:
        self.assertEqual(
            directories.Directories(None, {}),
            directories.find(configuration({})),
        )
