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

"""The module that OpenStackClient loads to find the commands.

It is imported at every start of ``openstack``, so it imports nothing itself.

The commands live in a group of their own, ``openstack.image_ext.v2``, because
cliff keeps the last command loaded under a name: groups of extensions are
loaded after core's, so ours replace core's whatever the order of sys.path.
Following the image API's version option leaves core's v1 commands alone.
"""

import argparse
from typing import Any

DEFAULT_API_VERSION = '2'
API_VERSION_OPTION = 'os_image_api_version'
API_NAME = 'image_ext'
API_VERSIONS = ('1', '2')


def make_client(instance: Any) -> Any:
    """Return the SDK's image proxy, the one core's commands use.

    :param instance: the ``ClientManager`` of the running shell.
    """
    return instance.image


def build_option_parser(
    parser: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Add no global option: ``--os-image-api-version`` is core's."""
    return parser


def check_api_version(version: str) -> bool:
    """Leave the check of the version to core's image plugin."""
    return True
