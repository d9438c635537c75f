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

"""Importing the data of an existing image."""

import argparse
from typing import Any

from openstackclient.image.v2 import image as core

from osc_image_ext.actions import clients
from osc_image_ext.actions import errors
from osc_image_ext.actions import import_arguments
from osc_image_ext.actions import import_report
from osc_image_ext.actions import output
from osc_image_ext.actions import wait_arguments
from osc_image_ext.image import image_import
from osc_image_ext.image import service_info
from osc_image_ext.progress import display


@errors.as_command_error()
def run(app: Any, parsed_args: argparse.Namespace) -> dict[str, Any]:
    """Import an image, and wait for the import if asked to.

    :param app: a shell.
    :returns: the columns of the image as it is then.
    """
    output.require_stdout(app)
    request = import_arguments.build_request(
        parsed_args, parsed_args.import_method, parsed_args.stores
    )
    wait = wait_arguments.wait_options(parsed_args)
    proxy = clients.image_proxy(app.client_manager)
    info = service_info.get_service_info(proxy)
    request.validate(info)
    image = proxy.find_image(parsed_args.image, ignore_missing=False)
    with display.make_display(
        parsed_args.progress, app.stderr, parsed_args.image
    ) as listener:
        result = image_import.import_image(
            proxy, image, request, info, listener, wait
        )
    import_report.warn_about_result(result)
    return dict(sorted(core._format_image(result.image).items()))
