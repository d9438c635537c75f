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

import argparse
import sys
from typing import Any

from oslo_utils import strutils

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext.actions import literals
from osc_image_ext.i18n import _

# Keys of the input that have options of their own.
_SHORTCUTS = ('import_from', 'import_from_format')
# Much more than Glance's database keeps: such a file is something else.
MAX_INPUT_BYTES = 1024 * 1024
# Characters of a long line that are shown on each side of a fault.
_EXCERPT_LENGTH = 30


def build(parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Return what --input and the shortcuts say together.

    :raises osc_image_ext.exceptions.Error: if any of it is wrong, or is there
        twice.
    """
    given = {
        key: getattr(parsed_args, key)
        for key in _SHORTCUTS
        if getattr(parsed_args, key) is not None
    }
    properties = parsed_args.image_properties
    if parsed_args.type != 'import' and (given or properties):
        raise exceptions.Error(
            _(
                '--import-from, --import-from-format and --image-property are '
                'for tasks of type import.'
            )
        )
    whole = load(parsed_args.input)
    for key, value in given.items():
        if key in whole:
            raise exceptions.Error(
                _('--%(option)s clashes with %(key)s in --input.')
                % {'option': key.replace('_', '-'), 'key': key}
            )
        whole[key] = value
    for text in properties:
        _add_property(whole, text)
    return whole


def load(argument: str) -> dict[str, Any]:
    """Return the object that an argument spells.

    :param argument: JSON or a Python literal; ``@FILE`` or ``-`` (standard
        input) to read it from there.
    :raises osc_image_ext.exceptions.Error: if it cannot be read or is no
        object; it tells the line in question.
    """
    name = '--input'
    try:
        if argument == '-':
            name = _('Standard input')
            argument = _read(0, name)
        elif argument.startswith('@'):
            name = api_errors.printable(argument[1:]) or "''"
            argument = _read(argument[1:], name)
        argument.encode()
    except UnicodeError as error:
        raise exceptions.Error(_('%s is not UTF-8 text.') % name) from error
    return _parse(argument, name)


def _read(file: str | int, name: str) -> str:
    if file == 0 and sys.stdin is None:  # by now 0 may be any other file
        raise exceptions.Error(_('%s is closed.') % name)
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
            _('%s has more than 1 MiB and cannot be the input of a task.')
            % name
        )
    return data.decode('utf-8-sig')  # some editors begin a file with a mark


def _parse(text: str, name: str) -> dict[str, Any]:
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    if not text.strip():
        raise exceptions.Error(_('%s is empty.') % name)
    try:
        value = literals.parse(text)
        if not isinstance(value, dict):
            start = len(text) - len(text.lstrip())
            raise literals.ParseError(_('this is not an object'), start)
    except literals.ParseError as fault:
        raise exceptions.Error(
            _(
                '%(name)s, line %(line)d, column %(column)d, near %(near)r: '
                '%(reason)s'
            )
            % {
                'name': name,
                'line': text.count('\n', 0, fault.offset) + 1,
                'column': fault.offset - text.rfind('\n', 0, fault.offset),
                'near': _excerpt(text, fault.offset),
                'reason': api_errors.end_sentence(fault.reason),
            }
        ) from fault
    return value


def _excerpt(text: str, offset: int) -> str:
    """Return the line around an offset, or what is close to it there."""
    start = text.rfind('\n', 0, offset) + 1
    end = text.find('\n', offset)
    end = len(text) if end < 0 else end
    left = max(start, offset - _EXCERPT_LENGTH)
    right = min(end, offset + _EXCERPT_LENGTH)
    before = '...' if left > start else ''
    after = '...' if right < end else ''
    return f'{before}{text[left:right]}{after}'


def _add_property(whole: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition('=')
    if not (key and equals):
        raise exceptions.Error(
            _('--image-property takes key=value, not %r.') % text
        )
    held = whole.get('image_properties', {})
    if not isinstance(held, dict):
        raise exceptions.Error(
            _(
                '--image-property clashes with image_properties in --input, '
                'which is not an object.'
            )
        )
    if key in held:
        raise exceptions.Error(
            _('The image property %r is there twice.') % key
        )
    whole['image_properties'] = {**held, key: _convert(key, value)}


def _convert(key: str, value: str) -> Any:
    """Return a property as Glance wants it: a task does not convert it."""
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
            _('The image property %(key)s cannot be %(value)r.')
            % {'key': key, 'value': value}
        ) from error
    return value
