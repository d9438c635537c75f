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

"""The table of images in progress: bytes for people, numbers for programs."""

import dataclasses
from typing import Any

from osc_lib.cli import format_columns

from osc_image_ext.image import progress_report as _report
from osc_image_ext.progress import units

COLUMNS = (
    'ID',
    'Name',
    'Status',
    'Phase',
    'State',
    'Received',
    'Total',
    'Percent',
    'Stores',
    'Updated At',
)


class BytesColumn(format_columns.SizeColumn):
    """A number of bytes."""

    def human_readable(self) -> str:
        return units.format_bytes(self._value)


class StoresColumn(format_columns.ListDictColumn):
    """Stores, each with its state and, if they are known, its bytes."""

    def human_readable(self) -> str:
        return ', '.join(map(_describe_store, self._value))


def _describe_store(store: dict[str, Any]) -> str:
    words = [store['state']]
    if store['received'] is not None:
        words.append(units.format_bytes(store['received'], store['total']))
    state = ' '.join(words)
    return f'{store["store"]}: {state}' if store['store'] else state


def list_row(progress: _report.ImageProgress) -> tuple[Any, ...]:
    """Return the values of :data:`COLUMNS` for an image."""
    columns = show_columns(progress)
    return tuple(columns[name.lower().replace(' ', '_')] for name in COLUMNS)


def show_columns(progress: _report.ImageProgress) -> dict[str, Any]:
    """Return all that is known of an image, by column."""
    return {
        'id': progress.image_id,
        'name': progress.name,
        'status': progress.status,
        'phase': progress.phase,
        'state': progress.state,
        'received': _bytes(progress.received),
        'total': _bytes(progress.total),
        'percent': progress.percent,
        'stores': _stores(progress.stores),
        'message': progress.message or None,
        'attempt': progress.attempt,
        'status_code': progress.status_code,
        'started_at': progress.started_at,
        'updated_at': progress.updated_at,
    }


def _bytes(number: int | None) -> BytesColumn | None:
    return None if number is None else BytesColumn(number)


def _stores(
    stores: tuple[_report.StoreProgress, ...],
) -> StoresColumn:
    return StoresColumn([dataclasses.asdict(store) for store in stores])
