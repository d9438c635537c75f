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

"""What a server said, in words fit for a terminal."""

from collections.abc import Iterator
import html
import json
import re
import ssl
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
import requests

from osc_image_ext.i18n import _

# An error page may be of any length; a sentence is not. What is wrong with a
# value that is repeated in full is told behind it.
_MAX_LENGTH = 400
_TAIL_LENGTH = 100


def printable(text: str) -> str:
    """Return text on one line, with nothing that could steer a terminal.

    White space becomes single blanks, any other character that is not
    printable its escape sequence; text of more than 400 characters loses its
    middle.
    """
    line = ' '.join(text.split())
    if len(line) > _MAX_LENGTH:
        line = f'{line[: _MAX_LENGTH - _TAIL_LENGTH]}...{line[-_TAIL_LENGTH:]}'
    return ''.join(
        c if c.isprintable() else c.encode('unicode_escape').decode()
        for c in line
    )


def response_error(response: requests.Response) -> str:
    """Return an error's status and the server's own reason, on one line.

    Glance answers uploads in text/plain and other requests in JSON or HTML;
    proxies in front of it answer in HTML.

    :param response: one whose body has not been streamed.
    """
    status = f'{response.status_code} {response.reason or ""}'.strip()
    kind = response.headers.get('Content-Type', '').lower()
    text = response.text
    if 'json' in kind:
        text = _from_json(text)
    elif 'html' in kind:
        text = _from_html(text)
    # webob heads its text and its pages with the status once more.
    reason = printable(text).removeprefix(status).strip()
    return end_sentence(f'{status}: {reason}' if reason else status)


def end_sentence(text: str) -> str:
    """Return text that others may follow."""
    return text if text.endswith(('.', '!', '?')) else f'{text}.'


def _from_json(text: str) -> str:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return text
    while isinstance(found, dict) and found:
        found = found.get('message') or next(iter(found.values()))
    return _from_html(str(found)) if found else ''


def _from_html(text: str) -> str:
    body = re.sub(r'(?is)<(head|script|style)\b.*?</\1\s*>', ' ', text)
    return html.unescape(re.sub(r'</?[a-zA-Z][^>]*>', ' ', body))


def describe(error: BaseException) -> str:
    """Return what went wrong and what became of it, in a sentence or two.

    :param error: of the SDK, of keystoneauth or of this package.
    """
    response = getattr(error, 'response', None)
    if isinstance(error, sdk_exceptions.HttpException) and (
        response is not None
    ):
        text = _('The server answered %s') % response_error(response)
    elif isinstance(error, ksa_exceptions.ConnectionError):
        text = end_sentence(
            _('%(where)s cannot be reached: %(why)s')
            % {'where': _url(error), 'why': connection_error_reason(error)}
        )
    else:
        text = end_sentence(printable(str(error)))
    return ' '.join([text, *getattr(error, '__notes__', ())])


def _url(error: BaseException) -> str:
    """Return the URL that a request of requests did not reach."""
    for below in _chain(error):
        if request := getattr(below, 'request', None):
            return printable(request.url)
    return _('The server')


def connection_error_reason(error: BaseException) -> str:
    """Return why a connection failed, in the words of the socket's error.

    requests, urllib3 and keystoneauth each wrap it in one of their own.

    :param error: what keystoneauth raised.
    """
    for below in _chain(error):
        if isinstance(below, ssl.SSLCertVerificationError):
            return _('the certificate was not accepted: %s') % (
                below.verify_message
            )
        # requests derives its errors from OSError, too
        if isinstance(below, OSError) and not isinstance(
            below, requests.RequestException
        ):
            reason = below.strerror or str(below) or type(below).__name__
            return printable(reason)
    return printable(str(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, what caused it, what caused that, and so on."""
    link: BaseException | None = error
    while link:
        yield link
        link = link.__cause__ or link.__context__
