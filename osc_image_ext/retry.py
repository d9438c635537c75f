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

"""Following what the server does by itself, until it has ended."""

from collections.abc import Callable
import logging
import math
import time
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import task as _task

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.i18n import _

LOG = logging.getLogger(__name__)

Clock = Callable[[], float]
Sleep = Callable[[float], None]
# Returns a task as it is now.
GetTask = Callable[[], _task.Task]

Response = TypeVar('Response')

# Seconds between two looks: short tasks end soon, and Glance is not bothered
# by long ones. It writes a new message once a minute at most.
_FIRST_DELAY = 1.0
_LAST_DELAY = 5.0
# Seconds without an answer after which nobody is expected to answer again:
# enough for services that are restarted or move to another machine.
MAX_OUTAGE = 300.0
# Seconds between questions that are asked until they are answered: so many in
# sum, too. Before the long ones people are told what takes so long.
RETRY_DELAYS = (0.5, 1, 2, 4, 8, *(15.0 for _ in range(19)))
_WARN_BEFORE = 8
# Answers of a server, or of a proxy before it, that may be others soon.
RETRIABLE_STATUS_CODES = (429, 500, 502, 503, 504)


def wait_for_task(
    task: _task.Task,
    get_task: GetTask,
    listener: _listener.ProgressListener,
    *,
    timeout: float | None = None,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> _task.Task:
    """Look at a task of Glance again and again, until it has ended.

    An import runs as a task, too: only the way to look at it differs.

    A server that does not answer for a while is waited for; keystoneauth has
    then already asked it some times, and has already renewed the token.

    :param task: as it was seen last.
    :param get_task: asked for the task as it is now.
    :param listener: told the task's status as the phase, with its message or
        what keeps the server from telling more.
    :param timeout: seconds from now, None to follow it for as long as it
        takes. They are exceeded by what a request takes.
    :returns: the task, which succeeded.
    :raises TaskError: if the task failed.
    :raises TaskTimeout: if it has not ended in time.
    :raises openstack.exceptions.HttpException: if look() is refused, or gets
        no good answer for five minutes.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    last_response = clock()
    deadline = math.inf if timeout is None else last_response + timeout
    problem = ''
    delay = _FIRST_DELAY
    while True:
        status = api_errors.printable(task.status)
        message = api_errors.printable(task.message or '')
        listener.phase(status, problem or message)
        if status == 'success':
            return task
        if status == 'failure':
            raise exceptions.TaskError(task.id, message)
        left = deadline - clock()
        if left <= 0:
            raise exceptions.TaskTimeout(task.id, status, problem)
        sleep(min(delay, left))
        delay = min(delay * 1.5, _LAST_DELAY)
        try:
            task = get_task()
        except Exception as error:
            if not is_retriable(error) or clock() - last_response > MAX_OUTAGE:
                raise
            problem = describe_problem(error)
        else:
            last_response = clock()
            problem = ''


def retry_until(
    ask: Callable[[], Response],
    sleep: Sleep,
    is_done: Callable[[Response], bool] = lambda _answer: True,
) -> Response:
    """Ask a server until it answers, and says what is waited for.

    :param is_done: tells whether an answer is what is waited for.
    :returns: the answer; after five minutes, whatever it is.
    :raises openstack.exceptions.HttpException: if the server refuses, or gives
        no good answer for five minutes.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    for pause in RETRY_DELAYS:
        problem = _('It is busy.')
        try:
            answer = ask()
        except Exception as error:
            if not is_retriable(error):
                raise
            problem = describe_problem(error)
        else:
            if is_done(answer):
                return answer
        if pause == _WARN_BEFORE:
            LOG.warning(
                _('Waiting for the server, for up to five minutes. %s'),
                problem,
            )
        sleep(pause)
    return ask()


def is_retriable(error: Exception) -> bool:
    """Tell whether asking again may help."""
    if isinstance(error, sdk_exceptions.HttpException):
        return error.status_code in RETRIABLE_STATUS_CODES
    # The latter is Keystone's, when a new token is asked for.
    return isinstance(
        error,
        (ksa_exceptions.ConnectionError, ksa_exceptions.HttpServerError),
    )


def describe_problem(error: Exception) -> str:
    """Return what is wrong, short enough for a line on a terminal."""
    if isinstance(error, ksa_exceptions.ConnectionError):
        reason = api_errors.connection_error_reason(error)
        return api_errors.end_sentence(
            _('The server cannot be reached: %s') % reason
        )
    return api_errors.describe(error)
