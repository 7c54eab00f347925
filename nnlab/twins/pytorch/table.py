"""The table of twins: how each layer is made in torch, and what its weights and buffers are called there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab import layers
from nnlab._check import describe
from nnlab.layers import Layer
from nnlab.twins.pytorch import modules

Order = tuple[int, ...] | None
#: how torch orders the axes of our array
AS_IT_IS: Order = None
TRANSPOSED: Order = (1, 0)


@dataclass(frozen=True)
class Twin:
    """How one type of layer is written in torch."""

    #: returns the module for a layer; the weights are copied into it later
    make: Callable[..., nn.Module]
    #: our name of each parameter and buffer -> torch's, and the order of the axes there
    names: dict[str, tuple[str, Order]] = field(default_factory=dict)
    #: how our names of what lies inside begin -> how torch's do, where they are not the same
    inside: dict[str, str] = field(default_factory=dict)
    #: the name of a bias in torch -> that of a second one, which is added to it; ours is the sum of both
    second_biases: dict[str, str] = field(default_factory=dict)
    #: what torch has besides and does not use with the settings that we have
    unused: tuple[str, ...] = ()


def make_module(layer: Layer) -> nn.Module:
    """Return the module for a layer and all that lies inside, with weights of torch's own."""
    if type(layer) not in TWINS:
        known = ", ".join(kind.__name__ for kind in TWINS)
        raise TypeError(f"to_torch expected layers of {known}, got {describe(layer)}")
    return TWINS[type(layer)].make(layer)


def torch_dtype(dtype: Any) -> torch.dtype:
    """Return torch's name for float32 or float64."""
    return torch.float32 if dtype == np.float32 else torch.float64


def _linear(layer: layers.Linear) -> nn.Module:
    return nn.Linear(layer.n_in, layer.n_out, bias=layer.b is not None, dtype=torch_dtype(layer.dtype))


def _sequential(layer: layers.Sequential) -> nn.Module:
    return nn.Sequential(*map(make_module, layer.layers))


def _residual(layer: layers.Residual) -> nn.Module:
    skip = None if layer.skip is None else make_module(layer.skip)
    return modules.Residual(make_module(layer.branch), skip)


def _conv2d(layer: layers.Conv2d) -> nn.Module:
    return nn.Conv2d(
        layer.c_in,
        layer.c_out,
        layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        bias=layer.b is not None,
        dtype=torch_dtype(layer.dtype),
    )


def _batch_norm(layer: layers.BatchNorm) -> nn.Module:
    return modules.BatchNorm(layer.n, eps=layer.eps, momentum=layer.momentum, dtype=torch_dtype(layer.dtype))


def _layer_norm(layer: layers.LayerNorm) -> nn.Module:
    return nn.LayerNorm(layer.n, eps=layer.eps, dtype=torch_dtype(layer.dtype))


def _embedding(layer: layers.Embedding) -> nn.Module:
    return nn.Embedding(
        layer.n_tokens, layer.n, padding_idx=layer.padding_idx, dtype=torch_dtype(layer.dtype)
    )


