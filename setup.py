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

import configparser
import os
import subprocess

import setuptools

HERE = os.path.dirname(os.path.abspath(__file__))
# A directory above may be in the repository of something else.
os.environ['GIT_CEILING_DIRECTORIES'] = os.path.dirname(HERE)


def ask_git(*arguments):
    """Return what git prints, or an empty string if it fails."""
    try:
        return subprocess.check_output(  # noqa: S603
            ['git', *arguments],  # noqa: S607
            cwd=HERE,
            stderr=subprocess.DEVNULL,
            text=True,
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


def has_version():
    """Return whether pbr finds the right version by itself."""
    return (
        os.path.exists(os.path.join(HERE, 'PKG-INFO'))
        or ask_git('describe', '--exact-match', '--tags')
        # It counts the commits before this one; of none it makes 0.0.0.
        or ask_git('rev-parse', '--verify', 'HEAD~1')
    )


# In the archive of a commit there is no git, nor in many container images.
if not has_version():
    config = configparser.ConfigParser()
    config.read(os.path.join(HERE, 'setup.cfg'))
    version = config['metadata']['version']
    os.environ.setdefault('PBR_VERSION', f'{version}.dev0')

setuptools.setup(setup_requires=['pbr>=6.0.0'], pbr=True)
