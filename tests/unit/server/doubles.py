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

"""Records and images for tests."""

from typing import Any

from glance_upload_progress import records

IMAGE_ID = 'c5a5b4e2-1d0f-4bfa-9d11-1c2a53b1f2aa'
OTHER_ID = 'd6b6c5f3-2e1f-5cfb-8e22-2d3b64c2f3bb'


def record(**values: Any) -> records.Record:
    """Return a record of an upload that is receiving data."""
    defaults: dict[str, Any] = {
        'image_id': IMAGE_ID,
        'phase': records.Phase.UPLOAD,
        'state': records.State.RECEIVING,
        'received': 30,
        'total': 100,
        'attempt': 'req-1',
        'started_at': 1000.0,
        'updated_at': 1007.5,
    }
    return records.Record(**defaults | values)


class Tracked:
    """An upload that a test moves on."""

    is_public = True
    is_over = False

    def __init__(self, image_id: str = IMAGE_ID, **values: Any) -> None:
        self.image_id = image_id
        self.updates = 0
        self.values: dict[str, Any] = {'updated_at': 1000.0, **values}

    def update(self) -> None:
        self.updates += 1

    def snapshot(self) -> records.Record:
        return record(image_id=self.image_id, **self.values)
