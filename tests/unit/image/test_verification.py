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

import hashlib
from typing import Any
import unittest
from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions

from osc_image_ext import exceptions
from osc_image_ext.image import digest
from osc_image_ext.image import verification
from tests.fixtures import doubles

DATA = b'data'
MD5 = hashlib.md5(DATA).hexdigest()
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA512 = hashlib.sha512(DATA).hexdigest()


class TestAlgorithms(unittest.TestCase):
    def algorithms(self, *images: dict[str, Any]) -> tuple[str, ...]:
        self.proxy = doubles.proxy(
            images=[doubles.image(**image) for image in images]
        )
        return verification.algorithms(self.proxy)

    def test_the_newest_images_tell_the_clouds(self) -> None:
        image = {'hash_algo': 'sha256', 'checksum': MD5}
        self.assertEqual(('sha256',), self.algorithms(image, image))

    def test_one_page_of_images_is_asked_for(self) -> None:
        self.algorithms()
        self.proxy.images.assert_called_once_with(
            paginated=False, limit=20, sort='created_at:desc', status='active'
        )

    def test_a_cloud_that_changed_it_has_both(self) -> None:
        self.assertEqual(
            ('sha256', 'sha512'),
            self.algorithms(
                {'hash_algo': 'sha512'},
                {'hash_algo': None},
                {'hash_algo': 'sha256'},
            ),
        )

    def test_a_cloud_without_images_may_use_its_default(self) -> None:
        self.assertEqual(('md5', 'sha512'), self.algorithms())

    def test_a_cloud_without_multihash_uses_md5(self) -> None:
        self.assertEqual(('md5',), self.algorithms({'checksum': MD5}))

    def test_images_without_a_digest_tell_nothing(self) -> None:
        self.assertEqual(('md5', 'sha512'), self.algorithms({}))

    def test_who_may_not_list_images_expects_the_default(self) -> None:
        proxy = doubles.proxy()
        proxy.images.side_effect = doubles.http_error(403)
        self.assertEqual(('md5', 'sha512'), verification.algorithms(proxy))

    def test_a_server_that_is_not_reached_is_an_error(self) -> None:
        proxy = doubles.proxy()
        proxy.images.side_effect = doubles.refuse
        sleep = doubles.RecordedSleep()
        with self.assertRaises(ksa_exceptions.ConnectionError):
            verification.algorithms(proxy, sleep)
        self.assertEqual([0.5, 1, 2], sleep.seconds)

    def test_a_lost_response_is_survived(self) -> None:
        proxy = doubles.proxy()
        lost = doubles.broken(ConnectionResetError(104, 'Reset'))
        proxy.images.side_effect = [lost, iter(())]
        self.assertEqual(
            ('md5', 'sha512'),
            verification.algorithms(proxy, doubles.RecordedSleep()),
        )

    def test_a_python_without_md5_leaves_it_out(self) -> None:
        def supported(name: str) -> bool:
            return name != 'md5'

        with mock.patch.object(digest, 'supported', side_effect=supported):
            self.assertEqual(('sha512',), self.algorithms())

    def test_an_algorithm_that_is_not_known_here_leaves_md5(self) -> None:
        for name in ('shake_256', 'sha9000'):
            with self.subTest(name):
                self.assertEqual(
                    ('md5',),
                    self.algorithms({'hash_algo': name, 'checksum': MD5}),
                )


