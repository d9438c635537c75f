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

"""The options, in the group ``upload_progress`` of Glance's configuration."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from oslo_config import cfg

GROUP = 'upload_progress'

_OPTS: list[cfg.Opt] = [
    cfg.ListOpt(
        'memcache_servers',
        default=[],
        help='Memcached servers through which all processes and hosts of '
        'Glance share the progress of uploads, such as "192.0.2.1:11211", '
        '"[2001:db8::1]:11211" or "unix:/run/memcached.sock". All hosts must '
        'list the same servers. Every record is written to all of them, so '
        'that one may fail. If the list is empty, a process reports only '
        'the uploads that it receives itself. Use addresses instead of '
        '"localhost", of which only the first address is tried.',
    ),
    cfg.FloatOpt(
        'socket_timeout',
        default=0.3,
        min=0.01,
        help='Seconds to wait for a connection to a memcached server, and '
        'for its response. Uploads never wait for memcached.',
    ),
    cfg.BoolOpt(
        'tls_enabled',
        default=False,
        help='Connect to the memcached servers with TLS.',
    ),
    cfg.StrOpt(
        'tls_cafile',
        help='Path of the CA certificates that verify the memcached servers, '
        'in PEM format (default: those of the system).',
    ),
    cfg.StrOpt(
        'tls_certfile',
        help='Path of the client certificate, in PEM format.',
    ),
    cfg.StrOpt(
        'tls_keyfile',
        help='Path of the private key of the client certificate, in PEM '
        'format (default: it is in tls_certfile).',
    ),
    cfg.StrOpt(
        'secret_key',
        secret=True,
        help='Key with which records in memcached are signed (HMAC-SHA256). '
        'Records that are not signed with it are ignored. It must be the '
        'same on all hosts. Without it, everybody who can write to the '
        'memcached servers can change the numbers that are reported, but '
        'not who sees them.',
    ),
    cfg.StrOpt(
        'visible_to',
        default='get_image',
        choices=[
            ('get_image', 'everybody who can see the image'),
            ('owner', "the image's project and administrators"),
        ],
        help='Users who see the progress of an upload. Others who can see '
        'the image receive what its status says.',
    ),
    cfg.IntOpt(
        'running_ttl',
        default=60,
        min=5,
        help='Seconds after which the record of an upload expires if the '
        'process that receives it does not report it any more. A running '
        'upload is reported twelve times as often.',
    ),
    cfg.BoolOpt(
        'legacy_keys',
        default=True,
        help='Also write the size of an upload and the bytes received so far '
        'under the keys "<image ID>_total_size" and '
        '"<image ID>_uploading_size", as decimal numbers that expire after '
        'a day.',
    ),
]


@dataclasses.dataclass(frozen=True)
class Options:
    """The values of the options; see their help texts."""

    memcache_servers: tuple[str, ...] = ()
    socket_timeout: float = 0.3
    tls_enabled: bool = False
    tls_cafile: str | None = None
    tls_certfile: str | None = None
    tls_keyfile: str | None = None
    secret_key: str | None = dataclasses.field(default=None, repr=False)
    visible_to: str = 'get_image'
    running_ttl: int = 60
    legacy_keys: bool = True


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the options for oslo-config-generator."""
    return [(GROUP, _OPTS)]


def load(conf: cfg.ConfigOpts, local_conf: Mapping[str, str]) -> Options:
    """Return the values from the configuration.

    :param conf: Glance's configuration
    :param local_conf: settings of the filter's section in the paste file,
        which take precedence
    :raises ValueError: if one of these is unknown or has no valid value
    """
    conf.register_opts(_OPTS, GROUP)
    known = {opt.dest: opt for opt in _OPTS}
    if unknown := local_conf.keys() - known.keys():
        raise ValueError(
            f'Unknown options of the filter {GROUP}: '
            f'{", ".join(sorted(unknown))}.'
        )
    values: dict[str, Any] = {name: conf[GROUP][name] for name in known}
    for name, text in local_conf.items():
        values[name] = _convert(known[name], text)
    values['memcache_servers'] = tuple(values['memcache_servers'])
    return Options(**values)


def _convert(opt: cfg.Opt, text: str) -> Any:
    try:
        return opt.type(text)
    except ValueError as error:
        raise ValueError(f'Invalid value of {opt.dest}: {error}') from error
