"""One mechanism for all explorers: controls on the page, work on a thread of its own, a picture that follows.

A slider that is dragged sends values faster than a network trains. So the kernel only stores the newest value
and is free again at once; a thread works on one value at a time, and then takes whichever is newest.
"""

from __future__ import annotations

import io
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from nnlab.training import Callback, History, TrainingWarning

DPI = 100
PATIENCE = 0.15  # seconds that a turn may go on while a newer value waits, so that dragging shows pictures
PAUSE = 0.25  # seconds between two pictures of one training run
_drawing = threading.Lock()  # matplotlib shares fonts and other state among all figures

# A divergence is drawn. The filter is set once: a context for it would not be safe between threads.
warnings.filterwarnings("ignore", category=TrainingWarning, module=r"nnlab\.widgets\.")


# ---------------------------------------------------------------------------------------- the newest value


class Turn:
    """One piece of work on one value: whether to go on with it, and a way to show what is there so far."""

    def __init__(self, newer: Callable[[], bool] = bool, publish: Callable[[str, float], None] | None = None):
        self.cancelled = False
        self._newer, self._publish = newer, publish
        self._begun = self._shown = time.monotonic()

    def stale(self) -> bool:
        """Whether to stop: it was cancelled, or a newer value has waited for long enough."""
        return self.cancelled or (self._newer() and time.monotonic() - self._begun > PATIENCE)

    def due(self) -> bool:
        """Whether it is time to show a picture of what is there so far."""
        return self._publish is not None and time.monotonic() - self._shown > PAUSE

    def publish(self, text: str, done: float) -> None:
        """Show the picture as it is now, with a readout; done: the part of the work that is done, 0 … 1."""
        if self._publish is not None:
            self._publish(text, done)
        self._shown = time.monotonic()


class Latest:
    """Works on a thread, on one value at a time; of those that come meanwhile, only the newest is kept.

    work: called with a value and its Turn; where it takes long, it should check `turn.stale()`.
    """

    def __init__(self, work: Callable[[Any, Turn], None], publish: Callable[[str, float], None]):
        self._work, self._publish = work, publish
        self._changed = threading.Condition()
        self._waiting: list = []  # never more than one
        self._turn: Turn | None = None
        self._running = False

    def submit(self, value: Any) -> None:
        """Work on this value as soon as possible, in place of any that waits; returns at once."""
        with self._changed:
            self._waiting = [value]
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="nnlab explorer", daemon=True).start()

    def cancel(self) -> None:
        """Stop the turn that is running, if any."""
        with self._changed:
            if self._turn is not None:
                self._turn.cancelled = True

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until nothing runs or waits; False if that took longer than timeout seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._running, self._turn = False, None
                    self._changed.notify_all()
                    return
                value = self._waiting.pop()
                self._turn = turn = Turn(lambda: bool(self._waiting), self._publish)
            self._work(value, turn)


class Follow(Callback):
    """Shows a training run while it goes on, and stops it when its turn is over.

    measure: called after every epoch; show: draws what is there so far, and returns the readout.
    """

    def __init__(self, turn: Turn, epochs: int, measure: Callable[[], None], show: Callable[[History], str]):
        self._turn, self._epochs, self._measure, self._show = turn, epochs, measure, show

    def on_epoch_end(self, epoch, logs):
        history = self.run.history
        self._measure()
        if self._turn.due():
            self._turn.publish(self._show(history), len(history) / self._epochs)
        if self._turn.stale():
            self.run.stop()


# ---------------------------------------------------------------------------------------- the picture


class Picture:
    """A matplotlib figure of its own, kept and redrawn into a `widgets.Image`.

    The artists given to `move` are redrawn for each picture; all the rest only when an axis has changed.
    """

    def __init__(self, width: float, height: float):
        self.canvas = canvas(width, height)
        self.figure = self.canvas.figure
        self.image = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self.clear()

    def clear(self) -> Figure:
        """Start over with an empty figure, and return it."""
        self.figure.clear()
        self._moving: list[Artist] = []
        self._frame: Any = None
        self._still: Any = None
        return self.figure

    def move(self, *artists: Any) -> None:
        """Say which artists change from picture to picture: these, and no others."""
        self._moving = list(artists)
        for artist in artists:
            artist.set_animated(True)

    def pixels(self) -> np.ndarray:
        """Draw, and return the picture as (height, width, 3) bytes."""
        frame = [(ax.get_xlim(), ax.get_ylim()) for ax in self.figure.axes]
        with _drawing:
            if self._still is None or frame != self._frame:
                self.canvas.draw()
                self._still, self._frame = self.canvas.copy_from_bbox(self.figure.bbox), frame
            self.canvas.restore_region(self._still)
            for artist in self._moving:
                self.figure.draw_artist(artist)
            return np.asarray(self.canvas.buffer_rgba())[:, :, :3].copy()

    def show(self) -> None:
        """Draw, and send the picture to the page."""
        self.image.value = encode(self.pixels())


def canvas(width: float, height: float) -> FigureCanvasAgg:
    """Return a canvas with a figure, in inches, that pyplot does not know and so cannot close."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    figure.set_layout_engine("none")  # whatever the notebook has set: a layout engine would draw twice
    return FigureCanvasAgg(figure)


def encode(pixels: np.ndarray) -> bytes:
    """Return (height, width, 3) bytes as a PNG file, quickly rather than small."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()


def panels(
    figure: Figure, titles: Sequence[str], *, ratios: Sequence[float] | None = None, **margins
) -> list[Any]:
    """Return axes side by side with titles, in the course's look: no upper and right frame."""
    where = {"left": 0.06, "right": 0.985, "bottom": 0.15, "top": 0.91, "wspace": 0.2} | margins
    settings = {**where, "width_ratios": ratios}
    axes = list(figure.subplots(1, len(titles), squeeze=False, gridspec_kw=settings)[0])
    for ax, title in zip(axes, titles, strict=True):
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_axisbelow(True)
        ax.set_title(title, fontsize=10)
    return axes
