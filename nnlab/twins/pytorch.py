"""The PyTorch twin: the same network, losses and optimizers in torch, and proof that they stay together.

Only two conventions differ. torch keeps a weight as (n_out, n_in), the transpose of nnlab's W; and its
`backward` adds to the gradients, where nnlab's assigns them, so that torch needs `zero_grad`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from nnlab._check import check_array, check_count, check_finite, check_rng, describe
from nnlab.gradcheck import relative_error
from nnlab.layers import (
    ELU,
    GELU,
    Layer,
    LeakyReLU,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.losses import (
    Loss,
    binary_cross_entropy_with_logits,
    huber,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nnlab.training import batches

try:
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn
except ImportError as error:
    raise ImportError("nnlab.twins.pytorch needs PyTorch; install it with: pip install torch") from error

# ---------------------------------------------------------------------------------------- networks

LAYERS: dict[type[Layer], Callable[..., nn.Module]] = {
    # skip_init: torch's own starting weights are never drawn, so its global generator stays as it was.
    Linear: lambda layer: nn.utils.skip_init(
        nn.Linear,
        layer.n_in,
        layer.n_out,
        bias=layer.b is not None,
        dtype=_torch_dtype(layer.W.value),
    ),
    ReLU: lambda layer: nn.ReLU(),
    LeakyReLU: lambda layer: nn.LeakyReLU(layer.negative_slope),
    ELU: lambda layer: nn.ELU(layer.alpha),
    Sigmoid: lambda layer: nn.Sigmoid(),
    Tanh: lambda layer: nn.Tanh(),
    SiLU: lambda layer: nn.SiLU(),
    GELU: lambda layer: nn.GELU(layer.approximate),
    Softmax: lambda layer: nn.Softmax(dim=1),
}


def to_torch(network: Layer) -> nn.Module:
    """Return the network in torch, with copies of its weights, of the same dtype.

    `Sequential` and `MLP` become `nn.Sequential`, every other layer the module of the same name.
    Raises: TypeError for a layer that has no twin.
    """
    module = _module(network)
    copy_to_torch(network, module)
    return module


def _module(layer: Layer) -> nn.Module:
    if isinstance(layer, Sequential):
        return nn.Sequential(*map(_module, layer.layers))
    if type(layer) not in LAYERS:
        known = ", ".join(kind.__name__ for kind in (*LAYERS, Sequential))
        raise TypeError(f"to_torch expected layers of {known}, got {describe(layer)}")
    return LAYERS[type(layer)](layer)


def copy_to_torch(network: Layer, module: nn.Module) -> None:
    """Copy the weights into the module, W: (n_in, n_out) -> weight: (n_out, n_in), in order of definition.

    The module may be any with the same linear layers; later changes on one side never reach the other.
    Raises: ValueError for another number of parameters or another shape, TypeError for another dtype,
    NonFiniteError; nothing is changed then.
    """
    pairs = _pairs("copy_to_torch", network, module)
    for i, (parameter, _) in enumerate(pairs):
        check_finite("copy_to_torch", f"parameter {i}", parameter.value)
    with torch.no_grad():
        for parameter, twin in pairs:
            twin.copy_(torch.from_numpy(parameter.value.T))


def copy_from_torch(module: nn.Module, network: Layer) -> None:
    """Copy the weights of the module into the network: `copy_to_torch` the other way round.

    Raises: as `copy_to_torch`; nothing is changed then.
    """
    pairs = _pairs("copy_from_torch", network, module)
    for i, (_, twin) in enumerate(pairs):
        check_finite("copy_from_torch", f"parameter {i}", _to_numpy(twin))
    for parameter, twin in pairs:
        np.copyto(parameter.value, _to_numpy(twin))


def _pairs(who: str, network: Layer, module: nn.Module) -> list[tuple[Parameter, Tensor]]:
    """Return each parameter beside its twin, checked to fit."""
    if not isinstance(network, Layer) or not isinstance(module, nn.Module):
        raise TypeError(
            f"{who} expected an nnlab network and a torch module, "
            f"got {type(network).__name__} and {type(module).__name__}"
        )
    parameters, twins = network.parameters(), list(module.parameters())
    if len(parameters) != len(twins):
        raise ValueError(
            f"{who} expected a module with {len(parameters)} parameters, as the network has, "
            f"got {len(twins)}; make one with to_torch(network)"
        )
    for i, (parameter, twin) in enumerate(zip(parameters, twins, strict=True)):
        # All that differs is the layout; for a bias (n_out,) the transpose is the array itself.
        shape, dtype = parameter.value.T.shape, _torch_dtype(parameter.value)
        if twin.shape != shape:
            raise ValueError(
                f"{who} expected parameter {i} of the module of shape {shape}, got {tuple(twin.shape)}"
            )
        if twin.dtype != dtype:
            raise TypeError(
                f"{who} expected parameter {i} of the module of dtype {dtype}, got {twin.dtype}; "
                f"convert the module with .to({dtype})"
            )
    return list(zip(parameters, twins, strict=True))


def _torch_dtype(array: np.ndarray) -> torch.dtype:
    return torch.float32 if array.dtype == np.float32 else torch.float64


def _to_numpy(twin: Tensor) -> np.ndarray:
    return twin.detach().cpu().numpy().T


# ---------------------------------------------------------------------------------------- losses

LOSSES: dict[Callable, Callable[..., Tensor]] = {
    softmax_cross_entropy: F.cross_entropy,
    binary_cross_entropy_with_logits: F.binary_cross_entropy_with_logits,
    mean_squared_error: F.mse_loss,
    mean_absolute_error: F.l1_loss,
    huber: F.huber_loss,
}


def loss_to_torch(loss: Loss) -> Callable[..., Tensor]:
    """Return the loss as a function of tensors `(scores, targets, sample_weight=None) -> mean loss`.

    With `sample_weight` (m,) it is Σ wᵢ ℓᵢ / Σ wᵢ, so `class_weights[y]` gives what
    `nn.CrossEntropyLoss(weight=class_weights)` gives. `partial(huber, delta=2.0)` keeps its delta.
    Raises: ValueError for a loss that has no twin.
    """
    settings: dict[str, float] = {}
    if isinstance(loss, functools.partial) and loss.func is huber and set(loss.keywords) <= {"delta"}:
        settings, loss = loss.keywords, huber
    if not callable(loss) or loss not in LOSSES:
        known = ", ".join(function.__name__ for function in LOSSES)
        raise ValueError(f"loss_to_torch expected one of {known}, got {describe(loss)}")
    function = functools.partial(LOSSES[loss], **settings, reduction="none")
    takes_labels = loss is softmax_cross_entropy

    def torch_loss(scores: Tensor, targets: Tensor, sample_weight: Tensor | None = None) -> Tensor:
        labels = takes_labels and targets.ndim == 1
        if not labels and targets.shape != scores.shape:  # torch would broadcast (m,) against (m, 1)
            raise ValueError(
                f"{loss.__name__} expected targets of shape {tuple(scores.shape)}, got {tuple(targets.shape)}"
            )
        losses = function(scores, targets.long() if labels else targets.to(scores.dtype))
        if sample_weight is None:
            return losses.mean()
        return (sample_weight * losses.reshape(len(losses), -1).mean(dim=1)).sum() / sample_weight.sum()

    return torch_loss


# ---------------------------------------------------------------------------------------- optimizers

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


def optimizer_to_torch(optimizer: Optimizer, network: Layer, module: nn.Module) -> torch.optim.Optimizer:
    """Return torch's optimizer for the module, with the settings and the state that `optimizer` has now.

    Raises: TypeError for an optimizer that has no twin, ValueError if it is not one of this network.
    """
    who = "optimizer_to_torch"
    if type(optimizer) not in OPTIMIZERS:
        known = ", ".join(kind.__name__ for kind in OPTIMIZERS)
        raise TypeError(f"{who} expected an optimizer of {known}, got {describe(optimizer)}")
    kind, settings, state_names = OPTIMIZERS[type(optimizer)]
    twins = {id(parameter): twin for parameter, twin in _pairs(who, network, module)}
    if not all(id(parameter) in twins for parameter in optimizer.parameters):
        raise ValueError(
            f"{who} expected an optimizer of this network's parameters; "
            f"make it with {type(optimizer).__name__}(network.parameters(), …)"
        )
    mine = [twins[id(parameter)] for parameter in optimizer.parameters]
    twin_optimizer = kind(mine, lr=optimizer.lr, **{name: getattr(optimizer, name) for name in settings})
    if optimizer.t:  # before the first step there is no state in torch
        state = optimizer.state_dict()
        for i, twin in enumerate(mine):
            twin_optimizer.state[twin] = {"step": torch.tensor(float(optimizer.t))} | {
                theirs: torch.tensor(np.ascontiguousarray(state[f"{i}.{ours}"].T))
                for ours, theirs in state_names.items()
                if f"{i}.{ours}" in state
            }
    return twin_optimizer


# ---------------------------------------------------------------------------------------- lockstep


@dataclass
class Lockstep:
    """What `lockstep` saw: the twin, and for each step both losses and how far the weights differ.

    A difference is relative: |a − b| / (|a| + |b|), with Euclidean norms for arrays, the largest over
    all parameters.
    """

    module: nn.Module = field(repr=False)
    losses: list[float] = field(default_factory=list)
    torch_losses: list[float] = field(default_factory=list)
    loss_differences: list[float] = field(default_factory=list)
    weight_differences: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def largest_difference(self) -> float:
        """The largest relative difference of all steps, of losses and weights."""
        return max(self.loss_differences + self.weight_differences)

    def __repr__(self) -> str:
        # Bounds, not the rounding errors themselves: those differ from one processor to the next.
        return (
            f"Lockstep({len(self)} steps, loss {self.losses[0]:.4f} → {self.losses[-1]:.4f}; differences: "
            f"losses {_bound(self.loss_differences)}, weights {_bound(self.weight_differences)})"
        )


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

    The batches are those that `fit` draws from the same rng. What is left in float64 is rounding, since the
    two add up in different orders: about 1e-13, and more only where an unstable training amplifies it.
    Raises: ValueError, TypeError for unfit data or settings, before anything is changed.
    """
    module, torch_loss = to_torch(network), loss_to_torch(loss)
    torch_optimizer = optimizer_to_torch(optimizer, network, module)
    dtype = optimizer.parameters[0].value.dtype
    X, y = check_array("lockstep", "X", X, dtype=dtype), np.asarray(y)
    w = () if sample_weight is None else (np.asarray(sample_weight, dtype),)
    loss(network.forward(X), y, *w)  # it knows which targets it takes: ask it before the first update
    all_rows = _rows(X, batch_size, check_rng("lockstep", rng))
    report = Lockstep(module)
    for rows in itertools.islice(all_rows, check_count("lockstep", "steps", steps)):
        batch = X[rows], y[rows], *(weight[rows] for weight in w)
        report.losses.append(_nnlab_step(network, loss, optimizer, *batch))
        report.torch_losses.append(
            _torch_step(module, torch_loss, torch_optimizer, *map(torch.tensor, batch))
        )
        report.loss_differences.append(_loss_difference(report.losses[-1], report.torch_losses[-1]))
        report.weight_differences.append(_weight_difference(network, module))
    return report


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


def _torch_step(module: nn.Module, loss, optimizer: torch.optim.Optimizer, X: Tensor, *targets) -> float:
    value = loss(module(X), *targets)
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return value.item()


def _loss_difference(a: float, b: float) -> float:
    return relative_error(np.array(a), np.array(b))


def _weight_difference(network: Layer, module: nn.Module) -> float:
    pairs = zip(network.parameters(), module.parameters(), strict=True)
    return max(relative_error(parameter.value, _to_numpy(twin)) for parameter, twin in pairs)


def _bound(differences: list[float]) -> str:
    largest = max(differences)
    for bound in (1e-12, 1e-9, 1e-6, 1e-3):
        if largest < bound:
            return f"below {bound:.0e}"
    return f"up to {largest:.0e}"
