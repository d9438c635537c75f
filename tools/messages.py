#!/usr/bin/env python3
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

"""Update the message catalogues in osc_image_ext/locale, and compile them.

usage: tools/messages.py [LANGUAGE ...]

The messages are extracted from the code into osc_image_ext.pot, and merged
into the catalogue of each language, which keeps its translations. What is not
translated is printed. For each LANGUAGE, such as pt_BR, a catalogue is added.

This needs Babel: tox -e messages runs it in an environment that has it.
"""

from collections.abc import Iterator
import io
import pathlib
import sys

from babel.messages import catalog as _catalog
from babel.messages import extract as _extract
from babel.messages import mofile
from babel.messages import pofile

CLONE = pathlib.Path(__file__).resolve().parents[1]
DOMAIN = 'osc_image_ext'
LOCALE = CLONE / 'osc_image_ext' / 'locale'
TEMPLATE = LOCALE / f'{DOMAIN}.pot'

_HEADER = """\
# Messages of osc-image-ext.
# This file is distributed under the same license as osc-image-ext."""


def main(languages: list[str]) -> int:
    """Update all catalogues; return the exit status."""
    if set(languages) & {'-h', '--help'}:
        print((__doc__ or '').strip())
        return 0
    template = extract()
    _write_template(template)
    for language in languages:
        _add(language)
    for path in list_catalogues():
        catalog = read(path)
        catalog.update(template)
        path.write_bytes(_render(catalog))
        with path.with_suffix('.mo').open('wb') as file:
            mofile.write_mo(file, catalog)
        _report(read(path))
    return 0


def extract() -> _catalog.Catalog:
    """Return the messages of the code."""
    catalog = _create_catalog()
    found = _extract.extract_from_dir(
        CLONE / 'osc_image_ext',
        method_map=[('**.py', 'python')],
        comment_tags=['Translators:'],
        strip_comment_tags=True,
    )
    for name, line, message, comments, _context in found:
        location = (f'osc_image_ext/{name}', line)
        catalog.add(message, locations=[location], auto_comments=comments)
    return catalog


def list_catalogues() -> list[pathlib.Path]:
    """Return the catalogue of each language, sorted."""
    return sorted(LOCALE.glob(f'*/LC_MESSAGES/{DOMAIN}.po'))


def read(path: pathlib.Path) -> _catalog.Catalog:
    """Return the catalogue of a file below ``locale``."""
    language = None if path == TEMPLATE else path.parents[1].name
    with path.open('rb') as file:
        return pofile.read_po(file, locale=language, domain=DOMAIN)


def list_untranslated(catalog: _catalog.Catalog) -> Iterator[str]:
    """Yield the messages that users see in English."""
    for message in catalog:
        is_plural = isinstance(message.id, list | tuple)
        forms = (message.string or ()) if is_plural else [message.string]
        if message.id and (message.fuzzy or not forms or not all(forms)):
            yield message.id[0] if is_plural else str(message.id)


def _write_template(template: _catalog.Catalog) -> None:
    """Write it with another date only if anything else has changed."""
    if TEMPLATE.exists():
        now = template.creation_date
        template.creation_date = read(TEMPLATE).creation_date
        if _render(template) == TEMPLATE.read_bytes():
            return
        template.creation_date = now
    LOCALE.mkdir(exist_ok=True)
    TEMPLATE.write_bytes(_render(template))


def _add(language: str) -> None:
    path = LOCALE / language / 'LC_MESSAGES' / f'{DOMAIN}.po'
    path.parent.mkdir(parents=True)
    path.write_bytes(_render(_create_catalog(language)))


def _create_catalog(language: str | None = None) -> _catalog.Catalog:
    """Return an empty catalogue, or the template without a language."""
    catalog = _catalog.Catalog(
        language,
        header_comment=_HEADER,
        project='osc-image-ext',
        version='main',  # not a release: it would go stale
        charset='utf-8',
        fuzzy=language is None,
    )
    catalog.msgid_bugs_address = ''
    return catalog


def _render(catalog: _catalog.Catalog) -> bytes:
    file = io.BytesIO()
    # Line numbers would change with each commit.
    pofile.write_po(
        file, catalog, width=79, ignore_obsolete=True, include_lineno=False
    )
    return file.getvalue()


def _report(catalog: _catalog.Catalog) -> None:
    missing = list(list_untranslated(catalog))
    count = len(catalog)
    language = catalog.locale_identifier
    print(f'{language}: {count - len(missing)} of {count} translated')
    for text in missing:
        print(f'  not translated: {text}')
    for message, errors in catalog.check():
        print(f'  wrong: {message.id}: {errors[0]}')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
