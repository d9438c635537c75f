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


from collections.abc import Iterable
import io
from typing import Any
import unittest

import requests

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.image import data as _data
from osc_image_ext.image import streams
from tests.fixtures import doubles

DATA = bytes(range(250)) * 10_000


class TestDestination(unittest.TestCase):
    def test_a_store_is_busy_until_the_image_is_active(self) -> None:
        store = _data.store_target()
        for answered in (True, False):
            for status, busy, has in (
                ('queued', False, False),
                ('saving', True, False),
                ('active', False, True),
            ):
                image = doubles.image(status=status)
                self.assertIs(busy, store.is_receiving(image, answered))
                self.assertIs(has, store.is_complete(image, answered))

    def test_staging_is_busy_until_there_is_a_size(self) -> None:
        for status, size, answered, busy, has in (
            ('queued', None, False, False, False),
            ('uploading', None, False, True, False),
            ('uploading', 0, False, False, True),
            ('uploading', 5, False, False, True),
            ('uploading', None, True, False, True),
            ('active', 5, True, False, False),
        ):
            image = doubles.image(status=status, size=size)
            found = (
                _data.STAGING.is_receiving(image, answered),
                _data.STAGING.is_complete(image, answered),
            )
            self.assertEqual((busy, has), found)

    def test_only_a_named_store_is_named(self) -> None:
        self.assertEqual({}, _data.store_target().headers)
        self.assertEqual(
            {'X-Image-Meta-Store': 'slow'}, _data.store_target('slow').headers
        )


def conflict(
    glance: doubles.Glance, body: Iterable[bytes]
) -> requests.Response:
    """Reject the data without reading it, as for an image that has some."""
    return doubles.response(409, {'message': 'In use.'}, reason='Conflict')


def lose(glance: doubles.Glance, body: Iterable[bytes]) -> requests.Response:
    """Read all of the data, and lose the connection before the response."""
    for _block in body:
        pass
    doubles.reset()


class TestWhoseData(unittest.TestCase):
    """Data that Glance has is ours only if all of it was read from here."""

    def put(
        self,
        glance: doubles.Glance,
        target: _data.DataTarget,
        kind: Any = io.BytesIO,
    ) -> Any:
        self.sleep = doubles.RecordedSleep()
        body = streams.VerboseFileWrapper(kind(DATA), 'disk.img')
        return _data.put_image_data(
            glance.proxy, doubles.IMAGE_ID, body, target, self.sleep
        )

    def failed(self, *args: Any) -> str:
        with self.assertRaises(exceptions.TransferError) as caught:
            self.put(*args)
        return api_errors.describe(caught.exception)

    def test_a_conflict_with_another_client(self) -> None:
        for target in (_data.STAGING, _data.store_target()):
            for status in (target.receiving_status, target.received_status):
                with self.subTest(target.path, status=status):
                    glance = doubles.Glance(conflict)
                    glance.statuses = [status]
                    glance.attributes = {'size': len(DATA)}
                    self.assertIn('409 Conflict', self.failed(glance, target))
                    glance.proxy.put.assert_called_once()
                    self.assertEqual([], self.sleep.seconds)

    def test_a_conflict_that_has_passed(self) -> None:
        glance = doubles.Glance(conflict, doubles.stores)
        with self.assertLogs(_data.LOG):
            image = self.put(glance, _data.store_target())
        self.assertEqual('active', image.status)
        self.assertEqual([DATA], glance.stored)

    def test_a_conflict_with_our_own_attempt(self) -> None:
        def conflict_while_storing(glance: doubles.Glance, body: Any) -> Any:
            glance.statuses = ['saving', 'active']
            return conflict(glance, body)

        glance = doubles.Glance(lose, conflict_while_storing)
        with self.assertLogs(_data.LOG):
            image = self.put(glance, _data.store_target())
        self.assertEqual('active', image.status)

    def test_a_conflict_is_never_a_success_of_staging(self) -> None:
        def conflict_then_staged(glance: doubles.Glance, body: Any) -> Any:
            glance.statuses = ['uploading']
            glance.attributes = {'size': len(DATA)}
            return conflict(glance, body)

        glance = doubles.Glance(lose, conflict_then_staged)
        with self.assertLogs(_data.LOG):
            self.assertIn('409', self.failed(glance, _data.STAGING))

    def test_a_body_that_was_not_read_to_its_end(self) -> None:
        def take_a_block(status: int) -> doubles.Behaviour:
            def behave(glance: doubles.Glance, body: Any) -> Any:
                next(iter(body))
                glance.statuses = [target.received_status]
                glance.attributes = {'size': 1}
                return doubles.response(status)

            return behave

        for target in (_data.STAGING, _data.store_target()):
            for status in (204, 502):
                for kind in (io.BytesIO, doubles.NonSeekableReader):
                    with self.subTest(target.path, status=status, kind=kind):
                        glance = doubles.Glance(take_a_block(status))
                        self.failed(glance, target, kind)
                        glance.proxy.put.assert_called_once()
