"""What is measured about a network: its scores, the loss, and metrics."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnlab._check import NonFiniteError, check_count, describe
from nnlab.layers import Layer, evaluation_mode
from nnlab.losses import Loss
from nnlab.training.batches import Data, check_inputs

Metric = Callable[[np.ndarray, np.ndarray], float]

PREDICTED = 1024  # rows predicted at once: their activations stay in the processor's cache


def predict_scores(network: Layer, X: np.ndarray, *, batch_size: int = PREDICTED) -> np.ndarray:
    """Return forward(X) in evaluation mode, batch by batch to bound the memory: (m, …) -> (m, …).

    The mode is restored. Raises: ValueError, TypeError as `network.forward`, and for a batch_size below 1.
    """
    X = check_inputs("predict_scores", network, X, finite=False)
    size = check_count("predict_scores", "batch_size", batch_size)
    with evaluation_mode(network):
        if len(X) <= size:
            return network.forward(X)
        return np.concatenate([network.forward(X[start : start + size]) for start in range(0, len(X), size)])


def measure(network: Layer, data: Data, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Return the loss and the metrics of the network's predictions.

    Raises: NonFiniteError for scores that are not finite; the layers then hold those of the first bad row.
    """
    scores = predict_scores(network, data.X)
    try:
        value, _ = loss(scores, data.y, *data.weight)
    except NonFiniteError:
        bad = ~np.isfinite(scores).reshape(len(scores), -1).all(axis=1)
        predict_scores(network, data.X[bad][:1])
        raise
    return {"loss": float(value), **apply_metrics(metrics, scores, data.y)}


def apply_metrics(metrics: Mapping[str, Metric], scores: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Return the value of each metric.

    Raises: TypeError for one that is not a number.
    """
    values = {name: metric(scores, y) for name, metric in metrics.items()}
    for name, value in values.items():
        if not isinstance(value, numbers.Real):
            raise TypeError(f"fit expected metric {name!r} to return a number, got {describe(value)}")
    return {name: float(value) for name, value in values.items()}


def check_metrics(metrics: Any) -> dict[str, Metric]:
    """Return the metrics as a dict.

    Raises: TypeError unless they are functions by name, ValueError for one named "loss".
    """
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise TypeError(f"fit expected metrics as a dict of functions (scores, y), got {describe(metrics)}")
    if "loss" in metrics:
        raise ValueError("fit expected metrics besides the loss, got one named 'loss'; rename it")
    return dict(metrics)
