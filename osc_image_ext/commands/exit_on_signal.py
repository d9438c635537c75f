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

"""What SIGTERM, SIGHUP and a late Ctrl-C do to a command."""

import argparse
from typing import Any


class ExitOnSignal:
    """A mixin for cliff's commands, before them in the list of bases."""

    app: Any

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Run the command, which a signal ends like Ctrl-C."""
        from osc_image_ext.actions import signals

        base: Any = super()
        with signals.exit_on_signal(last=not self.app.interactive_mode):
            return int(base.run(parsed_args))
