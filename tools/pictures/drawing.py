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

"""Draw what is on a terminal as an SVG."""

from collections.abc import Sequence
import io
import itertools
import re

from pyte import screens
from rich import console as _console
from rich import style as _style
from rich import text as _text

_PROMPT = '$'
_BRIGHT = 'bright'

# Width of a character in relation to its height, as in most fonts.
_ASPECT_RATIO = 0.6
# rich draws characters that are 20 pixels high.
_SCALE = 0.7

# rich's own template loads a font from the network.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
font: {char_height}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace;
}}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""  # noqa: E501


def draw(screen: Sequence[Sequence[screens.Char]], name: str) -> str:
    """Return an SVG of a terminal, without its last prompt.

    :param screen: lines, all of the same length.
    :param name: prefix for the names in the SVG.
    """
    console = _console.Console(
        record=True,
        width=len(screen[0]),
        file=io.StringIO(),
        color_system='truecolor',
        force_terminal=True,
        legacy_windows=False,
    )
    for line in _strip(screen):
        console.print(_to_text(line), no_wrap=True, crop=False)
    svg = console.export_svg(
        title='',
        code_format=_FORMAT,
        font_aspect_ratio=_ASPECT_RATIO,
        unique_id=name,
    )
    return _make_portable(svg)


def _strip(
    screen: Sequence[Sequence[screens.Char]],
) -> Sequence[Sequence[screens.Char]]:
    """Return the lines without blank ones and a prompt at the end."""
    lines = [''.join(char.data for char in line).rstrip() for line in screen]
    while lines and lines[-1] in ('', _PROMPT):
        del lines[-1]
    return screen[: len(lines)]


def _to_text(line: Sequence[screens.Char]) -> _text.Text:
    text = _text.Text()
    for style, chars in itertools.groupby(line, _to_style):
        text.append(''.join(char.data for char in chars), style)
    text.rstrip()
    return text


def _to_style(char: screens.Char) -> _style.Style:
    return _style.Style(
        color=_to_color(char.fg),
        bgcolor=_to_color(char.bg),
        bold=char.bold,
        reverse=char.reverse,
    )


def _to_color(name: str) -> str:
    """Return rich's name of a color that pyte has named.

    :param name: a name or six hexadecimal digits.
    """
    if re.fullmatch('[0-9a-f]{6}', name):
        return f'#{name}'
    name = name.replace('brown', 'yellow')
    if name.startswith(_BRIGHT):
        return f'{_BRIGHT}_{name.removeprefix(_BRIGHT)}'
    return name


def _make_portable(svg: str) -> str:
    """Keep characters in their columns, whatever the font; set the size."""
    # rich defines no clipping path for the last line.
    svg = re.sub(r' clip-path="[^"]*"', '', svg)
    # It draws the ends of lines.
    svg = re.sub(r'<text [^>]*>\n</text>', '', svg)
    svg = svg.replace(
        ' textLength=', ' lengthAdjust="spacingAndGlyphs" textLength='
    )
    box = re.search('viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    assert box
    width, height = (round(float(side) * _SCALE) for side in box.groups())
    svg = svg.replace('<svg ', f'<svg width="{width}" height="{height}" ', 1)
    return '\n'.join(line.rstrip() for line in svg.splitlines()) + '\n'
