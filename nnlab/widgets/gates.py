"""The gates explorer: an LSTM with one cell, set by hand, that keeps a message over a gap full of noise."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from nnlab.layers import LSTM
from nnlab.plots import BLACK, BLUE, GRAY, GREEN, ORANGE, PURPLE, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

LEAD, TAIL = 3, 3  # steps of noise before the message and after the question
STRENGTH = 8.0  # of the marks on the gates
INPUT, FORGET, OUTPUT = -4.0, 4.0, -4.0  # the biases that the explorer starts with
TITLES = ("what comes in", "the gates: how far open", "the cell c and the state h")
LONGEST = 100


def gates_explorer(
    *,
    input_bias: float = INPUT,
    forget_bias: float = FORGET,
    output_bias: float = OUTPUT,
    gap: int = 20,
    message: float = 1.0,
    noise: float = 0.5,
    seed: int = 0,
) -> Explorer:
    """Return controls for an LSTM of one cell that is to keep a message until it is asked for it.

    Its weights are set by hand: a mark at the message opens the input gate and shuts the forget gate, a mark
    at the question opens the output gate, and everything else is up to the three biases. gap: the steps
    between message and question, in which values between -noise and noise come in.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "gates_explorer"
    settings = [
        controls.number(who, "input_bias", "bias of input gate i", input_bias, INPUT, -8.0, 8.0, 0.5),
        controls.number(who, "forget_bias", "bias of forget gate f", forget_bias, FORGET, -8.0, 8.0, 0.5),
        controls.number(who, "output_bias", "bias of output gate o", output_bias, OUTPUT, -8.0, 8.0, 0.5),
        controls.count(who, "gap", "gap (steps)", gap, 20, 0, LONGEST),
        controls.number(who, "message", "message", message, 1.0, -1.0, 1.0, 0.1),
        controls.number(who, "noise", "noise", noise, 0.5, 0.0, 1.0, 0.1),
        controls.count(who, "seed", "seed of the noise", seed, 0, 0, 99),
    ]
    scene = GatesScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene),
        title="Gates explorer",
        advice="set the bias of the forget gate to 0, where a new LSTM starts, and see how long the message "
        "lives. Which bias keeps half of it over 100 steps? Then let noise in: raise the bias of the input "
        "gate. What changes if only the output gate stands open? And what if the forget gate is open wide, "
        "and the input gate too?",
    )


@dataclass(frozen=True)
class Story:
    """What happens in a sequence, step by step: what comes in (T, 3); the gates, the cell, the state (T,)."""

    X: np.ndarray
    i: np.ndarray
    f: np.ndarray
    o: np.ndarray
    c: np.ndarray
    h: np.ndarray
    question: int

    @property
    def kept(self) -> float:
        """The share of the cell after the message that is left at the question: the product of f since."""
        return float(self.f[LEAD + 1 : self.question + 1].prod())

    @property
    def leaked(self) -> float:
        """What noise has added to the cell since the message."""
        return float(self.c[self.question] - self.kept * self.c[LEAD])


def by_hand(input_bias: float, forget_bias: float, output_bias: float) -> LSTM:
    """Return the LSTM (3 in, 1 hidden) for a value, the mark of a message and the mark of a question."""
    W = [  # the gates in the order i, f, g, o
        [0, 0, 2, 0],  # the value
        [STRENGTH, -STRENGTH, 0, 0],  # a message: write it, and forget what was there
        [0, 0, 0, STRENGTH],  # a question: say it
    ]
    b = [input_bias, forget_bias, 0, output_bias]
    lstm = LSTM(3, 1)
    lstm.load_state_dict({"W": np.array(W, float), "U": np.zeros((1, 4)), "b": np.array(b, float)})
    return lstm


def sequence(gap: int, message: float, noise: float, seed: int) -> np.ndarray:
    """Return one sequence (T, 3): noise, the message, noise for `gap` steps, the question, noise."""
    question = LEAD + 1 + gap
    T = question + 1 + TAIL
    X = np.zeros((T, 3))
    # drawn for the longest gap, so that the steps of a shorter one stay as they are
    X[:, 0] = noise * np.random.default_rng(seed).uniform(-1, 1, LEAD + 2 + LONGEST + TAIL)[:T]
    X[LEAD] = message, 1, 0
    X[question, 2] = 1
    return X


