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
"""Image data that is fetched from a web server while it is uploaded."""

import hashlib
import signal
from typing import Any

from tests.fixtures import certificates
from tests.fixtures import faults
from tests.fixtures import publisher
from tests.functional import base
from tests.functional import fetch_base

_HALF = fetch_base.HALF


class UndisturbedTest(fetch_base.FetchTest):
    def test_size_is_known(self) -> None:
        self.openstack(*self.create, '--fetch', self.publish())
        self.assert_active()
        (put,) = self.proxy.requests('PUT')
        self.assertEqual(
            str(len(self.data)), put.headers['X-OpenStack-Image-Size']
        )

    def test_chunks(self) -> None:
        url = self.publish(chunked=True)
        self.openstack(*self.create, '--fetch', url)
        self.assert_active()

    def test_end_of_data_is_not_marked(self) -> None:
        result = self.fetch(self.publish(delimited=False))
        self.assertEqual(0, result.status)
        self.assertIn('missing data cannot be detected', result.stderr)
        self.assert_active()

    def test_import(self) -> None:
        options = ('--import', '--wait', '--fetch', self.publish())
        self.openstack(*self.create, *options)
        self.assert_active()

    def test_existing_image(self) -> None:
        self.queued()
        self.openstack('image', 'upload', self.name, '--fetch', self.publish())
        self.assert_active()

    def test_staged(self) -> None:
        image = self.queued()
        self.openstack('image', 'stage', self.name, '--fetch', self.publish())
        self.assertEqual({'staging': self.data}, self.kept(image.id))
        self.openstack('image', 'import', '--wait', self.name)

    def test_progress(self) -> None:
        result = self.fetch(self.publish(), '--progress')
        first, *_, last = result.stderr.splitlines()
        self.assertEqual(f'{self.name}: uploading 3.0 MiB', first)
        self.assert_starts(f'{self.name}: verified, 3.0 MiB in ', last)

    def test_nothing_is_compressed_on_the_way(self) -> None:
        """What the server declares as encoded is the file itself."""
        url = self.publish(headers=(('Content-Encoding', 'gzip'),))
        self.openstack(*self.create, '--fetch', url)
        self.assert_active()
        (request,) = self.publisher.requests
        self.assertEqual('identity', request.headers['Accept-Encoding'])


class DisturbedTest(fetch_base.FetchTest):
    """The right bytes are stored, whatever happens to a connection."""

    @base.cases(
        by_etag=({},),
        by_date=({'etag': None, 'modified': 'Sat, 21 Nov 2026 08:00:00 GMT'},),
        chunks=({'chunked': True},),
    )
    def test_resumed(self, options: Any) -> None:
        self.publisher.inject(publisher.Cut(_HALF))
        result = self.fetch(self.publish(**options))
        self.assertEqual(0, result.status)
        self.assertIn('Resuming.', result.stderr)
        self.assert_active()
        self.assertEqual(1, len(self.proxy.requests('PUT')))
        # Less than was sent: what is read together is lost together.
        self.assertRegex(str(self.ranges()[1]), r'^bytes=[1-9]\d+-$')

    def test_reset(self) -> None:
        self.publisher.inject(publisher.Cut(_HALF, reset=True))
        self.assertEqual(0, self.fetch(self.publish()).status)
        self.assert_active()

    def test_resumed_again_and_again(self) -> None:
        cuts = [publisher.Cut(n * 1024**2) for n in (1, 2)]
        self.publisher.inject(*cuts, faults.Answer(503))
        self.assertEqual(0, self.fetch(self.publish()).status)
        self.assert_active()
        self.assertEqual(1, len(self.proxy.requests('PUT')))

    @base.cases(
        no_ranges=({'ranges': False}, ()),
        no_validator=({'etag': None}, ()),
        weak_validator=({'etag': 'W/"1"'}, ()),
        other_range=({}, (publisher.OtherRange(),)),
        not_found=({}, (faults.Answer(404),)),
    )
    def test_started_again(
        self, options: Any, then: tuple[publisher.Fault, ...]
    ) -> None:
        self.publisher.inject(publisher.Cut(_HALF), *then)
        result = self.fetch(self.publish(**options))
        self.assertEqual(0, result.status)
        self.assertIn('Retrying from the beginning.', result.stderr)
        self.assert_active()
        self.assertEqual(2, len(self.proxy.requests('PUT')))

    def test_started_again_when_staging(self) -> None:
        self.publisher.inject(publisher.Cut(_HALF))
        options = ('--import', '--wait')
        result = self.fetch(self.publish(etag=None), *options)
        self.assertEqual(0, result.status)
        self.assert_active()

    def test_file_is_updated(self) -> None:
        """Never the beginning of one with the end of the other."""
        updated = publisher.File(self.other_data(), etag='"2"')
        self.publisher.inject(publisher.Cut(_HALF, update=updated))
        self.assertEqual(0, self.fetch(self.publish()).status)
        self.data = updated.data
        self.assert_active()

    def test_file_is_updated_and_longer(self) -> None:
        updated = publisher.File(self.data + b'more', etag='"2"')
        self.publisher.inject(publisher.Cut(_HALF, update=updated))
        result = self.fetch(self.publish())
        self.assertEqual(1, result.status)
        self.assertRegex(
            result.stderr,
            r'The size of \S+ changed while it was fetched. Image \S+ was '
            r'deleted.\n$',
        )
        self.assert_nothing_left()

    def test_unavailable_at_first(self) -> None:
        self.publisher.inject(faults.Answer(503))
        self.openstack(*self.create, '--fetch', self.publish())
        self.assert_active()

    def test_token_expires(self) -> None:
        expired = faults.Answer(401, faults.When.AFTER)
        self.proxy.inject('PUT', '/file', expired)
        self.openstack(*self.create, '--fetch', self.publish())
        self.assert_active()
        self.assertEqual([None, None], self.ranges())

    def test_upload_is_reset(self) -> None:
        self.proxy.inject('PUT', '/file', faults.Reset(_HALF))
        self.assertEqual(0, self.fetch(self.publish()).status)
        self.assert_active()
        self.assertEqual([None, None], self.ranges())


