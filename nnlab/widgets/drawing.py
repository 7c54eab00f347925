"""The drawing pad: draw a digit, and see what a network says about it while you draw."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.patches import Rectangle

from nnlab._check import check_array, check_shape, describe
from nnlab.layers import Layer, Softmax
from nnlab.plots import BLUE
from nnlab.training import predict_scores
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels
from nnlab.widgets.strokes import PREPARE, Strokes, check_strokes, raster

Canvas: Any = None  # without anywidget there are squares to click on
with contextlib.suppress(ImportError):
    from nnlab.widgets.canvas import Canvas

#: what networks take of one image, in the order in which they are tried
SHAPES = ((64,), (1, 8, 8), (784,), (1, 28, 28))
#: a three, so that there is something to see before anything is drawn
EXAMPLE: Strokes = [
    [(0.31, 0.24), (0.38, 0.15), (0.5, 0.12), (0.62, 0.16), (0.68, 0.25), (0.66, 0.36), (0.58, 0.43)],
    [(0.58, 0.43), (0.46, 0.46), (0.6, 0.48), (0.69, 0.56), (0.71, 0.68), (0.65, 0.8), (0.53, 0.87)],
    [(0.53, 0.87), (0.39, 0.86), (0.29, 0.78)],
]
SIDE = 8  # squares along a side, where there is no canvas


def drawing_pad(
    predict: Any,
    *,
    shape: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    strokes: Any = None,
) -> DrawingPad:
    """Return a pad to draw a digit on by mouse, finger or arrow keys, with a network's answer while you draw.

    The strokes are prepared as the training images were, 8 × 8 as those of `load_digits` or 28 × 28 as MNIST.
    predict: a network of nnlab's that gives scores, or a function from X, (1, *shape), to probabilities
    (1, n_classes). shape: what it takes of one image, (64,), (1, 8, 8), (784,) or (1, 28, 28); by default
    the first of these that it accepts. labels: names of the classes, by default 0, 1, … strokes: what is
    drawn at first, lists of points (x, y) in 0 … 1; [] for an empty pad.
    Raises: TypeError, ValueError for a network that takes no such image, or other labels or strokes.
    """
    who = "drawing_pad"
    ask = Ask.of(who, predict, shape)
    n = len(ask(np.zeros(ask.size)))
    names = [str(k) for k in range(n)] if labels is None else [str(label) for label in labels]
    if len(names) != n:
        raise ValueError(f"{who} expected {n} labels, one per class, got {len(names)}")
    return DrawingPad(ask, names, check_strokes(who, EXAMPLE if strokes is None else strokes))


class DrawingPad(Explorer):
    """The pad, as an explorer whose one control is what is drawn."""

    def __init__(self, ask: Ask, labels: list[str], strokes: Strokes):
        pen = Pen(strokes) if Canvas else Squares(strokes)
        scene = PadScene(ask.size, labels, None if Canvas is None else pen.widget)
        self._pen, self._prepare = pen, PREPARE[ask.size]
        how = "draw a digit" if Canvas else "click on squares"
        super().__init__(
            "drawing_pad",
            [pen],
            scene.picture,
            functools.partial(_show, scene, ask, self._prepare),
            title="Drawing pad",
            advice=f"{how} and watch the answer. When does it change its mind? Leave a stroke out, add one, "
            "draw small, or in a corner, or slanted; then draw something that is no digit: how sure is it?"
            + ("" if Canvas else " (To draw with a pen: %pip install anywidget, then restart the kernel.)"),
            given=[ask.code],
        )

    @property
    def strokes(self) -> Strokes:
        """What is drawn: lists of points (x, y) in 0 … 1, from the top left corner."""
        return check_strokes("drawing_pad", self._pen.value)

    @property
    def image(self) -> np.ndarray:
        """The drawing as the network sees it, (8, 8) or (28, 28); zeros where nothing is drawn."""
        return _prepared(self.strokes, self._prepare)

    @property
    def bitmap(self) -> np.ndarray:
        """The drawing as it stands on the pad, (32, 32) in 0 … 1."""
        return raster(self.strokes, 32, 2.5)

    def observe(self, call: Callable[[], None]) -> None:
        """Call when the drawing changes."""
        self._pen.observe(call)


# ---------------------------------------------------------------------------------------- the network


class Ask:
    """A network or a function, and what it takes: from an image in gray to probabilities.

    code: how a call writes it; size: of the image, (height, width).
    """

    def __init__(self, who: str, predict: Any, shape: tuple[int, ...], dtype: Any):
        self._who, self._predict, self._shape, self._dtype = who, predict, shape, dtype
        self.code = "network" if isinstance(predict, Layer) else "predict"
        side = 8 if np.prod(shape) == 64 else 28
        self.size = (side, side)

    @classmethod
    def of(cls, who: str, predict: Any, shape: Sequence[int] | None) -> Ask:
        """Return the first way to ask that is answered.

        Raises: TypeError, ValueError if there is none.
        """
        if not isinstance(predict, Layer) and not callable(predict):
            raise TypeError(f"{who} expected a network or a function, got {describe(predict)}")
        shapes = SHAPES if shape is None else (tuple(shape),)
        if any(np.prod(sizes) not in (64, 784) for sizes in shapes):
            raise ValueError(f"{who} expected shape as one of {SHAPES}, got {shape}")
        dtypes: tuple = (np.float32, np.float64)
        if isinstance(predict, Layer):
            dtypes = (next((p.value.dtype for p in predict.parameters()), np.float64),)
        for sizes, dtype in itertools.product(shapes, dtypes):
            ask = cls(who, predict, sizes, dtype)
            try:
                ask(np.zeros(ask.size))
            except Exception as error:  # whatever a function raises for a shape or a dtype that it cannot use
                problem = error
            else:
                return ask
        raise ValueError(
            f"{who} found no image that the network takes, tried {', '.join(map(str, shapes))}; give shape=. "
            f"The last error: {type(problem).__name__}: {problem}"
        ) from problem

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Return the probabilities of the classes, (n_classes,).

        Raises: ValueError, TypeError for an answer that is none.
        """
        X = image.reshape(1, *self._shape).astype(self._dtype)
        if isinstance(self._predict, Layer):
            scores = predict_scores(self._predict, X)
            check_shape(self._who, "scores", scores, (1, "n_classes"))
            return Softmax().forward(scores)[0].astype(np.float64)
        P = check_array(self._who, "probabilities", self._predict(X), shape=(1, "n_classes"))
        if P.min() < -1e-6 or P.max() > 1 + 1e-6:
            raise ValueError(
                f"{self._who} expected probabilities in [0, 1], got {P.min():.3g} … {P.max():.3g}; apply "
                "softmax to the scores first"
            )
        return P[0].astype(np.float64)


