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

import logging
import types
import unittest
from unittest import mock

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from osc_image_ext.actions import clients
from tests.fixtures import doubles

DISCOVERY = logging.getLogger('keystoneauth.discover')
ENDPOINT = 'http://glance.example'


class Manager:
    """A client manager whose cloud has no image service to be used."""

    def __init__(self) -> None:
        self.service = mock.Mock(spec=adapter.Adapter)
        self.service.session = mock.Mock()
        self.service.get_endpoint.return_value = ENDPOINT
        self.sdk_connection = mock.Mock()
        self.sdk_connection.config.get_session_client = mock.Mock(
            return_value=self.service
        )
        self.error = sdk_exceptions.NotSupported('No version of image.')
        self.level = logging.NOTSET

    @property
    def image(self) -> None:
        self.level = DISCOVERY.getEffectiveLevel()
        raise self.error


class TestImage(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(DISCOVERY.setLevel, DISCOVERY.level)
        DISCOVERY.setLevel(logging.WARNING)
        self.manager = Manager()

    def test_the_proxy_of_the_manager_is_returned(self) -> None:
        manager = mock.Mock()
        self.assertIs(manager.image, clients.image_proxy(manager))
        manager.sdk_connection.assert_not_called()

    def test_a_service_that_answers_leaves_the_sdks_reason(self) -> None:
        with self.assertRaises(sdk_exceptions.NotSupported) as caught:
            clients.image_proxy(self.manager)
        self.assertIs(self.manager.error, caught.exception)
        self.manager.service.session.get.assert_called_once_with(
            ENDPOINT, raise_exc=False
        )

    def test_a_service_that_is_not_reached_tells_why(self) -> None:
        self.manager.service.session.get.side_effect = doubles.refuse
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            clients.image_proxy(self.manager)

    def test_a_cloud_without_the_service_is_not_asked(self) -> None:
        self.manager.service.get_endpoint.return_value = None
        with self.assertRaises(sdk_exceptions.NotSupported):
            clients.image_proxy(self.manager)
        self.manager.service.session.get.assert_not_called()

    def test_warnings_of_what_becomes_an_error_are_not_shown(self) -> None:
        with self.assertRaises(sdk_exceptions.NotSupported):
            clients.image_proxy(self.manager)
        self.assertEqual(logging.ERROR, self.manager.level)
        self.assertEqual(logging.WARNING, DISCOVERY.level)

    def test_who_debugs_sees_all(self) -> None:
        DISCOVERY.setLevel(logging.DEBUG)
        with self.assertRaises(sdk_exceptions.NotSupported):
            clients.image_proxy(self.manager)
        self.assertEqual(logging.DEBUG, self.manager.level)


class TestCompute(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.manager = mock.Mock()
        config = self.manager.sdk_connection.config
        self.service = config.get_session_client.return_value
        self.service.get_endpoint.return_value = ENDPOINT

    def test_the_proxy_of_the_manager_is_returned(self) -> None:
        proxy = clients.compute_proxy(self.manager)
        self.assertIs(self.manager.compute, proxy)
        self.service.session.get.assert_not_called()

    def test_a_service_that_is_not_reached_tells_why(self) -> None:
        self.manager.compute.get_endpoint_data.return_value = None
        self.service.session.get.side_effect = doubles.refuse
        with self.assertRaises(ksa_exceptions.ConnectFailure):
            clients.compute_proxy(self.manager)

    def test_a_service_that_tells_no_versions_is_used(self) -> None:
        self.manager.compute.get_endpoint_data.return_value = None
        proxy = clients.compute_proxy(self.manager)
        self.assertIs(self.manager.compute, proxy)


class TestStandIn(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.proxy = doubles.proxy()
        self.manager = types.SimpleNamespace()

    def test_some_calls_are_ours_and_the_others_the_proxys(self) -> None:
        with clients.override_image_proxy(
            self.manager, self.proxy, tasks=list
        ):
            self.assertIs(list, self.manager.image.tasks)
            self.assertIs(self.proxy.images, self.manager.image.images)

    def test_it_is_gone_afterwards(self) -> None:
        with (
            self.assertRaises(ValueError),
            clients.override_image_proxy(self.manager, self.proxy),
        ):
            raise ValueError
        self.assertEqual({}, vars(self.manager))
