"""The proof: the network and its twin are trained side by side, and compared after every step."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from nnlab._check import check_count, check_rng
from nnlab.gradcheck import relative_error
from nnlab.layers import Dropout, Layer, evaluation_mode
from nnlab.losses import Loss
from nnlab.optimizers import Optimizer
from nnlab.training import batches
from nnlab.twins._inputs import check_inputs
from nnlab.twins.pytorch.settings import default_settings
from nnlab.twins.pytorch.training import loss_to_torch, optimizer_to_torch
from nnlab.twins.pytorch.weights import Pair, modules_of, pairs_of, to_torch


@dataclass
class Lockstep:
    """What `lockstep` saw: the twin, and for each step both losses and how far the two networks differ.

    A difference is relative, |a − b| / (|a| + |b|): of a loss, and of all weights or all buffers of a layer
    together, with Euclidean norms; the largest over the layers. (Together, as a bias may well be 0 but for
    rounding, and then only the weights beside it say how much is much.)
    """

    module: nn.Module = field(repr=False)
    losses: list[float] = field(default_factory=list)
    torch_losses: list[float] = field(default_factory=list)
    loss_differences: list[float] = field(default_factory=list)
    weight_differences: list[float] = field(default_factory=list)
    buffer_differences: list[float] = field(default_factory=list)  # empty where there are no buffers

    def add(self, loss: float, torch_loss: float, pairs: list[Pair]) -> None:
        """Compare the two networks after a step."""
        self.losses.append(loss)
        self.torch_losses.append(torch_loss)
        self.loss_differences.append(relative_error(loss, torch_loss))
        self.weight_differences.append(_difference([pair for pair in pairs if pair.parameter is not None]))
        if buffers := [pair for pair in pairs if pair.parameter is None]:
            self.buffer_differences.append(_difference(buffers))

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def largest_difference(self) -> float:
        """The largest relative difference of all steps, of losses, weights and buffers."""
        return max(self.loss_differences + self.weight_differences + self.buffer_differences)

    def __repr__(self) -> str:
        # Bounds, not the rounding errors themselves: those differ from one processor to the next.
        return (
            f"Lockstep({len(self)} steps, loss {self.losses[0]:.4f} → {self.losses[-1]:.4f}; differences: "
            f"losses {_bound(self.loss_differences)}, weights {_bound(self.weight_differences)}"
            f"{f', buffers {_bound(self.buffer_differences)}' if self.buffer_differences else ''})"
        )


@default_settings
def lockstep(
    network: Layer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimizer: Optimizer,
    steps: int,
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
    sample_weight: np.ndarray | None = None,
) -> Lockstep:
    """Train the network in place and a twin made from it, on the same batches; report how far they differ.

    The batches are those that `fit` draws from the same rng; as there, both are left in evaluation mode. What
    remains in float64 is rounding, since the two add up in different orders: about 1e-13, and more only where
    an unstable training run amplifies it.
    Raises: ValueError, TypeError for unfit data or settings, before anything is changed.
    """
    module, torch_loss = to_torch(network).train(), loss_to_torch(loss)
    torch_optimizer = optimizer_to_torch(optimizer, network, module)
    dtype = optimizer.parameters[0].value.dtype
    X, y = check_inputs("lockstep", network, X), np.asarray(y)
    w = () if sample_weight is None else (np.asarray(sample_weight, dtype),)
    with evaluation_mode(network):  # the loss knows which targets it takes: ask it before the first update
        loss(network.forward(X), y, *w)
    all_rows = _rows(X, batch_size, check_rng("lockstep", rng))
    pairs, report = pairs_of("lockstep", network, module), Lockstep(module)
    clip = functools.partial(_clip, optimizer)
    network.train()
    with same_dropout(network, module):
        for rows in itertools.islice(all_rows, check_count("lockstep", "steps", steps)):
            batch = X[rows], y[rows], *(weight[rows] for weight in w)
            torch_optimizer.param_groups[0]["lr"] = optimizer.lr  # a schedule gives each step its own
            ours = _nnlab_step(network, loss, optimizer, *batch)
            theirs = _torch_step(module, torch_loss, torch_optimizer, clip, *map(torch.tensor, batch))
            report.add(ours, theirs, pairs)
    network.eval()
    module.eval()
    return report


@contextlib.contextmanager
def same_dropout(network: Layer, module: nn.Module) -> Iterator[None]:
    """For a while, let the twin drop the entries that the network dropped just before.

    Left alone, each would draw its own: no seed makes torch's generator give NumPy's numbers. So the network
    draws the mask, and both multiply by it.
    """
    twins = [(layer, twin) for layer, twin in modules_of(network, module) if isinstance(layer, Dropout)]
    for layer, twin in twins:
        twin.forward = functools.partial(_drop, layer)
    try:
        yield
    finally:
        for _, twin in twins:
            del twin.forward  # the class's own is in force again


def _drop(layer: Dropout, X: Tensor) -> Tensor:
    return X if layer._mask is None else X * torch.from_numpy(layer._mask)


def _rows(X: np.ndarray, batch_size: int | None, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the row numbers of batch after batch, epoch after epoch, without end."""
    for _ in itertools.count():
        for _, rows in batches(X, np.arange(len(X)), batch_size, rng=rng):
            yield rows


def _nnlab_step(network: Layer, loss: Loss, optimizer: Optimizer, X, *targets) -> float:
    value, dscores = loss(network.forward(X), *targets)
    network.backward_parameters(dscores)
    optimizer.step()
    return value


def _torch_step(module: nn.Module, loss, optimizer: torch.optim.Optimizer, clip, X, *targets) -> float:
    value = loss(module(X), *targets)
    optimizer.zero_grad()
    value.backward()
    clip(optimizer.param_groups[0]["params"])
    optimizer.step()
    return value.item()


def _clip(optimizer: Optimizer, twins: list[Tensor]) -> None:
    """Clip the gradients in torch as the optimizer does: there, it is a call of its own."""
    if optimizer.clip_norm is not None:
        nn.utils.clip_grad_norm_(twins, optimizer.clip_norm)
    if optimizer.clip_value is not None:
        nn.utils.clip_grad_value_(twins, optimizer.clip_value)


def _difference(pairs: list[Pair]) -> float:
    """Return the largest relative difference of what a layer has, all its arrays taken together."""
    layers: dict[int, list[Pair]] = {}
    for pair in pairs:
        layers.setdefault(id(pair.layer), []).append(pair)
    return max(
        relative_error(
            np.concatenate([pair.array.ravel() for pair in layer]),
            np.concatenate([pair.twin_array().ravel() for pair in layer]),
        )
        for layer in layers.values()
    )


def _bound(differences: list[float]) -> str:
    largest = max(differences)
    for bound in (1e-12, 1e-9, 1e-6, 1e-3):
        if largest < bound:
            return f"below {bound:.0e}"
    return f"up to {largest:.0e}"
