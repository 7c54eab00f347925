"""Gradient checking: the derivative by its definition, as a referee for the one by the chain rule."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from nnlab._check import check_array, check_number, describe
from nnlab.layers import Layer
from nnlab.losses import Loss


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """Central differences (f(x + ε eᵢ) − f(x − ε eᵢ)) / 2ε for every entry of x; same shape as x.

    f maps an array like x to a number. x: float64, any shape; it is not changed.
    Raises: TypeError unless x is float64: in float32 the rounding of f drowns out the difference.
    """
    x = _float64("numerical_gradient", "x", x)
    eps = check_number("numerical_gradient", "eps", eps, above=0)
    gradient = np.empty_like(x)
    x = x.copy()
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * eps)
    return gradient


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    """‖a − b‖ / max(‖a‖ + ‖b‖, 1e-12), Euclidean norms: 0 for equal arrays, 1 for opposite ones.

    Raises: ValueError unless the shapes are equal.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"relative_error expected two arrays of one shape, got {a.shape} and {b.shape}")
    return float(np.linalg.norm(a - b)) / max(float(np.linalg.norm(a) + np.linalg.norm(b)), 1e-12)


def check_gradients(
    network: Layer, X: np.ndarray, targets=None, *, loss: Loss | None = None, eps: float = 1e-6
) -> dict[str, float]:
    """Return the relative error of `backward` for X and every parameter, each against central differences.

    Without a loss, the scalar is Σ R ⊙ forward(X) with fixed random R, so that every entry counts. Below
    1e-7, the gradient is right; above, there is a mistake, a kink (ReLU at 0), or a gradient too small for
    eps: try eps=1e-2. Result: {"X": …, "0.W": …}, parameters by name; no "X" for integers such as tokens,
    which have no gradient.
    The network is checked in the mode it is in. Every forward pass starts from the same generators and
    buffers, so that dropout draws the same mask each time and running means end up as they were.
    Raises: TypeError for float32, in which central differences keep about three digits.
    """
    X = X.copy() if _are_tokens(X) else _float64("check_gradients", "X", X).copy()
    for p in network.parameters():
        _float64("check_gradients", "parameters", p.value)
    restore = _snapshot(network)

    def forward() -> np.ndarray:
        try:
            return network.forward(X)
        finally:
            restore()

    R = np.random.default_rng(0).standard_normal(forward().shape)

    def value_and_gradient() -> tuple[float, np.ndarray]:
        Y = forward()
        return (float((R * Y).sum()), R) if loss is None else loss(Y, targets)

    dX = network.backward(value_and_gradient()[1])
    claimed: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    if dX is not None:
        claimed["X"] = _float64("check_gradients", "X", X), dX
    claimed |= {name: (p.value, p.grad) for name, p in network.named_parameters()}

    def error(array: np.ndarray, gradient) -> float:
        def f(changed: np.ndarray) -> float:
            kept = array.copy()
            array[...] = changed  # in place, so that the network sees the change
            try:
                return value_and_gradient()[0]
            finally:
                array[...] = kept

        return relative_error(gradient, numerical_gradient(f, array, eps))

    return {name: error(*pair) for name, pair in claimed.items()}


def _snapshot(network: Layer) -> Callable[[], None]:
    """Return a function that restores the network's buffers and generators to their present state."""
    buffers = {name: array.copy() for name, array in network.named_buffers()}
    states = {name: rng.bit_generator.state for name, rng in network.named_generators()}

    def restore() -> None:
        for name, array in network.named_buffers():
            array[...] = buffers[name]
        for name, rng in network.named_generators():
            rng.bit_generator.state = states[name]

    return restore


def _are_tokens(X) -> bool:
    return isinstance(X, np.ndarray) and X.dtype.kind in "iu"


def _float64(who: str, name: str, x) -> np.ndarray:
    if not isinstance(x, np.ndarray) or x.dtype != np.float64:
        raise TypeError(
            f"{who} expected {name} as a float64 array, got {describe(x)}: a difference of two float32 "
            "values keeps about three digits, too few to judge a gradient; use .astype(np.float64)"
        )
    return check_array(who, name, x)
