"""Making the twin, and copying weights and buffers to it and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nnlab._check import check_finite, describe
from nnlab.layers import Layer, Parameter
from nnlab.twins.pytorch.settings import default_settings
from nnlab.twins.pytorch.table import TWINS, Order, make_module, torch_dtype


@default_settings
def to_torch(network: Layer) -> nn.Module:
    """Return the network in torch, with copies of its weights and buffers, of the same dtype, in its mode.

    `Sequential` and `MLP` become `nn.Sequential`, every other layer torch's module of that name, or a thin
    one of ours where torch has none or its module returns more than the output.
    Raises: TypeError for a layer that has no twin.
    """
    with torch.random.fork_rng(devices=[]):  # torch draws weights first: leave its generator as it was
        module = make_module(network)
    copy_to_torch(network, module)
    for pair in pairs_of("to_torch", network, module):
        if pair.second is not None:
            pair.second.requires_grad_(False)  # of two biases that learn, the sum would move twice as fast
    for layer, inner in modules_of(network, module):
        inner.train(layer.training)
    return module


def copy_to_torch(network: Layer, module: nn.Module) -> None:
    """Copy weights and buffers into the module: "0.W" (n_in, n_out) -> "0.weight" (n_out, n_in), and so on.

    The module may be your own, as long as its layers are named as in `to_torch(network)`: an `nn.Sequential`
    of the same layers will do. Later changes on one side never reach the other.
    Raises: ValueError for other names or shapes, TypeError for another dtype or a layer without a twin,
    NonFiniteError; nothing is changed then.
    """
    pairs = pairs_of("copy_to_torch", network, module)
    for pair in pairs:
        check_finite("copy_to_torch", pair.name, pair.array)
    with torch.inference_mode():  # records nothing, and may change tensors that were made in this mode
        for pair in pairs:
            pair.tensor.copy_(pair.to_torch(pair.array))
            if pair.second is not None:
                pair.second.zero_()


def copy_from_torch(module: nn.Module, network: Layer) -> None:
    """Copy the weights and buffers of the module into the network: `copy_to_torch` the other way round.

    Raises: as `copy_to_torch`; nothing is changed then.
    """
    pairs = pairs_of("copy_from_torch", network, module)
    values = [pair.twin_array() for pair in pairs]
    for pair, value in zip(pairs, values, strict=True):
        check_finite("copy_from_torch", pair.name, value)
    for pair, value in zip(pairs, values, strict=True):
        np.copyto(pair.array, value)


@dataclass(frozen=True)
class Pair:
    """A parameter or buffer of a layer beside its twin."""

    layer: Layer
    attribute: str  # of the layer: "W"
    name: str  # in the network: "0.W"
    order: Order  # of the axes in torch
    tensor: Tensor
    second: Tensor | None  # torch's second bias: ours is the sum of both

    @property
    def parameter(self) -> Parameter | None:
        """The parameter; None for a buffer."""
        value = getattr(self.layer, self.attribute)
        return value if isinstance(value, Parameter) else None

    @property
    def array(self) -> np.ndarray:
        """Our value."""
        value = getattr(self.layer, self.attribute)
        return value.value if isinstance(value, Parameter) else value

    def twin_array(self) -> np.ndarray:
        """Return torch's value as we lay it out."""
        value = self.from_torch(self.tensor)
        return value if self.second is None else value + self.from_torch(self.second)

    def to_torch(self, array: np.ndarray) -> Tensor:
        """Return a copy of an array like ours (a value, a gradient, …) as torch lays it out."""
        return torch.tensor(array if self.order is None else array.transpose(self.order), device="cpu")

    def from_torch(self, tensor: Tensor) -> np.ndarray:
        """Return a tensor like torch's as we lay it out."""
        array = tensor.detach().cpu().numpy()
        return array if self.order is None else array.transpose(np.argsort(self.order))


