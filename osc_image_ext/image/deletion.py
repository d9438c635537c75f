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

"""Deletes an image after a failure, and describes the result."""

import contextlib

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions
from openstack.image.v2 import _proxy

from osc_image_ext import api_errors
from osc_image_ext import exceptions
from osc_image_ext import retry
from osc_image_ext.i18n import _


def delete_and_describe(
    proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep
) -> str:
    """Delete an image; return a sentence with the result.

    A second Ctrl-C ends the attempts.
    """
    try:
        with contextlib.suppress(sdk_exceptions.NotFoundException):
            delete(proxy, image_id, sleep)
    except (KeyboardInterrupt, SystemExit):
        return _(
            'Image %(id)s may still exist on the server. To check, run '
            '"openstack image show %(id)s".'
        ) % {'id': image_id}
    except Exception as error:
        return describe_error(image_id, error)
    return _('Image %(id)s was deleted.') % {'id': image_id}


def describe_error(image_id: str, error: Exception) -> str:
    """Return that an image could not be deleted, as a sentence."""
    return _('Image %(id)s could not be deleted: %(reason)s') % {
        'id': image_id,
        'reason': api_errors.describe(error),
    }


def delete(proxy: _proxy.Proxy, image_id: str, sleep: retry.Sleep) -> None:
    """Delete an image, by the policy DELETE.

    :raises openstack.exceptions.NotFoundException: if there is none.
    """
    for delay in retry.DELETE.delays:
        try:
            return proxy.delete_image(image_id, ignore_missing=False)
        except sdk_exceptions.ForbiddenException:
            # The response may have been lost, or the user may have pressed
            # Ctrl-C, just when the image was being protected.
            image = retry.retry_until(
                lambda: proxy.get_image(image_id), sleep, policy=retry.PROBE
            )
            if not image.is_protected:
                raise
            proxy.update_image(image_id, is_protected=False)
        except sdk_exceptions.HttpException as error:
            # It may take a while until Glance notices a lost connection.
            if error.status_code not in retry.DELETE.status_codes:
                raise
        except (ksa_exceptions.ConnectionError, exceptions.UnexpectedResponse):
            pass  # the next request shows whether this one took effect
        sleep(delay)
    proxy.delete_image(image_id, ignore_missing=False)
