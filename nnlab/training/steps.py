"""The gradients of one training step: of a batch as a whole, or of a large one block by block."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnlab._check import NonFiniteError, all_finite, check_finite
from nnlab.layers import Layer
from nnlab.losses import Loss
from nnlab.penalties import Penalty
from nnlab.training.batches import Data

Backpropagation = Callable[[Layer, Data, Loss], tuple[float, np.ndarray]]

BLOCK = 4096  # rows of a large batch worked on at once: their activations stay in the processor's cache


def as_a_whole(network: Layer, batch: Data, loss: Loss) -> tuple[float, np.ndarray]:
    """Assign the gradients of the loss; return the loss and the scores.

    Raises: NonFiniteError if the loss is not finite.
    """
    scores = network.forward(batch.X)
    value, dscores = loss(scores, batch.y, *batch.weight)
    if not math.isfinite(value):
        raise NonFiniteError(f"the loss is {value}; lower the learning rate")
    network.backward_parameters(dscores)
    return float(value), scores


def by_blocks(network: Layer, batch: Data, loss: Loss) -> tuple[float, np.ndarray]:
    """Like `as_a_whole`: the gradient of a mean is the weighted mean of its blocks' gradients.

    A full batch of 88,000 rows takes two thirds of the time; only its scores are kept for all rows.
    """
    parameters = network.parameters()
    gradients = [np.zeros_like(p.value) for p in parameters]
    average, all_scores = 0.0, []
    for share, block in batch.blocks(BLOCK):
        value, scores = as_a_whole(network, block, loss)
        average += share * value
        all_scores.append(scores)
        for gradient, p in zip(gradients, parameters, strict=True):
            if p.grad is not None:  # it is None in a layer that does not learn
                gradient += share * p.grad
    for gradient, p in zip(gradients, parameters, strict=True):
        p.grad = None if p.grad is None else gradient
    return average, np.concatenate(all_scores)


def backpropagation(network: Layer, data: Data, loss: Loss, scores: np.ndarray, rows: int) -> Backpropagation:
    """Return `by_blocks` if a batch of so many rows is large and blocks are exact, else `as_a_whole`.

    They are exact if each sample passes through the network by itself, and the loss is a mean over samples.
    """
    if rows <= BLOCK or not all(layer.samplewise for _, layer in network.named_layers()):
        return as_a_whole
    return by_blocks if _is_mean(loss, data, scores) else as_a_whole


def _is_mean(loss: Loss, data: Data, scores: np.ndarray) -> bool:
    """Whether the loss of rows is the mean of the losses of their halves.

    It is not for a sum, nor for a mean over what is left after some targets are ignored. The loss is tried
    on random scores of the dtype and shape of the given ones, (1, …).
    """
    rng, tolerance = np.random.default_rng(0), 1e-4 if scores.dtype == np.float32 else 1e-9

    def halves_agree(block: Data) -> bool:
        guess = rng.standard_normal((len(block), *scores.shape[1:])).astype(scores.dtype)
        half = (len(block) + 1) // 2
        parts = zip(block.blocks(half), (guess[:half], guess[half:]), strict=False)
        mean = sum(share * loss(guess, part.y, *part.weight)[0] for (share, part), guess in parts)
        return math.isclose(loss(guess, block.y, *block.weight)[0], mean, rel_tol=tolerance)

    try:
        return all(halves_agree(block) for _, block in data.blocks(BLOCK))
    except ValueError:  # all targets of a half are ignored, say
        return False


def ask(loss: Loss, data: Data, scores: np.ndarray) -> None:
    """Let the loss refuse targets or weights it cannot take, with zeros for the scores (m, …).

    It works block by block, since all rows at once would take much memory.
    """
    zeros = np.zeros((len(data), *scores.shape[1:]), scores.dtype)
    try:
        for start in range(0, len(data), BLOCK):
            rows = slice(start, start + BLOCK)
            loss(zeros[rows], data.y[rows], *(w[rows] for w in data.weight))
    except (TypeError, ValueError):
        loss(zeros, data.y, *data.weight)  # so that its message counts rows from the very first


def add_penalty(network: Layer, penalty: Penalty) -> float:
    """Add the gradients of a penalty to those of the loss; return its value.

    Raises: NonFiniteError if that is not finite.
    """
    value, gradients = penalty(network)
    if not math.isfinite(value):
        raise NonFiniteError(f"the penalty is {value}; lower the learning rate")
    for p, gradient in gradients:
        p.grad = gradient if p.grad is None else p.grad + gradient
    return value


def check_state(network: Layer) -> None:
    """Raise NonFiniteError unless all parameters and buffers are finite: an update may have ruined them."""
    for name, p in network.named_parameters():
        check_finite("fit", name, p.value, "lower the learning rate")
    for name, buffer in network.named_buffers():
        check_finite("fit", name, buffer, "lower the learning rate")


def first_not_finite(network: Layer) -> str:
    """Say in which layer NaN or infinity first came out of the last `forward`: ", first in layer …", or "".

    Every layer still holds what it returned. An inner layer returns before the one around it.
    """
    for name, layer in _inner_first("", network):
        if layer._kept is not None and not all_finite(layer._kept[1]):
            text = repr(layer)
            text = text if len(text) <= 60 else text[:57] + "..."
            return f", first in layer {name} ({text})" if name else f", first in {text}"
    return ""


def _inner_first(prefix: str, layer: Layer):
    for name, child in layer.children():
        yield from _inner_first(f"{prefix}.{name}" if prefix else name, child)
    yield prefix, layer
