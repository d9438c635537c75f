#!/usr/bin/env python3
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

"""Upload images with this package to a real cloud on this machine.

usage: tools/demo.py [--image FILE | --size MIB]
       tools/demo.py --stay
       tools/demo.py [--] COMMAND [ARGUMENT ...]

Requires Linux, Python 3.11 or newer, git, and access to PyPI or a mirror of
it. The first run installs all dependencies into .venv in this clone. Every
run starts a Keystone and two Glances, and stops them again.
"""

import argparse
import hashlib
import os
import pathlib
import shlex
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from tests.fixtures import bootstrap
from tests.fixtures import cloud as _cloud
from tests.fixtures import services_env

_CLOUD = 'multi'
_NAME = 'demo-disk'
_MIB = 1 << 20


def main() -> int:
    """Run the demo; return its exit status."""
    options = _parse()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup SIGHUP is ignored, and remains so.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    try:
        return _run(options)
    except KeyboardInterrupt:
        _say('Interrupted.')
        return 128 + signal.SIGINT
    except (bootstrap.BootstrapError, RuntimeError, OSError) as error:
        _say(f'demo: {error}')
        return 1


def _parse() -> argparse.Namespace:
    summary, _, more = (__doc__ or '').partition('\n\n')
    usage, _, epilog = more.partition('\n\n')
    parser = argparse.ArgumentParser(
        usage=usage.removeprefix('usage: '),
        description=summary,
        epilog=epilog,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        '--image',
        metavar='FILE',
        type=pathlib.Path,
        help='upload this file (default: create a raw disk image)',
    )
    source.add_argument(
        '--size',
        metavar='MIB',
        type=int,
        default=512,
        help='size of the disk image to create (default: %(default)s)',
    )
    source.add_argument(
        '--stay',
        action='store_true',
        help='start the cloud, print how to use it, and wait for Ctrl-C',
    )
    parser.add_argument(
        'command',
        nargs=argparse.REMAINDER,
        help='run this command against the cloud instead',
    )
    options = parser.parse_args()
    if options.command[:1] == ['--']:
        del options.command[0]
    if options.size < 2:
        parser.error('the size must be at least 2 MiB')
    if options.image and not options.image.is_file():
        parser.error(f'no such file: {options.image}')
    return options


