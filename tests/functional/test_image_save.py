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

"""Where the data goes: files, directories, standard output, devices."""

import os
import stat
import threading

from tests.functional import base
from tests.functional import save_base


class FileTest(save_base.SaveTest):
    def test_new_file(self) -> None:
        self.stored_image()
        result = self.openstack(*self.save)
        self.assertEqual('', result.stdout)
        self.assert_saved()
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(
            0o666 & ~mask, stat.S_IMODE(self.target.stat().st_mode)
        )

    def test_empty_image(self) -> None:
        self.stored_image(b'')
        self.openstack(*self.save)
        self.assert_saved()

    def test_no_data_yet(self) -> None:
        self.glance.create_image(
            self.name, container_format='bare', disk_format='raw'
        )
        line = self.failing(*self.save)
        self.assertIn('has no data yet (status: queued).', line)
        self.assert_nothing()

    def test_deactivated(self) -> None:
        image = self.stored_image()
        self.glance.update_image(image, visibility='public')
        self.glance.deactivate_image(image)
        self.environ['OS_CLOUD'] = 'multi-other'
        line = self.failing(*self.save)
        self.assertIn('403', line)
        self.assertIn(f'"openstack image set --activate {image.id}"', line)
        self.assert_nothing()

    def test_store_has_lost_the_data(self) -> None:
        image = self.stored_image()
        self.cloud.stored(self.region, image.id).unlink()
        line = self.failing(*self.save)
        self.assertIn('is active, but its store has lost the data.', line)
        self.assert_nothing()

    def test_replaced_file_keeps_its_mode(self) -> None:
        self.stored_image()
        self.target.write_text('old')
        self.target.chmod(0o640)
        self.openstack(*self.save)
        self.assert_saved()
        self.assertEqual(0o640, stat.S_IMODE(self.target.stat().st_mode))

    def test_link(self) -> None:
        self.stored_image()
        real = self.folder / 'real.img'
        real.write_text('old')
        self.target.symlink_to(real)
        self.openstack(*self.save)
        self.assertTrue(self.target.is_symlink())
        self.assertEqual(self.data, real.read_bytes())
        self.assertEqual(['disk.img'], self.listed())

    def test_directory_does_not_exist(self) -> None:
        self.stored_image()
        target = self.folder / 'absent' / 'disk.img'
        line = self.failing('image', 'save', '--file', str(target), self.name)
        self.assertEqual(
            f'Cannot write {target}: No such file or directory.', line
        )

    def test_small_blocks(self) -> None:
        self.stored_image()
        self.openstack(*self.save, '--chunk-size', '1000')
        self.assert_saved()

    def test_preferred_stores(self) -> None:
        image = self.stored_image()
        proxy = self.proxied()
        options = ('--store-preference', 'slow', '--store-preference', 'fast')
        self.openstack(*self.save, *options)
        self.assert_saved()
        (request,) = proxy.requests(*save_base.GET)
        self.assertEqual(
            f'/v2/images/{image.id}/file?prefer=slow,fast', request.path
        )

    def test_unknown_store(self) -> None:
        self.stored_image()
        line = self.failing(*self.save, '--store-preference', 'a&b')
        self.assertIn("Store 'a&b' is not configured.", line)
        self.assert_nothing()

    def test_name_of_255_bytes(self) -> None:
        self.stored_image()
        target = self.directory / ('ä' * 127 + '1')
        self.openstack('image', 'save', '--file', str(target), self.name)
        self.assertEqual([target.name], self.listed())

    def test_progress(self) -> None:
        self.stored_image()
        result = self.run_openstack(*self.save, '--progress')
        lines = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: downloading 3.0 MiB', lines[0])
        self.assertRegex(lines[-1], ': verified, 3.0 MiB in 0:0., .*/s$')
        self.assert_saved()

    def test_progress_on_a_narrow_terminal(self) -> None:
        self.stored_image()
        screen = self.on_terminal(*self.save, '--progress', columns=40)
        self.assertEqual(0, screen.wait())
        (line,) = screen.lines
        self.assertRegex(line, r'^verified  3.0/3.0 MiB 100% +0:\d\d$')
        self.assert_saved()


class SingleStoreTest(save_base.SaveTest):
    region = 'single'

    def test_requests(self) -> None:
        """One is for the record, and one for the data."""
        image = self.stored_image()
        proxy = self.proxied()
        self.openstack(*self.save[:-1], image.id)
        self.assert_saved()
        record, data = proxy.requests('GET', '/v2/images')
        self.assertEqual(f'/v2/images/{image.id}', record.path)
        self.assertEqual(f'/v2/images/{image.id}/file', data.path)
        self.assertEqual('identity', data.headers['Accept-Encoding'])


