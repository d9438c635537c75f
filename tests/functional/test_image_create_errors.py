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

"""Errors: one sentence, in the server's own words."""

from tests.fixtures import certificates
from tests.fixtures import faults
from tests.functional import base

_NGINX_413 = """<html>
<head><title>413 Request Entity Too Large</title></head>
<body>
<center><h1>413 Request Entity Too Large</h1></center>
<hr><center>nginx/1.22.1</center>
</body>
</html>
"""


class ErrorTest(base.FunctionalTest):
    def setUp(self) -> None:
        super().setUp()
        self.file = str(self.source(3 * 1024**2))

    def fails(self, *options: str) -> str:
        return self.failing(
            'image', 'create', '--file', self.file, self.name, *options
        )

    def fails_with(self, fault: faults.Fault) -> str:
        self.proxied().inject('PUT', '/file', fault)
        error = self.fails()
        self.assertEqual([], self.images())
        return error

    def test_body_limit_of_a_proxy(self) -> None:
        error = self.fails_with(
            faults.Answer(413, body=_NGINX_413, content_type='text/html')
        )
        self.assertIn(
            ': 413 Request Entity Too Large: nginx/1.22.1. Image', error
        )

    def test_body_limit_of_a_proxy_that_hangs_up(self) -> None:
        error = self.fails_with(
            faults.Answer(
                413, body=_NGINX_413, content_type='text/html', close=True
            )
        )
        self.assertIn('413 Request Entity Too Large', error)

    def test_gone(self) -> None:
        body = '410 Gone\n\nThe image was deleted during the upload.\n\n   '
        self.assertIn(
            '410 Gone: The image was deleted during the upload.',
            self.fails_with(faults.Answer(410, body=body)),
        )

    def test_escape_sequences(self) -> None:
        error = self.fails_with(faults.Answer(400, body='\x1b[2Jred\x07\r\n'))
        self.assertIn(r'400 Bad Request: \x1b[2Jred\x07', error)

    def test_forbidden(self) -> None:
        self.environ['OS_CLOUD'] = 'multi-member'
        self.assertRegex(
            self.fails('--public'), 'returned 403 Forbidden: .*publicize_image'
        )

    def test_id_in_use(self) -> None:
        """The image that has the ID already is not touched."""
        taken = self.glance.create_image(self.name, allow_duplicates=True)
        error = self.fails('--id', taken.id)
        self.assertIn('409 Conflict', error)
        self.assertEqual([taken.id], [i.id for i in self.images()])

    def test_format_that_the_data_contradicts(self) -> None:
        result = self.run_openstack(
            *('image', 'create', '--file', self.file, self.name),
            *('--disk-format', 'qcow2'),
        )
        _warning, error = result.stderr.splitlines()
        self.assertEqual(1, result.status)
        self.assertIn('disk_format qcow2 does not match', error)
        self.assertEqual([], self.images())

    def test_login(self) -> None:
        error = self.fails('--os-password', 'wrong')
        self.assertIn('401', error)

    def test_region_without_glance(self) -> None:
        self.reconfigure(image_service_name='nobody')
        self.assertIn('image', self.fails())

    def test_connection_refused(self) -> None:
        self.reconfigure(image_endpoint_override='http://127.0.0.1:1/v2')
        self.assertIn('Connection refused', self.fails())

    def test_debug_shows_neither_token_nor_data(self) -> None:
        with open(self.file, 'wb') as file:
            file.write(b'tellme' * 1000)
        result = self.run_openstack(
            '--debug', 'image', 'create', '--file', self.file, self.name
        )
        self.assertEqual(0, result.status)
        self.assertNotIn('tellmetellme', result.stderr)
        self.assertNotIn('gAAAA', result.stderr)
        self.assertNotIn(
            self.cloud.auth(self.region)['password'], result.stderr
        )


class TLSTest(base.FunctionalTest):
    def setUp(self) -> None:
        super().setUp()
        self.authority = certificates.Authority(self.folder)
        self.proxy = self.proxied(
            certificate=self.authority.issue('127.0.0.1')
        )
        self.file = self.source(3 * 1024**2)
        self.command = (
            'image', 'create', '--file', str(self.file), self.name,
        )  # fmt: skip

    def test_unknown_authority(self) -> None:
        self.assertIn('certificate', self.failing(*self.command))
        self.assertEqual([], self.images())

    def test_known_authority(self) -> None:
        self.reconfigure(
            image_endpoint_override=self.proxy.url,
            cacert=str(self.authority.certificate),
        )
        self.proxy.inject('PUT', '/file', faults.Reset(100_000))
        result = self.run_openstack(*self.command)
        self.assertEqual(0, result.status)
        self.assertEqual(self.file.read_bytes(), self.stored(self.image()))
