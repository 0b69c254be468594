"""How the documentation is built: `make docs`."""

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests" / "docs"))

import reference_pages  # noqa: E402

import gan_doctor  # noqa: E402

reference_pages.write(DOCS / "reference")

project = "gan_doctor"
author = "The gan_doctor authors"
release = gan_doctor.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

# Notebooks are run by their own tests; here they are shown as they are.
nb_execution_mode = "off"
myst_heading_anchors = 3
smartquotes = False  # it would make a dash of --option

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
napoleon_custom_sections = [("Class attributes", "params_style")]
default_role = "literal"  # our docstrings have code in single backticks

html_theme = "furo"
html_title = f"gan_doctor {release}"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False


def setup(app: Any) -> None:
    """Keeps the norms in our docstrings, |x|, from being taken for substitutions."""

    def escape_bars(_app: Any, _what: str, _name: str, _object: Any, _: Any, lines: Any) -> None:
        lines[:] = [line.replace("|", "\\|") for line in lines]

    app.connect("autodoc-process-docstring", escape_bars)
