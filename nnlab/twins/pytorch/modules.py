"""The layers in torch: one entry per layer says how it is made there and what its parameters are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from nnlab._check import describe
from nnlab.layers import (
    ELU,
    GELU,
    MLP,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)

#: how to reorder the axes of our array to get torch's; the same orders lead back
AS_IT_IS = None
TRANSPOSED = (1, 0)


@dataclass(frozen=True)
class Twin:
    """How one type of layer is written in torch."""

    #: returns the module for a layer; its weights are copied in later
    make: Callable[..., nn.Module]
    #: the name of each parameter and buffer -> torch's name, and the order of the axes there
    names: dict[str, tuple[str, tuple[int, ...] | None]] = field(default_factory=dict)
    #: the name of a bias in torch -> that of a second one there, where ours is the sum of both
    second_biases: dict[str, str] = field(default_factory=dict)
    #: what torch keeps beyond that and does not use with the settings that we have
    unused: tuple[str, ...] = ()


def to_torch_dtype(dtype: np.dtype) -> torch.dtype:
    """Return torch's name for float32 or float64."""
    return torch.float32 if dtype == np.float32 else torch.float64


class ResidualModule(nn.Module):
    """Y = branch(X) + X, or branch(X) + skip(X): torch has no module for it."""

    def __init__(self, branch: nn.Module, skip: nn.Module | None):
        super().__init__()
        self.branch = branch
        self.skip = skip

    def forward(self, X: Tensor) -> Tensor:
        """Map X to Y."""
        return self.branch(X) + (X if self.skip is None else self.skip(X))


def make_module(layer: Layer) -> nn.Module:
    """Return the module for a layer and all layers inside, with weights of torch's own."""
    if type(layer) not in TWINS:
        known = ", ".join(kind.__name__ for kind in TWINS)
        raise TypeError(f"to_torch expected layers of {known}, got {describe(layer)}")
    return TWINS[type(layer)].make(layer)


def _sequential(layer: Sequential) -> nn.Module:
    return nn.Sequential(*map(make_module, layer.layers))


def _residual(layer: Residual) -> nn.Module:
    return ResidualModule(make_module(layer.branch), layer.skip and make_module(layer.skip))


def _linear(layer: Linear) -> nn.Module:
    return nn.Linear(layer.n_in, layer.n_out, layer.b is not None, dtype=to_torch_dtype(layer.dtype))


TWINS: dict[type[Layer], Twin] = {
    Sequential: Twin(_sequential),
    MLP: Twin(_sequential),
    Residual: Twin(_residual),
    Linear: Twin(_linear, {"W": ("weight", TRANSPOSED), "b": ("bias", AS_IT_IS)}),
    ReLU: Twin(lambda layer: nn.ReLU()),
    LeakyReLU: Twin(lambda layer: nn.LeakyReLU(layer.negative_slope)),
    ELU: Twin(lambda layer: nn.ELU(layer.alpha)),
    Sigmoid: Twin(lambda layer: nn.Sigmoid()),
    Tanh: Twin(lambda layer: nn.Tanh()),
    SiLU: Twin(lambda layer: nn.SiLU()),
    GELU: Twin(lambda layer: nn.GELU(layer.approximate)),
    Softmax: Twin(lambda layer: nn.Softmax(dim=-1)),
}
