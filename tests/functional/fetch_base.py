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
"""What tests of data on a web server have in common."""

import os
from typing import Any

from tests.fixtures import publisher
from tests.functional import base
from tests.functional import import_base

SIZE = import_base.SIZE
HALF = SIZE // 2


class FetchTest(import_base.ImportTest):
    """Has a publisher of its data, and a proxy before Glance."""

    certificate: str | None = None

    def setUp(self) -> None:
        super().setUp()
        self.proxy = self.proxied()
        self.publisher = self.useFixture(publisher.Publisher(self.certificate))
        self.netrc = self.folder / 'netrc'
        # What the environment of the tests has is not for them.
        self.environ |= {'no_proxy': '*', 'NETRC': str(self.netrc)}

    def publish(self, **options: Any) -> str:
        """Publish the data; return its URL."""
        return self.publisher.publish('disk.img', self.data, **options)

    def fetch(self, url: str, *options: str) -> base.Result:
        """Create an image of what a URL has."""
        return self.run_openstack(*self.create, '--fetch', url, *options)

    def refused(self, *options: str) -> str:
        """Run what must fail before anything is created."""
        error = self.failing(*self.create, *options)
        self.assertEqual([], self.proxy.requests('POST'))
        return error

    def ranges(self) -> list[str | None]:
        """Return the ranges that the publisher was asked for."""
        return [
            request.headers.get('Range') for request in self.publisher.requests
        ]

    def assert_changed_nothing(self) -> None:
        """Check that the image never was usable, and is gone."""
        self.assert_nothing_left()
        self.assertEqual([], self.proxy.requests('PATCH'))

    def other_data(self) -> bytes:
        """Return data of the same size."""
        return os.urandom(len(self.data))
