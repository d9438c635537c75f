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

"""The process of the sink."""

import pathlib
import sys

from benchmarks import sink_answers
from benchmarks import workspace
from tests.fixtures import bootstrap
from tests.fixtures import loopback
from tests.fixtures import processes


class SinkProcess:
    """Context manager that runs a sink."""

    def __init__(
        self,
        place: workspace.Workspace,
        sha512: str,
        source: pathlib.Path | None = None,
    ) -> None:
        """Start nothing yet.

        :param sha512: checksum of the data that will be sent
        :param source: file that is the data of an image, which has that
            checksum; there is none unless given
        """
        self._source = source
        self._place = place
        self._sha512 = sha512

    def __enter__(self) -> 'SinkProcess':
        with loopback.listen() as listener:
            host, port = listener.getsockname()
            self.url = f'http://{host}:{port}'
            self._process = processes.Process(
                [
                    sys.executable,
                    '-m',
                    'benchmarks.sink',
                    f'--listener={listener.fileno()}',
                    f'--folder={self._place.folder}',
                    f'--sha512={self._sha512}',
                    *([f'--source={self._source}'] if self._source else []),
                ],
                self._place.environ() | {'PYTHONPATH': str(bootstrap.CLONE)},
                self._place.folder / 'sink.log',
                listener,
            )
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()

    def environ(self) -> dict[str, str]:
        """Return the environment variables for a client of the sink."""
        return self._place.environ() | {
            'OS_AUTH_URL': self.url + sink_answers.AUTH_PATH,
            'OS_IDENTITY_API_VERSION': '3',
            'OS_USERNAME': 'bench',
            'OS_PASSWORD': 'bench',
            'OS_PROJECT_NAME': 'bench',
            'OS_USER_DOMAIN_NAME': 'Default',
            'OS_PROJECT_DOMAIN_NAME': 'Default',
        }

    def seconds(self, size: int) -> float:
        """Return the seconds for the data of the last upload.

        :param size: expected size in bytes
        :raises RuntimeError: if the size was different
        """
        _, stats = loopback.request('GET', f'{self.url}/stats')
        if stats['bytes'] != size:
            raise self._process.failure(f'got {stats["bytes"]} bytes')
        return float(stats['seconds'])
