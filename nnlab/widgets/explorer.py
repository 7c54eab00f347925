"""What all explorers share: controls above a picture that follows them, and a page around both."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np

from nnlab._cards import EDGE, LOOK, card, paragraph
from nnlab.widgets.controls import WRAP, Control, titled
from nnlab.widgets.live import Latest, Picture, Turn, canvas, encode

WRONG = LOOK["failed"][2]
TEXT_STYLE = "max-width:60em;line-height:1.4"  # ipywidgets' own lines are as high as its sliders
VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """Controls above a picture that follows them; without a kernel, the first picture alone.

    call: the function that made it, such as "surface_explorer", and given: its arguments without a control.
    show: called as `show(turn, **state)`; draws into `picture` and returns what to say below it.
    """

    def __init__(
        self,
        call: str,
        controls: Sequence[Control],
        picture: Picture,
        show: Callable[..., str],
        *,
        title: str,
        advice: str,
        given: Sequence[str] = (),
        trains: bool = False,
    ):
        self.controls, self.picture, self.title = tuple(controls), picture, title
        self._call, self._given, self._show = call, given, show
        self.page = Page(self, advice, trains)
        self.latest = Latest(self._work, self.page.publish)
        self._work(self.state, Turn())
        for control in self.controls:
            control.observe(self.refresh)

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control, by the name of its argument."""
        return {control.name: control.value for control in self.controls}

    def share(self) -> str:
        """Return the line of Python that recreates this explorer in its present state."""
        moved = [control for control in self.controls if control.differs()]
        first = [control.code() for control in moved if control.positional]
        rest = [control.code() for control in moved if not control.positional]
        return f"{self._call}({', '.join([*first, *self._given, *rest])})"

    def refresh(self) -> None:
        """Show the present state again: a control has moved, or what the picture is made from has changed."""
        self.page.share.value = self.share()
        self.latest.submit(self.state)

    def _work(self, state: dict[str, Any], turn: Turn) -> None:
        try:
            text = self._show(turn, **state)
        except Exception as error:  # whatever a reader's data or function does, the controls stay alive
            self.page.fail(error)
        else:
            self.page.publish(text, 1.0)

    def __repr__(self) -> str:
        return f"{self.title}. Run this cell to move the controls.\n{self.share()}"

    def _repr_png_(self) -> bytes:
        return self.page.still([self.title, self.share()])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # IPython adds text/plain and image/png from the two methods above. A closed widget has no view.
        return {} if self.page.box.comm is None else {VIEW: self.page.box.get_view_spec()}


class Page:
    """The widgets of an explorer: title, controls, buttons, picture or error, readout, share line.

    box: all of them as one; readout and error: the text below the picture, or in its place.
    """

    def __init__(self, explorer: Explorer, advice: str, trains: bool):
        self.readout = self.error = ""
        self._picture = explorer.picture
        head = ipywidgets.HTML(_text(card(explorer.title, EDGE, [paragraph(f"Try this: {advice}")])))
        controls = ipywidgets.Box([control.widget for control in explorer.controls], layout=WRAP)
        self._below = ipywidgets.HTML()
        share = ipywidgets.Text(
            value=explorer.share(),
            description="Share",
            placeholder="the line that recreates this",
            layout={"width": "99%"},
        )
        self.share = titled(share)
        self._progress = ipywidgets.FloatProgress(
            min=0.0, max=1.0, layout={"width": "14em", "visibility": "hidden"}
        )
        reset = ipywidgets.Button(description="Reset", tooltip="Reset all controls")
        for control in explorer.controls:
            reset.on_click(lambda _, control=control: control.reset())
        buttons = [reset]
        if trains:
            stop = ipywidgets.Button(description="Stop", tooltip="Stop training, keep what was learned")
            stop.on_click(lambda _: explorer.latest.cancel())
            buttons += [stop, self._progress]
        row = ipywidgets.Box(buttons, layout={**WRAP, "align_items": "center"})
        self.box = ipywidgets.VBox([head, controls, row, self._picture.image, self._below, self.share])

    def publish(self, text: str, done: float) -> None:
        """Show the picture as it is now, the readout below it, and how far the work has come."""
        self._picture.show()
        self.readout, self.error = text, ""
        self._progress.value = done
        self._progress.layout.visibility = "hidden" if done == 1 else "visible"
        self._tell(_text(html.escape(text), role="status"), shown=True)

    def fail(self, error: Exception) -> None:
        """Put an error in place of the picture."""
        ours = isinstance(error, (ValueError, TypeError))  # their messages say it all
        self.readout, self.error = "", str(error) if ours else f"{type(error).__name__}: {error}"
        told = card("No picture for this", WRONG, [paragraph(self.error)])
        self._tell(_text(told, role="alert"), shown=False)

    def still(self, lines: Sequence[str]) -> bytes:
        """Return the picture as a file for where no kernel runs, below what its controls would say."""
        head = _written([*lines, self.error or self.readout], self._picture.figure.get_figwidth())
        return encode(head if self.error else np.vstack([head, self._picture.pixels()]))

    def _tell(self, told: str, *, shown: bool) -> None:
        display = None if shown else "none"
        if self._picture.image.layout.display != display:
            self._picture.image.layout.display = display
        self._below.value = told


def _text(content: str, role: str = "note") -> str:
    """Return HTML as it stands on the page; role: for a screen reader, which announces a status by itself."""
    return f"<div role='{role}' style='{TEXT_STYLE}'>{content}</div>"


def _written(lines: Sequence[str], width: float) -> np.ndarray:
    """Return a heading and lines of text as a picture of the given width in inches."""
    heading, *rest = lines
    wrapped = [part for line in rest for part in textwrap.wrap(line, int(14 * width))]
    height = 0.2 * len(wrapped) + 0.35
    paper = canvas(width, height)
    figure = paper.figure
    figure.text(0.01, 1 - 0.08 / height, heading, va="top", weight="bold", fontsize=10, parse_math=False)
    for number, line in enumerate(wrapped):
        y = 1 - (0.33 + 0.2 * number) / height
        figure.text(0.01, y, line, va="top", fontsize=9, parse_math=False)
    paper.draw()
    return np.asarray(paper.buffer_rgba())[:, :, :3].copy()
