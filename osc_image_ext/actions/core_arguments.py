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
"""What core's image create is given, and what it makes of that."""

import argparse
from collections.abc import Mapping
import copy
import os
import pathlib
from typing import Any

from osc_image_ext import exceptions
from osc_image_ext import text
from osc_image_ext.i18n import _

# Arguments of the SDK's create_image() that are no attributes of the image:
# where the data comes from, and how it is uploaded.
_UPLOAD_KWARGS = ('allow_duplicates', 'data', 'filename', 'validate_checksum')


def args_for_core(parsed_args: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments that core's command needs.

    It does not get the data, nor the user's own properties, some of which it
    would take for arguments of its own.
    """
    for_core = copy.copy(parsed_args)
    for_core.properties = for_core.size = None
    for_core.progress = for_core.use_import = False
    for_core.store = None  # core rejects it as an option of v1
    if not (parsed_args.sign_key_path or parsed_args.sign_cert_id):
        for_core.filename = os.devnull
    elif parsed_args.fetch is not None or parsed_args.decompress:
        raise exceptions.Error(
            _(
                '--sign-key-path and --sign-cert-id cannot be used with '
                '--fetch or --decompress.'
            )
        )
    elif parsed_args.filename and pathlib.Path(parsed_args.filename).is_fifo():
        raise exceptions.Error(
            _('%(name)s cannot be signed because it can be read only once.')
            % {'name': text.printable(parsed_args.filename)}
        )
    return for_core


def merge_attrs(
    core_attrs: Mapping[str, Any], properties: Mapping[str, str]
) -> dict[str, Any]:
    """Return the attributes of the image: core's, and the user's own."""
    numbers = {
        name: int(properties[name])
        for name in ('min_disk', 'min_ram')
        if properties.get(name, '').isdecimal()
    }
    attrs = {
        # core's signature is bytes, which JSON does not have
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in core_attrs.items()
        if name not in _UPLOAD_KWARGS
    }
    others = {k: v for k, v in properties.items() if k not in numbers}
    return {**attrs, **numbers, 'properties': others}
