"""The data that an estimator is given, checked; and what is held out of it."""

from __future__ import annotations

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier, is_regressor
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import column_or_1d, validate_data

from nnlab._check import check_array, check_shape

Arrays = tuple[np.ndarray, ...]  # X and targets, and weights where there are any


def check_data(estimator, X, y, sample_weight, first: bool):
    """Return X (m, n_features) in the network's dtype, y, and weights (m,) or None; no row of weight 0.

    first: whether this begins a new network, which may take either dtype and any number of features.
    Raises: ValueError, TypeError for invalid data.
    """
    dtype = (np.float64, np.float32) if first else estimator.network_.dtype
    X, y = validate_data(
        estimator,
        X,
        y,
        reset=first,
        accept_sparse="csr",
        dtype=dtype,
        multi_output=True,
        y_numeric=is_regressor(estimator),
    )
    X, y, who = dense(X), dense(y), type(estimator).__name__
    if is_regressor(estimator):
        y = _as_dtype(who, "y", y, X.dtype)
    elif y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if sample_weight is None:
        return X, y, None
    weights = check_array(who, "sample_weight", sample_weight)
    check_shape(who, "sample_weight", weights, (len(X),))
    weights = _as_dtype(who, "sample_weight", weights, X.dtype)  # a weight that rounds to 0 counts as 0
    if weights.min() < 0 or not weights.any():
        raise ValueError(
            f"{who} expected each sample_weight to be zero or more, and one above zero, got {weights.min()} "
            f"as the smallest and {weights.max()} as the largest"
        )
    kept = weights > 0  # the others must not add classes, nor fill batches or validation data
    return (X, y, weights) if kept.all() else (X[kept], y[kept], weights[kept])


def _as_dtype(who: str, name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values in the network's dtype, in which their sum must not overflow, as means are computed."""
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
        total = np.abs(values).sum()
    if not np.isfinite(total):
        raise ValueError(f"{who} expected {name} to have a finite sum in {dtype}, got {total}; rescale it")
    return values


def dense(X) -> np.ndarray:
    """Return a sparse matrix as an array, and an array as it is."""
    return X.toarray() if issparse(X) else X


def hold_out(estimator, data: Arrays, seed: int) -> tuple[Arrays, Arrays]:
    """Return the training part and the validation part; with classes, both have the same shares of them.

    Raises: ValueError if there are too few rows, of a class or in total.
    """
    labels, who = is_classifier(estimator) and data[1].ndim == 1, type(estimator).__name__
    stratify = data[1] if labels else None
    if stratify is not None:
        rare = estimator.classes_[np.bincount(stratify) == 1].tolist()
        if rare:
            raise ValueError(
                f"{who} expected two rows or more of each class for early stopping, got one of {rare}; "
                "give more rows of them, or set early_stopping=False"
            )
    try:
        parts = train_test_split(
            *data, test_size=estimator.validation_fraction, random_state=seed, stratify=stratify
        )
    except ValueError as error:
        raise ValueError(
            f"{who} cannot hold out validation_fraction={estimator.validation_fraction} for early stopping: "
            f"{str(error).rstrip('.')}; give more rows, change the fraction, or set early_stopping=False"
        ) from error
    return tuple(parts[0::2]), tuple(parts[1::2])