def _recurrent(kind: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    def make(layer: Any) -> nn.Module:
        bias, dtype = layer.b is not None, torch_dtype(layer.dtype)
        return kind(layer.n_in, layer.n_hidden, bias=bias, batch_first=True, dtype=dtype)

    return make


def _bidirectional(layer: layers.Bidirectional) -> nn.Module:
    return modules.Bidirectional(make_module(layer.forward_layer), make_module(layer.backward_layer))


def _attention(layer: layers.MultiHeadAttention) -> modules.MultiheadAttention:
    return modules.MultiheadAttention(
        layer.n,
        layer.n_heads,
        causal=layer.causal,
        dropout=layer.dropout.p,
        dtype=torch_dtype(layer.dtype),
    )


def _transformer_block(layer: layers.TransformerBlock) -> nn.Module:
    norm, attention, dropout = layer.attention.layers  # type: Any, Any, Any
    n_hidden = layer.feed_forward.layers[1].n_out  # type: ignore[attr-defined]
    return modules.TransformerEncoderLayer(_attention(attention), n_hidden, dropout=dropout.p, eps=norm.eps)


WEIGHT_AND_BIAS = {"W": ("weight", AS_IT_IS), "b": ("bias", AS_IT_IS)}
SCALE_AND_SHIFT = {"gamma": ("weight", AS_IT_IS), "beta": ("bias", AS_IT_IS)}
RUNNING = {"running_mean": ("running_mean", AS_IT_IS), "running_var": ("running_var", AS_IT_IS)}
GATES = {"W": ("weight_ih_l0", TRANSPOSED), "U": ("weight_hh_l0", TRANSPOSED), "b": ("bias_ih_l0", AS_IT_IS)}

TWINS: dict[type[Layer], Twin] = {
    layers.Linear: Twin(_linear, {"W": ("weight", TRANSPOSED), "b": ("bias", AS_IT_IS)}),
    layers.ReLU: Twin(lambda layer: nn.ReLU()),
    layers.LeakyReLU: Twin(lambda layer: nn.LeakyReLU(layer.negative_slope)),
    layers.ELU: Twin(lambda layer: nn.ELU(layer.alpha)),
    layers.Sigmoid: Twin(lambda layer: nn.Sigmoid()),
    layers.Tanh: Twin(lambda layer: nn.Tanh()),
    layers.SiLU: Twin(lambda layer: nn.SiLU()),
    layers.GELU: Twin(lambda layer: nn.GELU(layer.approximate)),
    layers.Softmax: Twin(lambda layer: nn.Softmax(dim=-1)),
    layers.Sequential: Twin(_sequential),
    layers.MLP: Twin(_sequential),
    layers.Residual: Twin(_residual),
    layers.Dropout: Twin(lambda layer: nn.Dropout(layer.p)),
    # torch counts batches for momentum=None, which takes the mean over all of them.
    layers.BatchNorm: Twin(_batch_norm, SCALE_AND_SHIFT | RUNNING, unused=("num_batches_tracked",)),
    layers.LayerNorm: Twin(_layer_norm, SCALE_AND_SHIFT),
    layers.Conv2d: Twin(_conv2d, WEIGHT_AND_BIAS),  # kernels (c_out, c_in, kh, kw) on both sides
    layers.MaxPool2d: Twin(lambda layer: nn.MaxPool2d(layer.kernel_size, layer.stride)),
    layers.AvgPool2d: Twin(lambda layer: nn.AvgPool2d(layer.kernel_size, layer.stride)),
    layers.Flatten: Twin(lambda layer: nn.Flatten()),
    layers.Embedding: Twin(_embedding, {"W": ("weight", AS_IT_IS)}),
    layers.RNN: Twin(
        _recurrent(modules.RNN),
        {"Wx": GATES["W"], "Wh": GATES["U"], "b": GATES["b"]},
        second_biases={"bias_ih_l0": "bias_hh_l0"},
    ),
    layers.LSTM: Twin(_recurrent(modules.LSTM), GATES, second_biases={"bias_ih_l0": "bias_hh_l0"}),
    layers.GRU: Twin(_recurrent(modules.GRU), {**GATES, "c": ("bias_hh_l0", AS_IT_IS)}),
    layers.Bidirectional: Twin(_bidirectional),
    layers.LastStep: Twin(lambda layer: modules.LastStep()),
    layers.PositionalEncoding: Twin(
        lambda layer: modules.PositionalEncoding(torch.tensor(layer.table, device="cpu"))
    ),
    layers.MultiHeadAttention: Twin(
        _attention, inside={"in_proj.": "in_proj_", "dropout.": "weights_dropout."}
    ),
    layers.TransformerBlock: Twin(
        _transformer_block,
        inside={
            "attention.0.": "norm1.",
            "attention.1.": "self_attn.",
            "attention.2.": "dropout1.",
            "feed_forward.0.": "norm2.",
            "feed_forward.1.": "linear1.",
            "feed_forward.3.": "dropout.",
            "feed_forward.4.": "linear2.",
            "feed_forward.5.": "dropout2.",
        },
    ),
}
