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

"""The input of a task: from an argument, a file and shortcuts."""

from collections.abc import Mapping, Sequence
import sys
from typing import Any

from oslo_utils import strutils

from osc_image_ext import exceptions
from osc_image_ext import text as _text
from osc_image_ext.actions import literals
from osc_image_ext.i18n import _

# Much more than Glance's database stores: such a file is something else.
MAX_INPUT_BYTES = 1024 * 1024
# Characters of a long line to show on each side of an error.
_EXCERPT_LENGTH = 30


def build(
    task_type: str,
    argument: str,
    shortcuts: Mapping[str, str | None],
    properties: Sequence[str],
) -> dict[str, Any]:
    """Return the input of a task, made of all the options for it.

    :param task_type: the value of ``--type``.
    :param argument: the value of ``--input``, see :func:`load`.
    :param shortcuts: keys of the input that have options of their own, None
        if the option was not given.
    :param properties: of the image, each as ``key=value``.
    :raises osc_image_ext.exceptions.Error: if a value is invalid, or given
        more than once.
    """
    given = {k: v for k, v in shortcuts.items() if v is not None}
    if task_type != 'import' and (given or properties):
        raise exceptions.Error(
            _(
                '--import-from, --import-from-format and --image-property '
                'are only valid with --type import.'
            )
        )
    whole = load(argument)
    for key, value in given.items():
        if key in whole:
            raise exceptions.Error(
                _('--%(option)s conflicts with %(key)s in --input.')
                % {'option': key.replace('_', '-'), 'key': key}
            )
        whole[key] = value
    for text in properties:
        _add_property(whole, text)
    return whole


def load(argument: str) -> dict[str, Any]:
    """Parse an object.

    :param argument: JSON or a Python literal; ``@FILE`` to read a file, ``-``
        to read standard input.
    :raises osc_image_ext.exceptions.Error: if it cannot be read or is not an
        object; the message has the line and column.
    """
    name = '--input'
    try:
        if argument == '-':
            name = _('Standard input')
            argument = _read(0, name)
        elif argument.startswith('@'):
            name = _text.printable(argument[1:]) or "''"
            argument = _read(argument[1:], name)
        argument.encode()
    except UnicodeError as error:
        raise exceptions.Error(
            _('%(name)s is not UTF-8 text.') % {'name': name}
        ) from error
    return _parse(argument, name)


def _read(file: str | int, name: str) -> str:
    if file == 0 and sys.stdin is None:  # descriptor 0 may be any other file
        raise exceptions.Error(_('%(name)s is closed.') % {'name': name})
    try:
        with open(file, 'rb', closefd=isinstance(file, str)) as stream:
            data = stream.read(MAX_INPUT_BYTES + 1)
    except OSError as error:
        raise exceptions.Error(
            _('Cannot read %(name)s: %(reason)s.')
            % {'name': name, 'reason': error.strerror}
        ) from error
    if len(data) > MAX_INPUT_BYTES:
        raise exceptions.Error(
            _('%(name)s is larger than the 1 MiB limit for task input.')
            % {'name': name}
        )
    return data.decode('utf-8-sig')  # some editors write a byte order mark


def _parse(text: str, name: str) -> dict[str, Any]:
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    if not text.strip():
        raise exceptions.Error(_('%(name)s is empty.') % {'name': name})
    try:
        value = literals.parse(text)
        if not isinstance(value, dict):
            start = len(text) - len(text.lstrip())
            raise literals.ParseError(_('not a JSON object'), start)
    except literals.ParseError as fault:
        raise exceptions.Error(
            _(
                '%(name)s, line %(line)d, column %(column)d, near %(text)r: '
                '%(reason)s'
            )
            % {
                'name': name,
                'line': text.count('\n', 0, fault.offset) + 1,
                'column': fault.offset - text.rfind('\n', 0, fault.offset),
                'text': _excerpt(text, fault.offset),
                'reason': _text.end_sentence(fault.reason),
            }
        ) from fault
    return value


def _excerpt(text: str, offset: int) -> str:
    """Return the line at an offset, or the part of it near the offset."""
    start = text.rfind('\n', 0, offset) + 1
    end = text.find('\n', offset)
    end = len(text) if end < 0 else end
    first = max(start, offset - _EXCERPT_LENGTH)
    last = min(end, offset + _EXCERPT_LENGTH)
    before = '...' if first > start else ''
    after = '...' if last < end else ''
    return f'{before}{text[first:last]}{after}'


def _add_property(whole: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition('=')
    if not (key and equals):
        raise exceptions.Error(
            _('--image-property takes key=value, not %(property)r.')
            % {'property': text}
        )
    held = whole.get('image_properties', {})
    if not isinstance(held, dict):
        raise exceptions.Error(
            _(
                '--image-property conflicts with image_properties in '
                '--input, which is not an object.'
            )
        )
    if key in held:
        raise exceptions.Error(
            _('Image property %(key)r is specified more than once.')
            % {'key': key}
        )
    whole['image_properties'] = {**held, key: _convert(key, value)}


def _convert(key: str, value: str) -> Any:
    """Return a property as Glance expects it: tasks do not convert values."""
    try:
        match key:
            case 'min_disk' | 'min_ram':
                return int(value)
            case 'os_hidden' | 'protected':
                return strutils.bool_from_string(value, strict=True)
            case 'tags':
                return value.split(',')
    except ValueError as error:
        raise exceptions.Error(
            _('Invalid value %(value)r for image property %(key)s.')
            % {'key': key, 'value': value}
        ) from error
    return value
