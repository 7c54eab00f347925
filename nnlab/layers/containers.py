"""Containers: layers made of layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from nnlab._check import check_function, check_rng, describe
from nnlab.initializers import Initializer, he_normal
from nnlab.layers.base import Layer
from nnlab.layers.linear import Linear
from nnlab.layers.state import check_distinct


class Sequential(Layer):
    """Layers one after the other: forward from first to last, backward from last to first.

    An error inside names the layer, counted from 0 as in `layers` and in the names of parameters.
    Raises: TypeError unless every argument is a Layer, ValueError for none or for the same one twice.
    """

    def __init__(self, *layers: Layer):
        check_distinct(type(self).__name__, layers)
        self.layers = layers
        self.dtype = next((layer.dtype for layer in layers if layer.dtype is not None), None)

    def _forward(self, X):
        for layer in self.layers:
            X = layer._checked_forward(X)
        return X

    def _backward(self, dY, X, Y):
        for layer in reversed(self.layers):
            dY = layer._checked_backward(dY)
        return dY

    def _backward_parameters(self, dY, X, Y):
        first, *others = self.layers
        for layer in reversed(others):
            dY = layer._checked_backward(dY)
        first._checked_backward_parameters(dY)

    # The inner layers check, and only they know what they take.
    def _check_input(self, X):
        return X

    def _check_gradient(self, dY, Y):
        return dY

    def children(self) -> list[tuple[str, Layer]]:
        return [(str(i), layer) for i, layer in enumerate(self.layers)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


class MLP(Sequential):
    """A multi-layer perceptron: Linear, activation, Linear, …, Linear, giving scores (m, sizes[-1]).

    `MLP([784, 64, 10], activation=ReLU)` has one hidden layer of 64 units; more sizes make more layers.
    Raises: ValueError for fewer than two sizes, TypeError unless `activation()` makes a Layer.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: Callable[[], Layer],
        weight_init: Initializer = he_normal,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        if not isinstance(sizes, (list, tuple)):
            raise TypeError(f"MLP expected sizes as a list [n_in, …, n_out], got {describe(sizes)}")
        if len(sizes) < 2:
            raise ValueError(f"MLP expected at least two sizes [n_in, …, n_out], got {sizes}")
        check_function("MLP", "activation", activation, "the class ReLU")
        rng = check_rng("MLP", rng)
        layers: list[Layer] = []
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [Linear(n_in, n_out, weight_init=weight_init, rng=rng, dtype=dtype), activation()]
        super().__init__(*layers[:-1])  # the last layer gives scores: no activation after it


class Residual(Layer):
    """Y = F(X) + X, F being the given layers one after the other; with a skip layer, Y = F(X) + skip(X).

    The gradient reaches X both ways: dX is that of F plus that of skip, or plus dY without a skip layer.
    F(X) and skip(X) must have the same shape.
    Raises: ValueError if they do not, and as `Sequential` for the layers. Source: He et al., 2016.
    """

    def __init__(self, *layers: Layer, skip: Layer | None = None):
        check_distinct("Residual", layers if skip is None else (*layers, skip))
        self.branch = Sequential(*layers)
        self.skip = skip
        self.dtype = self.branch.dtype if skip is None or self.branch.dtype else skip.dtype

    def _forward(self, X):
        F = self.branch._checked_forward(X)
        S = X if self.skip is None else self.skip._checked_forward(X)
        if F.shape != S.shape:
            raise ValueError(
                f"Residual expected F(X) and {'X' if self.skip is None else 'skip(X)'} of one shape, got "
                f"{F.shape} and {S.shape}; give a skip= layer that maps X to the shape of F(X)"
            )
        return F + S

    def _backward(self, dY, X, Y):
        return self.branch._checked_backward(dY) + (
            dY if self.skip is None else self.skip._checked_backward(dY)
        )

    def __repr__(self) -> str:
        skip = [] if self.skip is None else [f"skip={self.skip!r}"]
        return f"Residual({', '.join([*map(repr, self.branch.layers), *skip])})"
