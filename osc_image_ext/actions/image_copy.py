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

"""Runs ``image copy``."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
import logging
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext import text
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import image_source
from osc_image_ext.actions import import_arguments
from osc_image_ext.actions import import_report
from osc_image_ext.actions import output
from osc_image_ext.actions import signals
from osc_image_ext.actions import wait_arguments
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import image_copies
from osc_image_ext.image import image_copy
from osc_image_ext.image import import_wait
from osc_image_ext.image import record
from osc_image_ext.progress import display

LOG = logging.getLogger(__name__)

COLUMNS = ('ID', 'Name', 'Result', 'Copy ID', 'Reason')

_Table = tuple[Sequence[str], Iterable[Any]]


class Copying:
    """Images that are copied, and the result for each.

    :param app: a shell.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stop = signals.StopEvent()
        self._outcomes: Sequence[image_copies.Outcome] = ()

    @errors.as_command_error()
    def run(self, parsed_args: argparse.Namespace) -> _Table:
        """Copy the images; return a table."""
        output.require_stdout(self._app)
        output.check_columns(COLUMNS, parsed_args)
        options = _copy_options(parsed_args)
        proxy = clients.image_proxy(self._app.client_manager)
        images = _find_images(proxy, parsed_args.images)
        target = clients.cloud_image_proxy(
            parsed_args.to_cloud, parsed_args.to_region
        )
        copier = image_copy.Copier(proxy, target, options)
        title = ngettext('%d image', '%d images', len(images)) % len(images)
        if len(images) == 1:
            title = images[0].name or images[0].id
        with display.make_display(
            parsed_args.progress, self._app.stderr, title
        ) as listener:
            self._outcomes = self._copy(
                copier, images, listener, parsed_args.workers
            )
        for outcome in self._outcomes:
            _warn(outcome, options)
        return COLUMNS, _make_rows(images, self._outcomes)

    def _copy(
        self,
        copier: image_copy.Copier,
        images: Sequence[_image.Image],
        listener: _listener.ProgressListener,
        workers: int,
    ) -> Sequence[image_copies.Outcome]:
        with signals.set_on_signal(self._stop):
            return image_copies.copy_images(
                copier,
                images,
                listener,
                workers=workers,
                stop=self._stop,
                on_stop=_log_stop,
            )

    def report_failures(self) -> int:
        """Log how many images were not copied; return the exit status."""
        count = len(self._outcomes)
        failed = sum(
            outcome.result not in image_copies.SUCCESSES
            for outcome in self._outcomes
        )
        if failed:
            LOG.error(
                ngettext(
                    '%(failed)d of %(count)d image was not copied.',
                    '%(failed)d of %(count)d images were not copied.',
                    count,
                ),
                {'failed': failed, 'count': count},
            )
        return self._stop.status or int(failed > 0)


def _copy_options(parsed_args: argparse.Namespace) -> image_copy.CopyOptions:
    """Return how images are copied.

    :raises osc_image_ext.exceptions.Error: for options that cannot be used
        together.
    """
    names = (parsed_args.name, *parsed_args.images, parsed_args.to_cloud)
    if '' in names or parsed_args.to_region == '':
        raise exceptions.Error(
            _('The name of an image, a cloud or a region must not be empty.')
        )
    if parsed_args.name is not None and len(parsed_args.images) > 1:
        raise exceptions.Error(_('--name requires a single image.'))
    request = import_arguments.request_for_copy(parsed_args)
    return image_copy.CopyOptions(
        name=parsed_args.name,
        visibility=parsed_args.visibility,
        store=None if request else next(iter(parsed_args.store or ()), None),
        request=request,
        wait=wait_arguments.wait_options(parsed_args),
        verify=parsed_args.verify,
    )


def _find_images(
    proxy: _proxy.Proxy, names: Sequence[str]
) -> list[_image.Image]:
    """Return images, each once; all of them must have data.

    :raises osc_image_ext.exceptions.Error: if one has none.
    """
    found = [record.find_image(proxy, name) for name in names]
    for image in found:
        if image.status in ('queued', 'saving', 'uploading', 'importing'):
            raise exceptions.Error(
                _('Image %(id)s is in status %(status)s: it has no data yet.')
                % {'id': image.id, 'status': image.status}
            )
    return list({image.id: image for image in found}.values())


def _log_stop(count: int) -> None:
    LOG.warning(
        ngettext(
            'Stopping: %(count)d incomplete copy is deleted.',
            'Stopping: %(count)d incomplete copies are deleted.',
            count,
        ),
        {'count': count},
    )


def _warn(
    outcome: image_copies.Outcome, options: image_copy.CopyOptions
) -> None:
    """Warn about what a copy lacks."""
    copied = outcome.copied
    if copied is None or copied.transfer is None:
        return
    if copied.omitted:
        LOG.warning(
            _('Properties not copied to image %(id)s: %(names)s.'),
            {
                'id': copied.image.id,
                'names': text.printable(', '.join(copied.omitted)),
            },
        )
    if isinstance(copied.transfer, import_wait.ImportResult):
        import_report.warn_about_result(copied.transfer)
        if not options.wait.enabled:
            return
    if options.verify:
        image_source.warn_unverified(copied.transfer)


def _make_rows(
    images: Sequence[_image.Image], outcomes: Sequence[image_copies.Outcome]
) -> Iterator[tuple[Any, ...]]:
    for image, outcome in zip(images, outcomes, strict=True):
        yield (
            image.id,
            image.name,
            outcome.result,
            outcome.copied.image.id if outcome.copied else None,
            text.printable(outcome.reason),
        )
