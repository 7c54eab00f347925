"""Sphinx's settings for the pages of `make html`: the theme brings contents, search and the dark mode."""

project = "nnlab"
html_title = "nnlab"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]

nb_execution_mode = "off"  # the outputs are those in the notebooks
# Of a live widget, a page shows the picture, page or text that is saved beside it.
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
suppress_warnings = ["mystnb.unknown_mime_type"]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css", "pad.css"]
html_js_files = [
    "scroll.js",
    "quiz.js",
    "nnlabDigits.js",
    "nnlabPoints.js",
    "pad.js",
    "network.js",
    "draw.js",
    "train.js",
]
html_copy_source = False
html_show_sphinx = False
html_use_index = False
html_permalinks_icon = "¶"
copybutton_selector = "div.cell_input pre, div.highlight pre"
html_show_copyright = False