def _end(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _run(options: argparse.Namespace) -> int:
    client = _ensure_client()
    services_env.ensure()
    cloud = _cloud.Cloud()
    _say('Starting a Keystone and two Glances ...')
    began = time.monotonic()
    with cloud:
        _say(f'Started in {time.monotonic() - began:.0f} s.')
        environ = cloud.environ()
        environ['OS_CLOUD'] = _CLOUD
        path = environ.get('PATH', os.defpath)
        environ['PATH'] = f'{client}/bin:{path}'
        if options.stay:
            return _stay(cloud, client)
        if options.command:
            return _call(options.command, environ)
        return _demonstrate(cloud, environ, options)


def _ensure_client() -> pathlib.Path:
    described_by = ['setup.cfg', 'requirements.txt', 'pyproject.toml']
    return bootstrap.ensure(
        'client',
        'the OpenStack client and this package',
        # Editable, so that changes in the clone take effect immediately.
        ['--editable', str(bootstrap.CLONE)],
        [bootstrap.CLONE / name for name in described_by],
    )


def _stay(cloud: _cloud.Cloud, client: pathlib.Path) -> int:
    file = shlex.quote(str(cloud.clouds_yaml))
    programs = shlex.quote(f'{client}/bin')
    print(f'export OS_CLIENT_CONFIG_FILE={file} OS_CLOUD={_CLOUD}')
    print(f'export PATH={programs}:$PATH', flush=True)
    _say('Paste these lines into another shell. Press Ctrl-C here to stop.')
    while True:
        signal.pause()


def _demonstrate(
    cloud: _cloud.Cloud,
    environ: dict[str, str],
    options: argparse.Namespace,
) -> int:
    image = options.image and options.image.resolve()
    if image is None:
        image = cloud.folder / 'disk.img'
        _say(
            f'Creating a raw disk image of {options.size} MiB: a partition '
            'table with one Linux partition, filled with random data.'
        )
        _make_disk(image, options.size)
    openstack = ['openstack', '--os-cloud', _CLOUD, 'image']
    named = image.name if options.image is None else str(image)
    create = ['create', '--progress', '--file', named]
    create += ['--disk-format', _disk_format(image), _NAME]
    for command in (create, ['show', _NAME]):
        command = openstack + command
        print(f'$ {shlex.join(command)}', flush=True)
        status = _call(command, environ, image.parent)
        if status:
            return status
    if not _verify(cloud, environ, image):
        return 1
    return _watch_another(environ, image)


def _watch_another(environ: dict[str, str], image: pathlib.Path) -> int:
    """Upload in one process, and watch Glance receive it in another."""
    name = f'{_NAME}-2'
    openstack = ['openstack', '--os-cloud', _CLOUD, 'image']
    create = [*openstack, 'create', '--file', image.name, name]
    create += ['--disk-format', _disk_format(image)]
    watch = [*openstack, 'progress', 'show', '--watch', name]
    print(f'$ {shlex.join(create)} >/dev/null &\n$ {shlex.join(watch)}')
    sys.stdout.flush()
    with subprocess.Popen(
        create, env=environ, cwd=image.parent, stdout=subprocess.DEVNULL
    ) as upload:
        while upload.poll() is None and not _exists(name, environ):
            pass  # each look takes a second
        status = _call(watch, environ)
        return upload.wait() or status


def _exists(name: str, environ: dict[str, str]) -> bool:
    command = ['openstack', 'image', 'list', '-f', 'value', '--name', name]
    return bool(subprocess.check_output(command, env=environ))


def _make_disk(path: pathlib.Path, mib: int) -> None:
    sectors = _MIB // 512
    partition = struct.pack(
        '<B3xB3xII', 0x80, 0x83, sectors, (mib - 1) * sectors
    )
    with path.open('wb') as disk:
        table = bytes(446) + partition + bytes(48) + b'\x55\xaa'
        disk.write(table.ljust(_MIB, b'\0'))
        for _ in range(mib - 1):
            disk.write(os.urandom(_MIB))


def _disk_format(image: pathlib.Path) -> str:
    with image.open('rb') as file:
        return 'qcow2' if file.read(4) == b'QFI\xfb' else 'raw'


def _call(
    command: list[str],
    environ: dict[str, str],
    folder: pathlib.Path | None = None,
) -> int:
    """Run a command on the user's terminal; return a shell's exit status."""
    # The command handles Ctrl-C, since it has to clean up. A handler, unlike
    # SIG_IGN, is not inherited.
    ours = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        status = subprocess.call(command, env=environ, cwd=folder)
    except FileNotFoundError:
        _say(f'demo: command not found: {command[0]}')
        return 127
    finally:
        signal.signal(signal.SIGINT, ours)
    return status if status >= 0 else 128 - status


def _verify(
    cloud: _cloud.Cloud, environ: dict[str, str], image: pathlib.Path
) -> bool:
    """Compare the source with the file in the store directly."""
    show = ['openstack', 'image', 'show', '-f', 'value', '-c', 'id', _NAME]
    image_id = subprocess.check_output(show, env=environ, text=True).strip()
    stored = cloud.stored(_CLOUD, image_id)
    source_digest, stored_digest = _sha512(image), _sha512(stored)
    if source_digest != stored_digest:
        _say(
            'demo: the stored data differs from the source: expected sha512 '
            f'{source_digest} of {image}, but {stored} has {stored_digest}'
        )
        return False
    print(
        f'The file in the store is identical to {image.name}: '
        f'{stored.stat().st_size} bytes, sha512 {source_digest[:16]}...'
    )
    return True


def _sha512(path: pathlib.Path) -> str:
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha512').hexdigest()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == '__main__':
    sys.exit(main())
