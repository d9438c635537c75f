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

"""Connections that are lost, and responses that are not the image.

Each test ends with the right file, with none, or with a partial one that is
named.
"""

from typing import Any

from osc_image_ext.image import download
from tests.fixtures import faults
from tests.functional import base
from tests.functional import save_base

_GET = save_base.GET
_SIZE = save_base.SIZE
_HALF = _SIZE // 2
_RBD = faults.Answer(
    400,
    body='Getting images randomly from this store is not supported.',
)
_LOGIN = '<html><title>Sign in</title><form>Password: <input></form></html>'


class ProxiedTest(save_base.SaveTest):
    def setUp(self) -> None:
        super().setUp()
        self.stored_image()
        self.proxy = self.proxied()

    def inject(self, *sequence: faults.Fault) -> None:
        """Do one of these to each request for data."""
        for fault in sequence:
            self.proxy.inject(*_GET, fault)

    def ranges(self) -> list[str | None]:
        """Return the range that each request for data had."""
        return [
            seen.headers.get('Range') for seen in self.proxy.requests(*_GET)
        ]

    def survives(self, *options: str) -> base.Result:
        result = self.run_openstack(*self.save, *options)
        self.assertEqual((0, ''), (result.status, result.stdout))
        self.assertNotIn('Traceback', result.stderr)
        self.assert_saved()
        return result


class LostConnectionTest(ProxiedTest):
    """The data goes on where it ended."""

    @base.cases(
        reset=(faults.Cut(_HALF),),
        closed=(faults.Cut(_HALF, clean=True),),
        ended_early=(faults.Cut(_HALF, chunked=True),),
        before_the_last_byte=(faults.Cut(_SIZE - 1, clean=True),),
    )
    def test_resumed(self, fault: faults.Fault) -> None:
        self.inject(fault)
        result = self.survives()
        first, second = self.ranges()
        self.assertIsNone(first)
        assert second
        start = int(second.removeprefix('bytes=').removesuffix('-'))
        # What is on its way when a connection is reset may be lost.
        self.assertTrue(0 < start < _SIZE, start)
        (warning,) = result.stderr.splitlines()
        self.assertRegex(warning, f'interrupted: .*Resuming at byte {start}.')

    def test_nothing_arrives_for_a_while(self) -> None:
        self.reconfigure(api_timeout=1, image_endpoint_override=self.proxy.url)
        freeze = faults.Freeze(_HALF)
        self.inject(freeze)
        self.addCleanup(freeze.released.set)
        result = self.survives()
        self.assertIn('interrupted: timed out.', result.stderr)
        self.assertEqual(f'bytes={_HALF}-', self.ranges()[1])

    def test_many_times(self) -> None:
        parts = [faults.Cut(_SIZE // 5, clean=True)] * 3
        self.inject(*parts)
        self.survives()
        self.assertEqual(4, len(self.ranges()))

    @base.cases(
        first=(0,),
        resumed=(1,),
    )
    def test_busy(self, before: int) -> None:
        cuts = [faults.Cut(_HALF, clean=True)] * before
        self.inject(*cuts, faults.Answer(503), faults.Answer(502))
        result = self.survives()
        self.assertIn('the server returned 503 Service', result.stderr)

    @base.cases(
        first=(0,),
        resumed=(1,),
    )
    def test_401(self, before: int) -> None:
        cuts = [faults.Cut(_HALF, clean=True)] * before
        self.inject(*cuts, faults.Answer(401))
        self.survives()


class SilenceTest(save_base.SaveTest):
    def test_timeout_of_the_connection(self) -> None:
        """After the first byte it is shorter, which no test can wait for."""
        reader = download.Download(self.glance, self.stored_image())
        self.addCleanup(reader.close)
        reader.open()
        response: Any = reader._response
        self.assertEqual(60, response.raw._fp.fp.raw._sock.gettimeout())
        next(reader.read_blocks())


class StoreWithoutRangesTest(ProxiedTest):
    """All data is sent again, and is the same."""

    @base.cases(
        rbd=(_RBD, 3),
        not_satisfiable=(faults.Answer(416), 3),
        ignored=(faults.IgnoreRange(), 2),
        another_range=(
            faults.Headers({'content-range': f'bytes 7-99/{_SIZE}'}),
            3,
        ),
    )
    def test_it(self, fault: faults.Fault, requests: int) -> None:
        self.inject(faults.Cut(_HALF, clean=True), fault)
        result = self.survives()
        self.assertEqual(requests, len(self.ranges()))
        interrupted, again = result.stderr.splitlines()
        self.assertIn('Resuming at byte', interrupted)
        self.assertIn('Downloading again from the beginning.', again)

    def test_it_breaks_again(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True), _RBD)
        self.inject(faults.Cut(_HALF + 10, clean=True))
        self.inject(faults.Cut(_HALF + 20, clean=True))
        result = self.survives()
        self.assertEqual(
            1, result.stderr.count('Downloading again from the beginning.')
        )
        ranges = [None, f'bytes={_HALF}-', None, None, None]
        self.assertEqual(ranges, self.ranges())

    def test_it_has_another_total(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True))
        total = f'bytes {_HALF}-{_SIZE}/{_SIZE + 1}'
        self.inject(faults.Headers({'content-range': total}))
        result = self.run_openstack(*self.save)
        self.assertEqual(1, result.status)
        self.assertIn(f'sends {_SIZE + 1} bytes as image', result.stderr)
        self.assert_partial(result.stderr)

    def test_to_standard_output(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True), _RBD)
        process = self.start('image', 'save', self.name)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual((0, self.data), (process.returncode, stdout))
        self.assertIn(b'Downloading again', stderr)


