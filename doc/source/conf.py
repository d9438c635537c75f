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

"""Sphinx configuration."""

from importlib import metadata
import os

# The command reference is generated from help texts, in English.
os.environ['LANGUAGE'] = 'en'

from docutils import nodes
from sphinx import application
from sphinx.transforms import post_transforms

project = 'osc-image-ext'
author = metadata.metadata(project)['Author']
copyright = author
# Between releases the version is that of the next one and a number of commits.
release = metadata.version(project)
version = release.partition('.dev')[0]

extensions = [
    'cliff.sphinxext',
    'reno.sphinxext',
]

# Help texts name options: of '--store' it would make one with a dash.
smartquotes = False

html_theme = 'furo'
html_title = f'{project} {version}'
if release != version:
    html_title += ' (unreleased)'

# openstack(1) is OpenStackClient's own.
man_pages = [
    (
        'cli/index',
        'openstack-image-ext',
        'OpenStackClient commands for verified images and bulk changes',
        author,
        1,
    )
]

# The program name shown in the command reference.
autoprogram_cliff_application = 'openstack'


class TitlesOfPages(post_transforms.SphinxPostTransform):
    """In the manual page, replaces links to other pages by their titles.

    Sphinx writes "<>", an empty address, after each of them.
    """

    builders = ('man',)
    default_priority = 20  # after references have been resolved

    def run(self) -> None:
        for link in list(self.document.findall(nodes.reference)):
            if link.get('internal'):
                title = link.astext()
                link.replace_self(nodes.emphasis(title, title))


def setup(app: application.Sphinx) -> None:
    app.add_post_transform(TitlesOfPages)
