"""What a network says about a plane: colors and border lines for a grid of points."""

from __future__ import annotations

from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.colors import to_rgb

from nnlab.plots import PALETTE

SIDE = 60  # points of the grid in each direction


def grid(low: Any, high: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the coordinates (SIDE,) in both directions, and all points of the grid (SIDE², 2)."""
    x1, x2 = np.linspace(low, high, SIDE).T
    return x1, x2, np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)


def shade(P: np.ndarray, *, gray: bool = False) -> np.ndarray:
    """Return the most probable class at every point as a color, paler where unsure: (SIDE, SIDE, 3) bytes."""
    n = P.shape[1]
    colors = np.array([to_rgb("0.5" if gray else PALETTE[k]) for k in range(n)], np.float32)
    certainty = 0.6 * (P.max(axis=1, keepdims=True) - 1 / n) / (1 - 1 / n)
    colored = 255 * (1 - certainty + certainty * colors[P.argmax(axis=1)])
    return colored.clip(0, 255).astype(np.uint8).reshape(SIDE, SIDE, 3)


def borders(x1: np.ndarray, x2: np.ndarray, P: np.ndarray) -> list[Any]:
    """Return the lines on which one class becomes as probable as the most probable other."""
    lines: list[Any] = []
    for k in range(1 if P.shape[1] == 2 else 0, P.shape[1]):
        margin = P[:, k] - np.delete(P, k, axis=1).max(axis=1)
        lines.extend(contour_generator(x=x1, y=x2, z=margin.reshape(SIDE, SIDE)).lines(0.0))
    return lines
