"""Mini-batches: every sample once, in a new order, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlab._check import check_count, check_rng


def batches(
    X: np.ndarray,
    y: np.ndarray,
    batch_size: int | None = None,
    *,
    rng: np.random.Generator | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `(X_batch, y_batch)`: every sample once, in an order drawn from rng; the last may be short.

    `batch_size=None` yields the whole data, uncopied and in order. X: (m, …), y: (m, …).
    Raises: ValueError for unequal lengths or a batch_size outside 1 … m.
    """
    X, y = np.asarray(X), np.asarray(y)
    check_lengths("batches", X=X, y=y)
    rows = batch_rows("batches", len(X), batch_size, check_rng("batches", rng), shuffle, drop_last)
    return ((X[r], y[r]) for r in rows)


def batch_rows(
    who: str, m: int, batch_size: int | None, rng: np.random.Generator, shuffle: bool, drop_last: bool = False
) -> Iterator[Any]:
    """Yield what selects the rows of each batch: slices where the order is kept, else index arrays."""
    if batch_size is None:
        return iter([slice(None)])
    size = check_count(who, "batch_size", batch_size, at_most=m)
    starts = range(0, m - m % size if drop_last else m, size)
    if not shuffle:
        return (slice(start, start + size) for start in starts)
    order = rng.permutation(m)
    return (order[start : start + size] for start in starts)


def check_lengths(who: str, **arrays: np.ndarray) -> None:
    """Raise ValueError unless all arrays have the same number of rows, at least one."""
    shapes = {name: array.shape for name, array in arrays.items()}
    lengths = {shape[0] if shape else None for shape in shapes.values()}
    if len(lengths) != 1 or lengths & {0, None}:
        text = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{who} expected arrays with the same number m >= 1 of rows, got {text}")