def _prepared(strokes: Strokes, prepare: Callable[[Strokes], np.ndarray]) -> np.ndarray:
    """Return the image that the network sees."""
    return prepare(strokes) if strokes else np.zeros(next(s for s, p in PREPARE.items() if p is prepare))


def _show(
    scene: PadScene,
    ask: Ask,
    prepare: Callable[[Strokes], np.ndarray],
    turn: Turn,
    *,
    strokes: Any,
) -> str:
    checked = check_strokes("drawing_pad", strokes)
    image = _prepared(checked, prepare)
    p = ask(image) if checked else None
    scene.draw(checked, image, p)
    if p is None:
        return "Nothing is drawn yet."
    first, *others = np.argsort(-p, kind="stable")[:3]
    then = ", ".join(f"{scene.labels[k]} ({p[k]:.0%})" for k in others)
    return f"Most likely {scene.labels[first]} ({p[first]:.0%}), then {then}."


# ---------------------------------------------------------------------------------------- pen and squares


class Pen(controls.Control):
    """The canvas in the browser; its value is what was drawn on it."""

    def __init__(self, strokes: Strokes):
        self.name, self.default, self.positional = "strokes", _plain(EXAMPLE), False
        self._first = _plain(strokes)
        self.widget = Canvas(strokes=self._first, layout={"width": "100%"})

    @property
    def value(self) -> Any:
        return self.widget.strokes

    def code(self) -> str:
        return f"strokes={self.value}"

    def reset(self) -> None:
        self.widget.strokes = self._first

    def observe(self, call: Callable[[], None]) -> None:
        self.widget.observe(lambda _: call(), names="strokes")


