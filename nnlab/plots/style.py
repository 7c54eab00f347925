"""The look that all figures share: palette, dashes, markers, and the checks of what they are given."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes

from nnlab._check import describe

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILION, BLACK, YELLOW = "#56B4E9", "#D55E00", "#000000", "#F0E442"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK, YELLOW)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GRAY = "0.45"


def use_style() -> None:
    """Set the course's look for all later figures: palette with dashes, light grid, small frame."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=DASHES * 2),
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.constrained_layout.use": True,
            "figure.figsize": (6.0, 3.6),
            "grid.color": "0.9",
            "image.cmap": "cividis",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
        }
    )


def axes_of(ax: Axes | None) -> Axes:
    """Return ax, or the current Axes for None."""
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"plots expected ax as a matplotlib Axes, got {describe(ax)}; use plt.subplots()")
    return plt.gca() if ax is None else ax


def line_style(i: int, points: int = 0) -> dict:
    """Return color, dashes and a marker for line number i; at most ten markers along its points."""
    n = len(PALETTE)
    every = max(1, math.ceil(points / 10))
    return {
        "color": PALETTE[i % n],
        "ls": DASHES[i % 4],
        "marker": MARKERS[i % n],
        "markevery": every,
        "ms": 5,
    }


def limits_of(values: np.ndarray) -> tuple[float, float]:
    """Return the range of values with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def by_label(who: str, what: str, values, single: str) -> dict:
    """Return values as a dict label -> array; a single array gets the label `single`."""
    named = dict(values) if isinstance(values, Mapping) else {single: values}
    if not named:
        raise ValueError(f"{who} expected at least one entry of {what}, got none")
    return named


def class_names(who: str, labels: Sequence[str] | None, n: int) -> list[str]:
    """Return n names for the classes: the given labels, or "class 0", "class 1", …"""
    names = [f"class {k}" for k in range(n)] if labels is None else [str(label) for label in labels]
    if len(names) != n:
        raise ValueError(f"{who} expected {n} labels, one per class, got {len(names)}")
    return names


def count_classes(*labels) -> int:
    """Return the number of classes 0, 1, … up to the largest label, at least two."""
    arrays = [y for y in map(np.asarray, labels) if y.size and y.dtype.kind in "iu"]
    return max([1, *(int(y.max()) for y in arrays)]) + 1
