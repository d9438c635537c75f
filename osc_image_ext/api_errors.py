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
"""What a server or a connection reported, in words fit for a terminal."""

from collections.abc import Iterator
import html
import json
import re
import ssl
from typing import Any
import urllib.parse

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
import requests

from osc_image_ext import exceptions
from osc_image_ext import text as _text
from osc_image_ext.i18n import _

#: What requests of the SDK raise.
API_ERRORS = (sdk_exceptions.SDKException, ksa_exceptions.ClientException)

_EXPECTED = (exceptions.Error, *API_ERRORS, requests.RequestException)


def response_error(response: requests.Response) -> str:
    """Return an error's status and the server's own reason, on one line.

    Glance answers uploads in text/plain and other requests in JSON or HTML;
    proxies in front of it answer in HTML.

    :param response: one whose body has not been streamed.
    """
    status = f'{response.status_code} {response.reason or ""}'.strip()
    content_type = response.headers.get('Content-Type', '').lower()
    body = response.text
    if 'json' in content_type:
        body = _strip_json(body)
    elif 'html' in content_type:
        body = _strip_html(body)
    # webob starts its text and its pages with the status.
    reason = _text.printable(body).removeprefix(status).strip()
    return _text.end_sentence(f'{status}: {reason}' if reason else status)


def _strip_json(body: str) -> str:
    try:
        value: Any = json.loads(body)
    except ValueError:
        return body
    while isinstance(value, dict) and value:
        value = value.get('message') or next(iter(value.values()))
    return _strip_html(str(value)) if value else ''


def _strip_html(body: str) -> str:
    body = re.sub(r'(?is)<(head|script|style)\b.*?</\1\s*>', ' ', body)
    return html.unescape(re.sub(r'</?[a-zA-Z][^>]*>', ' ', body))


def describe(error: BaseException) -> str:
    """Return an error and its notes, each as a sentence.

    :param error: of the SDK, of keystoneauth, of this package or, if
        something unexpected happened, any other.
    """
    response = getattr(error, 'response', None)
    if isinstance(error, sdk_exceptions.HttpException) and (
        response is not None
    ):
        sentence = _('The server returned %(response)s') % {
            'response': response_error(response)
        }
    elif isinstance(error, ksa_exceptions.ConnectionError):
        text = (
            _('Cannot connect to %(url)s: %(reason)s')
            if (url := _url(error))
            else _('Cannot connect to the server: %(reason)s')
        )
        reason = connection_error_reason(error)
        sentence = _text.end_sentence(text % {'url': url, 'reason': reason})
    elif isinstance(error, _EXPECTED) and str(error):
        sentence = _text.end_sentence(_text.printable(str(error)))
    else:  # its words alone would mean nothing to the user
        details = _text.printable(str(error))
        name = type(error).__name__
        reason = f'{name}: {details}' if details else name
        sentence = _('Unexpected error: %(reason)s') % {
            'reason': _text.end_sentence(reason)
        }
    return ' '.join([sentence, *getattr(error, '__notes__', ())])


def _url(error: BaseException) -> str:
    """Return the URL of the request that failed to connect, '' if unknown."""
    for cause in list_causes(error):
        if request := getattr(cause, 'request', None):
            return safe_url(request.url)
    return ''


def safe_url(url: str) -> str:
    """Return a URL fit for a message: printable, and without a password."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition('@')[2]
    return _text.printable(parts._replace(netloc=host).geturl())


def connection_error_reason(error: BaseException) -> str:
    """Return why a connection failed, in the words of the socket's error.

    requests, urllib3 and keystoneauth each wrap it in an error of their own.

    :param error: one that keystoneauth raised.
    """
    for cause in list_causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _('certificate verification failed: %(cause)s') % {
                'cause': cause.verify_message
            }
        # requests derives its errors from OSError, too.
        if isinstance(cause, OSError) and not isinstance(
            cause, requests.RequestException
        ):
            reason = cause.strerror or str(cause) or type(cause).__name__
            return _text.printable(reason)
    return _text.printable(str(error))


def list_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause, the cause of that, and so on."""
    link: BaseException | None = error
    while link:
        yield link
        link = link.__cause__ or link.__context__
