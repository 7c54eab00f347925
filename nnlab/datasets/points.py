"""Small sets of points in the plane, each of which asks a network one question.

All return X (m, 2) and integer labels y (m,), shuffled, with class sizes as equal as m allows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.datasets

from nnlab._check import check_count, check_dtype, check_number, check_rng

Points = tuple[np.ndarray, np.ndarray]


def make_circles(
    m: int = 200,
    *,
    noise: float = 0.1,
    factor: float = 0.5,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
) -> Points:
    """Return a circle of radius 1 (class 0) around one of radius `factor`: no line separates them."""
    m, noise, rng, dtype = _checked("make_circles", m, noise, rng, dtype)
    factor = check_number("make_circles", "factor", factor, at_least=0, below=1)
    X, y = sklearn.datasets.make_circles(m, noise=noise, factor=factor, random_state=_seed(rng))
    return X.astype(dtype), y


def make_moons(
    m: int = 200, *, noise: float = 0.1, rng: np.random.Generator | None = None, dtype: Any = np.float64
) -> Points:
    """Return two interleaved half circles of radius 1."""
    m, noise, rng, dtype = _checked("make_moons", m, noise, rng, dtype)
    X, y = sklearn.datasets.make_moons(m, noise=noise, random_state=_seed(rng))
    return X.astype(dtype), y


def make_blobs(
    m: int = 300,
    *,
    n_classes: int = 3,
    noise: float = 1.0,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
) -> Points:
    """Return one round cloud of deviation `noise` per class, the centers evenly on a circle of radius 4."""
    m, noise, rng, dtype = _checked("make_blobs", m, noise, rng, dtype, n_classes)
    angles = 2 * np.pi * np.arange(n_classes) / n_classes
    centers = 4 * np.column_stack([np.cos(angles), np.sin(angles)])
    X, y = sklearn.datasets.make_blobs(m, centers=centers, cluster_std=noise, random_state=_seed(rng))
    return X.astype(dtype), y


def make_spirals(
    m: int = 300,
    *,
    n_classes: int = 3,
    noise: float = 0.1,
    turns: float = 1.25,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
) -> Points:
    """Return one spiral arm per class, from the origin to radius 1; `noise` is in radians."""
    m, noise, rng, dtype = _checked("make_spirals", m, noise, rng, dtype, n_classes)
    turns = check_number("make_spirals", "turns", turns, above=0)
    y = rng.permutation(np.arange(m) % n_classes)
    radius = np.sqrt(rng.uniform(0.01, 1, m))
    angle = 2 * np.pi * (y / n_classes + turns * radius) + noise * rng.standard_normal(m)
    return (radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])).astype(dtype), y


def make_xor(
    m: int = 200, *, noise: float = 0.1, rng: np.random.Generator | None = None, dtype: Any = np.float64
) -> Points:
    """Return points in the square [-1, 1]², class 1 where the signs of x₁ and x₂ differ, then add `noise`."""
    m, noise, rng, dtype = _checked("make_xor", m, noise, rng, dtype)
    y = rng.permutation(np.arange(m) % 2)
    first = rng.choice([-1, 1], m)
    signs = np.column_stack([first, np.where(y == 1, -first, first)])
    X = signs * rng.uniform(0, 1, (m, 2)) + noise * rng.standard_normal((m, 2))
    return X.astype(dtype), y


def _checked(
    who: str, m: Any, noise: Any, rng: Any, dtype: Any, n_classes: Any = 2
) -> tuple[int, float, np.random.Generator, np.dtype]:
    n_classes = check_count(who, "n_classes", n_classes, at_least=2)
    m = check_count(who, "m", m, at_least=n_classes)
    return m, check_number(who, "noise", noise, at_least=0), check_rng(who, rng), check_dtype(who, dtype)


def _seed(rng: np.random.Generator) -> int:
    """Return a seed for scikit-learn, which takes seeds but no np.random.Generator."""
    return int(rng.integers(2**32))
