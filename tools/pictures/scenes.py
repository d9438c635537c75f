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

"""The scenes: what is typed, and when a picture is taken of the terminal.

A scene expects the text that it is about, so that there is no picture of a
command that has failed.
"""

from collections.abc import Callable, Iterator, Mapping
import time

from pyte import screens

from tests.fixtures import faults
from tools.pictures import stage as _stage

_Pictures = Iterator[tuple[str, list[list[screens.Char]]]]

_MIB = 1024**2
# Few, so that the text is readable on a phone.
_COLUMNS = 70
# Bytes in a second, for data that has to be seen on its way.
_RATE = 64 * _MIB


def _upload(stage: _stage.Stage) -> _Pictures:
    with stage.shell(_COLUMNS) as shell:
        shell.start(
            'openstack image create --progress --file disk.img \\',
            '    -f value -c id -c status demo-disk',
        )
        shell.wait_for('uploading .* [4-7][0-9]%')
        yield 'upload-running', shell.expect('uploading .* MiB/s')
        shell.wait_for_prompt()
        yield 'upload', shell.expect('verified .* 100%', '^active')


def _log(stage: _stage.Stage) -> _Pictures:
    with stage.shell(_COLUMNS) as shell:
        shell.run(
            'openstack image create --progress --file disk.img \\',
            '    -f value -c id demo-disk 2>upload.log',
        )
        shell.run('cat upload.log')
        yield 'log', shell.expect('uploading .* left', 'verified, 512.0 MiB')


def _survived(stage: _stage.Stage) -> _Pictures:
    with stage.proxy() as proxy, stage.shell(_COLUMNS, proxy) as shell:
        proxy.inject('PUT', '/file$', faults.Reset(300 * _MIB))
        shell.run(
            'openstack image create --progress --file disk.img \\',
            '    -f value -c id -c status demo-disk',
        )
        yield (
            'survived',
            shell.expect('Retrying from the beginning', 'verified', '^active'),
        )


def _interrupted(stage: _stage.Stage) -> _Pictures:
    with stage.shell(_COLUMNS) as shell:
        shell.start(
            'openstack image create --progress --file disk.img demo-disk'
        )
        shell.wait_for('uploading .* [4-7][0-9]%')
        shell.interrupt()
        shell.run('openstack image list --name demo-disk -f json')
        yield 'interrupted', shell.expect('^Interrupted.', r'^\[\]')


def _import(stage: _stage.Stage) -> _Pictures:
    with stage.shell(_COLUMNS) as shell:
        shell.start(
            'openstack image create --import --all-stores --progress \\',
            '    --file disk.img -f value -c id -c status demo-disk',
        )
        shell.wait_for('importing .* to ')
        yield 'import-running', shell.expect('importing .* of 2')
        shell.wait_for_prompt()
        shell.run(
            'openstack image progress show -c status -c stores demo-disk'
        )
        yield 'import', shell.expect('active .* verified', 'slow: done')


def _resume(stage: _stage.Stage) -> _Pictures:
    with stage.proxy() as proxy, stage.shell(_COLUMNS, proxy) as shell:
        stage.upload(proxy).wait()
        proxy.inject('GET', '/file$', faults.Trickle(_RATE))
        shell.start(
            'openstack image save --progress --file copy.img demo-disk'
        )
        shell.wait_for('downloading .* [4-7][0-9]%')
        shell.interrupt()
        shell.run(
            'openstack image save --progress --resume --file copy.img \\',
            '    demo-disk',
        )
        yield 'resume', shell.expect('To continue, run', 'verified .* 100%')


def _watch(stage: _stage.Stage) -> _Pictures:
    with stage.proxy() as proxy, stage.shell(_COLUMNS) as shell:
        proxy.inject('PUT', '/file$', faults.Slow(_RATE))
        with stage.upload(proxy):
            while not proxy.requests('PUT', '/file$'):
                time.sleep(0.1)
            shell.start('openstack image progress show --watch demo-disk')
            shell.wait_for('receiving .* [4-7][0-9]%')
            yield 'watch-running', shell.expect('receiving .* MiB/s')
            shell.wait_for_prompt()
            yield 'watch', shell.expect('^active .* 100%', 'state .* done')


def _servers(stage: _stage.Stage) -> _Pictures:
    stage.compute.boot('demo', 'compute-01', 'web', 4)
    stage.compute.boot('other', 'compute-01', 'db', 2)
    with stage.shell(_COLUMNS) as shell:
        shell.run(
            'openstack hypervisor servers set --progress \\',
            '    --property env=prod --tag audited \\',
            '    -c Name -c Result compute-01',
        )
        yield 'servers', shell.expect('changed .* 100%', 'web-1 .* updated')


SCENES: Mapping[str, Callable[[_stage.Stage], _Pictures]] = {
    'upload': _upload,
    'log': _log,
    'survived': _survived,
    'interrupted': _interrupted,
    'import': _import,
    'resume': _resume,
    'watch': _watch,
    'servers': _servers,
}
