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

"""What commands that show results have in common."""

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from osc_image_ext.commands import exit_on_signal


class ShowImage(exit_on_signal.ExitOnSignal):
    """A mixin for cliff's commands, before them in the list of bases."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Sequence[Any],
    ) -> int:
        """Show the image; if that fails, report what is on the server."""
        from osc_image_ext.actions import output

        base: Any = super()
        return output.show(
            self.app,
            lambda: base.produce_output(parsed_args, column_names, data),
            column_names,
            data,
        )


class ShowRows(exit_on_signal.ExitOnSignal):
    """A mixin for cliff's commands, before them in the list of bases."""

    def produce_output(
        self,
        parsed_args: argparse.Namespace,
        column_names: Sequence[str],
        data: Iterable[Any],
    ) -> int:
        """Show a result for each object, or report that it is not shown."""
        from osc_image_ext.actions import output

        base: Any = super()
        with output.report_interruption():
            return int(base.produce_output(parsed_args, column_names, data))
