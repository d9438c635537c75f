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
"""GET requests to web servers outside of the cloud."""

import http.client
import itertools
import time
import urllib.parse

import requests
from requests import utils as requests_utils
import urllib3

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.i18n import _

#: What reading the body of a response raises if the connection breaks.
READ_ERRORS = (
    OSError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
)

# Seconds until connected, and then without a byte.
_TIMEOUT = (30, 60)
_MAX_RETRY_AFTER = 60.0
# Some servers compress what they send otherwise; it would be stored like
# that, and resumed at another position.
_HEADERS = {'Accept-Encoding': 'identity', 'User-Agent': 'osc-image-ext'}


class _TemporaryError(exceptions.SourceError):
    """A request that may succeed if it is repeated.

    :ivar retry_after: seconds that the server asks to wait.
    """

    retry_after = 0.0


class Session:
    """A session with web servers; it obeys the environment as curl does.

    That is: proxies, REQUESTS_CA_BUNDLE and .netrc. The settings of the cloud
    do not apply. Credentials are not sent to another host than that of their
    URL: requests removes them when it follows a redirect.

    :param allow_http: permit redirects from https to http. The data must then
        be verified in another way.
    """

    def __init__(
        self, allow_http: bool = False, sleep: retry.Sleep = time.sleep
    ) -> None:
        self._session = requests.Session()
        self._session.headers.update(_HEADERS)
        self._allow_http = allow_http
        self.sleep = sleep

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def prepare(self, url: str, name: str) -> requests.PreparedRequest:
        """Return a GET request; a password in the URL precedes .netrc.

        :raises SourceError: if the URL is invalid.
        """
        credentials = requests_utils.get_auth_from_url(url)
        request = requests.Request(
            'GET', url, auth=credentials if any(credentials) else None
        )
        try:
            return self._session.prepare_request(request)
        except (requests.RequestException, UnicodeError) as error:
            reason = _('the URL is invalid')
            raise exceptions.SourceError(_message(name, reason)) from error

    def send(
        self,
        request: requests.PreparedRequest,
        name: str,
        delays: tuple[float, ...],
    ) -> requests.Response:
        """Return a response whose body has not been read.

        :param name: of what is requested, for errors.
        :param delays: seconds before each repetition, by the policy FETCH.
        :raises SourceError: if there is no response, or only a temporary
            error. Any other status is up to the caller.
        """
        remaining = list(delays)
        while True:
            try:
                response = self._send_once(request, name)
            except _TemporaryError as error:
                if not remaining:
                    raise
                self.sleep(max(remaining.pop(0), error.retry_after))
            else:
                self._check_redirects(response, name)
                return response

    def _send_once(
        self, request: requests.PreparedRequest, name: str
    ) -> requests.Response:
        settings = self._session.merge_environment_settings(
            request.url or '', {}, True, None, None
        )
        try:
            response = self._session.send(
                request, timeout=_TIMEOUT, allow_redirects=True, **settings
            )
        except requests.RequestException as error:
            kind = (
                _TemporaryError
                if _is_temporary(error)
                else exceptions.SourceError
            )
            raise kind(_message(name, describe(error))) from error
        if response.status_code in retry.FETCH.status_codes:
            response.close()
            failure = _TemporaryError(
                _message(name, _describe_status(response))
            )
            asked = retry.parse_retry_after(response) or 0
            failure.retry_after = min(asked, _MAX_RETRY_AFTER)
            raise failure
        return response

    def _check_redirects(self, response: requests.Response, name: str) -> None:
        """Reject a redirect from https to http.

        Whoever specifies https relies on it, since nothing else verifies the
        data. curl and wget follow such redirects.
        """
        schemes = [
            urllib.parse.urlsplit(each.url).scheme
            for each in (*response.history, response)
        ]
        downgraded = ('https', 'http') in itertools.pairwise(schemes)
        if downgraded and not self._allow_http:
            response.close()
            reason = _(
                'it redirects from https to http, which is permitted only '
                'with --checksum'
            )
            raise exceptions.SourceError(_message(name, reason))


def require_status(
    response: requests.Response, status: int, name: str
) -> None:
    """Check the status of a response; close it if it is another one.

    :raises SourceError: with the status in the server's words.
    """
    if response.status_code != status:
        response.close()
        raise exceptions.SourceError(
            _message(name, _describe_status(response))
        )


def _message(name: str, reason: str) -> str:
    return text.end_sentence(
        _('Cannot fetch %(name)s: %(reason)s')
        % {'name': name, 'reason': reason}
    )


def _describe_status(response: requests.Response) -> str:
    reason = text.printable(response.reason or '')
    status = f'{response.status_code} {reason}'.strip()
    return _('the server returned %(status)s') % {'status': status}


def describe(error: BaseException) -> str:
    """Return why a request failed; without the URL, which may be secret."""
    causes = list(api_errors.list_causes(error))
    for kinds, words in (
        (requests.TooManyRedirects, _('too many redirects')),
        (
            requests.exceptions.InvalidSchema,
            _('it redirects to something else than an http or https URL'),
        ),
        (requests.exceptions.InvalidURL, _('the URL is invalid')),
        (requests.ConnectTimeout, _('the connection timed out')),
        (
            (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
            _('no data for 60 seconds'),
        ),
        (
            (http.client.IncompleteRead, http.client.RemoteDisconnected),
            _('the server closed the connection'),
        ),
    ):
        if any(isinstance(cause, kinds) for cause in causes):
            return words
    return api_errors.connection_error_reason(error)


def _is_temporary(error: requests.RequestException) -> bool:
    if isinstance(error, requests.exceptions.SSLError):
        return False
    return isinstance(
        error,
        (
            requests.ConnectionError,
            requests.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ),
    )
