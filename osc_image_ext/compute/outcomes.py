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

"""The results of changing a server, and the reasons for them."""

import dataclasses

from osc_image_ext.i18n import _

UPDATED = 'updated'
UNCHANGED = 'unchanged'
FAILED = 'failed'
GONE = 'gone'
SKIPPED = 'skipped'
#: Nova may have done what it was asked to, or may do it later.
UNKNOWN = 'unknown'

#: Those that make a command fail.
FAILURES = (FAILED, UNKNOWN)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The result for a server.

    :param result: one of the words above.
    :param is_own: whether the reason is the state of this server, and so
        says nothing about others.
    """

    result: str
    reason: str = ''
    is_own: bool = False


def unknown(reason: str) -> Outcome:
    """Return the outcome for a server that may have been changed.

    :param reason: why that is not known, a sentence.
    """
    hint = _(
        'The server may have been changed; run the command with --dry-run to '
        'find out.'
    )
    return Outcome(UNKNOWN, f'{reason} {hint}')
