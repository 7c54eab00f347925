"""Colored shapes: small color pictures drawn by a generator, in which only the shape tells the class."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab._check import check_count, check_dtype, check_number, check_rng

#: Each shape as the function of (u, v) that is negative inside it; it fits into a circle of radius 1.
OUTLINES = {
    "disk": lambda u, v: np.hypot(u, v) - 0.75,
    "ring": lambda u, v: abs(np.hypot(u, v) - 0.65) - 0.2,
    "square": lambda u, v: np.maximum(abs(u), abs(v)) - 0.65,
    "frame": lambda u, v: abs(np.maximum(abs(u), abs(v)) - 0.6) - 0.17,
    "triangle": lambda u, v: np.maximum(0.87 * abs(u) + 0.5 * v, -v) - 0.47,
    "star": lambda u, v: np.hypot(u, v) - 0.55 - 0.35 * np.cos(5 * np.arctan2(v, u)),
    "cross": lambda u, v: np.maximum(np.minimum(abs(u), abs(v)) - 0.22, np.maximum(abs(u), abs(v)) - 0.9),
    "bar": lambda u, v: np.maximum(abs(u) / 0.25, abs(v) / 0.95) / 4 - 0.25,
    "half disk": lambda u, v: np.maximum(np.hypot(u, v) - 0.9, v),
    "two dots": lambda u, v: np.hypot(abs(u) - 0.5, v) - 0.36,
}
SHAPES = tuple(OUTLINES)


def make_shapes(
    m: int = 1000,
    *,
    size: int = 32,
    noise: float = 0.08,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float32,
) -> tuple[np.ndarray, np.ndarray]:
    """Return color images X (m, 3, size, size) in [0, 1] and labels y (m,): which of `SHAPES` each shows.

    Place, size, both colors and an angle of up to half a radian are drawn at random, so that only the shape
    tells the class. `noise` is the standard deviation of what is added to each entry, before entries are
    rounded to 1/255.
    Raises: ValueError for m < 1, size < 8 or noise < 0.
    """
    m = check_count("make_shapes", "m", m)
    size = check_count("make_shapes", "size", size, at_least=8)
    noise = check_number("make_shapes", "noise", noise, at_least=0)
    rng, dtype = check_rng("make_shapes", rng), check_dtype("make_shapes", dtype)
    y = rng.permutation(np.arange(m) % len(SHAPES))
    center, radius = rng.uniform(-0.35, 0.35, (m, 2, 1, 1)), rng.uniform(0.4, 0.62, (m, 1, 1))
    angle = rng.uniform(-0.5, 0.5, (m, 1, 1))
    back, front = rng.uniform(0, 0.45, (m, 3, 1, 1)), rng.uniform(0.55, 1, (m, 3, 1, 1))
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    across, down = axis - center[:, 0], axis[:, None] - center[:, 1]
    u = (np.cos(angle) * across + np.sin(angle) * down) / radius
    v = (np.cos(angle) * down - np.sin(angle) * across) / radius
    inside = np.empty((m, size, size))
    for label, outline in enumerate(OUTLINES.values()):
        chosen = y == label
        # An edge as wide as a pixel, so that it is as smooth as that of a photograph.
        inside[chosen] = np.clip(0.5 - outline(u[chosen], v[chosen]) * radius[chosen] * size / 2, 0, 1)
    X = back + (front - back) * inside[:, None] + noise * rng.standard_normal((m, 3, size, size))
    return (np.rint(255 * np.clip(X, 0, 1)) / 255).astype(dtype), y