class DirectoryTest(save_base.SaveTest):
    """The image names its file, wherever that might lead."""

    @base.cases(
        plain=('disk', 'disk.raw'),
        elsewhere=('../../etc/passwd', '_.._etc_passwd.raw'),
        hidden=('..', None),
        control=('a\x1b[2Jb', 'a_[2Jb.raw'),
        has_extension=('disk.raw', 'disk.raw'),
        long=('x' * 255, 'x' * 200 + '.raw'),
    )
    def test_name(self, name: str, expected: str | None) -> None:
        image = self.stored_image()
        self.glance.update_image(image, name=name)
        self.addCleanup(self.glance.delete_image, image.id)
        directory = f'{self.directory}/'
        self.openstack('image', 'save', '--file', directory, image.id)
        expected = expected or f'{image.id}.raw'
        self.assertEqual([expected], self.listed())
        path = self.directory / expected
        self.assertEqual(self.data, path.read_bytes())

    def test_it_does_not_exist(self) -> None:
        self.stored_image()
        directory = f'{self.folder}/absent/'
        self.assertEqual(
            f'There is no directory {directory}.',
            self.failing('image', 'save', '--file', directory, self.name),
        )


class SpecialTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.stored_image()

    def to_stdout(self, *options: str) -> bytes:
        process = self.start('image', 'save', self.name, *options)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual((0, b''), (process.returncode, stderr))
        return stdout

    @base.cases(
        default=(),
        dash=('--file', '-'),
        device=('--file', '/dev/stdout'),
    )
    def test_standard_output(self, *options: str) -> None:
        self.assertEqual(self.data, self.to_stdout(*options))

    def test_redirected_to_a_file(self) -> None:
        with self.target.open('wb') as file:
            self.openstack(
                'image',
                'save',
                '--file',
                '/dev/stdout',
                self.name,
                stdout=file,
            )
        self.assert_saved()

    def test_terminal(self) -> None:
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        process = self.start('image', 'save', self.name, stdout=slave)
        result = self.finish(process)
        self.assertEqual(1, result.status)
        self.assertIn('not written to a terminal. Use --file', result.stderr)

    def test_reader_has_enough(self) -> None:
        reader, writer = os.pipe()
        process = self.start('image', 'save', self.name, stdout=writer)
        os.close(writer)
        self.assertEqual(self.data[:10], os.read(reader, 10))
        os.close(reader)
        result = self.finish(process)
        self.assertEqual((141, ''), (result.status, result.stderr))

    def test_full_disk(self) -> None:
        line = self.failing('image', 'save', '--file', '/dev/full', self.name)
        self.assertEqual(
            'Cannot write /dev/full: No space left on device.', line
        )

    def test_fifo(self) -> None:
        fifo = self.folder / 'fifo'
        os.mkfifo(fifo)
        read: list[bytes] = []
        reader = threading.Thread(
            target=lambda: read.append(fifo.read_bytes()), daemon=True
        )
        reader.start()
        self.openstack('image', 'save', '--file', str(fifo), self.name)
        reader.join(10)
        self.assertEqual([self.data], read)
        self.assertTrue(stat.S_ISFIFO(fifo.stat().st_mode))

    @base.cases(
        resume=('--resume',),
        sparse=('--sparse',),
        no_clobber=('--no-clobber',),
    )
    def test_options_of_files(self, option: str) -> None:
        for file in ((), ('--file', '/dev/null')):
            self.assertEqual(
                f'{option} requires --file with a regular file or a '
                'directory.',
                self.failing('image', 'save', option, *file, self.name),
            )


class NoClobberTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.stored_image()
        self.save = (*self.save, '--no-clobber')

    def test_new_file(self) -> None:
        self.openstack(*self.save)
        self.assert_saved()

    def test_same_file(self) -> None:
        self.target.write_bytes(self.data)
        before = self.target.stat()
        proxy = self.proxied()
        result = self.run_openstack(*self.save)
        self.assertEqual(0, result.status)
        self.assertIn('unchanged', result.stderr)
        self.assertEqual(before.st_ino, self.target.stat().st_ino)
        self.assertEqual([], proxy.requests(*save_base.GET))

    @base.cases(
        longer=(lambda data: data + b'x',),
        different=(lambda data: b'x' + data[1:],),
    )
    def test_another_file(self, change: object) -> None:
        assert callable(change)
        self.target.write_bytes(change(self.data))
        before = self.target.read_bytes()
        line = self.failing(*self.save)
        self.assertIn('exists already, and does not have the check', line)
        self.assertEqual(before, self.target.read_bytes())
        self.assertEqual(['disk.img'], self.listed())


class SparseTest(save_base.SaveTest):
    @base.cases(
        in_the_middle=(b'a' * 100 + bytes(10**6) + b'b', 200),
        at_the_end=(b'a' * 100 + bytes(10**6), 200),
        nothing_else=(bytes(10**6), 100),
    )
    def test_holes(self, data: bytes, blocks: int) -> None:
        self.stored_image(data)
        self.openstack(*self.save, '--sparse')
        self.assert_saved()
        held = self.target.stat().st_blocks * 512
        self.assertLess(held, 1024 * blocks)
