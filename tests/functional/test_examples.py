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

"""The console examples of the documentation print what it shows."""

import pathlib

from tests.fixtures import console
from tests.functional import examples_base


class ExamplesTest(examples_base.ExamplesTest):
    @examples_base.cases(
        page
        for page in console.pages()
        if not examples_base.needs_nova(page)
        and not examples_base.needs_filter(page)
    )
    def test(self, path: pathlib.Path) -> None:
        self.run_page(path)