def tell(lstm: LSTM, X: np.ndarray) -> Story:
    """Run the LSTM over one sequence, and return what its gates, its cell and its state did."""
    H = lstm.forward(X[None])[0, :, 0]
    i, f, _, o = lstm._G[:, :, 0, 0].T
    c = lstm._C[1:, 0, 0]
    return Story(X, i, f, o, c, H, int(X[:, 2].argmax()))


def _show(
    scene: GatesScene,
    turn: Turn,
    *,
    input_bias: float,
    forget_bias: float,
    output_bias: float,
    gap: int,
    message: float,
    noise: float,
    seed: int,
) -> str:
    lstm = by_hand(input_bias, forget_bias, output_bias)
    story = tell(lstm, sequence(gap, message, noise, seed))
    scene.draw(story)
    f, written, q = float(story.f[story.question]), float(story.c[LEAD]), story.question
    before = float(np.abs(np.delete(story.h, q)).max())
    text = (
        f"The message puts c = {written:z.2f} into the cell. In each of the {gap + 1} steps to the question "
        f"the forget gate keeps f = {f:.3f} of it, and {f:.3f}^{gap + 1} = {story.kept:.3f} is left: "
        f"{story.kept * written:z.2f}. Noise has added {story.leaked:z.2f}, so c = {story.c[q]:z.2f}. The "
        f"output gate, open to {story.o[q]:.2f}, says h = {story.h[q]:z.2f}; at all other steps |h| is at "
        f"most {before:.2f}."
    )
    return text.replace("-", "−")


class GatesScene:
    """Three panels over the same steps: the values with the two marks; the gates; the cell and the state."""

    def __init__(self):
        self.picture = Picture(9.6, 3.3)
        inputs, gates, cell = panels(self.picture.figure, TITLES, left=0.05, wspace=0.18)
        (self._values,) = inputs.plot([], [], "o", color=GRAY, ms=3, label="noise")
        (self._message,) = inputs.plot([], [], "D", color=VERMILION, ms=8, label="message")
        (self._question,) = inputs.plot([], [], "X", color=BLACK, ms=8, label="question")
        (self._i,) = gates.plot([], [], "-", color=BLUE, lw=1.8, label="i input")
        (self._f,) = gates.plot([], [], "--", color=ORANGE, lw=1.8, label="f forget")
        (self._o,) = gates.plot([], [], "-.", color=GREEN, lw=1.8, label="o output")
        (self._c,) = cell.plot([], [], "-", color=PURPLE, lw=2.2, label="c cell")
        (self._h,) = cell.plot([], [], ":", color=BLACK, lw=2.2, label="h state")
        for ax in (inputs, cell):
            ax.axhline(0, color="0.7", lw=0.8)
        inputs.set(ylim=(-1.25, 1.7), yticks=[-1, 0, 1])
        gates.set(ylim=(-0.04, 1.35), yticks=[0, 0.5, 1])
        self._marks = [ax.plot([], [], ":", color=GRAY, lw=1)[0] for ax in (gates, cell)]
        for ax in (inputs, gates, cell):
            ax.set_xlabel("step t")
            ax.grid(color="0.9")
            ax.legend(
                loc="upper center",
                ncols=3,
                frameon=False,
                fontsize=8.5,
                handlelength=1.6,
                columnspacing=1.0,
                handletextpad=0.4,
            )
        self._axes, self._cell = (inputs, gates, cell), cell
        moving = [self._values, self._message, self._question, self._i, self._f, self._o, self._c, self._h]
        self.picture.move(*self._marks, *moving)

    def draw(self, story: Story) -> None:
        """Set the moving parts."""
        T, q = len(story.c), story.question
        steps = np.arange(T)
        for ax in self._axes:
            ax.set_xlim(-0.5, T - 0.5)
        others = np.delete(steps, [LEAD, q])
        self._values.set_data(others, story.X[others, 0])
        self._message.set_data([LEAD], [story.X[LEAD, 0]])
        self._question.set_data([q], [story.X[q, 0]])
        for line, gate in ((self._i, story.i), (self._f, story.f), (self._o, story.o), (self._h, story.h)):
            line.set_data(steps, gate)
        self._c.set_data(steps, story.c)
        reach = max(1.1, float(np.ceil(1.05 * np.abs(story.c).max())))
        self._cell.set_ylim(-reach, 1.35 * reach)
        for line in self._marks:
            top = 1.05 if line is self._marks[0] else reach
            line.set_data([LEAD, LEAD, np.nan, q, q], [-99, top, np.nan, -99, top])
