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
"""URLs of web servers outside of the cloud."""

import urllib.parse

from osc_image_ext import api_errors


def is_url(text: str) -> bool:
    """Return whether a text is an http or https URL."""
    try:
        parts = urllib.parse.urlsplit(text)
        return parts.scheme in ('http', 'https') and bool(
            parts.hostname and (parts.port is None or parts.port > 0)
        )
    except ValueError:  # a port that is no number, or a broken address
        return False


def printable_url(url: str) -> str:
    """Return a URL without credentials, which a query may be, too."""
    parts = urllib.parse.urlsplit(url)._replace(fragment='')
    return api_errors.safe_url(
        parts._replace(query='...' if parts.query else '').geturl()
    )


def file_name(url: str) -> str:
    """Return the last part of the path of a URL."""
    path = urllib.parse.urlsplit(url).path
    return urllib.parse.unquote(path.rpartition('/')[2])