class RefusedTest(fetch_base.FetchTest):
    """Nothing is created."""

    def test_not_found(self) -> None:
        url = f'{self.publisher.url}/missing.img'
        self.assertEqual(
            f'Cannot fetch {url}: the server returned 404 Not Found.',
            self.refused('--fetch', url),
        )

    def test_unavailable(self) -> None:
        self.publisher.inject(*[faults.Answer(503)] * 4)
        self.assertIn('503', self.refused('--fetch', self.publish()))

    def test_nobody_listens(self) -> None:
        url = 'http://127.0.0.1:9/disk.img'
        self.assertEqual(
            f'Cannot fetch {url}: Connection refused.',
            self.refused('--fetch', url),
        )

    def test_login_page(self) -> None:
        page = faults.Answer(
            200, body='<html>Who are you?</html>', content_type='text/html'
        )
        self.publisher.inject(page)
        self.assertIn(
            'is a web page, not image data',
            self.refused('--fetch', self.publish()),
        )

    def test_empty(self) -> None:
        url = self.publisher.publish('empty', b'')
        self.assertEqual(f'{url} is empty.', self.refused('--fetch', url))

    def test_size(self) -> None:
        url = self.publish()
        self.assertEqual(
            f'{url} is {len(self.data)} bytes long, but --size is 5.',
            self.refused('--fetch', url, '--size', '5'),
        )

    @base.cases(
        file=('--fetch cannot be used with --file.', '--file', 'x'),
        uri=('--fetch cannot be used with --uri', '--uri', 'http://h/x'),
        volume=('--fetch cannot be used with --volume.', '--volume', 'x'),
        signature=(
            '--sign-key-path and --sign-cert-id cannot be used with --fetch',
            *('--sign-key-path', 'k', '--sign-cert-id', 'c'),
        ),
    )
    def test_option(self, words: str, *options: str) -> None:
        self.assertIn(words, self.refused('--fetch', 'http://h/x', *options))

    @base.cases(
        file=('file:///etc/passwd',),
        no_host=('http:///disk.img',),
        name=('disk.img',),
    )
    def test_url(self, url: str) -> None:
        self.assertEqual(
            '--fetch requires an http or https URL.',
            self.refused('--fetch', url),
        )


