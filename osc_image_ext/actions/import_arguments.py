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

"""The options of commands that import, as an import request."""

import argparse
from typing import NoReturn
import urllib.parse

from osc_image_ext import exceptions
from osc_image_ext.i18n import _
from osc_image_ext.image import import_request

# Those of image data that this command reads.
_SOURCE_OPTIONS = ('fetch', 'checksum', 'decompress', 'skip_identical')


def request_for_create(
    parsed_args: argparse.Namespace,
) -> import_request.ImportRequest | None:
    """Return the import that the options of ``image create`` ask for.

    :returns: None if the data is to be uploaded, or there is none.
    :raises osc_image_ext.exceptions.Error: for options that cannot be used
        together.
    """
    several = _check_targets(parsed_args)
    method = _import_method(parsed_args)
    if method is None:
        if several:
            _reject(
                _(
                    'More than one store requires --import, --uri or '
                    '--remote-image.'
                )
            )
        if parsed_args.wait or parsed_args.timeout is not None:
            _reject(
                _(
                    '--wait and --timeout require --import, --uri or '
                    '--remote-image.'
                )
            )
        return None
    return build_request(parsed_args, method, parsed_args.store)


def request_for_copy(
    parsed_args: argparse.Namespace,
) -> import_request.ImportRequest | None:
    """Return the import that the options of ``image copy`` ask for.

    :returns: None if the data is to be uploaded.
    :raises osc_image_ext.exceptions.Error: for options that cannot be used
        together.
    """
    several = _check_targets(parsed_args)
    if parsed_args.use_import:
        return _make_request(parsed_args, 'glance-direct', parsed_args.store)
    if several:
        _reject(_('More than one store requires --import.'))
    if parsed_args.wait or parsed_args.timeout is not None:
        _reject(_('--wait and --timeout require --import.'))
    return None


def _check_targets(parsed_args: argparse.Namespace) -> bool:
    """Return whether there are several stores."""
    _check_stores(parsed_args.store)
    several = parsed_args.all_stores or len(set(parsed_args.store or ())) > 1
    if parsed_args.allow_failure is not None and not several:
        _reject(
            _(
                '--allow-failure and --disallow-failure require --all-stores '
                'or more than one --store.'
            )
        )
    return several


def check_volume(parsed_args: argparse.Namespace) -> None:
    """Reject the options that cannot be used with a volume.

    :raises osc_image_ext.exceptions.Error: for the first one.
    """
    for name in (
        'uri',
        'remote_region',
        'remote_image',
        'remote_service_interface',
        'store',
        'all_stores',
        'wait',
        'timeout',
        'allow_failure',
        *_SOURCE_OPTIONS,
    ):
        value = getattr(parsed_args, name)
        if value is not None and value is not False:
            _reject(
                _('--%(option)s cannot be used with --volume.')
                % {'option': name.replace('_', '-')}
            )


def _import_method(parsed_args: argparse.Namespace) -> str | None:
    remote = _remote_option(parsed_args)
    if parsed_args.uri is None and not remote:
        return 'glance-direct' if parsed_args.use_import else None
    if parsed_args.uri is not None and remote:
        _reject(
            _('--uri cannot be used with --%(option)s.') % {'option': remote}
        )
    for name in (
        'filename',
        'size',
        'sign_key_path',
        'sign_cert_id',
        *_SOURCE_OPTIONS,
    ):
        if getattr(parsed_args, name) not in (None, [], False):
            option = 'file' if name == 'filename' else name.replace('_', '-')
            _reject(
                _('--%(option)s cannot be used with --uri or --remote-image.')
                % {'option': option}
            )
    return 'glance-download' if remote else 'web-download'


def _remote_option(parsed_args: argparse.Namespace) -> str | None:
    """Return the first option given that concerns a remote image."""
    for name in ('remote_region', 'remote_image', 'remote_service_interface'):
        if getattr(parsed_args, name) is not None:
            return name.replace('_', '-')
    return None


def build_request(
    parsed_args: argparse.Namespace, method: str, stores: list[str] | None
) -> import_request.ImportRequest:
    """Return the import that the options ask for.

    :raises osc_image_ext.exceptions.Error: for options that cannot be used
        together.
    """
    _check_source(parsed_args, method)
    _check_stores(stores)
    several = bool(stores or parsed_args.all_stores)
    if parsed_args.allow_failure is not None and not several:
        _reject(
            _(
                '--allow-failure and --disallow-failure require --store or '
                '--all-stores.'
            )
        )
    if method == 'copy-image' and not several:
        _reject(_('--method copy-image requires --store or --all-stores.'))
    return _make_request(
        parsed_args,
        method,
        stores,
        uri=parsed_args.uri,
        remote_region=parsed_args.remote_region,
        remote_image=parsed_args.remote_image,
        remote_interface=parsed_args.remote_service_interface,
    )


def _make_request(
    parsed_args: argparse.Namespace,
    method: str,
    stores: list[str] | None,
    **source: str | None,
) -> import_request.ImportRequest:
    return import_request.ImportRequest(
        method,
        stores=tuple(dict.fromkeys(stores or ())),
        all_stores=parsed_args.all_stores,
        allow_failure=parsed_args.allow_failure is not False,
        **source,
    )


def _check_source(parsed_args: argparse.Namespace, method: str) -> None:
    uri = parsed_args.uri
    if method == 'web-download':
        if uri is None:
            _reject(_('--method web-download requires --uri.'))
        if not _is_uri(uri):
            _reject(_('%(uri)r is not a URI.') % {'uri': uri})
    elif uri is not None:
        _reject(_('--uri requires --method web-download.'))
    remote = _remote_option(parsed_args)
    if method == 'glance-download':
        if not (parsed_args.remote_region and parsed_args.remote_image):
            _reject(_('Both --remote-region and --remote-image are required.'))
    elif remote:
        _reject(
            _('--%(option)s requires --method glance-download.')
            % {'option': remote}
        )


def _is_uri(text: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(text)
    except ValueError:  # a host that begins with a bracket
        return False
    return bool(parts.scheme and (parts.netloc or parts.path.strip('/')))


def _check_stores(stores: list[str] | None) -> None:
    if stores and '' in stores:
        _reject(_('--store requires the ID of a store.'))


def _reject(text: str) -> NoReturn:
    raise exceptions.Error(text)
