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

"""Draw pictures of terminals for the documentation, from real runs.

Each scene types commands into a shell. They are the real openstack, and its
clouds are those of the functional tests.
"""

import argparse
import pathlib
import sys

from tests.fixtures import bootstrap
from tools.pictures import drawing
from tools.pictures import scenes
from tools.pictures import stage as _stage

_IMAGES = bootstrap.CLONE / 'doc' / 'source' / 'images'


def main() -> int:
    """Draw the pictures; return the exit status."""
    args = _parse()
    try:
        with _stage.Stage() as stage:
            for name in args.scenes or scenes.SCENES:
                _draw(stage, name, args.directory)
    except (RuntimeError, bootstrap.BootstrapError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser('pictures', description=__doc__)
    parser.add_argument(
        '--directory',
        type=pathlib.Path,
        default=_IMAGES,
        help='write the files here (default: %(default)s)',
    )
    parser.add_argument(
        'scenes',
        nargs='*',
        metavar='scene',
        help=f'one of {", ".join(scenes.SCENES)} (default: all)',
    )
    args = parser.parse_args()
    for name in args.scenes:
        if name not in scenes.SCENES:
            parser.error(f'no such scene: {name}')
    return args


def _draw(stage: _stage.Stage, name: str, folder: pathlib.Path) -> None:
    for picture, screen in scenes.SCENES[name](stage):
        path = folder / f'{picture}.svg'
        path.write_text(drawing.draw(screen, picture))
        print(path, flush=True)
    stage.clear()


if __name__ == '__main__':
    sys.exit(main())
