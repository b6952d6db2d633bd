"""Sphinx: how the site is built from Markdown and docstrings, with nothing fetched."""

from importlib import metadata

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

# In docstrings, `name` links to what is called so; a link to nothing is a warning.
default_role = "any"
nitpicky = True
nitpick_ignore_regex = [
    ("any", "[a-z_]+"),  # arguments
    # Other projects, whose lists of names would have to be fetched.
    (
        "py:class",
        r"(abc|collections|pathlib|jsonargparse|lightning|PIL|pyarrow|rich|torch|torchmetrics)\..*",
    ),
]
