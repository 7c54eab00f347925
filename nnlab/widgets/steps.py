"""The steps explorer: a curve built by a hidden layer of tanh steps, with weights that are written down."""

from __future__ import annotations

import functools

import numpy as np

from nnlab.plots import BLUE, GRAY, PALETTE
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

REACH = 2.0  # the curve is shown from -REACH to REACH
PLACES = np.linspace(-REACH, REACH, 801)


def steps_explorer(*, hidden: int = 3, steepness: float = 10.0) -> Explorer:
    """Return controls for a curve that hidden tanh neurons build, each with a step at a place of its own.

    hidden: neurons; steepness: the weight into each, relative to the distance of its neighbors.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "steps_explorer"
    settings = [
        controls.count(who, "hidden", "hidden neurons", hidden, 3, 1, 63),
        controls.number(who, "steepness", "steepness", steepness, 10.0, 0.2, 20.0, 0.1),
    ]
    picture = Picture(9.2, 3.1)
    return Explorer(
        who,
        settings,
        picture,
        functools.partial(_show, picture),
        title="Steps explorer",
        advice="add neurons one by one. Then make the steps gentler, until they melt into a curve, and "
        "further, until the curve is lost. How few neurons stay within 0.2 of the goal?",
    )


def goal(x: np.ndarray) -> np.ndarray:
    """Return the curve to build."""
    return np.sin(3 * x) + 0.5 * x


def by_steps(x: np.ndarray, hidden: int, steepness: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the network's curve at x (n,) and what each neuron adds to it: (n,) and (n, hidden).

    Neuron k steps, at its edge, from the goal's height before it to the one after; a tanh rises by 2.
    """
    edges = np.linspace(-REACH, REACH, hidden + 2)
    heights = goal((edges[:-1] + edges[1:]) / 2)
    added = np.tanh(steepness * (x[:, None] - edges[1:-1]) / (edges[1] - edges[0])) * np.diff(heights) / 2
    return added.sum(axis=1) + (heights[0] + heights[-1]) / 2, added


def _show(picture: Picture, turn: Turn, *, hidden: int, steepness: float) -> str:
    curve, added = by_steps(PLACES, hidden, steepness)
    left, right = panels(picture.clear(), ("the curve", "what each neuron adds"))
    left.plot(PLACES, goal(PLACES), "-", color=GRAY, lw=4, alpha=0.5, label="goal")
    left.plot(PLACES, curve, "-", color=BLUE, label="network")
    left.legend(loc="upper left", fontsize=9, frameon=False)
    for k in range(hidden):
        right.plot(PLACES, added[:, k], "-", color=PALETTE[k % len(PALETTE)], lw=1)
    for ax in (left, right):
        ax.set(xlim=(-REACH, REACH), xlabel="input x")
    error = np.abs(curve - goal(PLACES)).max()
    return f"{hidden} hidden neurons: the largest error is {error:.2f}, the goal reaches from -1.3 to 1.3."
