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

"""Translation of messages and help texts."""

import os

import oslo_i18n

# By default only the system's catalogues are found, not those of the package.
_translators = oslo_i18n.TranslatorFactory(
    domain='osc_image_ext',
    localedir=os.path.join(os.path.dirname(__file__), 'locale'),
)

_ = _translators.primary
#: Returns the singular or the plural form, as a number requires.
ngettext = _translators.plural_form
