"""Losses: functions `(scores, targets) -> (loss, gradient)`, averaged over the batch.

They take scores, not probabilities: softmax or sigmoid is part of the loss, where it can be computed safely.
With `sample_weight` (m,) every average Σ ℓᵢ / m becomes Σ wᵢ ℓᵢ / Σ wᵢ, as torch does with class weights;
with more axes, a weight applies to all entries of its sample. NaN and infinite scores are refused here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlab._check import as_array, check_array, check_labels, check_number, check_shape

Loss = Callable[..., tuple[float, np.ndarray]]

# Whatever the reader has set, e^−1000 is 0 and not an error.
_quietly = np.errstate(all="ignore")


@_quietly
def softmax_cross_entropy(
    scores, targets, sample_weight=None, *, ignore_index: int | None = None, label_smoothing: float = 0.0
) -> tuple[float, np.ndarray]:
    """ℓ = −log softmax(scores)[label], by log-sum-exp; gradient (softmax(scores) − Y) / m.

    Shapes: scores (m, …, n_classes), classes last; targets: integer labels (m, …), or one-hot or class
    probabilities (m, …, n_classes) -> loss in nats, gradient (m, …, n_classes). With more axes, the mean is
    over all positions.
    ignore_index: positions with this label, such as padding, are left out of the mean and get no gradient.
    label_smoothing: ε in [0, 1]; the targets become (1 − ε) Y + ε / n_classes (Szegedy et al., 2016).
    Raises: ValueError, TypeError for bad shapes, float labels or labels out of range, for ignore_index with
    class probabilities, and where every position is ignored.
    """
    who = "softmax_cross_entropy"
    scores = check_array(who, "scores", scores)
    if scores.ndim < 2 or scores.size == 0:
        check_shape(who, "scores", scores, ("m", ..., "n_classes"))
    targets = as_array(who, "targets", targets)
    # One column per position, (n_classes, positions): NumPy is ten times faster down columns than along rows.
    shifted = np.ascontiguousarray(scores.reshape(-1, scores.shape[-1]).T)
    shifted = shifted - shifted.max(axis=0)
    P = np.exp(shifted)
    total = P.sum(axis=0)
    P /= total
    if targets.ndim == scores.ndim or label_smoothing != 0:
        Y, counted = _target_columns(who, targets, scores, ignore_index, label_smoothing)
        losses = (Y * (np.log(total) - shifted)).sum(axis=0)
        P -= Y
    else:  # the same where Y is one-hot, without the zeros
        at_labels, counted = _label_places(who, targets, scores, ignore_index)
        losses = np.log(total) - shifted.reshape(-1)[at_labels]
        P.reshape(-1)[at_labels] -= 1
    loss, gradient = _average(who, losses, P, sample_weight, len(scores), counted)
    return loss, gradient.T.reshape(scores.shape)


@_quietly
def binary_cross_entropy_with_logits(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = log(1 + eˢ) − y s = max(s, 0) − y s + log(1 + e^−|s|); gradient (σ(s) − y) / m.

    Shapes: scores (m, …) -> loss in nats, gradient of the scores' shape; the mean is over all entries, as in
    torch. Targets: 0, 1, or the probability of 1, same shape as scores.
    Raises: ValueError for another shape or a target outside [0, 1].
    """
    who = "binary_cross_entropy_with_logits"
    s, y = _matching(who, scores, targets)
    if y.min() < 0 or y.max() > 1:
        bad = y[(y < 0) | (y > 1)][0]
        raise ValueError(f"{who} expected targets in [0, 1], got {bad}; encode the two classes as 0 and 1")
    E = np.exp(-np.abs(s))
    losses = np.maximum(s, 0) - y * s + np.log1p(E)
    return _average(who, losses, np.where(s >= 0, 1, E) / (1 + E) - y, sample_weight, len(s))


