"""Layers: what a network is made of. Each knows its forward pass and its own piece of the chain rule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from nnlab._validation import (
    all_finite,
    check_array,
    check_count,
    check_dtype,
    check_finite,
    check_function,
    check_rng,
    describe,
)
from nnlab.initializers import Initializer, he_normal


class Parameter:
    """A trainable array `value` beside the gradient `grad` of the loss with respect to it (None at first)."""

    __slots__ = ("grad", "value")

    def __init__(self, value: np.ndarray):
        self.value = value
        self.grad: np.ndarray | None = None

    def __repr__(self) -> str:
        return f"Parameter(shape={self.value.shape}, dtype={self.value.dtype})"


class Layer:
    """What every layer can do: `forward`, `backward` and `parameters`.

    `forward` remembers what `backward` needs; layers never change their arguments.
    """

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Map a batch: X (m, n_in) -> Y (m, n_out).

        Raises: ValueError for a wrong shape, TypeError for a wrong dtype, NonFiniteError for NaN or infinity.
        """
        raise NotImplementedError(f"{type(self).__name__} must define forward(X)")

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Map the gradient of the loss with respect to Y to that with respect to X: (m, n_out) -> (m, n_in).

        Assigns the gradients of the layer's own parameters.
        Raises: RuntimeError before `forward`; as `forward` for dY.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward(dY)")

    def backward_parameters(self, dY: np.ndarray) -> None:
        """As `backward`, but dX may be left out: all that the first layer of a network needs in training.

        Raises: as `backward`.
        """
        self.backward(dY)

    def parameters(self) -> list[Parameter]:
        """Return the trainable parameters, in a fixed order."""
        return []

    def _remembered(self, name: str):
        value = getattr(self, name, None)
        if value is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward was called before forward; call forward first"
            )
        return value


class Linear(Layer):
    """Y = X W + b, with X: (m, n_in), W: (n_in, n_out), b: (n_out,) -> Y: (m, n_out).

    Backward: dW = Xᵀ dY, db = Σ dY over the batch, dX = dY Wᵀ. Biases start at zero.
    Raises: ValueError for a wrong shape, TypeError for a wrong dtype, NonFiniteError for NaN or infinity.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        *,
        bias: bool = True,
        weight_init: Initializer = he_normal,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        self.n_in = check_count("Linear", "n_in", n_in)
        self.n_out = check_count("Linear", "n_out", n_out)
        dtype = check_dtype("Linear", dtype)
        check_function("Linear", "weight_init", weight_init, "he_normal")
        W = weight_init(self.n_in, self.n_out, check_rng("Linear", rng), dtype)
        self.W = Parameter(check_array("Linear", "initial W", W, shape=(n_in, n_out), dtype=dtype))
        self.b = Parameter(np.zeros(n_out, dtype)) if bias else None

    def forward(self, X: np.ndarray) -> np.ndarray:
        W = self.W.value
        X = check_array("Linear", "X", X, shape=("m", self.n_in), dtype=W.dtype, finite=False)
        # A NaN or infinity in X reaches Y, which is smaller: look there, explain only if needed.
        with np.errstate(all="ignore"):
            Y = X @ W
            if self.b is not None:
                Y += self.b.value
        if not all_finite(Y):
            check_finite("Linear", "X", X)
            check_finite("Linear", "X @ W + b", Y, "the weights are too large: lower the learning rate")
        self._X = X
        return Y

    def backward(self, dY: np.ndarray) -> np.ndarray:
        # np.dot, not @, which takes five times as long for a single output.
        return np.dot(self._assign_gradients(dY), self.W.value.T)

    def backward_parameters(self, dY: np.ndarray) -> None:
        self._assign_gradients(dY)

    def _assign_gradients(self, dY: np.ndarray) -> np.ndarray:
        X = self._remembered("_X")
        dY = check_array("Linear.backward", "dY", dY, shape=(len(X), self.n_out), dtype=X.dtype)
        self.W.grad = X.T @ dY
        if self.b is not None:
            self.b.grad = np.ones(len(dY), dY.dtype) @ dY  # Σ dY; sum(axis=0) takes several times as long
        return dY

    def parameters(self) -> list[Parameter]:
        return [self.W] if self.b is None else [self.W, self.b]

    def __repr__(self) -> str:
        return f"Linear({self.n_in}, {self.n_out}{', bias=False' if self.b is None else ''})"


class Sequential(Layer):
    """Layers one after the other: forward from first to last, backward from last to first.

    Raises: TypeError unless every argument is a Layer, ValueError for none or for the same one twice.
    """

    def __init__(self, *layers: Layer):
        for layer in layers:
            if not isinstance(layer, Layer):
                raise TypeError(
                    f"Sequential expected layers, got {describe(layer)}; write Sequential(*layers) for a list"
                )
        if not layers:
            raise ValueError("Sequential expected at least one layer, got none")
        repeated = [layer for i, layer in enumerate(layers) if any(layer is other for other in layers[:i])]
        if repeated:  # the second forward would overwrite what the first one remembered
            raise ValueError(
                f"Sequential expected every layer once, got {repeated[0]} twice; make another one"
            )
        self.layers = layers

    def forward(self, X: np.ndarray) -> np.ndarray:
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, dY: np.ndarray) -> np.ndarray:
        for layer in reversed(self.layers):
            dY = layer.backward(dY)
        return dY

    def backward_parameters(self, dY: np.ndarray) -> None:
        for layer in reversed(self.layers[1:]):
            dY = layer.backward(dY)
        self.layers[0].backward_parameters(dY)

    def parameters(self) -> list[Parameter]:
        return [p for layer in self.layers for p in layer.parameters()]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.layers))})"


class MLP(Sequential):
    """A multi-layer perceptron: Linear, activation, Linear, …, Linear, giving scores (m, sizes[-1]).

    `MLP([784, 64, 10], activation=ReLU)` has one hidden layer of 64 units; any number of sizes will do.
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
