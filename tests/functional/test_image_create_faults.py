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

"""A line that breaks, a token that expires, bytes that change on their way.

Each test ends with the bytes that the store holds, or with their absence.
"""

import os
from typing import Any

from tests.fixtures import faults
from tests.functional import base

_PUT = ('PUT', '/file')
_SIZE = 3 * 1024**2


class ResentTest(base.FunctionalTest):
    """After a fault the data goes again, from its start."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.file = self.source(_SIZE)

    def survives(self, fault: faults.Fault, *options: str) -> base.Result:
        self.proxy.inject(*_PUT, fault)
        result = self.run_openstack(
            *('image', 'create', '--file', str(self.file), self.name),
            *options,
        )
        self.assertEqual(0, result.status)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))
        return result

    def assert_sent(self, times: int) -> None:
        self.assertEqual(times, len(self.proxy.requests(*_PUT)))

    @base.cases(
        before=(faults.When.BEFORE, False),
        in_the_middle=(faults.When.MIDDLE, False),
        after=(faults.When.AFTER, False),
        and_the_rest_not_read=(faults.When.MIDDLE, True),
    )
    def test_401(self, when: faults.When, close: bool) -> None:
        self.survives(faults.Answer(401, when, close=close))
        self.assert_sent(2)

    @base.cases(
        before=(faults.When.BEFORE,),
        in_the_middle=(faults.When.MIDDLE,),
        after=(faults.When.AFTER,),
    )
    def test_503(self, when: faults.When) -> None:
        self.survives(faults.Answer(503, when))
        self.assert_sent(2)

    def test_reset_in_the_middle(self) -> None:
        self.survives(faults.Reset(_SIZE // 2))

    def test_reset_of_data_without_known_size(self) -> None:
        self.proxy.inject(*_PUT, faults.Reset(_SIZE // 2))
        with self.file.open('rb') as file:
            result = self.run_openstack(
                'image', 'create', self.name, stdin=file
            )
        self.assertEqual(0, result.status)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))

    @base.cases(
        reset=(faults.Reset(None),),
        gateway_timeout=(
            faults.Replace(504, '<h1>504 Gateway Time-out</h1>'),
        ),
    )
    def test_all_was_stored_before(self, fault: faults.Fault) -> None:
        self.survives(fault)
        self.assert_sent(1)

    def test_503_after_all_was_stored(self) -> None:
        # More than any buffer on the way holds: it would be cut off if it were
        # sent again, since Glance has an active image by then.
        self.file = self.source(64 * 1024**2)
        self.survives(faults.Replace(503))
        self.assert_sent(1)

    def test_glance_is_away_for_a_while(self) -> None:
        """As when it is restarted behind a proxy."""
        self.proxy.inject('GET', '/v2/images/', faults.Answer(502), times=5)
        result = self.survives(faults.Answer(502, faults.When.MIDDLE))
        self.assert_sent(2)
        self.assertIn(
            'Waiting up to 5 minutes for the server. The server '
            'returned 502 Bad Gateway.\n',
            result.stderr,
        )

    def test_glance_is_away_when_the_image_is_protected(self) -> None:
        self.proxy.inject('PATCH', '/v2/images/', faults.Answer(502), times=2)
        self.openstack(
            *('image', 'create', '--file', str(self.file), self.name),
            '--protected',
        )
        image = self.image()
        self.assertTrue(image.is_protected)
        self.assertEqual(self.file.read_bytes(), self.stored(image))

    def test_progress_starts_again(self) -> None:
        result = self.survives(faults.Reset(_SIZE // 2), '--progress')
        self.assertEqual(2, result.stderr.count(': uploading 3.0 MiB\n'))
        self.assertIn('Retrying from the beginning.', result.stderr)
        for line in result.stderr.splitlines():
            self.assertNotRegex(line, r'1[0-9][1-9]%|[2-9]\d\d%')

    def test_many_faults(self) -> None:
        self.proxy.inject(*_PUT, faults.Reset(0))
        self.proxy.inject(*_PUT, faults.Answer(503, faults.When.MIDDLE))
        self.proxy.inject(*_PUT, faults.Answer(401, faults.When.AFTER))
        self.survives(faults.Reset(_SIZE - 1))
        self.assert_sent(5)

    def test_a_line_that_breaks_each_time(self) -> None:
        self.proxy.inject(*_PUT, faults.Reset(1000), times=20)
        result = self.run_openstack(
            'image', 'create', '--file', str(self.file), self.name
        )
        self.assertEqual(1, result.status)
        *warnings, error = result.stderr.splitlines()
        self.assertEqual(3, len(warnings))
        for warning in warnings:
            self.assertIn('Retrying from the beginning.', warning)
        self.assertIn('Lost connection', error)
        self.assertIn('was deleted', error)
        self.assert_sent(4)
        self.assertEqual([], self.images())


class NotRewindableTest(base.FunctionalTest):
    """What cannot be read twice is not sent twice, and leaves nothing."""

    def refused(self, fault: faults.Fault, times: int = 1) -> str:
        proxy = self.proxied()
        proxy.inject(*_PUT, fault, times)
        result = self.run_openstack(
            'image', 'create', self.name, data=os.urandom(_SIZE)
        )
        self.assertEqual(1, result.status)
        self.assertEqual(1, len(proxy.requests(*_PUT)))
        self.assertEqual([], self.images())
        self.assertNotIn('Traceback', result.stderr)
        return result.stderr.splitlines()[1]

    @base.cases(
        _401=(faults.Answer(401, body='Too old.'), '401 .*Too old'),
        _503=(faults.Answer(503, faults.When.MIDDLE), '503'),
        reset=(faults.Reset(1000), 'Lost connection'),
    )
    def test_refused(self, fault: faults.Fault, words: str) -> None:
        error = self.refused(fault)
        self.assertRegex(error, words)
        self.assertIn('can be read only once', error)

    @base.cases(reset=(faults.Reset(None),), _503=(faults.Replace(503),))
    def test_all_was_stored_before(self, fault: faults.Fault) -> None:
        self.proxied().inject(*_PUT, fault)
        data = os.urandom(_SIZE)
        result = self.run_openstack('image', 'create', self.name, data=data)
        self.assertEqual(0, result.status)
        self.assertEqual(data, self.stored(self.image()))


class VerifiedTest(base.FunctionalTest):
    """What is stored is compared with what was sent."""

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.file = self.source(_SIZE)
        file = str(self.file)
        self.command = ('image', 'create', '--file', file, self.name)

    def edit(self, **changes: Any) -> None:
        """Let Glance tell other values of the image once it is stored."""
        edit = faults.Edit(lambda image: image.update(changes))
        self.proxy.inject('GET', '/v2/images/', edit, times=5)

    def test_a_flipped_bit(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(_SIZE - 1))
        error = self.failing(*self.command)
        self.assertRegex(
            error, r'^Verification of image \S+ failed: expected (sha\d+|md5) '
        )
        self.assertRegex(
            error, r' (\w{32,}), but the server reports (?!\1)\w{32,}\.'
        )
        self.assertEqual([], self.images())

    def test_a_flipped_bit_with_progress(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(0))
        result = self.run_openstack(*self.command, '--progress')
        self.assertEqual(1, result.status)
        self.assertIn('Verification of image', result.stderr)
        self.assertIn(': failed, 3.0 MiB in', result.stderr)
        self.assertEqual([], self.images())

    def test_a_flipped_bit_not_verified(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(7))
        self.openstack(*self.command, '--no-verify')
        self.assertNotEqual(self.file.read_bytes(), self.stored(self.image()))

    def test_a_bit_flipped_in_a_pipe(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(7))
        result = self.run_openstack(
            'image', 'create', self.name, data=self.file.read_bytes()
        )
        self.assertEqual(1, result.status)
        self.assertIn('Verification of image', result.stderr)
        self.assertEqual([], self.images())

    def test_md5_alone(self) -> None:
        """As Glance was before it had multihash."""
        for images in ('/v2/images?', '/v2/images/'):
            self.proxy.inject(
                'GET',
                images.replace('?', r'\?'),
                faults.Edit(_without_multihash),
            )
        self.openstack(*self.command)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))

    def test_md5_alone_and_a_flipped_bit(self) -> None:
        self.proxy.inject(*_PUT, faults.Flip(7))
        for path in (r'/v2/images\?', '/v2/images/'):
            self.proxy.inject('GET', path, faults.Edit(_without_multihash))
        error = self.failing(*self.command)
        self.assertIn('md5', error)
        self.assertEqual([], self.images())

    def test_no_digest_at_all(self) -> None:
        self.edit(checksum=None, os_hash_algo=None, os_hash_value=None)
        result = self.run_openstack(*self.command)
        self.assertEqual(0, result.status)
        self.assertIn('was not verified', result.stderr)
        self.assertIn('no checksum', result.stderr)

    def test_length_is_always_compared(self) -> None:
        self.edit(size=_SIZE - 1)
        error = self.failing(*self.command, '--no-verify')
        self.assertIn(
            f'size {_SIZE}, but the server reports {_SIZE - 1}.', error
        )
        self.assertEqual([], self.images())


class Sha256Test(base.FunctionalTest):
    """A cloud whose Glance hashes with something else than the default."""

    region = 'single'

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        file = str(self.source(_SIZE))
        self.command = ('image', 'create', '--file', file, self.name)

    def test_first_image_is_verified_by_md5(self) -> None:
        nothing = faults.Edit(lambda page: page.update(images=[]))
        for fault in (None, faults.Flip(7)):
            self.proxy.inject('GET', r'/v2/images\?', nothing)
            if fault:
                self.proxy.inject(*_PUT, fault)
                self.assertIn('expected md5 ', self.failing(*self.command))
            else:
                self.openstack(*self.command)

    def test_next_image_is_verified_by_the_multihash(self) -> None:
        self.openstack(*self.command)
        self.proxy.inject(*_PUT, faults.Flip(7))
        self.assertIn('expected sha256 ', self.failing(*self.command))


def _without_multihash(answer: dict[str, Any]) -> None:
    for image in answer.get('images', [answer]):
        image.update(os_hash_algo=None, os_hash_value=None)
