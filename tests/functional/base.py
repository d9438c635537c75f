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

"""The real openstack command against real services."""

from collections.abc import Callable, Sequence
import dataclasses
import functools
import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time
from typing import Any, cast, TypeVar
import uuid

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
import fixtures
import openstack
from openstack.image.v2 import _proxy
from openstack.image.v2 import image as _image
import testtools
from testtools import content
from testtools import matchers

from tests.fixtures import cloud as _cloud
from tests.fixtures import faulty_proxy
from tests.fixtures import preforked
from tests.fixtures import terminal

# Ctrl-C may be ignored here, as by what a script starts with '&'. Commands
# would inherit that, but they do not inherit a function.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, lambda _number, _frame: None)

# The command that users run, from the environment that runs the tests.
OPENSTACK = str(pathlib.Path(sys.executable).parent / 'openstack')


@functools.cache
def cloud() -> _cloud.Cloud:
    """Return the services of this process, started when first wanted."""
    started = _cloud.Cloud()
    started.start()
    return started


@functools.cache
def connection(name: str) -> openstack.connection.Connection:
    """Return the SDK's connection to a cloud of clouds.yaml, kept open."""
    return openstack.connect(
        auth=cloud().auth(name), region_name=name.partition('-')[0]
    )


@functools.cache
def client() -> preforked.Server:
    """Return what starts commands in this process."""
    return preforked.Server(OPENSTACK, cloud().environ())


@dataclasses.dataclass
class Result:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


_Test = TypeVar('_Test', bound=Callable[..., None])


def cases(**table: Sequence[Any]) -> Callable[[_Test], _Test]:
    """Return a decorator that makes a method several tests.

    Each key is the end of a test's name, each value its arguments.
    """

    def add_table(method: _Test) -> _Test:
        setattr(method, 'cases', table)  # noqa: B010
        return method

    return add_table


