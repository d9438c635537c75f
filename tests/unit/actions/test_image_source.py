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


import io
from typing import Any
import unittest

from osc_image_ext.actions import image_source
from osc_image_ext.image import source as _source
from osc_image_ext.image import upload
from tests.fixtures import doubles


class TestFormat(unittest.TestCase):
    def source(self) -> _source.Source:
        file: Any = io.BufferedReader(io.BytesIO(b'QFI\xfb\0\0\0\3' * 9999))
        return _source.Source(file, 'disk.img', 8 * 9999)

    def test_a_contradiction_is_warned_of(self) -> None:
        with self.assertLogs(image_source.LOG) as logged:
            image_source.warn_of_format_mismatch(self.source(), 'raw', 'bare')
        self.assertIn('looks like qcow2', logged.output[0])

    def test_what_cannot_be_told_is_not(self) -> None:
        for formats in ((None, 'bare'), ('raw', 'ova'), ('qcow2', 'bare')):
            with self.assertNoLogs(image_source.LOG):
                image_source.warn_of_format_mismatch(self.source(), *formats)

    def test_no_digest(self) -> None:
        with self.assertLogs(image_source.LOG) as logged:
            image_source.warn_unverified(
                upload.UploadResult(doubles.image(), None)
            )
        self.assertIn(doubles.IMAGE_ID, logged.output[0])

    def test_a_digest(self) -> None:
        with self.assertNoLogs(image_source.LOG):
            image_source.warn_unverified(
                upload.UploadResult(doubles.image(), 'sha512')
            )
