"""Digits in one dimension: short curves in noise, which a convolution learns better than a dense layer.

The idea and the sizes are those of MNIST-1D (Greydanus 2020, "Scaling down deep learning", arXiv:2011.14439);
the curves are drawn by nnlab.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from nnlab._check import check_count, check_dtype, check_number, check_rng

#: Each digit, 0 to 9, as a curve of twelve heights: how far to the right it reaches, from top to bottom.
CURVES = (
    "456777777654",
    "401233456674",
    "467764421124",
    "467764467764",
    "432100444444",
    "411114677764",
    "432111111234",
    "487655432214",
    "421124421124",
    "421124444354",
)
STEPS = len(CURVES[0]) - 1
POINTS = 72  # of a curve before it is cut down to the length asked for
DEVIATION = 0.15  # of the entries, measured over many curves


def make_mnist1d(
    m: int = 5000,
    *,
    length: int = 40,
    noise: float = 0.25,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
) -> tuple[np.ndarray, np.ndarray]:
    """Return curves X (m, length), each with a digit of `CURVES` somewhere in it, and which one: y (m,).

    Place, width (about a fifth of the curve), height and a slope are drawn at random. Around the digit there
    is noise, smoothed to look like a curve itself: `noise` is its standard deviation before it is smoothed,
    and 8 % of that is added everywhere. A digit that leaves on the right comes in again on the left. Entries
    have about mean 0 and standard deviation 1.
    Raises: ValueError for m < 1, length < 12 or noise < 0.
    """
    m = check_count("make_mnist1d", "m", m)
    length = check_count("make_mnist1d", "length", length, at_least=STEPS + 1)
    noise = check_number("make_mnist1d", "noise", noise, at_least=0)
    rng, dtype = check_rng("make_mnist1d", rng), check_dtype("make_mnist1d", dtype)
    y = rng.permutation(np.arange(m) % len(CURVES))
    start, gap = rng.integers(48, size=(m, 1)), rng.integers(36, 61, (m, 1))
    # Where on its digit each point of a curve lies; beyond STEPS the digit has ended.
    at = (np.arange(POINTS) - start) % POINTS / (POINTS - 1) * (STEPS + gap)
    X = np.empty((m, POINTS))
    for digit, curve in enumerate(templates()):
        X[y == digit] = np.interp(at[y == digit], np.arange(STEPS + 1), curve)
    X *= rng.uniform(0.8, 1.2, (m, 1))
    around = gaussian_filter1d(noise * rng.standard_normal(X.shape), 2, axis=1)
    X = np.where(at <= STEPS, X, around) + 0.08 * noise * rng.standard_normal(X.shape)
    X += rng.uniform(-0.375, 0.375, (m, 1)) * np.linspace(-0.5, 0.5, POINTS)
    place = np.linspace(0, POINTS - 1, length)
    left = np.minimum(place.astype(int), POINTS - 2)
    X = X[:, left] + (place - left) * (X[:, left + 1] - X[:, left])
    return (X / DEVIATION).astype(dtype), y


def templates() -> np.ndarray:
    """Return the ten digits (10, 12) before anything is drawn at random: from 0 to 0, of equal deviation."""
    curves = np.array([list(map(int, curve)) for curve in CURVES], float)
    return (curves - curves[:, :1]) / (6 * curves.std(axis=1, keepdims=True))