class RedirectTest(fetch_base.FetchTest):
    def setUp(self) -> None:
        super().setUp()
        self.other = self.useFixture(publisher.Publisher())

    def redirect(self, url: str) -> None:
        moved = faults.Answer(302, headers=(('Location', url),))
        self.publisher.inject(moved)

    def test_followed(self) -> None:
        self.redirect(self.other.publish('disk.img', self.data))
        self.openstack(*self.create, '--fetch', self.publish())
        self.assert_active()

    def test_resumed_where_it_leads(self) -> None:
        self.redirect(self.other.publish('disk.img', self.data))
        self.other.inject(publisher.Cut(_HALF))
        self.assertEqual(0, self.fetch(self.publish()).status)
        self.assert_active()
        self.assertEqual(1, len(self.publisher.requests))

    def test_password_stays(self) -> None:
        """It is sent to its own host only, also when the data is resumed."""
        self.redirect(self.other.publish('disk.img', self.data))
        self.other.inject(publisher.Cut(_HALF))
        url = self.publish().replace('//', '//joe:secret@')
        result = self.fetch(url)
        self.assertEqual(0, result.status)
        self.assertNotIn('secret', result.stderr)
        (asked,) = self.publisher.requests
        self.assertIn('Authorization', asked.headers)
        self.assertEqual(2, len(self.other.requests))
        for request in self.other.requests:
            self.assertNotIn('Authorization', request.headers)

    def test_loop(self) -> None:
        url = self.publish()
        for _ in range(40):
            self.redirect(url)
        self.assertEqual(
            f'Cannot fetch {url}: too many redirects.',
            self.refused('--fetch', url),
        )

    def test_to_a_file(self) -> None:
        self.redirect('file:///etc/passwd')
        self.assertIn(
            'something else than an http or https URL',
            self.refused('--fetch', self.publish()),
        )


class CredentialsTest(fetch_base.FetchTest):
    def test_of_url(self) -> None:
        url = self.publish(credentials='joe:secret')
        url = url.replace('//', '//joe:secret@')
        self.publisher.inject(publisher.Cut(_HALF))
        result = self.fetch(url)
        self.assertEqual(0, result.status)
        self.assertNotIn('secret', result.stderr)
        self.assert_active()

    def test_of_netrc(self) -> None:
        self.netrc.write_text('machine 127.0.0.1 login joe password secret')
        url = self.publish(credentials='joe:secret')
        self.openstack(*self.create, '--fetch', url)
        self.assert_active()

    def test_rejected(self) -> None:
        self.publish(credentials='joe:secret')
        url = f'http://joe:wrong@{self.publisher.host}/disk.img?key=geheim'
        error = self.refused('--fetch', url)
        self.assertEqual(
            f'Cannot fetch {self.publisher.url}/disk.img?...: the server '
            'returned 401 Unauthorized.',
            error,
        )


class TLSTest(fetch_base.FetchTest):
    def setUp(self) -> None:
        super().setUp()
        authority = certificates.Authority(self.folder)
        self.secure = self.useFixture(
            publisher.Publisher(authority.issue('127.0.0.1'))
        )
        self.url = self.secure.publish('disk.img', self.data)
        self.trusting = {'REQUESTS_CA_BUNDLE': str(authority.certificate)}

    def test_unknown_authority(self) -> None:
        self.assertIn(
            'certificate verification failed',
            self.refused('--fetch', self.url),
        )

    def test_known_authority(self) -> None:
        self.environ |= self.trusting
        self.secure.inject(publisher.Cut(_HALF))
        self.assertEqual(0, self.fetch(self.url).status)
        self.assert_active()

    def test_redirect_to_http(self) -> None:
        self.environ |= self.trusting
        location = ('Location', self.publish())
        self.secure.inject(faults.Answer(302, headers=(location,)))
        self.assertIn(
            'redirects from https to http', self.refused('--fetch', self.url)
        )

    def test_redirect_to_http_with_a_checksum(self) -> None:
        self.environ |= self.trusting
        location = ('Location', self.publish())
        self.secure.inject(faults.Answer(302, headers=(location,)))
        value = hashlib.sha256(self.data).hexdigest()
        options = ('--checksum', f'sha256:{value}')
        self.openstack(*self.create, '--fetch', self.url, *options)
        self.assert_active()


class InterruptedTest(fetch_base.FetchTest):
    @base.cases(
        ctrl_c=(signal.SIGINT, 130),
        sigterm=(signal.SIGTERM, 143),
    )
    def test_source_stalls(self, number: signal.Signals, status: int) -> None:
        stall = faults.Stall(_HALF)
        self.publisher.inject(stall)
        process = self.start(*self.create, '--fetch', self.publish())
        self.assertTrue(stall.reached.wait(30))
        self.wait_for(lambda: self.proxy.requests('PUT'))
        process.send_signal(number)
        result = self.finish(process)
        self.assertEqual(status, result.status)
        self.assertIn('was deleted', result.stderr)
        self.assert_nothing_left()

    def test_before_the_first_byte(self) -> None:
        stall = faults.Stall(0)
        self.publisher.inject(stall)
        process = self.start(*self.create, '--fetch', self.publish())
        self.assertTrue(stall.reached.wait(30))
        base.interrupt(process)
        result = self.finish(process)
        self.assertEqual(
            (130, 'Interrupted.\n'), (result.status, result.stderr)
        )
        self.assertEqual([], self.proxy.requests('POST'))
