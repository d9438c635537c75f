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

"""Sends one request for image data."""

import contextlib

from keystoneauth1 import exceptions as ksa_exceptions
from openstack.image.v2 import _proxy
import requests
import urllib3

from osc_image_ext import api_errors
from osc_image_ext import retry
from osc_image_ext.i18n import _

# Seconds without a byte after which a connection counts as lost, unless the
# cloud has an api_timeout. Before the first byte: see checked_proxy.
_MAX_SILENCE = 60.0


class LostConnection(Exception):
    """The data can be asked for again from where it ended.

    Its text is the reason, without a full stop.
    """


def get(proxy: _proxy.Proxy, url: str, start: int = 0) -> requests.Response:
    """Send the request once; how often it is repeated is up to DOWNLOAD.

    :param start: position of the first byte to request; all of them if 0,
        without a range, which not all stores support.
    :returns: a response that may be the data, or a final error.
    :raises LostConnection: if another attempt may succeed.
    :raises keystoneauth1.exceptions.ClientException: if not.
    """
    # A gzip filter would otherwise send the data without a length.
    headers = {'Accept-Encoding': 'identity'}
    if start:
        headers['Range'] = f'bytes={start}-'
    try:
        response = proxy.get(
            url,
            headers=headers,
            stream=True,
            skip_cache=True,
            connect_retries=0,
            status_code_retries=0,
        )
    except ksa_exceptions.SSLError:
        raise
    except Exception as error:
        if not retry.is_retriable(error):
            raise
        raise LostConnection(describe(error)) from error
    if response.status_code in retry.DOWNLOAD.status_codes:
        words = api_errors.response_error(response).rstrip('.')
        response.close()
        raise LostConnection(
            _('the server returned %(status)s') % {'status': words}
        )
    return response


def limit_silence(proxy: _proxy.Proxy, response: requests.Response) -> None:
    """Shorten the timeout of a connection, now that data flows.

    requests has one timeout for both. botocore and others reach the socket in
    the same way.
    """
    seconds = getattr(proxy.session, 'timeout', None) or _MAX_SILENCE
    with contextlib.suppress(AttributeError):
        response.raw._fp.fp.raw._sock.settimeout(seconds)


def describe(error: Exception) -> str:
    """Return why a connection was lost, for the middle of a sentence."""
    for cause in api_errors.list_causes(error):
        if isinstance(cause, OSError) and not isinstance(
            cause, requests.RequestException
        ):
            return api_errors.connection_error_reason(error)
    if isinstance(error, urllib3.exceptions.HTTPError):
        return _('the data ended early')
    return api_errors.describe(error).rstrip('.')