class RefusedTest(ProxiedTest):
    """Nothing is written before a response is known to be the image."""

    @base.cases(
        login_page=(
            faults.Answer(200, body=_LOGIN, content_type='text/html'),
            'Unexpected response to GET http.* .text/html.: .*Password',
        ),
        proxys_404=(
            faults.Answer(404, body='<h1>nginx</h1>', content_type='x/html'),
            'Unexpected response .*404',
        ),
        forbidden=(
            faults.Answer(403, body='Forbidden by policy.'),
            '403 Forbidden: Forbidden by policy. This requires the Glance '
            'policy download_image',
        ),
        deleted=(
            faults.Answer(
                404,
                body='{"message": "Not here."}',
                content_type='application/json',
            ),
            'rejected the download of image .*: 404 Not Found: Not here.',
        ),
        lost=(faults.Answer(204), 'is active, but its store has lost the'),
        too_long=(
            faults.Headers({'content-length': '4000000'}),
            'sends 4000000 bytes as image .*, whose size is 3145728.',
        ),
        too_short=(
            faults.Headers({'content-length': '5'}),
            'sends 5 bytes as image',
        ),
        compressed=(faults.Compress(), 'in the encoding gzip, which'),
        another_type=(
            faults.Headers({'content-type': 'text/plain'}),
            'Unexpected response',
        ),
    )
    def test_it(self, fault: faults.Fault, pattern: str) -> None:
        self.inject(fault)
        line = self.failing(*self.save)
        self.assertRegex(line, pattern)
        self.assert_nothing()

    def test_an_error_page_without_an_end(self) -> None:
        """It is neither written nor read as a whole."""
        page = '<h1>Endless</h1>' + 'x' * 5_000_000
        self.inject(faults.Answer(404, body=page, content_type='text/html'))
        line = self.failing(*self.save)
        self.assertIn('Endless', line)
        self.assertLess(len(line), 600)

    def test_existing_file_stays(self) -> None:
        self.target.write_text('precious')
        self.inject(faults.Answer(403))
        self.failing(*self.save)
        self.assertEqual(['disk.img'], self.listed())
        self.assertEqual('precious', self.target.read_text())

    def test_after_a_part(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True), faults.Answer(403))
        result = self.run_openstack(*self.save)
        self.assertEqual(1, result.status)
        self.assert_partial(result.stderr)

    def test_login_page_after_a_part(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True))
        page = faults.Answer(200, body=_LOGIN, content_type='text/html')
        self.inject(page)
        result = self.run_openstack(*self.save)
        self.assertEqual(1, result.status)
        self.assertEqual(_HALF, len(self.assert_partial(result.stderr)))


class VerificationTest(ProxiedTest):
    """What does not match its checksum gets no name."""

    def test_changed_byte(self) -> None:
        self.inject(faults.Spoil(7))
        line = self.failing(*self.save)
        self.assertIn('expected sha512 ', line)
        self.assertIn('"openstack image verify ', line)
        self.assert_nothing()

    def test_changed_byte_of_a_resumed_download(self) -> None:
        self.inject(faults.Cut(_HALF, clean=True), faults.Spoil(7))
        result = self.survives()
        self.assertIn('Downloading again from the begin', result.stderr)
        self.assertIsNone(self.ranges()[2])

    def test_changed_byte_without_verification(self) -> None:
        self.inject(faults.Spoil(7))
        self.openstack(*self.save, '--no-verify')
        self.assertEqual(_SIZE, self.target.stat().st_size)
        self.assertNotEqual(self.data, self.target.read_bytes())

    def edit(self, **record: Any) -> None:
        """Change the record of the image, as the command sees it."""

        def change(page: dict[str, Any]) -> None:
            for image in page['images']:
                image.update(record)

        self.proxy.inject('GET', r'/v2/images\?', faults.Edit(change))

    def test_wrong_record(self) -> None:
        self.edit(os_hash_value='0' * 128)
        self.inject(faults.Cut(_HALF, clean=True))
        result = self.run_openstack(*self.save)
        self.assertEqual(1, result.status)
        self.assertIn('Two downloads have the same checksum', result.stderr)
        self.assert_nothing()

    @base.cases(
        record=({'os_hash_algo': None, 'os_hash_value': None},),
        response=(
            {'os_hash_algo': None, 'os_hash_value': None, 'checksum': None},
        ),
    )
    def test_md5(self, record: dict[str, None]) -> None:
        self.edit(**record)
        self.inject(faults.Spoil(7))
        self.assertIn('expected md5 ', self.failing(*self.save))
        self.edit(**record)
        self.openstack(*self.save)
        self.assert_saved()

    def test_no_digest(self) -> None:
        self.edit(os_hash_algo=None, os_hash_value=None, checksum=None)
        self.inject(faults.Headers({'content-md5': None}))
        result = self.survives()
        self.assertIn('was not verified', result.stderr)

    def test_algorithm_that_this_machine_does_not_have(self) -> None:
        self.edit(os_hash_algo='crc32c')
        line = self.failing(*self.save)
        self.assertIn('its checksum algorithm crc32c is not', line)
        self.assertIn('Use --no-verify', line)
        self.assertEqual([], self.ranges())
        self.edit(os_hash_algo='crc32c')
        self.openstack(*self.save, '--no-verify')
        self.assert_saved()
