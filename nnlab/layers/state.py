"""What a network is made of, by name: layers, parameters, buffers; and its mode, which reaches them all."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from nnlab._check import check_array, check_flag, describe


class Parameter:
    """A trainable array `value`, and the gradient `grad` of the loss with respect to it (None at first)."""

    __slots__ = ("grad", "value")

    def __init__(self, value: np.ndarray):
        self.value = value
        self.grad: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"Parameter(shape={self.value.shape}, dtype={self.value.dtype})"


class Tree:
    """Layers within layers. A part is an attribute of the layer that holds it, and named after that."""

    #: the attributes that hold arrays of state without a gradient, such as running means
    buffer_names: tuple[str, ...] = ()

    def children(self) -> list[tuple[str, Any]]:
        """Return the layers directly inside this one, with their names."""
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Tree)]

    def named_layers(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Yield this layer, named `prefix`, and all layers inside it: "0", "1.branch", …"""
        yield prefix, self
        for name, layer in self.children():
            yield from layer.named_layers(_join(prefix, name))

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield the trainable parameters with their names, such as "0.W", in a fixed order."""
        for prefix, layer in self.named_layers():
            for name, value in vars(layer).items():
                if isinstance(value, Parameter):
                    yield _join(prefix, name), value

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield the arrays of state without a gradient, with their names."""
        for prefix, layer in self.named_layers():
            for name in layer.buffer_names:
                yield _join(prefix, name), getattr(layer, name)

    def named_generators(self) -> Iterator[tuple[str, np.random.Generator]]:
        """Yield the random generators of layers such as dropout, with their names."""
        for prefix, layer in self.named_layers():
            for name, value in vars(layer).items():
                if isinstance(value, np.random.Generator):
                    yield _join(prefix, name), value

    def parameters(self) -> list[Parameter]:
        """Return the trainable parameters, in a fixed order."""
        return [parameter for _, parameter in self.named_parameters()]


class Stateful(Tree):
    """A mode, training or evaluation, and a state that can be taken out and put back."""

    #: whether the network is being trained; dropout and batch norm act differently in evaluation mode
    training = True

    def train(self, mode: bool = True) -> Self:
        """Set training mode in this layer and all inner ones; return the layer.

        Raises: TypeError unless mode is True or False.
        """
        mode = check_flag(f"{type(self).__name__}.train", "mode", mode)
        for _, layer in self.named_layers():
            layer.training = mode
        return self

    def eval(self) -> Self:
        """Set evaluation mode in this layer and all inner ones; return the layer."""
        return self.train(False)

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and buffers by name, for `load_state_dict`."""
        return {name: array.copy() for name, array in self._state()}

    def load_state_dict(self, saved: Mapping[str, np.ndarray]) -> None:
        """Copy in the arrays that `state_dict` returned.

        Raises: ValueError for other names or shapes, TypeError for another dtype, and changes nothing.
        """
        who = f"{type(self).__name__}.load_state_dict"
        state = dict(self._state())
        if not isinstance(saved, Mapping):
            raise TypeError(f"{who} expected a dict of arrays by name, got {describe(saved)}")
        if set(saved) != set(state):
            missing, unknown = sorted(set(state) - set(saved)), sorted(set(saved) - set(state))
            problems = [f"lacks {', '.join(missing)}"] * bool(missing)
            problems += [f"has unknown {', '.join(map(str, unknown))}"] * bool(unknown)
            raise ValueError(
                f"{who} expected the state of this network, got one that {' and '.join(problems)}; make "
                "the network with the settings it had when the state was saved"
            )
        checked = {
            name: check_array(who, name, saved[name], shape=array.shape, dtype=array.dtype, finite=False)
            for name, array in state.items()
        }
        for name, array in state.items():
            array[...] = checked[name]

    def _state(self) -> list[tuple[str, np.ndarray]]:
        return [(name, p.value) for name, p in self.named_parameters()] + list(self.named_buffers())


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


@contextlib.contextmanager
def evaluation_mode(network: Stateful) -> Iterator[None]:
    """Put the network into evaluation mode within a `with` block, and every layer back afterwards."""
    training = [layer for _, layer in network.named_layers() if layer.training]
    for layer in training:
        layer.training = False
    try:
        yield
    finally:
        for layer in training:
            layer.training = True


def check_distinct(who: str, layers: tuple[Any, ...]) -> None:
    """Raise unless all are layers, and no layer or parameter occurs twice, however deeply nested.

    A second `forward` would overwrite what the first one kept, and a second gradient would replace the first.
    """
    for layer in layers:
        if not isinstance(layer, Stateful):
            raise TypeError(f"{who} expected layers, got {describe(layer)}; write {who}(*layers) for a list")
    if not layers:
        raise ValueError(f"{who} expected at least one layer, got none")
    seen: dict[int, Tree] = {}
    for inner in (inner for layer in layers for _, inner in layer.named_layers()):
        own = [value for value in vars(inner).values() if isinstance(value, Parameter)]
        for thing in (inner, *own):
            if id(thing) in seen:
                what = "the layer" if thing is inner else "a parameter of"
                raise ValueError(
                    f"{who} expected every layer and parameter once, got {what} {inner} twice; make a new one"
                )
            seen[id(thing)] = inner


def locate(error: Exception, network: Stateful) -> None:
    """Add to the error's message where in the network it arose: "…, in layer 4 (Linear(64, 10))".

    The place is the innermost layer that the error passed through; its traceback is left unchanged.
    """
    named = {id(layer): (name, layer) for name, layer in network.named_layers()}
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    places = [
        named[id(frame.f_locals["self"])] for frame in frames if id(frame.f_locals.get("self")) in named
    ]
    name, layer = places[-1]
    plain = getattr(error, "plain", str(error))  # an inner network may have added a place already
    error.plain = plain  # type: ignore[attr-defined]
    if name:
        text = repr(layer)
        error.args = (f"{plain}, in layer {name} ({text if len(text) <= 60 else text[:57] + '...'})",)
