"""Losses: functions `(scores, targets) -> (loss, gradient)`, averaged over the batch.

They take scores, not probabilities: softmax or sigmoid is part of the loss, where it can be computed safely.
With `sample_weight` (m,) every average Σ ℓᵢ / m becomes Σ wᵢ ℓᵢ / Σ wᵢ, as torch weights its classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlab._check import check_array, check_labels, check_number, check_scores, check_shape

Loss = Callable[..., tuple[float, np.ndarray]]


def softmax_cross_entropy(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = −log softmax(scores)[label], by log-sum-exp; gradient (softmax(scores) − Y) / m.

    Shapes: scores (m, n_classes); targets: integer labels (m,), or one-hot or class probabilities
    (m, n_classes) -> loss in nats, gradient (m, n_classes).
    Raises: ValueError, TypeError for bad shapes, float labels or labels out of range.
    """
    who = "softmax_cross_entropy"
    scores = check_array(who, "scores", scores, shape=("m", "n_classes"))
    m, n_classes = scores.shape
    targets = np.asarray(targets)
    # One column a sample, (n_classes, m): NumPy works down columns ten times faster than along short rows.
    shifted = np.ascontiguousarray(scores.T)
    shifted = shifted - shifted.max(axis=0)
    E = np.exp(shifted)
    total = E.sum(axis=0)
    if targets.ndim == 2:
        Y = _class_probabilities(who, targets, scores).T
        losses = -(Y * (shifted - np.log(total))).sum(axis=0)
        E /= total
        E -= Y
    else:
        y = check_labels(who, "targets", targets, m, n_classes)
        columns = np.arange(m)
        losses = np.log(total) - shifted[y, columns]
        E /= total  # now the probabilities
        E[y, columns] -= 1
    return _average(who, losses, E.T, sample_weight)


def binary_cross_entropy_with_logits(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = log(1 + eˢ) − y s = max(s, 0) − y s + log(1 + e^−|s|); gradient (σ(s) − y) / m.

    Shapes: scores (m,) or (m, n) -> loss in nats, gradient of the scores' shape; with n columns the
    mean is over all m·n entries, as in torch. Targets: 0 or 1, same shape as scores.
    Raises: ValueError for another shape or a target that is neither 0 nor 1.
    """
    who = "binary_cross_entropy_with_logits"
    s, y = _matching(who, scores, targets)
    if not ((y == 0) | (y == 1)).all():
        bad = y[(y != 0) & (y != 1)][0]
        raise ValueError(f"{who} expected targets 0 or 1, got {bad}; encode the two classes as 0 and 1")
    E = np.exp(-np.abs(s))
    losses = np.maximum(s, 0) - y * s + np.log1p(E)
    return _average(who, losses, np.where(s >= 0, 1, E) / (1 + E) - y, sample_weight)


def mean_squared_error(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = (s − y)², without ½; gradient 2 (s − y) / m.

    Shapes: scores and targets (m,) or (m, n); with n columns the mean is over all m·n entries, as in torch.
    Raises: ValueError for another shape; (m,) against (m, 1) would make an (m, m) comparison.
    """
    who = "mean_squared_error"
    s, y = _matching(who, scores, targets)
    difference = s - y
    return _average(who, difference * difference, 2 * difference, sample_weight)


def mean_absolute_error(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = |s − y|; gradient sign(s − y) / m, 0 where s = y, as torch's `l1_loss`.

    Shapes: scores and targets (m,) or (m, n); with n columns the mean is over all m·n entries, as in torch.
    Raises: ValueError for another shape.
    """
    who = "mean_absolute_error"
    s, y = _matching(who, scores, targets)
    difference = s - y
    return _average(who, np.abs(difference), np.sign(difference), sample_weight)


def huber(scores, targets, sample_weight=None, *, delta: float = 1.0) -> tuple[float, np.ndarray]:
    """ℓ = d²/2 where |d| <= δ, else δ (|d| − δ/2), d = s − y; gradient clip(d, −δ, δ) / m.

    Shapes: scores and targets (m,) or (m, n); with n columns the mean is over all m·n entries, as in torch.
    Raises: ValueError for another shape or delta <= 0. Source: Huber, 1964.
    """
    who = "huber"
    delta = check_number(who, "delta", delta, above=0)
    s, y = _matching(who, scores, targets)
    difference = s - y
    clipped = np.clip(difference, -delta, delta)
    return _average(who, clipped * (difference - clipped / 2), clipped, sample_weight)


def _matching(who: str, scores, targets) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and targets as float arrays of one shape and dtype."""
    scores = check_scores(who, scores)
    targets = np.asarray(targets)
    if targets.dtype.kind in "iub":
        targets = targets.astype(scores.dtype)
    return scores, check_array(who, "targets", targets, shape=scores.shape, dtype=scores.dtype)


def _class_probabilities(who: str, Y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if Y.dtype.kind in "iub":
        Y = Y.astype(scores.dtype)
    Y = check_array(who, "targets", Y, shape=scores.shape, dtype=scores.dtype)
    sums = Y.sum(axis=1)
    if Y.min() < 0 or np.abs(sums - 1).max() > 1e-5:
        row = int(np.argmax((Y.min(axis=1) < 0) | (np.abs(sums - 1) > 1e-5)))
        raise ValueError(f"{who} expected rows of targets >= 0 with sum 1, got {Y[row]} in row {row}")
    return Y


def _average(who: str, losses: np.ndarray, gradient: np.ndarray, sample_weight) -> tuple[float, np.ndarray]:
    """Average per-entry losses, and scale their gradients (in place) to match."""
    if sample_weight is None:
        gradient /= losses.size
        return float(losses.sum()) / losses.size, gradient
    w = check_array(who, "sample_weight", sample_weight, dtype=gradient.dtype)
    check_shape(who, "sample_weight", w, (len(losses),))
    if w.min() < 0 or w.sum() == 0:
        raise ValueError(
            f"{who} expected sample_weight >= 0 with a positive sum, got {w.min()} as the smallest and "
            f"{w.sum()} as the sum"
        )
    w = w / (w.sum() * (losses.size / len(losses)))
    gradient *= w.reshape(-1, *[1] * (gradient.ndim - 1))
    return float((losses * w.reshape(-1, *[1] * (losses.ndim - 1))).sum()), gradient
