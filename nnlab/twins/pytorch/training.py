"""Losses and optimizers in torch."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nnlab._check import describe
from nnlab.layers import Layer
from nnlab.losses import (
    Loss,
    binary_cross_entropy_with_logits,
    huber,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nnlab.twins.pytorch.settings import default_settings
from nnlab.twins.pytorch.weights import pairs_of

# For each loss: torch's function, and the settings, which have the same names.
LOSSES: dict[Callable, tuple[Callable[..., Tensor], tuple[str, ...]]] = {
    softmax_cross_entropy: (F.cross_entropy, ("ignore_index", "label_smoothing")),
    binary_cross_entropy_with_logits: (F.binary_cross_entropy_with_logits, ()),
    mean_squared_error: (F.mse_loss, ()),
    mean_absolute_error: (F.l1_loss, ()),
    huber: (F.huber_loss, ("delta",)),
}


def loss_to_torch(loss: Loss) -> Callable[..., Tensor]:
    """Return the loss as a function of tensors `(scores, targets, sample_weight=None) -> mean loss`.

    With `sample_weight` (m,) it is Σ wᵢ ℓᵢ / Σ wᵢ, so `class_weights[y]` gives what
    `nn.CrossEntropyLoss(weight=class_weights)` gives. `partial(huber, delta=2.0)` keeps its delta, and
    `partial(softmax_cross_entropy, …)` its ignore_index and label_smoothing.
    Raises: ValueError for a loss that has no twin.
    """
    function, settings = loss, {}
    if isinstance(loss, functools.partial) and not loss.args:
        function = loss.func
        settings = {name: value for name, value in loss.keywords.items() if value is not None}
    if not callable(function) or function not in LOSSES or not set(settings) <= set(LOSSES[function][1]):
        known = ", ".join(known.__name__ for known in LOSSES)
        raise ValueError(f"loss_to_torch expected one of {known}, got {describe(loss)}")
    twin, _ = LOSSES[function]
    has_classes = function is softmax_cross_entropy

    def torch_loss(scores: Tensor, targets: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        labels = has_classes and targets.ndim == scores.ndim - 1
        if not labels and targets.shape != scores.shape:  # torch would broadcast (m,) against (m, 1)
            raise ValueError(
                f"{function.__name__} expected targets of shape {tuple(scores.shape)}, "
                f"got {tuple(targets.shape)}"
            )
        targets = targets.long() if labels else targets.to(scores.dtype)
        if has_classes:  # last here, second in torch
            scores = scores.movedim(-1, 1)
            targets = targets if labels else targets.movedim(-1, 1)
        losses = twin(scores, targets, **settings, reduction="none")
        weights = torch.ones_like(losses)
        if sample_weight is not None:
            weights = weights * sample_weight.reshape(-1, *[1] * (losses.ndim - 1))
        if labels and "ignore_index" in settings:
            weights = weights * (targets != settings["ignore_index"])
        return (weights * losses).sum() / weights.sum()

    return torch_loss


# For each optimizer: torch's class, the settings, which have the same names, and its names for the state.
OPTIMIZERS: dict[type[Optimizer], tuple[Callable[..., torch.optim.Optimizer], list[str], dict[str, str]]] = {
    SGD: (torch.optim.SGD, ["momentum", "nesterov", "weight_decay"], {"velocity": "momentum_buffer"}),
    RMSprop: (
        torch.optim.RMSprop,
        ["alpha", "eps", "momentum", "weight_decay"],
        {"square": "square_avg", "velocity": "momentum_buffer"},
    ),
    Adam: (
        torch.optim.Adam,
        ["betas", "eps", "weight_decay"],
        {"mean": "exp_avg", "square": "exp_avg_sq"},
    ),
    AdamW: (
        torch.optim.AdamW,
        ["betas", "eps", "weight_decay"],
        {"mean": "exp_avg", "square": "exp_avg_sq"},
    ),
}


@default_settings
def optimizer_to_torch(optimizer: Optimizer, network: Layer, module: nn.Module) -> torch.optim.Optimizer:
    """Return torch's optimizer for the module, with the settings and the state that `optimizer` has now.

    Schedules and clipping lie outside the optimizer in torch: its lr is that of the next step.
    Raises: TypeError for an optimizer that has no twin, ValueError if it is not one of this network.
    """
    who = "optimizer_to_torch"
    if type(optimizer) not in OPTIMIZERS:
        known = ", ".join(kind.__name__ for kind in OPTIMIZERS)
        raise TypeError(f"{who} expected an optimizer of {known}, got {describe(optimizer)}")
    kind, settings, state_names = OPTIMIZERS[type(optimizer)]
    pairs = {id(pair.parameter): pair for pair in pairs_of(who, network, module)}
    if not all(id(parameter) in pairs for parameter in optimizer.parameters):
        raise ValueError(
            f"{who} expected an optimizer of this network's parameters; "
            f"make it with {type(optimizer).__name__}(network.parameters(), …)"
        )
    mine = [pairs[id(parameter)] for parameter in optimizer.parameters]
    twin_optimizer = kind(
        [pair.tensor for pair in mine],
        lr=optimizer.lr,
        **{name: getattr(optimizer, name) for name in settings},
    )
    if optimizer.t:  # before the first step there is no state in torch
        state = optimizer.state_dict()
        for i, pair in enumerate(mine):
            step = torch.tensor(float(optimizer.t), dtype=torch.float32)
            twin_optimizer.state[pair.tensor] = {"step": step} | {
                theirs: pair.to_torch(state[f"{i}.{ours}"])
                for ours, theirs in state_names.items()
                if f"{i}.{ours}" in state
            }
    return twin_optimizer
