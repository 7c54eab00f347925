"""Measures of a network's scores that `fit` can take."""

from __future__ import annotations

import numpy as np

from nnlab._check import check_scores, check_shape


def accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of right predictions, in [0, 1].

    scores (m, n) with integer labels (m,) or one-hot (m, n): the largest score wins. scores (m,) or
    (m, 1) with targets 0 or 1 of the same shape: a score above 0 (probability above ½) predicts 1.
    Raises: ValueError for other shapes, NaN or infinity.
    """
    scores, targets = check_scores("accuracy", scores), np.asarray(targets)
    if scores.ndim == 2 and scores.shape[1] > 1:
        predicted = scores.argmax(axis=1)
        if targets.shape == scores.shape:
            targets = targets.argmax(axis=1)
    else:
        predicted = scores > 0
    # (m,) against (m, 1) would silently compare all pairs.
    check_shape("accuracy", "targets", targets, predicted.shape)
    return float(np.mean(predicted == targets))
