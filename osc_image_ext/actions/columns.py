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

"""The columns of commands that show one resource."""

from collections.abc import Mapping
from typing import Any

Columns = tuple[tuple[str, ...], tuple[Any, ...]]


def sort(properties: Mapping[str, Any]) -> Columns:
    """Return names and values in the order in which core shows them.

    :param properties: name -> value, as core's formatters return them.
    """
    names, values = zip(*sorted(properties.items()), strict=True)
    return names, values
