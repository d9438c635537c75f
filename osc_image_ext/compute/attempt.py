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

"""One attempt to send a request to Nova, and what it came to."""

import dataclasses
import socket

from keystoneauth1 import exceptions as ksa_exceptions
import requests
import urllib3

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _

# Those after which a proxy has not seen what Nova did.
_AMBIGUOUS_STATUS_CODES = (502, 504)

# Connections that were lost before a request could be sent.
_NOT_SENT = (
    ConnectionRefusedError,
    socket.gaierror,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.NewConnectionError,
)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """The outcome of sending a request: a response, or else an error."""

    outcome: requests.Response | ksa_exceptions.ConnectionError

    @property
    def is_final(self) -> bool:
        return isinstance(self.outcome, requests.Response) and (
            self.outcome.status_code not in retry.NOVA.status_codes
        )

    @property
    def is_ambiguous(self) -> bool:
        """Whether Nova may have done what it was asked to."""
        if isinstance(self.outcome, requests.Response):
            return self.outcome.status_code in _AMBIGUOUS_STATUS_CODES
        causes = api_errors.list_causes(self.outcome)
        return not any(isinstance(cause, _NOT_SENT) for cause in causes)

    @property
    def retry_after(self) -> float | None:
        """Seconds after which Nova wants the next attempt, if it says so."""
        if isinstance(self.outcome, requests.Response):
            return retry.parse_retry_after(self.outcome)
        return None

    def describe(self) -> str:
        """Return what went wrong, as a sentence."""
        if isinstance(self.outcome, requests.Response):
            return describe_response(self.outcome)
        return api_errors.describe(self.outcome)

    def result(self) -> requests.Response:
        """Return the response, or raise the error."""
        if isinstance(self.outcome, requests.Response):
            return self.outcome
        raise self.outcome


def raise_for_error(response: requests.Response) -> None:
    """Raise the error that a response reports, if it does.

    :raises NovaError: with Nova's own reason.
    """
    if response.status_code >= 400:
        raise exceptions.NovaError(
            response.status_code, describe_response(response)
        )


def describe_response(response: requests.Response) -> str:
    """Return an error of Nova's, as a sentence."""
    return _('Nova returned %(response)s') % {
        'response': api_errors.response_error(response)
    }