class TestCompare(unittest.TestCase):
    def compare(
        self, length: int, digests: dict[str, str], **attributes: Any
    ) -> str | None:
        image = doubles.image(**{'size': len(DATA), **attributes})
        return verification.compare(image, length, digests)

    def test_a_digest_that_agrees_is_named(self) -> None:
        self.assertEqual(
            'sha512',
            self.compare(
                4,
                {'md5': MD5, 'sha512': SHA512},
                hash_algo='sha512',
                hash_value=SHA512,
                checksum='of no interest then',
            ),
        )

    def test_md5_is_compared_where_the_other_was_not_computed(self) -> None:
        self.assertEqual(
            'md5',
            self.compare(
                4,
                {'md5': MD5, 'sha512': SHA512},
                hash_algo='sha256',
                hash_value=SHA256,
                checksum=MD5,
            ),
        )

    def test_md5_is_compared_where_there_is_no_other(self) -> None:
        self.assertEqual(
            'md5', self.compare(4, {'md5': MD5, 'sha512': ''}, checksum=MD5)
        )

    def test_no_digest_in_common_is_none(self) -> None:
        for digests, attributes in (
            ({}, {'hash_algo': 'sha512', 'hash_value': SHA512}),
            ({'sha512': SHA512}, {}),
            ({'sha512': SHA512}, {'checksum': MD5}),
            ({'sha512': SHA512}, {'hash_algo': 'sha512', 'hash_value': ''}),
        ):
            with self.subTest(digests=digests, attributes=attributes):
                self.assertIsNone(self.compare(4, digests, **attributes))

    def test_a_digest_that_differs_names_both(self) -> None:
        for name, ours, attributes in (
            ('sha512', SHA512, {'hash_algo': 'sha512', 'hash_value': 'bad'}),
            ('md5', MD5, {'checksum': 'bad'}),
        ):
            with (
                self.subTest(name),
                self.assertRaises(exceptions.VerificationError) as caught,
            ):
                self.compare(4, {name: ours}, **attributes)
            error = caught.exception
            self.assertEqual(
                (doubles.IMAGE_ID, name, ours, 'bad'),
                (error.image_id, error.what, error.expected, error.actual),
            )
            self.assertEqual(
                f'Verification of image {doubles.IMAGE_ID} failed: expected '
                f'{name} {ours}, but the server reports bad.',
                str(error),
            )

    def test_the_length_is_compared_first(self) -> None:
        with self.assertRaises(exceptions.VerificationError) as caught:
            self.compare(5, {'md5': MD5}, checksum='bad')
        error = caught.exception
        self.assertEqual(
            ('size', 5, 4), (error.what, error.expected, error.actual)
        )

    def test_the_length_is_compared_without_any_digest(self) -> None:
        for size in (0, 3, None):
            with (
                self.subTest(size=size),
                self.assertRaises(exceptions.VerificationError),
            ):
                self.compare(4, {}, size=size)

    def test_an_image_of_no_bytes_is_one(self) -> None:
        empty = hashlib.md5(b'').hexdigest()
        self.assertEqual(
            'md5', self.compare(0, {'md5': empty}, size=0, checksum=empty)
        )


class TestDownload(unittest.TestCase):
    """What data that was downloaded is compared with."""

    def test_algorithms(self) -> None:
        multihash = {'hash_algo': 'sha512', 'hash_value': SHA512}
        for attributes, expected in (
            ({**multihash, 'checksum': MD5}, ('sha512',)),
            ({'hash_algo': 'sha512', 'checksum': MD5}, ('md5',)),
            ({}, ('md5',)),
        ):
            with self.subTest(attributes):
                image = doubles.image(**attributes)
                self.assertEqual(
                    expected, verification.download_algorithms(image)
                )

    def test_algorithm_is_not_available(self) -> None:
        """MD5 is not used instead."""
        image = doubles.image(hash_algo='a', hash_value='b', checksum=MD5)
        with self.assertRaises(exceptions.UnsupportedAlgorithm) as caught:
            verification.download_algorithms(image)
        self.assertEqual('a', caught.exception.algorithm)

    def test_no_md5_either(self) -> None:
        with mock.patch.object(digest, 'supported', return_value=False):
            self.assertEqual(
                (), verification.download_algorithms(doubles.image())
            )

    def test_compared(self) -> None:
        digests = {'sha512': SHA512}
        image = doubles.image(hash_algo='sha512', hash_value=SHA512.upper())
        self.assertEqual('sha512', verification.compare_data(image, digests))
        self.assertIsNone(verification.compare_data(image, {}))
        self.assertTrue(verification.has_digest(image))

    def test_different(self) -> None:
        image = doubles.image(hash_algo='sha512', hash_value='bad')
        with self.assertRaises(exceptions.CorruptDataError) as caught:
            verification.compare_data(image, {'sha512': SHA512})
        self.assertEqual(
            f'Verification of image {doubles.IMAGE_ID} failed: expected '
            f'sha512 bad, but that of the downloaded data is {SHA512}.',
            str(caught.exception),
        )

    def test_md5_of_the_response(self) -> None:
        image = doubles.image()
        self.assertFalse(verification.has_digest(image))
        self.assertTrue(verification.has_digest(image, MD5))
        digests = {'md5': MD5}
        self.assertIsNone(verification.compare_data(image, digests))
        self.assertEqual('md5', verification.compare_data(image, digests, MD5))
        # That of the record counts.
        image = doubles.image(checksum=MD5)
        self.assertEqual(
            'md5', verification.compare_data(image, digests, 'other')
        )
