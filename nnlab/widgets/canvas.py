"""The part of the drawing pad that lives in the browser; it needs the package anywidget."""

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Canvas(anywidget.AnyWidget):
    """Strokes by mouse, finger or keyboard, and beside them what the network sees and says."""

    _esm = (HERE / "drawing.js").read_text("utf-8")
    _css = (HERE / "drawing.css").read_text("utf-8")
    #: lists of points [x, y], in 0 … 1 from the top left corner
    strokes: traitlets.List = traitlets.List().tag(sync=True)
    #: `image` in rows, `labels`, and `probabilities`, or None while nothing is drawn
    answer: traitlets.Dict = traitlets.Dict().tag(sync=True)
