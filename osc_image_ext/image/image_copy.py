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

"""Copying an image to another cloud, without a file in between."""

from collections.abc import Callable, Iterator, Mapping
import contextlib
import dataclasses
import re
import time
from typing import Any

from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import api_errors
from osc_image_ext import listener as _listener
from osc_image_ext import responses
from osc_image_ext import retry
from osc_image_ext.i18n import _
from osc_image_ext.image import checked_source
from osc_image_ext.image import checksums
from osc_image_ext.image import copied_attributes
from osc_image_ext.image import filters
from osc_image_ext.image import identical
from osc_image_ext.image import image_file
from osc_image_ext.image import image_import
from osc_image_ext.image import import_request
from osc_image_ext.image import import_wait
from osc_image_ext.image import service_info
from osc_image_ext.image import source as _source
from osc_image_ext.image import tasks
from osc_image_ext.image import upload
from osc_image_ext.image import verification


@dataclasses.dataclass(frozen=True)
class CopyOptions:
    """How images are copied.

    :param name: that of the copy, None for that of the image.
    :param visibility: that of the copy.
    :param store: for an upload, None for the default store.
    :param request: for an import, None for an upload.
    :param wait: for an import.
    :param verify: compare digests at both ends.
    """

    name: str | None
    visibility: str
    store: str | None
    request: import_request.ImportRequest | None
    wait: tasks.WaitOptions
    verify: bool


@dataclasses.dataclass(frozen=True)
class CopyResult:
    """The result of copying one image.

    :param image: the copy, as Glance shows it now.
    :param is_new: false if it had been there already.
    :param omitted: names of the properties that were not copied.
    :param transfer: how the data was sent; None if it was not.
    """

    image: _image.Image
    is_new: bool
    omitted: tuple[str, ...] = ()
    transfer: upload.UploadResult | import_wait.ImportResult | None = None


class Copier:
    """Copies images from one cloud to another.

    Several threads may use it at once.

    :param proxy: the SDK's image proxy of the cloud that has the images.
    :param target: that of the other cloud.
    :raises osc_image_ext.exceptions.Error: if that cloud does not support
        what the options ask for.
    """

    def __init__(
        self, proxy: _proxy.Proxy, target: _proxy.Proxy, options: CopyOptions
    ) -> None:
        self._proxy = proxy
        self._target = target
        self._options = options
        self._info: service_info.ServiceInfo | None = None
        if options.request or options.store is not None:
            self._info = service_info.get_service_info(target)
        if self._info and options.request:
            options.request.validate(self._info)
        elif self._info and options.store is not None:
            self._info.require_stores((options.store,))

    def copy(
        self,
        image: _image.Image,
        listener: _listener.ProgressListener,
        *,
        sleep: retry.Sleep = time.sleep,
        on_read: Callable[[], None] = lambda: None,
    ) -> CopyResult:
        """Copy an image, unless the same data is there under its name.

        If that fails, the copy is deleted; a note on the error says so.

        :param on_read: see :class:`image_file.ImageFile`.
        :raises osc_image_ext.exceptions.Error: if the image cannot be read,
            or something else was stored.
        :raises openstack.exceptions.HttpException: if another request fails.
        :raises keystoneauth1.exceptions.ClientException: likewise.
        """
        attributes = copied_attributes.select(
            self._get_record(image.id, sleep),
            self._options.name,
            self._options.visibility,
        )
        with self._open(image, sleep, on_read) as source:
            found = identical.find(
                self._target, attributes.attrs, source, listener, sleep
            )
            if found:
                return CopyResult(found, is_new=False)
            source.peek()  # an image without data creates nothing
            return self._create_permitted(attributes, source, listener, sleep)

    def _create_permitted(
        self,
        attributes: copied_attributes.CopiedAttributes,
        source: _source.Source,
        listener: _listener.ProgressListener,
        sleep: retry.Sleep,
    ) -> CopyResult:
        """Create a copy with the properties that its cloud permits."""
        while True:
            attrs = dict(attributes.attrs)
            try:
                result = self._create(attrs, source, listener, sleep)
            except sdk_exceptions.ForbiddenException as error:
                name = _find_reserved(error, attrs['properties'])
                if name is None:
                    raise
                attributes = attributes.without(name)
            else:
                return CopyResult(
                    result.image, True, attributes.omitted, result
                )

    def _get_record(
        self, image_id: str, sleep: retry.Sleep
    ) -> Mapping[str, Any]:
        """Return an image as Glance shows it.

        The SDK converts some properties to numbers, which Glance rejects.
        """

        def get() -> Mapping[str, Any]:
            response = self._proxy.get(f'/images/{image_id}')
            sdk_exceptions.raise_from_response(response)
            return responses.parse_json(response, 'id', 'status')

        return retry.retry_until(get, sleep)

    @contextlib.contextmanager
    def _open(
        self,
        image: _image.Image,
        sleep: retry.Sleep,
        on_read: Callable[[], None],
    ) -> Iterator[_source.Source]:
        """Open the data of an image; its end is an error if it differs."""
        name = _('Image %s') % image.id
        with contextlib.ExitStack() as stack:
            raw = stack.enter_context(
                image_file.ImageFile(self._proxy, image, sleep, on_read)
            )
            source = _source.Source(filters.buffered(raw), name, image.size)
            expected = verification.expected_digest(image)
            if self._options.verify and expected:
                # An algorithm that is missing is an error.
                verification.download_algorithms(image)
                checksum = checksums.Checksum(
                    expected.algorithm, expected.value
                )
                source = dataclasses.replace(
                    stack.enter_context(
                        checked_source.check(source, checksum)
                    ),
                    published=verification.supported_digests(image),
                )
            yield source

    def _create(
        self,
        attrs: dict[str, Any],
        source: _source.Source,
        listener: _listener.ProgressListener,
        sleep: retry.Sleep,
    ) -> upload.UploadResult | import_wait.ImportResult:
        options = self._options
        if options.request and self._info:
            return image_import.create_image(
                self._target,
                attrs,
                source,
                options.request,
                self._info,
                listener,
                wait=dataclasses.replace(options.wait, sleep=sleep),
                verify=options.verify,
            )
        return upload.create_image(
            self._target,
            attrs,
            source,
            listener,
            store=options.store,
            verify=options.verify,
            sleep=sleep,
        )


def _find_reserved(
    error: sdk_exceptions.ForbiddenException, properties: Mapping[str, Any]
) -> str | None:
    """Return the property that Glance does not let the user set."""
    if error.response is None:
        return None
    words = api_errors.response_error(error.response)
    quoted = re.findall(r"'([^']+)'", words)
    return next((name for name in quoted if name in properties), None)
