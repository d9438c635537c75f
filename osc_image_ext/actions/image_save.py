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

"""Runs ``image save``."""

import argparse
import dataclasses
import logging
import os
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image

from osc_image_ext import exceptions
from osc_image_ext import listener as _listener
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import image_source
from osc_image_ext.actions import output
from osc_image_ext.i18n import _
from osc_image_ext.image import existing_file
from osc_image_ext.image import file_target
from osc_image_ext.image import record
from osc_image_ext.image import save
from osc_image_ext.image import special_target
from osc_image_ext.image import streams
from osc_image_ext.image import target as _target
from osc_image_ext.image import target_path
from osc_image_ext.progress import display

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class _Destination:
    """What the options say of the target.

    :param path: the value of ``--file``; None for standard output.
    """

    path: str | None
    resume: bool
    sparse: bool
    clobber: bool


def run(app: Any, parsed_args: argparse.Namespace) -> None:
    """Download the data of an image to a file or to standard output.

    :param app: a shell.
    :raises BrokenPipeError: if the reader of standard output has gone; cliff
        then exits with status 141, and says nothing.
    """
    if not _run(app, parsed_args):
        raise BrokenPipeError


@errors.as_command_error()
def _run(app: Any, parsed_args: argparse.Namespace) -> bool:
    """Return whether the reader of the data, if there is one, was there."""
    destination = _parse_destination(app, parsed_args)
    stores = getattr(parsed_args, 'store_preferences', None) or ()
    if not all(stores):
        raise exceptions.Error(_('The ID of a store must not be empty.'))
    options = save.DownloadOptions(
        stores,
        min(parsed_args.chunk_size, streams.BLOCK_SIZE),
        parsed_args.verify,
    )
    proxy = clients.image_proxy(app.client_manager)
    image = record.find_image(proxy, parsed_args.image)
    with (
        errors.add_note_on_error(
            _('Use --no-verify to download it without verification.'),
            unless=lambda stop: (
                not isinstance(stop, exceptions.UnsupportedAlgorithm)
            ),
        ),
        display.make_display(
            parsed_args.progress, app.stderr, parsed_args.image
        ) as listener,
    ):
        try:
            _save(app, proxy, image, destination, options, listener)
        except BrokenPipeError:
            return False
    return True


def _parse_destination(
    app: Any, parsed_args: argparse.Namespace
) -> _Destination:
    """Return where the data goes; check that it may go there.

    :raises osc_image_ext.exceptions.Error: if not.
    """
    path = parsed_args.filename
    if path == '':
        raise exceptions.Error(
            _('The value of %(option)s must not be empty.')
            % {'option': '--file'}
        )
    if target_path.is_stdout(path):
        path = None
        output.require_stdout(app)
        if app.stdout.isatty():
            raise exceptions.Error(
                _(
                    'Image data is not written to a terminal. Use --file, or '
                    'redirect standard output.'
                )
            )
    destination = _Destination(
        path,
        parsed_args.resume,
        parsed_args.sparse,
        not parsed_args.no_clobber,
    )
    if path is None or target_path.is_special(path):
        _refuse_file_options(parsed_args)
    return destination


def _refuse_file_options(parsed_args: argparse.Namespace) -> None:
    for option, is_given in (
        ('--resume', parsed_args.resume),
        ('--sparse', parsed_args.sparse),
        ('--no-clobber', parsed_args.no_clobber),
    ):
        if is_given:
            raise exceptions.Error(
                _(
                    '%(option)s requires --file with a regular file or a '
                    'directory.'
                )
                % {'option': option}
            )


def _save(
    app: Any,
    proxy: _proxy.Proxy,
    image: _image.Image,
    destination: _Destination,
    options: save.DownloadOptions,
    listener: _listener.ProgressListener,
) -> None:
    path = destination.path
    if path is not None and target_path.is_directory(path):
        path = target_path.make_path(path, image)
    if path is not None and not destination.clobber and os.path.exists(path):
        existing_file.require_equal(path, image, listener)
        listener.phase(_('unchanged'))
        LOG.warning(
            _('Image %(id)s: the file is unchanged.'), {'id': image.id}
        )
        return
    target: _target.Target
    if path is None:
        target = special_target.SpecialTarget(
            _('standard output'), descriptor=app.stdout.fileno()
        )
    elif target_path.is_special(path):
        target = special_target.SpecialTarget(path, path)
    else:
        target = file_target.FileTarget(
            path,
            image.id,
            resume=destination.resume,
            sparse=destination.sparse,
            clobber=destination.clobber,
        )
    with target:
        result = save.save_image(proxy, image, target, listener, options)
    if options.verify:
        image_source.warn_unverified(result)
