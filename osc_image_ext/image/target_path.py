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

"""Where ``--file`` leads: a regular file, something special, a directory."""

import os
import stat

from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import text
from osc_image_ext.i18n import _

# Bytes of a file name: those of an extension are left, up to 255.
_MAX_NAME = 200

_STDOUT = ('-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1')
_DESCRIPTORS = ('/dev/fd/', '/proc/self/fd/', '/dev/stderr')


def is_stdout(path: str | None) -> bool:
    """Return whether data goes to standard output."""
    return path is None or path in _STDOUT


def is_special(path: str) -> bool:
    """Return whether a path is written directly: a device, a FIFO.

    So are the descriptors of this process: no other file can take their place.
    """
    if path.startswith(_DESCRIPTORS):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def is_directory(path: str) -> bool:
    """Return whether the file's name is to be that of the image."""
    return path.endswith('/') or os.path.isdir(path)


def make_path(directory: str, image: _image.Image) -> str:
    """Return the path of the file for an image in a directory.

    :raises TargetError: if there is no such directory.
    """
    if not os.path.isdir(directory):
        raise exceptions.TargetError(
            _('There is no directory %(path)s.')
            % {'path': text.printable(directory)}
        )
    return os.path.join(directory, _make_name(image))


def _make_name(image: _image.Image) -> str:
    """Return a file name that leads nowhere else, whatever the image's name.

    Neither is it hidden, nor does it control a terminal that lists it.
    """
    name = ''.join(
        char if char.isprintable() and char != '/' else '_'
        for char in image.name or ''
    ).strip()
    name = name.lstrip('.') or str(image.id)
    name = os.fsencode(name)[:_MAX_NAME].decode(errors='ignore')
    container = image.container_format
    bare = container in (None, '', 'bare')
    extension = str((image.disk_format if bare else container) or 'img')
    if not extension.isalnum() or name.lower().endswith(f'.{extension}'):
        return name
    return f'{name}.{extension}'
