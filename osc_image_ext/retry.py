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
Look = Callable[[], _task.Task]

_Answer = TypeVar('_Answer')

# Seconds between two looks: short tasks end soon, and Glance is not bothered
# by long ones. It writes a new message once a minute at most.
_FIRST_DELAY = 1.0
_LAST_DELAY = 5.0
# Seconds without an answer after which nobody is expected to answer again:
# enough for services that are restarted or move to another machine.
_PATIENCE = 300.0
# Seconds between questions that are asked until they are answered: so many in
# sum, too. Before the long ones people are told what takes so long.
_PAUSES = (0.5, 1, 2, 4, 8, *(15.0 for _ in range(19)))
_LONG = 8
# Answers of a server, or of a proxy before it, that may be others soon.
_PASSING = (429, 500, 502, 503, 504)


def follow(
    task: _task.Task,
    look: Look,
    listener: _listener.TransferListener,
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
    :param look: asked for the task as it is now.
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
    heard = clock()
    deadline = math.inf if timeout is None else heard + timeout
    trouble = ''
    delay = _FIRST_DELAY
    while True:
        status = api_errors.printable(task.status)
        message = api_errors.printable(task.message or '')
        listener.phase(status, trouble or message)
        if status == 'success':
            return task
        if status == 'failure':
            raise exceptions.TaskError(task.id, message)
        left = deadline - clock()
        if left <= 0:
            raise exceptions.TaskTimeout(task.id, status, trouble)
        sleep(min(delay, left))
        delay = min(delay * 1.5, _LAST_DELAY)
        try:
            task = look()
        except Exception as error:
            if not _may_pass(error) or clock() - heard > _PATIENCE:
                raise
            trouble = _trouble(error)
        else:
            heard = clock()
            trouble = ''


def answered(
    ask: Callable[[], _Answer],
    sleep: Sleep,
    enough: Callable[[_Answer], bool] = lambda _answer: True,
) -> _Answer:
    """Ask a server until it answers, and says what is waited for.

    :param enough: tells whether an answer is what is waited for.
    :returns: the answer; after five minutes, whatever it is.
    :raises openstack.exceptions.HttpException: if the server refuses, or gives
        no good answer for five minutes.
    :raises keystoneauth1.exceptions.ClientException: likewise.
    """
    for pause in _PAUSES:
        trouble = _('It is busy.')
        try:
            answer = ask()
        except Exception as error:
            if not _may_pass(error):
                raise
            trouble = _trouble(error)
        else:
            if enough(answer):
                return answer
        if pause == _LONG:
            LOG.warning(
                _('Waiting for the server, for up to five minutes. %s'),
                trouble,
            )
        sleep(pause)
    return ask()


def _may_pass(error: Exception) -> bool:
    """Tell whether asking again may help."""
    if isinstance(error, sdk_exceptions.HttpException):
        return error.status_code in _PASSING
    # The latter is Keystone's, when a new token is asked for.
    return isinstance(
        error,
        (ksa_exceptions.ConnectionError, ksa_exceptions.HttpServerError),
    )


def _trouble(error: Exception) -> str:
    """Return what is wrong, short enough for a line on a terminal."""
    if isinstance(error, ksa_exceptions.ConnectionError):
        reason = api_errors.cause(error)
        return api_errors.sentence(
            _('The server cannot be reached: %s') % reason
        )
    return api_errors.explain(error)