def pairs_of(who: str, network: Layer, module: nn.Module) -> list[Pair]:
    """Return each parameter and buffer beside its twin, found by its name and checked to fit."""
    if not isinstance(network, Layer) or not isinstance(module, nn.Module):
        raise TypeError(
            f"{who} expected an nnlab network and a torch module, "
            f"got {type(network).__name__} and {type(module).__name__}"
        )
    theirs = module.state_dict(keep_vars=True)
    needed, optional = _names(who, network)
    missing = [name for name in needed if name not in theirs]
    unknown = [name for name in theirs if name not in needed + optional]
    if missing or unknown:
        problems = [f"lacks {', '.join(missing)}"] * bool(missing)
        problems += [f"has the unknown {', '.join(unknown)}"] * bool(unknown)
        raise ValueError(
            f"{who} expected a module with the parameters and buffers of to_torch(network), got one that "
            f"{' and '.join(problems)}"
        )
    pairs = list(_pairs(network, theirs))
    for pair in pairs:
        _check_fits(who, pair)
    return pairs


def modules_of(network: Layer, module: nn.Module) -> Iterator[tuple[Layer, nn.Module]]:
    """Yield each layer, the outer ones first, beside the module that is its twin."""
    theirs = dict(module.named_modules())
    for layer, _, prefix in _prefixes(network):
        if prefix[:-1] in theirs:  # not every layer of ours is a module there
            yield layer, theirs[prefix[:-1]]


def _prefixes(layer: Layer) -> Iterator[tuple[Layer, str, str]]:
    """Yield this layer and all inside, each with what its names begin with, here and in torch: "0.", say."""
    yield layer, "", ""
    inside = TWINS[type(layer)].inside
    for name, child in layer.children():
        for inner, ours, theirs in _prefixes(child):
            theirs = f"{name}.{theirs}"
            for begin, begin_in_torch in inside.items():
                if theirs.startswith(begin):
                    theirs = begin_in_torch + theirs.removeprefix(begin)
                    break
            yield inner, f"{name}.{ours}", theirs


def _names(who: str, network: Layer) -> tuple[list[str], list[str]]:
    """Return the names of the parameters and buffers that the module must have, and of those it may have."""
    for _, layer in network.named_layers():
        if type(layer) not in TWINS:
            raise TypeError(f"{who} expected layers that have a twin, got {describe(layer)}")
    needed, optional = [], []
    for layer, _, prefix in _prefixes(network):
        twin = TWINS[type(layer)]
        needed += [prefix + twin.names[attribute][0] for attribute in _own_state(layer)]
        optional += [prefix + name for name in (*twin.second_biases.values(), *twin.unused)]
    return needed, optional


def _pairs(network: Layer, theirs: dict[str, Tensor]) -> Iterator[Pair]:
    for layer, our_prefix, their_prefix in _prefixes(network):
        twin = TWINS[type(layer)]
        for attribute in _own_state(layer):
            name, order = twin.names[attribute]
            second = theirs.get(f"{their_prefix}{twin.second_biases.get(name)}")
            yield Pair(layer, attribute, our_prefix + attribute, order, theirs[their_prefix + name], second)


def _own_state(layer: Layer) -> list[str]:
    """Return the names of a layer's own parameters and buffers, without those of the layers inside it."""
    parameters = [name for name, value in vars(layer).items() if isinstance(value, Parameter)]
    return parameters + list(layer.buffer_names)


def _check_fits(who: str, pair: Pair) -> None:
    array, tensor = pair.array, pair.tensor
    shape = array.shape if pair.order is None else array.transpose(pair.order).shape
    if tensor.shape != shape:
        raise ValueError(
            f"{who} expected the twin of {pair.name} of shape {shape}, got {tuple(tensor.shape)}"
        )
    dtype = torch_dtype(array.dtype)
    if tensor.dtype != dtype:
        raise TypeError(
            f"{who} expected the twin of {pair.name} of dtype {dtype}, got {tensor.dtype}; "
            f"convert the module with .to({dtype})"
        )
