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
"""Text that is fit for a terminal."""

import shlex

# An error page may be of any length; a sentence is not. What is wrong with a
# value is often reported after the value, so the end is kept.
_MAX_LENGTH = 400
_TAIL_LENGTH = 100

# Western ones, and those of translations into Chinese and Japanese.
_SENTENCE_ENDS = ('.', '!', '?', '\u3002', '\uff01', '\uff1f')


def printable(text: str) -> str:
    """Return text on one line, without anything that controls a terminal.

    White space becomes single spaces, any other character that is not
    printable its escape sequence. Text of more than 400 characters loses its
    middle.
    """
    line = ' '.join(text.split())
    if len(line) > _MAX_LENGTH:
        head = _MAX_LENGTH - _TAIL_LENGTH
        line = f'{line[:head]}...{line[-_TAIL_LENGTH:]}'
    return ''.join(
        c if c.isprintable() else c.encode('unicode_escape').decode()
        for c in line
    )


def encodable(text: str, encoding: str) -> str:
    """Return text with escape sequences for what an encoding does not have.

    Python writes them to standard error anyway (``backslashreplace``); what
    counts columns has to see them before.
    """
    return text.encode(encoding, 'backslashreplace').decode(encoding)


def end_sentence(text: str) -> str:
    """Return text that another sentence may follow."""
    if text.endswith(_SENTENCE_ENDS):
        return text
    return f'{text.rstrip(" ,:;")}.'


def quote(value: str) -> str:
    """Return a word of a shell, without anything that controls a terminal.

    Where there is such a character, the bytes are written as in C (POSIX.1,
    2024, section 2.2.4).
    """
    if value.isprintable():
        return shlex.quote(value)
    word = ''.join(
        f'\\{char}'
        if char in "\\'"
        else char
        if char.isprintable()
        else _escape(char)
        for char in value
    )
    return f"$'{word}'"


def _escape(char: str) -> str:
    if char == '\n':
        return '\\n'
    encoded = char.encode(errors='surrogateescape')
    return ''.join(f'\\{byte:03o}' for byte in encoded)
