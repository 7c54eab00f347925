"""Measures of a network's scores that `fit` can take, each knowing whether more is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

import numpy as np

from nnlab._check import as_array, check_array, check_flag, check_function, check_labels, check_shape


@dataclass(frozen=True)
class Metric:
    """A function (scores, targets) -> number together with its direction, so that `fit` can monitor it.

    scikit-learn's functions take the targets first, and often probabilities or labels:
    `Metric(lambda scores, y: roc_auc_score(y, scores[:, 1]), more_is_better=True)`.
    Raises: TypeError unless function can be called and more_is_better is True or False.
    """

    function: Callable[[np.ndarray, np.ndarray], float]
    _: KW_ONLY
    more_is_better: bool

    def __post_init__(self):
        check_function("Metric", "function", self.function, "accuracy")
        check_flag("Metric", "more_is_better", self.more_is_better)

    def __call__(self, scores: np.ndarray, targets: np.ndarray) -> float:
        return float(self.function(scores, targets))


def accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of correct predictions, in [0, 1].

    scores (m, …, n_classes) with integer labels (m, …), or one-hot targets (m, …, n_classes): the largest
    score wins. scores (m,) or (m, …, 1) with targets 0 or 1 of the same shape: a score above 0 (probability
    above ½) predicts 1.
    Raises: ValueError, TypeError for other shapes or targets, NaN or infinity.
    """
    who = "accuracy"
    scores, targets = check_array(who, "scores", scores, shape=("m", ...)), as_array(who, "targets", targets)
    if scores.ndim == 1 or scores.shape[-1] == 1:
        # (m,) against (m, 1) would silently compare all pairs.
        check_shape(who, "targets", targets, scores.shape)
        return float(np.mean((scores > 0) == _zeros_and_ones(who, targets)))
    if targets.ndim == scores.ndim:
        check_shape(who, "targets", targets, scores.shape)
        Y = _zeros_and_ones(who, targets)
        if not (Y.sum(axis=-1) == 1).all():
            raise ValueError(f"{who} expected one-hot targets, with one 1 in each row, got none or several")
        targets = Y.argmax(axis=-1)
    y = check_labels(who, "targets", targets, scores.shape[:-1], scores.shape[-1])
    return float(np.mean(scores.argmax(axis=-1) == y))


accuracy.more_is_better = True  # type: ignore[attr-defined]


def _zeros_and_ones(who: str, targets: np.ndarray) -> np.ndarray:
    is_one = targets == 1
    if not (is_one | (targets == 0)).all():
        bad = targets[~(is_one | (targets == 0))][0]
        raise ValueError(
            f"{who} expected targets 0 or 1, got {bad}; compare scores with the labels themselves"
        )
    return is_one
