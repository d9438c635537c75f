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

"""The errors that are raised below the actions.

The text of each is a whole sentence for the user. Whether the image was
deleted is known only afterwards, and is added as a note (PEP 678).
"""

from osc_image_ext.i18n import _


class Error(Exception):
    """The base of all errors of this package."""


class SourceError(Error):
    """The data to send cannot be read, or has another size than expected."""


class SourceInterrupted(SourceError):
    """Reading broke off; the data can be read again from its beginning."""


class ChecksumError(SourceError):
    """The data to send is not what its publisher has published.

    :param name: name of the source, printable.
    :param algorithm: name of hashlib.
    :param expected: the published digest, hexadecimal.
    :param actual: that of the source.
    """

    def __init__(
        self, name: str, algorithm: str, expected: str, actual: str
    ) -> None:
        self.algorithm = algorithm
        self.expected = expected
        self.actual = actual
        super().__init__(
            _(
                'The checksum of %(name)s is wrong: expected %(algorithm)s '
                '%(expected)s, but its data has %(actual)s.'
            )
            % {
                'name': name,
                'algorithm': algorithm,
                'expected': expected,
                'actual': actual,
            }
        )


class TargetError(Error):
    """The data that was downloaded cannot be written."""


class TransferError(Error):
    """The server rejected the data or the import, or cannot be reached."""


class OutcomeUnknown(TransferError):
    """A request may have taken effect, or not."""


class ConflictError(TransferError):
    """The state of the image does not permit what was requested."""


class UnexpectedResponse(TransferError):
    """A response is not what was asked for: a login page, or cut JSON."""


class NoDataError(TransferError):
    """An image has no data.

    :param image_id: the image's ID.
    :param status: the image's status; ``active`` if its data was lost.
    """

    def __init__(self, image_id: str, status: str) -> None:
        self.image_id = image_id
        self.status = status
        text = (
            _(
                'Image %(id)s is active, but its store has lost the data. '
                'Report this to the administrator of the image service.'
            )
            if status == 'active'
            else _('Image %(id)s has no data yet (status: %(status)s).')
        )
        super().__init__(text % {'id': image_id, 'status': status})


class TaskError(Error):
    """A task of the server failed.

    :param task_id: the task's ID.
    :param message: the server's reason, may be empty.
    """

    def __init__(self, task_id: str, message: str) -> None:
        self.task_id = task_id
        self.message = message
        text = (
            _('Task %(id)s failed: %(message)s')
            if message
            else _('Task %(id)s failed; the server gave no reason.')
        )
        super().__init__(text % {'id': task_id, 'message': message})


class TaskTimeout(Error):
    """A task of the server did not finish in time.

    :param task_id: the task's ID.
    :param status: the task's status as last seen.
    :param problem: why the server does not report more, may be empty.
    """

    def __init__(self, task_id: str, status: str, problem: str) -> None:
        self.task_id = task_id
        self.status = status
        super().__init__(
            _('Timed out waiting for task %(id)s (status: %(status)s).')
            % {'id': task_id, 'status': status}
        )
        if problem:
            self.add_note(problem)


class WatchTimeout(Error):
    """An image is neither active nor failed in time.

    :param image_id: the image's ID.
    :param state: how far it is.
    :param problem: why the server does not report more, may be empty.
    """

    def __init__(self, image_id: str, state: str, problem: str) -> None:
        self.image_id = image_id
        self.state = state
        super().__init__(
            _('Timed out watching image %(id)s (state: %(state)s).')
            % {'id': image_id, 'state': state}
        )
        if problem:
            self.add_note(problem)


class VerificationError(Error):
    """The server stored something other than what was sent.

    :param image_id: the image's ID.
    :param what: what was compared: ``size`` or the name of an algorithm.
    :param expected: its value computed from the source.
    :param actual: its value as the server reports it.
    """

    def __init__(
        self, image_id: str, what: str, expected: object, actual: object
    ) -> None:
        self.image_id = image_id
        self.what = what
        self.expected = expected
        self.actual = actual
        text = (
            _(
                'Verification of image %(id)s failed: expected size '
                '%(expected)s, but the server reports %(actual)s.'
            )
            if what == 'size'
            else _(
                'Verification of image %(id)s failed: expected %(algorithm)s '
                '%(expected)s, but the server reports %(actual)s.'
            )
        )
        values = {'expected': expected, 'actual': actual}
        super().__init__(text % {'id': image_id, 'algorithm': what, **values})


class CorruptDataError(Error):
    """The data that was downloaded differs from that of the image record.

    :param image_id: the image's ID.
    :param algorithm: of the digests.
    :param expected: hexadecimal digest of the image record.
    :param actual: hexadecimal digest of the data.
    """

    def __init__(
        self, image_id: str, algorithm: str, expected: str, actual: str
    ) -> None:
        self.image_id = image_id
        self.algorithm = algorithm
        self.expected = expected
        self.actual = actual
        super().__init__(
            _(
                'Verification of image %(image_id)s failed: expected '
                '%(algorithm)s %(expected)s, but that of the downloaded data '
                'is %(actual)s.'
            )
            % vars(self)
        )


class UnsupportedAlgorithm(Error):
    """This Python cannot compute the digest of an image (FIPS).

    :param image_id: the image's ID.
    :param algorithm: Glance's name of it.
    """

    def __init__(self, image_id: str, algorithm: str) -> None:
        self.image_id = image_id
        self.algorithm = algorithm
        super().__init__(
            _(
                'Image %(id)s cannot be verified: its checksum algorithm '
                '%(algorithm)s is not available on this machine.'
            )
            % {'id': image_id, 'algorithm': algorithm}
        )


class HypervisorError(Error):
    """A hypervisor was not found, or its name is not unique."""


class NovaError(Error):
    """Nova rejected a request.

    :param status_code: the status of its response.
    :param message: a sentence with its reason.
    """

    def __init__(self, status_code: int, message: str) -> None:
        self.status_code = status_code
        super().__init__(message)
