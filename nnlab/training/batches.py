"""Mini-batches: every sample once, in a new order, a few at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._check import as_array, check_array, check_count, check_rng, describe
from nnlab.layers import Layer


def batches(
    X: np.ndarray,
    y: np.ndarray,
    batch_size: int | None = None,
    *,
    rng: np.random.Generator | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `(X_batch, y_batch)`: every sample once, in an order drawn from rng; the last may be smaller.

    X: (m, …), y: (m, …). batch_size: rows of a batch; None yields the whole data, uncopied and in order.
    shuffle=False keeps the order of the rows. drop_last leaves a short last batch out.
    Raises: ValueError for unequal lengths or a batch_size outside 1 … m.
    """
    X, y = as_array("batches", "X", X), as_array("batches", "y", y)
    check_lengths("batches", X=X, y=y)
    rows = batch_rows("batches", len(X), batch_size, check_rng("batches", rng), shuffle, drop_last)
    return ((X[r], y[r]) for r in rows)


def batch_rows(
    who: str,
    m: int,
    batch_size: int | None,
    rng: np.random.Generator,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[Any]:
    """Yield what selects the rows of each batch: slices where the order is kept, else index arrays.

    Raises: ValueError, TypeError for a batch_size out of range.
    """
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


def check_inputs(who: str, network: Layer, X: Any, *, finite: bool) -> np.ndarray:
    """Return X as an array of the network's dtype; integers, which may be tokens, stay integers.

    Raises: TypeError for the dtype, NonFiniteError for NaN or infinity where `finite` asks for it.
    """
    array = as_array(who, "X", X)
    if array.dtype.kind in "iub":
        return array
    return check_array(who, "X", X, dtype=network.dtype, finite=finite)


@dataclass
class Data:
    """Inputs, targets and sample weights (a tuple of one array, or empty), of a whole set or of one batch."""

    X: np.ndarray
    y: np.ndarray
    weight: tuple[np.ndarray, ...] = ()

    @classmethod
    def checked(cls, who: str, network: Layer, X: Any, y: Any, sample_weight: Any = None) -> Data:
        """Return the data of a run. Samples of weight 0 are left out: a batch of them would have no mean.

        Raises: ValueError, TypeError for unsuitable data.
        """
        X, y = check_inputs(who, network, X, finite=True), as_array(who, "y", y)
        check_lengths(who, X=X, y=y)
        if sample_weight is None:
            return cls(X, y)
        w = check_array(who, "sample_weight", sample_weight, shape=(len(X),))
        w = w.astype(network.dtype or (X.dtype if X.dtype.kind == "f" else w.dtype), copy=False)
        if w.min() < 0 or not 0 < w.sum() < np.inf:
            raise ValueError(
                f"{who} expected sample_weight >= 0 with a positive finite sum, got {w.min()} as the "
                f"smallest and {w.sum()} as the sum"
            )
        kept = w > 0
        return cls(X, y, (w,)) if kept.all() else cls(X[kept], y[kept], (w[kept],))

    @classmethod
    def held_out(cls, network: Layer, validation: Any) -> Data:
        """Return the validation data, given as (X, y) or (X, y, sample_weight).

        Raises: TypeError unless they are given so; as `checked`.
        """
        if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
            raise TypeError(f"fit expected validation as a tuple (X, y), got {describe(validation)}")
        return cls.checked("fit (validation)", network, *validation)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, rows: Any) -> Data:
        return Data(self.X[rows], self.y[rows], tuple(w[rows] for w in self.weight))

    def count_batches(self, batch_size: int | None) -> int:
        """Return how many batches there are in an epoch.

        Raises: ValueError, TypeError for a batch_size out of range.
        """
        if batch_size is None:
            return 1
        return math.ceil(len(self) / check_count("fit", "batch_size", batch_size, at_most=len(self)))

    def batches(self, batch_size: int | None, rng: np.random.Generator) -> Iterator[Data]:
        """Yield every sample once, in a new order."""
        return (self[rows] for rows in batch_rows("fit", len(self), batch_size, rng))

    def blocks(self, size: int) -> Iterator[tuple[float, Data]]:
        """Yield blocks of rows in order, each with its share in a mean over all rows."""
        total = self.total_weight()
        for start in range(0, len(self), size):
            block = self[start : start + size]
            yield block.total_weight() / total, block

    def total_weight(self) -> float:
        """Return the weight of these rows in a mean over more of them."""
        return float(self.weight[0].sum()) if self.weight else len(self)
