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

"""The process of the stub of Nova, and what its clients did."""

from collections.abc import Mapping
import sys
from typing import Any

from benchmarks import far_nova
from benchmarks import sink_answers
from benchmarks import workspace
from tests.fixtures import bootstrap
from tests.fixtures import loopback
from tests.fixtures import processes


class FarNova:
    """Context manager that runs the stub."""

    def __init__(
        self, place: workspace.Workspace, size: far_nova.Size
    ) -> None:
        self._place = place
        self._size = size

    def __enter__(self) -> 'FarNova':
        with loopback.listen() as listener:
            host, port = listener.getsockname()
            self._url = f'http://{host}:{port}'
            self._process = processes.Process(
                [
                    *(sys.executable, '-m', 'benchmarks.far_nova'),
                    f'--listener={listener.fileno()}',
                    f'--folder={self._place.folder}',
                    *self._size.options,
                ],
                self._place.environ() | {'PYTHONPATH': str(bootstrap.CLONE)},
                self._place.folder / 'far-nova.log',
                listener,
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()

    def environ(self) -> dict[str, str]:
        """Return the environment variables for a client of the stub."""
        return self._place.environ() | {
            'OS_AUTH_URL': self._url + sink_answers.AUTH_PATH,
            'OS_IDENTITY_API_VERSION': '3',
            'OS_USERNAME': 'bench',
            'OS_PASSWORD': 'bench',
            'OS_PROJECT_NAME': 'bench',
            'OS_USER_DOMAIN_NAME': 'Default',
            'OS_PROJECT_DOMAIN_NAME': 'Default',
        }

    def reset(self) -> None:
        """Remove the properties of all servers."""
        loopback.request('DELETE', f'{self._url}/servers')

    def statistics(self) -> Mapping[str, Any]:
        """Return what the last client did.

        :returns: the number of ``requests``, the number of servers that were
            ``changed``, and the ``seconds`` from the first request to the
            last response.
        """
        _, statistics = loopback.request('GET', f'{self._url}/stats')
        return dict(statistics)

    def require_changed(self, count: int) -> Mapping[str, Any]:
        """Return the statistics.

        :raises RuntimeError: if not so many servers were changed.
        """
        statistics = self.statistics()
        if statistics['changed'] != count:
            raise self._process.failure(f'was left with {statistics}')
        return statistics