class FunctionalTest(testtools.TestCase):
    """Has a cloud, a folder of its own, and images that are its own.

    ``region`` is the Glance that the commands talk to.
    """

    region = 'multi'

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            for case, arguments in getattr(method, 'cases', {}).items():
                test = functools.partialmethod(method, *arguments)
                setattr(cls, f'{name}_{case}', test)
            if hasattr(method, 'cases'):
                delattr(cls, name)

    def setUp(self) -> None:
        super().setUp()
        self.cloud = cloud()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.environ = self.cloud.environ() | {'OS_CLOUD': self.region}
        # tox sets them to the size of its own terminal.
        for name in ('COLUMNS', 'LINES'):
            self.environ.pop(name, None)
        self.name = f'{self.id().rsplit(".", 1)[-1]}-{uuid.uuid4().hex[:8]}'
        self.addCleanup(self._delete_images)

    @functools.cached_property
    def glance(self) -> _proxy.Proxy:
        """The SDK's image proxy for the test itself, past any faulty one."""
        return cast(_proxy.Proxy, connection(self.region).image)

    def images(self, name: str | None = None) -> list[_image.Image]:
        """Return the test's images as Glance shows them now."""
        return list(self.glance.images(name=name or self.name))

    def image(self) -> _image.Image:
        """Return the one image of the test."""
        (image,) = self.images()
        return image

    def stored(self, image: _image.Image) -> bytes:
        """Return the bytes that the store holds for an image."""
        return self.cloud.stored(self.region, image.id).read_bytes()

    def source(self, size: int, name: str = 'disk.img') -> pathlib.Path:
        """Return a file of random bytes."""
        path = self.folder / name
        path.write_bytes(os.urandom(size))
        return path

    def proxied(self, **options: Any) -> faulty_proxy.FaultyProxy:
        """Put a proxy between the commands of this test and Glance."""
        proxy = self.useFixture(
            faulty_proxy.FaultyProxy(
                self.cloud.image_url(self.region), **options
            )
        )
        self.reconfigure(image_endpoint_override=proxy.url)
        return proxy

    def reconfigure(self, cloud: str = '', **settings: Any) -> None:
        """Change the settings of a cloud for the commands of this test.

        :param cloud: the test's own unless given
        """
        known = pathlib.Path(self.environ['OS_CLIENT_CONFIG_FILE'])
        config = json.loads(known.read_text())
        config['clouds'][cloud or self.region].update(settings)
        path = self.folder / 'clouds.yaml'
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        self.environ['OS_CLIENT_CONFIG_FILE'] = str(path)

    def start(
        self, *args: str, real: bool = False, **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start openstack; it is killed when the test ends.

        :param real: start the interpreter anew, where that matters
        """
        defaults: dict[str, Any] = {
            'stdin': subprocess.DEVNULL,
            'stdout': subprocess.PIPE,
            'stderr': subprocess.PIPE,
            'env': self.environ,
        }
        start = subprocess.Popen[bytes] if real else client().start
        process = start([OPENSTACK, *args], **defaults | options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(
        self, process: subprocess.Popen[bytes], data: bytes | None = None
    ) -> Result:
        """Wait for a process; what it said is in the details of a failure."""
        stdout, stderr = process.communicate(data, timeout=120)
        result = Result(
            process.returncode,
            (stdout or b'').decode(),
            (stderr or b'').decode(),
        )
        for name in ('stdout', 'stderr'):
            text = content.text_content(getattr(result, name))
            self.addDetailUniqueName(name, text)
        return result

    def run_openstack(
        self, *args: str, data: bytes | None = None, **options: Any
    ) -> Result:
        """Run openstack to its end.

        :param data: bytes for a pipe as its standard input; /dev/null unless
            given.
        """
        if data is not None:
            options['stdin'] = subprocess.PIPE
        return self.finish(self.start(*args, **options), data)

    def openstack(self, *args: str, **options: Any) -> Result:
        """Run openstack, which must succeed and say nothing unasked."""
        result = self.run_openstack(*args, **options)
        self.assertEqual((0, ''), (result.status, result.stderr))
        return result

    def failing(self, *args: str, **options: Any) -> str:
        """Run openstack, which must fail with one line, and return that."""
        result = self.run_openstack(*args, **options)
        self.assertEqual(1, result.status)
        self.assertEqual('', result.stdout)
        self.assertNotIn('Traceback', result.stderr)
        (line,) = result.stderr.splitlines()
        return line

    def at_prompt(self, *args: str) -> subprocess.Popen[bytes]:
        """Start openstack at a terminal where somebody presses Enter."""
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)

        process = self.start(
            *args,
            stdin=slave,
            start_new_session=True,
            preexec_fn=terminal.take,  # getpass asks on /dev/tty
        )
        prompt = b''
        while not prompt.endswith(b': '):
            prompt += os.read(master, 100)
        os.write(master, b'\n')
        return process

    def on_terminal(
        self, *args: str, columns: int = 80, **options: Any
    ) -> terminal.Terminal:
        """Start openstack with its standard error on a terminal."""
        screen = self.useFixture(terminal.Terminal(columns))
        process = self.start(*args, stderr=screen.slave, **options)
        screen.attach(process)
        return screen

    def assert_starts(self, beginning: str, text: str) -> None:
        """Check how a text begins."""
        self.assertThat(text, matchers.StartsWith(beginning))

    def wait_for(self, what: Any, seconds: float = 30) -> Any:
        """Return what a function returns, once that is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := what():
                return found
            time.sleep(0.1)
        self.fail(f'still not true after {seconds} s: {what}')

    def _delete_images(self) -> None:
        for image in self.images():
            if image.is_protected:
                self.glance.update_image(image, is_protected=False)
            self.glance.delete_image(image)


def private_key() -> bytes:
    """Return a new RSA key in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def interrupt(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C."""
    process.send_signal(signal.SIGINT)
