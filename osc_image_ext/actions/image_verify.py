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

"""Runs ``image verify``."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
import logging
import time
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstackclient.identity import common as identity_common
from osc_lib.api import utils as api_utils

from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext import text
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import output
from osc_image_ext.actions import signals
from osc_image_ext.i18n import _
from osc_image_ext.i18n import ngettext
from osc_image_ext.image import record
from osc_image_ext.image import verify
from osc_image_ext.progress import display

LOG = logging.getLogger(__name__)

COLUMNS = ('ID', 'Name', 'Result', 'Size', 'Algorithm', 'Seconds', 'Reason')

_Table = tuple[Sequence[str], Iterable[Any]]


class Verification:
    """A verification of images, and the result for each.

    :param app: a shell.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._stop = signals.StopEvent()
        self._results: Sequence[verify.VerifyResult] = ()

    @errors.as_command_error()
    def run(self, parsed_args: argparse.Namespace) -> _Table:
        """Verify the images that the options select; return a table."""
        output.require_stdout(self._app)
        output.check_columns(COLUMNS, parsed_args)
        _check_selection(parsed_args)
        proxy = clients.image_proxy(self._app.client_manager)
        images = _select_images(self._app, proxy, parsed_args)
        if not images:
            LOG.warning(_('No matching images.'))
        title = ngettext('%d image', '%d images', len(images)) % len(images)
        with (
            display.make_display(
                parsed_args.progress and bool(images), self._app.stderr, title
            ) as listener,
            signals.set_on_signal(self._stop),
        ):
            self._results = verify.verify_images(
                proxy,
                images,
                listener,
                workers=parsed_args.workers,
                stop=self._stop,
            )
        return COLUMNS, _make_rows(images, self._results)

    def report_failures(self) -> int:
        """Log how many images were not verified; return the exit status."""
        results = [result.result for result in self._results]
        count, verified = len(results), results.count(verify.VERIFIED)
        if results and self._stop.status:
            LOG.error(
                ngettext(
                    'Interrupted; skipped %(skipped)d of %(count)d image.',
                    'Interrupted; skipped %(skipped)d of %(count)d images.',
                    count,
                ),
                {'skipped': results.count(verify.SKIPPED), 'count': count},
            )
            return self._stop.status
        if verified < count:
            LOG.error(
                ngettext(
                    '%(failed)d of %(count)d image was not verified.',
                    '%(failed)d of %(count)d images were not verified.',
                    count,
                ),
                {'failed': count - verified, 'count': count},
            )
        return int(verified < count)


def _check_selection(parsed_args: argparse.Namespace) -> None:
    """Check that images are either named or selected by filters.

    :raises osc_image_ext.exceptions.Error: if not.
    """
    # An unset variable of a shell leaves them empty.
    for option, value in (
        ('--project', parsed_args.project),
        ('--project-domain', parsed_args.project_domain),
    ):
        if value == '':
            raise exceptions.Error(
                _('The value of %(option)s must not be empty.')
                % {'option': option}
            )
    if '' in parsed_args.images:
        raise exceptions.Error(_('The name of an image must not be empty.'))
    is_filtered = bool(
        parsed_args.all or parsed_args.project or parsed_args.properties
    )
    if is_filtered == bool(parsed_args.images):
        raise exceptions.Error(
            _('Specify either images, or --all, --project or --property.')
        )


def _select_images(
    app: Any, proxy: _proxy.Proxy, parsed_args: argparse.Namespace
) -> list[_image.Image]:
    """Return the selected images, each once."""
    if parsed_args.images:
        found = [record.find_image(proxy, name) for name in parsed_args.images]
        return list({image.id: image for image in found}.values())
    filters = {'status': 'active'}
    if parsed_args.all:
        filters['visibility'] = 'all'
    if parsed_args.project:
        # Not by find_project_id_sdk, which core 8 does not have.
        filters['owner'] = identity_common.find_project(
            app.client_manager.identity,
            parsed_args.project,
            parsed_args.project_domain,
        ).id
    images = retry.retry_until(
        lambda: list(proxy.images(**filters)), time.sleep, policy=retry.PROBE
    )
    for key, value in (parsed_args.properties or {}).items():
        api_utils.simple_filter(
            images, attr=key, value=value, property_field='properties'
        )
    return images


def _make_rows(
    images: Sequence[_image.Image], results: Sequence[verify.VerifyResult]
) -> Iterator[tuple[Any, ...]]:
    for image, result in zip(images, results, strict=True):
        yield (
            image.id,
            image.name,
            result.result,
            image.size,
            result.algorithm,
            round(result.seconds, 1),
            text.printable(result.reason),
        )