@_quietly
def mean_squared_error(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = (s − y)², without ½; gradient 2 (s − y) / m.

    Shapes: scores and targets (m, …), the same; the mean is over all entries, as in torch.
    Raises: ValueError for another shape; (m,) against (m, 1) would be broadcast to (m, m).
    """
    who = "mean_squared_error"
    s, y = _matching(who, scores, targets)
    difference = s - y
    return _average(who, difference * difference, 2 * difference, sample_weight, len(s))


@_quietly
def mean_absolute_error(scores, targets, sample_weight=None) -> tuple[float, np.ndarray]:
    """ℓ = |s − y|; gradient sign(s − y) / m, 0 where s = y, as in torch's `l1_loss`.

    Shapes: scores and targets (m, …), the same; the mean is over all entries, as in torch.
    Raises: ValueError for another shape.
    """
    who = "mean_absolute_error"
    s, y = _matching(who, scores, targets)
    difference = s - y
    return _average(who, np.abs(difference), np.sign(difference), sample_weight, len(s))


@_quietly
def huber(scores, targets, sample_weight=None, *, delta: float = 1.0) -> tuple[float, np.ndarray]:
    """ℓ = d²/2 where |d| <= δ, else δ (|d| − δ/2), d = s − y; gradient clip(d, −δ, δ) / m.

    Shapes: scores and targets (m, …), the same; the mean is over all entries, as in torch.
    Raises: ValueError for another shape or delta <= 0. Source: Huber, 1964.
    """
    who = "huber"
    delta = check_number(who, "delta", delta, above=0)
    s, y = _matching(who, scores, targets)
    difference = s - y
    clipped = np.clip(difference, -delta, delta)
    return _average(who, clipped * (difference - clipped / 2), clipped, sample_weight, len(s))


def _matching(who: str, scores, targets) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and targets as float arrays of one shape and dtype."""
    scores = check_array(who, "scores", scores)
    if scores.ndim < 1 or scores.size == 0:
        check_shape(who, "scores", scores, ("m", ...))
    return scores, _like(who, targets, scores)


def _like(who: str, targets, scores: np.ndarray) -> np.ndarray:
    targets = as_array(who, "targets", targets)
    if targets.dtype.kind in "iub":
        targets = targets.astype(scores.dtype)
    return check_array(who, "targets", targets, shape=scores.shape, dtype=scores.dtype)


def _label_places(
    who: str, targets, scores: np.ndarray, ignore_index
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the labels' places in the flat (n_classes, positions), and which positions count (None: all).

    Finding the places also checks the range; `check_labels` takes longer, but says what is wrong.
    """
    shape, n_classes, counted = scores.shape[:-1], scores.shape[-1], None
    if ignore_index is not None or targets.dtype.kind not in "iu" or targets.shape != shape:
        check_labels(who, "targets", targets, shape, n_classes, ignore_index=ignore_index)
    y = targets.reshape(-1).astype(np.intp, copy=False)
    if ignore_index is not None:
        counted = y != ignore_index
        y = np.where(counted, y, 0)
    try:
        return np.ravel_multi_index((y, np.arange(y.size)), (n_classes, y.size)), counted
    except ValueError:
        check_labels(who, "targets", targets, shape, n_classes)
        raise


def _target_columns(
    who: str, targets: np.ndarray, scores: np.ndarray, ignore_index, label_smoothing
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the class probabilities, smoothed, as (n_classes, positions), and which positions count."""
    n_classes, counted = scores.shape[-1], None
    if targets.ndim < scores.ndim:
        at_labels, counted = _label_places(who, targets, scores, ignore_index)
        Y = np.zeros((n_classes, at_labels.size), scores.dtype)
        Y.reshape(-1)[at_labels] = 1
    else:
        if ignore_index is not None:
            raise ValueError(
                f"{who} expected integer labels with ignore_index, got class probabilities; pass "
                "integer labels, or leave ignore_index out"
            )
        Y = np.ascontiguousarray(_like(who, targets, scores).reshape(-1, n_classes).T)
        excess = np.abs(Y.sum(axis=0) - 1)
        if Y.min() < 0 or excess.max() > 1e-5:
            row = int(np.argmax((Y.min(axis=0) < 0) | (excess > 1e-5)))
            raise ValueError(f"{who} expected rows of targets >= 0 with sum 1, got {Y[:, row]} in row {row}")
    if label_smoothing != 0:
        smoothing = check_number(who, "label_smoothing", label_smoothing, at_least=0, at_most=1)
        Y = (1 - smoothing) * Y + smoothing / n_classes
    return Y, counted


def _average(
    who: str,
    losses: np.ndarray,
    gradient: np.ndarray,
    sample_weight,
    m: int,
    counted: np.ndarray | None = None,
) -> tuple[float, np.ndarray]:
    """Average the losses of all entries that count, and scale their gradients (in place) to match."""
    if sample_weight is None and counted is None:
        gradient /= losses.size
        return float(losses.sum()) / losses.size, gradient
    w = np.ones_like(losses)
    if sample_weight is not None:
        sample_weight = check_array(who, "sample_weight", sample_weight, shape=(m,), dtype=gradient.dtype)
        w = np.repeat(sample_weight, losses.size // m).reshape(losses.shape)  # one weight per sample
    if counted is not None:
        w = w * counted
    if w.min() < 0 or w.max() == 0:
        raise ValueError(
            f"{who} expected sample_weight >= 0, and > 0 somewhere, got weights from {w.min()} to {w.max()}"
        )
    w = w / w.max()  # first, or the sum of large weights overflows
    w /= w.sum()
    gradient *= w
    return float((losses * w).sum()), gradient
