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

"""Image commands."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import copy
import os
import pathlib
from typing import Any

from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
from openstackclient.image.v2 import image as core

from osc_image_ext import exceptions
from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.commands import image_options
from osc_image_ext.commands import upload_options
from osc_image_ext.i18n import _

# What core's command tells the SDK's create_image() beside the attributes of
# the image: whence the data comes, which is read here, and how it is sent.
_INSTRUCTIONS = ('allow_duplicates', 'data', 'filename', 'validate_checksum')


class CreateImage(core.CreateImage):
    _description = _('Create/upload an image')

    # --store, a relic of v1 to core, has got a meaning again
    deadopts: Any = tuple(
        option for option in core.CreateImage.deadopts if option != 'store'
    )

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        options = parser._option_string_actions
        options['--progress'].help = _(
            'Show progress on standard error; of an import to its end, as '
            'with --wait'
        )
        size = options['--size']
        if size.help == argparse.SUPPRESS:  # core before 10.3: a relic of v1
            size.metavar, size.type = '<size>', upload_options.size
            size.help = _('Size of image data in bytes')
        upload_options.add_no_verify(parser)
        parser.add_argument(
            '--keep-failed',
            action='store_true',
            default=False,
            help=_(
                'Keep the image if its upload or import fails or is '
                'interrupted (default is to delete it)'
            ),
        )
        parser.conflict_handler = 'resolve'  # should core get these one day
        image_options.add_sources(parser)
        image_options.add_targets(parser)
        image_options.add_wait(parser)
        image_options.add_timeout(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[Sequence[str], Iterable[Any]]:
        from osc_image_ext.actions import import_arguments

        with errors.exit_on_signal(), errors.as_command_error():
            if parsed_args.volume:
                import_arguments.check_volume(parsed_args)
                return super().take_action(parsed_args)
            with self._create_image_replaced(parsed_args):
                return super().take_action(_without_data(parsed_args))

    @contextlib.contextmanager
    def _create_image_replaced(
        self, parsed_args: argparse.Namespace
    ) -> Iterator[None]:
        """Let core's command find a proxy whose create_image() is ours."""
        from osc_image_ext.actions import image_create
        from osc_image_ext.actions import import_arguments

        order = import_arguments.request_for_create(parsed_args)
        manager: Any = self.app.client_manager
        proxy = clients.image_proxy(manager)
        manager.image = _Proxy(
            proxy,
            lambda attrs: image_create.create(
                proxy,
                attrs | _by_property(parsed_args.properties or {}),
                parsed_args,
                order,
                self.app.stderr,
            ),
        )
        try:
            yield
        finally:
            del manager.image  # what the class provides shows again


def _without_data(parsed_args: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments as core's command shall see them.

    It makes the attributes, the signature and the columns; the data and the
    user's own properties, which it takes for instructions, are kept from it.
    """
    for_core = copy.copy(parsed_args)
    for_core.properties = for_core.size = None
    for_core.progress = for_core.use_import = False
    for_core.store = None  # which core says is an option of v1
    if not (parsed_args.sign_key_path or parsed_args.sign_cert_id):
        for_core.filename = os.devnull
    elif parsed_args.filename and pathlib.Path(parsed_args.filename).is_fifo():
        raise exceptions.Error(
            _('%s cannot be signed: it cannot be read a second time.')
            % parsed_args.filename
        )
    return for_core


def _by_property(properties: dict[str, str]) -> dict[str, Any]:
    """Return the attributes that the user gave with --property."""
    numbers = {
        name: int(properties[name])
        for name in ('min_disk', 'min_ram')
        if properties.get(name, '').isdecimal()
    }
    others = {k: v for k, v in properties.items() if k not in numbers}
    return {**numbers, 'properties': others}


class _Proxy:
    """The SDK's image proxy, but for the two calls that core creates with."""

    def __init__(
        self,
        proxy: _proxy.Proxy,
        create: Callable[[dict[str, Any]], _image.Image],
    ) -> None:
        self._proxy = proxy
        self._create = create

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)

    def create_image(self, **attrs: Any) -> _image.Image:
        return self._create(
            {
                # core's signature is bytes, which JSON does not know
                name: value.decode() if isinstance(value, bytes) else value
                for name, value in attrs.items()
                if name not in _INSTRUCTIONS
            }
        )

    def get_image(self, image: _image.Image) -> _image.Image:
        return image  # as it is now; core's own is from before the upload
