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

"""Stored images that are what they were, and such that are not."""

import signal
from typing import Any

from openstack.image.v2 import image as _image

from tests.fixtures import faults
from tests.functional import base
from tests.functional import save_base


class VerifyTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.whole = self.stored_image()

    def damage(self, image: _image.Image) -> None:
        """Change a byte in the store."""
        path = self.cloud.stored(self.region, image.id)
        path.write_bytes(b'\x00' + path.read_bytes()[1:])

    def rows(self, status: int, *arguments: str) -> list[dict[str, Any]]:
        """Verify images; return the rows."""
        result = self.run_openstack(
            'image', 'verify', '-f', 'json', *arguments
        )
        self.assertEqual(status, result.status)
        self.stderr = result.stderr
        rows: list[dict[str, Any]] = result.json
        return rows

    def test_verified(self) -> None:
        (row,) = self.rows(0, self.name)
        self.assertEqual('', self.stderr)
        self.assertLess(row.pop('Seconds'), 60)
        self.assertEqual(
            {
                'ID': self.whole.id,
                'Name': self.name,
                'Result': 'verified',
                'Size': save_base.SIZE,
                'Algorithm': 'sha512',
                'Reason': '',
            },
            row,
        )

    def test_different(self) -> None:
        self.damage(self.whole)
        proxy = self.proxied()
        (row,) = self.rows(1, self.name)
        self.assertEqual('different', row['Result'])
        self.assertIn('but two downloads have ', row['Reason'])
        self.assertEqual(2, len(proxy.requests(*save_base.GET)))
        self.assertEqual('1 of 1 image was not verified.\n', self.stderr)

    def test_damaged_on_its_way(self) -> None:
        proxy = self.proxied()
        proxy.inject(*save_base.GET, faults.Spoil(7))
        (row,) = self.rows(0, self.name)
        self.assertEqual('verified', row['Result'])
        self.assertIn('damaged on its way', row['Reason'])
        for offset in (7, 8):
            proxy.inject(*save_base.GET, faults.Spoil(offset))
        (row,) = self.rows(1, self.name)
        self.assertEqual('failed', row['Result'])
        self.assertIn('Two downloads have different', row['Reason'])

    def test_several(self) -> None:
        lost, damaged = self.stored_image(), self.stored_image()
        self.cloud.stored(self.region, lost.id).unlink()
        self.damage(damaged)
        empty = _image.Image.new(
            name=self.name, disk_format='raw', container_format='bare'
        ).create(self.glance)
        images = (self.whole, lost, damaged, empty)
        rows = self.rows(1, *(image.id for image in images), self.whole.id)
        self.assertEqual(
            ['verified', 'lost', 'different', 'failed'],
            [row['Result'] for row in rows],
        )
        self.assertIn('has lost the data', rows[1]['Reason'])
        self.assertIn('no data yet', rows[3]['Reason'])
        self.assertEqual('3 of 4 images were not verified.\n', self.stderr)

    def test_lost_connection(self) -> None:
        proxy = self.proxied()
        half = save_base.SIZE // 2
        proxy.inject(*save_base.GET, faults.Cut(half, clean=True))
        (row,) = self.rows(0, self.name)
        self.assertEqual('verified', row['Result'])
        self.assertIn('Resuming at byte', self.stderr)

    def test_no_digest(self) -> None:
        proxy = self.proxied()

        def change(page: dict[str, Any]) -> None:
            page.update(os_hash_algo=None, os_hash_value=None, checksum=None)

        proxy.inject('GET', f'/{self.whole.id}$', faults.Edit(change))
        proxy.inject(*save_base.GET, faults.Headers({'content-md5': None}))
        (row,) = self.rows(1, self.whole.id)
        self.assertEqual('no digest', row['Result'])

    def test_selected_by_property(self) -> None:
        other = self.stored_image(kind=self.name)
        (row,) = self.rows(0, '--property', f'kind={self.name}')
        self.assertEqual(other.id, row['ID'])

    def test_selected_by_project(self) -> None:
        rows = self.rows(0, '--project', 'admin', '--property', 'kind=absent')
        self.assertEqual([], rows)
        self.assertIn('No matching images.', self.stderr)

    @base.cases(
        nothing=(),
        both=('--all', 'disk'),
    )
    def test_selection(self, *arguments: str) -> None:
        self.assertEqual(
            'Specify either images, or --all, --project or --property.',
            self.failing('image', 'verify', *arguments),
        )

    def test_unknown_image(self) -> None:
        self.assertIn(
            'No Image found for absent',
            self.failing('image', 'verify', self.name, 'absent'),
        )

    def test_progress(self) -> None:
        other = self.stored_image()
        result = self.run_openstack(
            *('image', 'verify', '--progress', self.whole.id, other.id)
        )
        lines = result.stderr.splitlines()
        self.assertEqual('2 images: verifying 6.0 MiB', lines[0])
        self.assert_starts('2 images: finished, 6.0 MiB in ', lines[-1])

    def test_ctrl_c(self) -> None:
        proxy = self.proxied()
        freeze = faults.Freeze(1000)
        self.addCleanup(freeze.released.set)
        proxy.inject(*save_base.GET, freeze)
        process = self.start('image', 'verify', '-f', 'json', self.name)
        self.assertTrue(freeze.reached.wait(30))
        process.send_signal(signal.SIGINT)
        result = self.finish(process)
        self.assertEqual(130, result.status)
        (row,) = result.json
        self.assertEqual('skipped', row['Result'])
        self.assertEqual('Interrupted; skipped 1 of 1 image.\n', result.stderr)