class Squares(Pen):
    """Buttons in a square, on or off, in place of the canvas; strokes join those that touch."""

    def __init__(self, strokes: Strokes):
        self.name, self.positional = "strokes", False
        self._places = list(itertools.product(range(SIDE), range(SIDE)))
        layout = {"width": "2.2em", "height": "2.2em", "margin": "1px", "padding": "0"}
        self._buttons = [
            ipywidgets.ToggleButton(tooltip=f"row {row + 1}, column {column + 1}", layout=layout)
            for row, column in self._places
        ]
        self._calls: list[Callable[[], None]] = []
        self._first = _on(strokes)
        self._together = controls.Together(self._buttons, self._moved)
        self._together.set(self._first)
        clear = ipywidgets.Button(description="Clear", tooltip="Clear all squares")
        clear.on_click(lambda _: self._together.set([False] * SIDE**2))
        columns = f"repeat({SIDE}, max-content)"
        grid = ipywidgets.GridBox(self._buttons, layout={"grid_template_columns": columns})
        self.widget = ipywidgets.VBox([grid, clear])
        self.default = _joined(_on(EXAMPLE))

    @property
    def value(self) -> Any:
        return _joined([button.value for button in self._buttons])

    def reset(self) -> None:
        self._together.set(self._first)

    def observe(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def _moved(self) -> None:
        for button in self._buttons:
            mark = "●" if button.value else ""  # not by color alone
            if button.description != mark:
                button.description = mark
        for call in self._calls:
            call()


def _on(strokes: Strokes) -> list[bool]:
    """Return which squares strokes go through."""
    return (raster(strokes, SIDE, 0.8) > 0.3).ravel().tolist()


def _joined(on: Sequence[bool]) -> list:
    """Return strokes between the middles of squares that touch: at a side, or else at a corner alone."""
    squares = {divmod(i, SIDE) for i, value in enumerate(on) if value}
    strokes = []
    for row, column in sorted(squares):
        ends = [place for place in ((row, column + 1), (row + 1, column)) if place in squares]
        for side in (column - 1, column + 1):
            if (row + 1, side) in squares and not {(row, side), (row + 1, column)} & squares:
                ends.append((row + 1, side))
        for end in ends or [(row, column)]:
            strokes.append([[(c + 0.5) / SIDE, (r + 0.5) / SIDE] for r, c in ((row, column), end)])
    return strokes


def _plain(strokes: Strokes) -> list:
    """Return strokes as the browser sends them: lists alone."""
    return [[list(point) for point in stroke] for stroke in strokes]


# ---------------------------------------------------------------------------------------- the picture


class Still(Picture):
    """A picture for where no kernel runs; on the page the canvas stands in its place.

    update: called before it is drawn, to set its artists.
    """

    def __init__(self, width: float, height: float, update: Callable[[], None]):
        super().__init__(width, height)
        self.image, self._update = ipywidgets.Box([]), update

    def pixels(self) -> np.ndarray:
        self._update()
        return super().pixels()

    def show(self) -> None:
        """Draw nothing: the canvas has its answer."""


class PadScene:
    """The strokes, the image as the network sees it, and its probabilities as bars.

    canvas: where the answer goes, or None to draw it.
    """

    def __init__(self, size: tuple[int, int], labels: list[str], canvas: Any):
        self.labels, self._canvas = labels, canvas
        self.picture = Picture(8.4, 2.9) if canvas is None else Still(8.4, 2.9, self._set)
        settings: dict[str, Any] = {"ratios": [1, 1, 1.3], "left": 0.03, "bottom": 0.17, "wspace": 0.15}
        titles = ("your strokes", f"what the network sees: {size[0]} × {size[1]}", "what it says")
        drawn, seen, said = panels(self.picture.figure, titles, **settings)
        style: dict[str, Any] = {"cmap": "gray_r", "vmin": 0, "vmax": 1}
        self._drawn = drawn.imshow(np.zeros((128, 128)), **style)
        self._seen = seen.imshow(np.zeros(size), interpolation="nearest", **style)
        frames = []
        for ax in (drawn, seen):
            ax.axis("off")
            frame = Rectangle((0, 0), 1, 1, fc="none", ec="0.4", transform=ax.transAxes, clip_on=False)
            frames.append(ax.add_patch(frame))
        self._bars = said.barh(range(len(labels)), np.zeros(len(labels)), color=BLUE)
        said.set(xlabel="probability", xlim=(0, 1), xticks=[0, 0.5, 1], ylim=(len(labels) - 0.4, -0.6))
        said.set_yticks(range(len(labels)), labels, fontsize=8)
        self.picture.move(self._drawn, self._seen, *frames, *self._bars)

    def draw(self, strokes: Strokes, image: np.ndarray, p: np.ndarray | None) -> None:
        """Show the drawing, the image and the answer; p: None while nothing is drawn."""
        self._now = strokes, image, np.zeros(len(self.labels)) if p is None else p
        if self._canvas is None:
            self._set()
            return
        said = None if p is None else np.round(p, 4).tolist()
        shown = {"image": np.round(image, 3).tolist(), "probabilities": said, "labels": self.labels}
        self._canvas.answer = shown

    def _set(self) -> None:
        """Set the moving parts."""
        strokes, image, p = self._now
        self._drawn.set_data(raster(strokes, 128, 10))
        self._seen.set_data(image)
        for bar, width in zip(self._bars, p, strict=True):
            bar.set_width(width)
