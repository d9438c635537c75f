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

"""Values as people type them: JSON, or Python literals.

In a shell ``"{'key': 'value'}"`` is easy to type. It is parsed as a Python
literal: replacing its quotes would also replace those inside values.
"""

import ast
import json
import math
import re
from typing import Any
import warnings

from osc_image_ext.i18n import _

# The tokens of valid JSON that concern objects and numbers.
_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")(?P<colon>\s*:)?'
    r'|[{}]|-?(?:NaN|Infinity|\d[-+.\deE]*)'
)


class ParseError(Exception):
    """A text cannot be parsed.

    :param reason: without a full stop.
    :param offset: in characters from the beginning of the text.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def parse(text: str) -> Any:
    """Parse a value that JSON can represent.

    :param text: its lines end with a newline alone.
    :raises Fault: if it spells nothing, a number that is not finite, or an
        object that has a key twice.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return _Literal(text).parse()
        except ParseError:
            quote = re.search('["\']', text)
            as_python = quote is not None and quote[0] == "'"
            if as_python or not isinstance(error, json.JSONDecodeError):
                raise
            reason = error.msg.removesuffix(' at').removesuffix(' starting')
            raise ParseError(reason, error.pos) from error
    _check_json(text)
    return found


def _check_json(text: str) -> None:
    """Reject what Python's JSON parser accepts beyond the standard."""
    objects: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == '{':
            objects.append(set())
        elif token[0] == '}':
            objects.pop()
        elif token['colon']:
            _add(json.loads(token['string']), objects[-1], token.start())
        elif not token['string']:
            _check_number(token[0], token.start())


def _add(key: str, keys: set[str], offset: int) -> None:
    if key in keys:
        raise ParseError(_('duplicate key %(key)r') % {'key': key}, offset)
    keys.add(key)


def _check_number(number: str, offset: int) -> None:
    if not math.isfinite(float(number)):
        raise ParseError(
            _('%(number)s is not a finite number') % {'number': number}, offset
        )


class _Literal:
    """A text that may be a Python literal."""

    def __init__(self, text: str) -> None:
        self._text = text.lstrip()  # leading spaces would be an indented block
        self._start = len(text) - len(self._text)
        self._lines = self._text.split('\n')

    def parse(self) -> Any:
        try:
            with warnings.catch_warnings():
                # Python warns of "\d", which is valid.
                warnings.simplefilter('ignore')
                tree = ast.parse(self._text, mode='eval')
        except SyntaxError as error:
            offset = self._offset(error.lineno or 1, (error.offset or 1) - 1)
            reason = error.msg.partition(';')[0]  # advice to programmers
            raise ParseError(reason, offset) from error
        except (ValueError, RecursionError, MemoryError) as error:
            reason = _('not valid JSON or a Python literal')
            raise ParseError(reason, self._start) from error
        for node in ast.walk(tree):
            if isinstance(node, ast.expr):
                self._check(node)
        return ast.literal_eval(tree)

    def _check(self, node: ast.expr) -> None:
        """Reject what JSON cannot represent."""
        match node:
            case ast.Dict():
                self._check_keys(node)
            case ast.Constant(value=float(number)):
                _check_number(str(number), self._at(node))
            case ast.Constant(value=str() | int() | None) | ast.List():
                pass
            case ast.UnaryOp(
                op=ast.USub(), operand=ast.Constant(value=number)
            ):
                if type(number) not in (int, float):
                    raise self._unsupported(node)
            case ast.Name(id=name):
                raise ParseError(
                    _('%(name)s is neither quoted nor a Python literal')
                    % {'name': name},
                    self._at(node),
                )
            case _:
                raise self._unsupported(node)

    def _check_keys(self, node: ast.Dict) -> None:
        keys: set[str] = set()
        for key in node.keys:
            at = self._at(key or node)
            if isinstance(key, ast.Name):
                self._check(key)
            if not (
                isinstance(key, ast.Constant) and isinstance(key.value, str)
            ):
                raise ParseError(_('key is not a string'), at)
            _add(key.value, keys, at)

    def _unsupported(self, node: ast.expr) -> ParseError:
        return ParseError(
            _('value cannot be represented in JSON'), self._at(node)
        )

    def _at(self, node: ast.expr) -> int:
        # Python counts columns in bytes.
        line = self._lines[node.lineno - 1].encode()
        column = len(line[: node.col_offset].decode())
        return self._offset(node.lineno, column)

    def _offset(self, line: int, column: int) -> int:
        above = sum(len(text) + 1 for text in self._lines[: line - 1])
        return self._start + min(above + max(column, 0), len(self._text))
