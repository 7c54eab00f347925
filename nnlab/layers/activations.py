"""Activations: the nonlinear functions between linear layers, each a `Layer` without parameters.

X and Y are arrays of any shape (m, …); every function but Softmax acts on each entry alone.
"""

from __future__ import annotations

import math

import numpy as np

from nnlab._check import check_choice, check_number
from nnlab.layers.base import Layer


class Activation(Layer):
    """A layer without parameters; all but Softmax map each entry by a function of one variable."""


class ReLU(Activation):
    """Y = max(X, 0); derivative 1 where X > 0, else 0 (at X = 0 we take 0, as torch does).

    Source: Nair and Hinton, 2010.
    """

    def _forward(self, X):
        return np.maximum(X, 0)

    def _backward(self, dY, X, Y):
        return dY * (X > 0)


class LeakyReLU(Activation):
    """Y = X where X > 0, else negative_slope · X; the derivative is 1 or negative_slope.

    Raises: ValueError unless negative_slope >= 0. Source: Maas et al., 2013.
    """

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = check_number("LeakyReLU", "negative_slope", negative_slope, at_least=0)

    def _forward(self, X):
        return np.where(X > 0, X, X * self.negative_slope)

    def _backward(self, dY, X, Y):
        return np.where(X > 0, dY, dY * self.negative_slope)


class ELU(Activation):
    """Y = X where X > 0, else α (eˣ − 1); the derivative is 1 or Y + α.

    Raises: ValueError unless alpha > 0. Source: Clevert et al., 2015.
    """

    def __init__(self, alpha: float = 1.0):
        self.alpha = check_number("ELU", "alpha", alpha, above=0)

    def _forward(self, X):
        # minimum: eˣ of a large positive X, which is not used, would overflow.
        return np.where(X > 0, X, self.alpha * np.expm1(np.minimum(X, 0)))

    def _backward(self, dY, X, Y):
        return np.where(X > 0, dY, dY * (Y + self.alpha))


class Sigmoid(Activation):
    """Y = 1 / (1 + e⁻ˣ); derivative Y (1 − Y), at most 1/4."""

    def _forward(self, X):
        return _sigmoid(X)

    def _backward(self, dY, X, Y):
        return dY * Y * (1 - Y)


class Tanh(Activation):
    """Y = tanh X; derivative 1 − Y², at most 1."""

    def _forward(self, X):
        return np.tanh(X)

    def _backward(self, dY, X, Y):
        return dY * (1 - Y * Y)


class SiLU(Activation):
    """Y = X σ(X), also called swish; derivative σ (1 + X (1 − σ)).

    Source: Elfwing et al., 2017.
    """

    def _forward(self, X):
        return X * _sigmoid(X)

    def _backward(self, dY, X, Y):
        sigma = _sigmoid(X)
        return dY * sigma * (1 + X * (1 - sigma))


class GELU(Activation):
    """Y = X Φ(X); derivative Φ(X) + X φ(X), with Φ the standard normal CDF and φ its density.

    `approximate="none"` (torch's default) is exact; "tanh" is X (1 + tanh u)/2, u = √(2/π)(X + 0.044715 X³).
    Raises: ValueError for any other `approximate`. Source: Hendrycks and Gimpel, 2016.
    """

    def __init__(self, approximate: str = "none"):
        self.approximate = check_choice("GELU", "approximate", approximate, ("none", "tanh"))

    def _forward(self, X):
        return X * (self._cdf(X) if self.approximate == "none" else (1 + np.tanh(self._u(X))) / 2)

    def _backward(self, dY, X, Y):
        X = np.clip(X, -40, 40)  # beyond this, the slope is 0 or 1 to the last bit, and X³ might overflow
        if self.approximate == "none":
            return dY * (self._cdf(X) + X * np.exp(-X * X / 2) * (2 * math.pi) ** -0.5)
        t = np.tanh(self._u(X))
        du = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * X * X)
        return dY * ((1 + t) + X * (1 - t * t) * du) / 2

    def _cdf(self, X):
        from scipy.special import ndtr  # here, so that the package needs NumPy alone

        return ndtr(X)

    def _u(self, X):
        X = np.clip(X, -40, 40)
        return math.sqrt(2 / math.pi) * (X + 0.044715 * X * X * X)


class Softmax(Activation):
    """Y = e^(X − max) / Σ e^(X − max) along the last axis: positive, with sum 1.

    Backward: dX = Y ⊙ (dY − Σ dY ⊙ Y). In training, leave it out: `softmax_cross_entropy` takes scores.
    """

    axes = ("m", ..., "n")

    def _forward(self, X):
        E = np.exp(X - _row_max(X))
        return E / E.sum(axis=-1, keepdims=True)

    def _backward(self, dY, X, Y):
        return Y * (dY - (dY * Y).sum(axis=-1, keepdims=True))


def _row_max(X: np.ndarray) -> np.ndarray:
    """Return X.max(axis=-1, keepdims=True)."""
    n = X.shape[-1]
    if n > 32:
        return X.max(axis=-1, keepdims=True)
    # NumPy goes row by row, which is slow for many short rows; as columns, it takes them side by side.
    return np.ascontiguousarray(X.reshape(-1, n).T).max(axis=0).reshape(*X.shape[:-1], 1)


def _sigmoid(X: np.ndarray) -> np.ndarray:
    # e^(−|x|) never overflows: 1 / (1 + e) for x >= 0, e / (1 + e) for x < 0.
    E = np.exp(-np.abs(X))
    return np.where(X >= 0, 1, E) / (1 + E)
