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
"""When a request is repeated: one table of policies for all requests.

======== ========================= =================== ======================
Policy   Request                   After               How often
======== ========================= =================== ======================
READ     a question to Glance,     429, 500, 502, 503, for 5 minutes
         protecting an image       504, no connection
PROBE    a question before         429, 500, 502, 503, 3 times in 4 seconds
         anything is created       504, no connection
UPLOAD   the data of an image      409, 502, 503, 504, 3 times, if Glance has
                                   lost connection, a  nothing of it
                                   source that broke
                                   off
DOWNLOAD the data of an image      429, 500, 502, 503, 5 times without new
                                   504, lost or silent data
                                   connection
IMPORT   the start of an import    500, 502, 503, 504, 3 times, if Glance has
                                   lost connection     no such task
DELETE   the deletion of an image  409, 429, 500, 502, 5 times in 16 seconds
         after a failure           503, 504, no
                                   connection
CLEANUP  a look at an image or     any error           9 times in 8 seconds
         import after its creation
         or staging was
         interrupted
FETCH    the rest of data of a     429, 500, 502, 503, 5 times in 31 seconds;
         web server (the first     504, lost           anew after each byte;
         request: as often as      connection, no      Retry-After sets the
         PROBE)                    byte for 60 seconds delay
NOVA     any request to Nova       429, 502, 503, 504, 4 times in 5 minutes;
                                   no connection       Retry-After sets the
                                                       delay
CONFLICT a change of a server      409 in a state that 3 times
                                   passes
======== ========================= =================== ======================

In addition keystoneauth requests a new token after a 401, once, and what runs
for longer than a request (a task, the upload of another client) is polled: see
:class:`Outage`.
"""

from collections.abc import Callable, Iterator
import contextlib
import dataclasses
import logging
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
import requests
import urllib3

from osc_image_ext import api_errors
from osc_image_ext import text
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)

#: Waits for some seconds. Where a command can be stopped, it returns true if
#: that happened, and nothing is repeated then.
Sleep = Callable[[float], object]

Response = TypeVar('Response')


@dataclasses.dataclass(frozen=True)
class Policy:
    """When, and how often, a request is repeated.

    :param delays: seconds before each repetition.
    :param status_codes: of the responses after which it is repeated.
    """

    delays: tuple[float, ...]
    status_codes: frozenset[int] = frozenset()


#: Seconds without a usable response after which no other is expected: enough
#: for services that are restarted or move to another machine.
MAX_OUTAGE = 300.0

READ = Policy(
    (0.5, 1, 2, 4, 8, *[15.0] * 19),  # MAX_OUTAGE in sum
    frozenset({429, 500, 502, 503, 504}),
)
PROBE = Policy((0.5, 1, 2), READ.status_codes)
UPLOAD = Policy((1, 2, 4), frozenset({409, 502, 503, 504}))
# Any new data begins another series. What was flowing is asked for at once.
DOWNLOAD = Policy((0, 1, 4, 10, 20), READ.status_codes)
IMPORT = Policy((1, 2, 4), frozenset({500, 502, 503, 504}))
DELETE = Policy((0.5, 1, 2, 4, 8), frozenset({409, 429, 500, 502, 503, 504}))
# In sum less than what CI systems grant a job that they terminate.
CLEANUP = Policy((0.2, 0.5, 1, 1, 1, 1, 1, 1, 1))
FETCH = Policy((1, 2, 4, 8, 16), READ.status_codes)
NOVA = Policy((1, 2, 4, 8), frozenset({429, 502, 503, 504}))
CONFLICT = Policy((1, 2, 4), frozenset({409}))

# The delay of READ before which the user learns what takes so long.
_WARN_BEFORE = 8


def retry_until(
    request: Callable[[], Response],
    sleep: Sleep,
    is_done: Callable[[Response], bool] = lambda _response: True,
    policy: Policy = READ,
) -> Response:
    """Repeat a request until its response is final.

    :param is_done: whether the response is the one that is waited for.
    :param policy: READ or PROBE.
    :returns: that response, or the last one.
    :raises openstack.exceptions.HttpException: if the server rejects the
        request, or gives no usable response in time.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    for delay in policy.delays:
        problem = _('The server is busy.')
        try:
            response = request()
        except Exception as error:
            if not is_retriable(error):
                raise
            problem = describe_problem(error)
        else:
            if is_done(response):
                return response
        if delay == _WARN_BEFORE:
            LOG.warning(
                _('Waiting up to 5 minutes for the server. %(problem)s'),
                {'problem': problem},
            )
        sleep(delay)
    return request()


class Outage:
    """The time for which a server that is polled has not responded.

    :param clock: returns seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_response = clock()
        #: what was wrong with the last poll; empty if nothing was
        self.problem = ''

    @contextlib.contextmanager
    def tolerate(self) -> Iterator[None]:
        """Survive a failed poll that another one may follow.

        :raises: what the block raises, if that is not retriable, or for more
            than five minutes.
        """
        try:
            yield
        except Exception as error:
            outage = self._clock() - self._last_response
            if not is_retriable(error) or outage > MAX_OUTAGE:
                raise
            self.problem = describe_problem(error)
        else:
            self._last_response, self.problem = self._clock(), ''


def is_retriable(error: Exception) -> bool:
    """Return whether another attempt at a READ request may succeed."""
    if isinstance(error, sdk_exceptions.HttpException):
        return error.status_code in READ.status_codes
    # The latter is Keystone's, when a new token is requested.
    return isinstance(
        error, (ksa_exceptions.ConnectionError, ksa_exceptions.HttpServerError)
    )


def describe_problem(error: Exception) -> str:
    """Return what is wrong, short enough for a line on a terminal."""
    if isinstance(error, ksa_exceptions.ConnectionError):
        reason = api_errors.connection_error_reason(error)
        return text.end_sentence(
            _('Cannot connect to the server: %(reason)s') % {'reason': reason}
        )
    return api_errors.describe(error)


def parse_retry_after(response: requests.Response) -> float | None:
    """Return the seconds that a server asks to wait; None if it does not."""
    try:
        return urllib3.Retry().parse_retry_after(
            response.headers['Retry-After']
        )
    except (KeyError, urllib3.exceptions.InvalidHeader):
        return None
