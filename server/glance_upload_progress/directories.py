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

"""Where Glance is configured to keep image data in files."""

from collections.abc import Mapping
import dataclasses
import os
import pathlib
from typing import Any

from oslo_config import cfg


@dataclasses.dataclass(frozen=True)
class Directories:
    """The directories in which Glance writes files named after images.

    :param staging: None if it is not known
    :param stores: store by directory
    """

    staging: pathlib.PurePath | None
    stores: Mapping[pathlib.PurePath, str]


def find(conf: cfg.ConfigOpts) -> Directories:
    """Return the directories that Glance's configuration names."""
    enabled = _get(conf, None, 'enabled_backends') or {}
    if enabled:
        staging = _get(
            conf, 'os_glance_staging_store', 'filesystem_store_datadir'
        )
    else:
        uri = _get(conf, None, 'node_staging_uri') or ''
        staging = uri.removeprefix('file://')
    stores = {
        directory: str(store)
        for store in enabled
        for directory in _of_store(conf, str(store))
    }
    return Directories(_real(staging) if staging else None, stores)


def default_store(conf: cfg.ConfigOpts) -> str | None:
    """Return the default of several stores, None if there is only one."""
    if not _get(conf, None, 'enabled_backends'):
        return None
    store = _get(conf, 'glance_store', 'default_backend')
    return None if store is None else str(store)


def _of_store(conf: cfg.ConfigOpts, store: str) -> list[pathlib.PurePath]:
    single = _get(conf, store, 'filesystem_store_datadir')
    # DIRECTORY:PRIORITY
    several = _get(conf, store, 'filesystem_store_datadirs') or []
    names = [str(name).rsplit(':', 1)[0] for name in several]
    return [_real(name) for name in [*([single] if single else []), *names]]


def _real(path: str) -> pathlib.PurePath:
    # As the kernel names it.
    return pathlib.PurePath(os.path.realpath(path))


def _get(conf: cfg.ConfigOpts, group: str | None, name: str) -> Any:
    try:
        return (conf if group is None else conf[group])[name]
    except (cfg.NoSuchOptError, cfg.NoSuchGroupError, KeyError):
        return None
