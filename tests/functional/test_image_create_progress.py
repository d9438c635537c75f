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

"""What people and logs see of an upload."""

import os
import re
import subprocess

from tests.fixtures import faults
from tests.functional import base

_SIZE = 6 * 1024**2


class ProgressTest(base.FunctionalTest):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.file = self.source(_SIZE)
        self.command = ('image', 'create', '--progress', self.name)
        self.from_file = (*self.command, '--file', str(self.file))

    def slow(self, seconds: float) -> None:
        self.proxy.inject('PUT', '/file', faults.Slow(int(_SIZE / seconds)))

    def test_terminal(self) -> None:
        size = 40 * 1024**2
        self.proxy.inject('PUT', '/file', faults.Slow(size // 2))
        file = str(self.source(size))
        screen = self.on_terminal(*self.command, '--file', file, columns=80)
        self.assertEqual(0, screen.wait())
        for lines in screen.screens:
            self.assertLessEqual(len(lines), 1, lines)
        drawn = [lines[0] for lines in screen.screens if lines]
        self.assertGreater(len({line.split('%')[0] for line in drawn}), 5)
        for line in drawn:
            self.assertRegex(
                line,
                r'^(uploading|storing  |verified ) [━╸╺ ]{8,} '
                r' ?\d+\.\d/40\.0 MiB +\d+% +\d+(\.\d)? [KM]?i?B/s +\d:\d\d$',
            )
        self.assertRegex(drawn[-1], '^verified .* 40.0/40.0 MiB 100% ')
        self.assertTrue(screen.cursor_at_start)

    def test_narrow_terminal(self) -> None:
        self.slow(0.5)
        screen = self.on_terminal(*self.from_file, columns=40)
        self.assertEqual(0, screen.wait())
        for lines in screen.screens:
            self.assertLessEqual(len(lines), 1, lines)
        (line,) = screen.lines
        self.assertRegex(line, r'^verified  6.0/6.0 MiB 100% +0:\d\d$')

    def test_warnings_stand_above_the_line(self) -> None:
        self.proxy.inject('PUT', '/file', faults.Answer(503))
        screen = self.on_terminal(*self.from_file)
        self.assertEqual(0, screen.wait())
        *notes, line = screen.lines
        self.assertIn('503', ' '.join(notes))
        self.assert_starts('verified', line)

    def test_terminal_and_unknown_size(self) -> None:
        self.slow(0.5)
        read, write = os.pipe()
        screen = self.on_terminal(*self.command, stdin=read)
        os.close(read)
        with os.fdopen(write, 'wb') as pipe:
            pipe.write(self.file.read_bytes())
        self.assertEqual(0, screen.wait())
        self.assertEqual(
            'Reading image data from standard input.', screen.lines[0]
        )
        self.assertRegex(
            screen.lines[1], r'^verified  ━+ 6.0 MiB +\S+ .iB/s +0:\d\d$'
        )
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))

    def test_log(self) -> None:
        self.slow(2)
        result = self.run_openstack(*self.from_file)
        self.assertEqual(0, result.status)
        self.assertNotRegex(result.stderr, '[\r\x1b]')
        first, *between, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: uploading 6.0 MiB', first)
        self.assertRegex(
            last,
            f'^{self.name}: verified, 6.0 MiB in 0:0[2-9], .* [KM]iB/s$',
        )
        self.assertIn(len(between), range(2, 11))
        for line in between:
            self.assertRegex(
                line,
                f'^{self.name}: (uploading|storing) \\d.\\d/6.0 MiB, '
                r'\d+%, \d+(\.\d)? [KM]iB/s(, \d:\d\d left)?$',
            )

    def test_log_of_standard_input(self) -> None:
        data = self.file.read_bytes()
        result = self.run_openstack(*self.command, data=data)
        lines = result.stderr.splitlines()
        self.assertEqual('Reading image data from standard input.', lines[0])
        self.assertEqual(f'{self.name}: uploading', lines[1])
        self.assertRegex(lines[-1], 'verified, 6.0 MiB in 0:0')

    def test_size_gives_standard_input_a_percentage(self) -> None:
        self.slow(2)
        data = self.file.read_bytes()
        result = self.run_openstack(
            *self.command, '--size', str(_SIZE), data=data
        )
        self.assertEqual(0, result.status)
        self.assertRegex(result.stderr, r'uploading .*/6.0 MiB, \d+%, ')

    def test_json_stays_clean(self) -> None:
        screen = self.on_terminal(*self.from_file, '-f', 'json')
        assert screen.process and screen.process.stdout
        stdout = screen.process.stdout.read().decode()
        screen.wait()
        shown = base.Result(0, stdout, '').json
        self.assertEqual('active', shown['status'])
        self.assertIn('verified', screen.lines[0])

    def test_value_stays_clean(self) -> None:
        result = self.run_openstack(*self.from_file, '-f', 'value', '-c', 'id')
        self.assertEqual(f'{self.image().id}\n', result.stdout)

    def test_dumb_terminal_gets_plain_lines(self) -> None:
        self.environ['TERM'] = 'dumb'
        screen = self.on_terminal(*self.from_file)
        self.assertEqual(0, screen.wait())
        self.assertFalse(re.search(b'\x1b', screen.written))
        self.assertIn('verified, 6.0 MiB', ' '.join(screen.lines))

    def test_nobody_reads_it(self) -> None:
        """As with ``2> >(head -1)``: the upload goes on."""
        read, write = os.pipe()
        os.close(read)
        process = self.start(*self.from_file, stderr=write)
        os.close(write)
        self.assertEqual(0, self.finish(process).status)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))

    def test_standard_error_is_closed(self) -> None:
        shell = ['sh', '-c', 'exec "$@" 2>&-', 'sh', base.OPENSTACK]
        process = subprocess.Popen(
            [*shell, *self.from_file],
            env=self.environ,
            stdout=subprocess.PIPE,
        )
        self.assertEqual(0, self.finish(process).status)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))
