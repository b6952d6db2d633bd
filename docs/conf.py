"""Sphinx: how the site is built from Markdown and docstrings, with nothing fetched."""

import re
from importlib import metadata

from docutils.nodes import Element
from sphinx.application import Sphinx
from sphinx.domains.python import PyXRefRole
from sphinx.environment import BuildEnvironment

project = "cfaug"
author = "The cfaug authors"
release = metadata.version(project)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**.ipynb"]

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

default_role = "name"
nitpicky = True
nitpick_ignore_regex = [
    ("py:func", "[a-z_]+"),  # arguments
    ("py:class", r"cfaug\.(cli\.options\.Options|terminal\.progress\.Item)"),  # type variables
    # Other projects, whose lists of names would have to be fetched.
    (
        "py:class",
        r"(abc|collections|datetime|importlib|_frozen_importlib|pathlib|socket|types|jsonargparse|lightning|matplotlib|numpy|PIL|pyarrow|rich"
        r"|starlette|torch|torchmetrics|wandb)\..*",
    ),
]


class Name(PyXRefRole):
    """`name` in a docstring links to what is called so, wherever it is; a lone word to a function.

    A lone word that is no function is an argument; any other name that is not there is a warning.
    """

    def process_link(
        self, env: BuildEnvironment, refnode: Element, explicit: bool, title: str, target: str
    ) -> tuple[str, str]:
        """See `XRefRole`; the point before a name has it looked for everywhere."""
        refnode["refdomain"] = "py"
        refnode["reftype"] = "func" if re.fullmatch("[a-z_]+", target) else "obj"
        return super().process_link(env, refnode, explicit, title, f".{target}")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_role("name", Name())
