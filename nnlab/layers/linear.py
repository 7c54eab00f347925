"""The linear layer: every output is a weighted sum of all inputs."""

from __future__ import annotations

import functools

import numpy as np

from nnlab._check import check_count, check_dtype, check_flag
from nnlab.initializers import Initializer, he_normal, initial_weights
from nnlab.layers.base import Layer
from nnlab.layers.state import Parameter


def sum_rows(A: np.ndarray) -> np.ndarray:
    """Return Σ A over its rows, as a product with ones: A.sum(axis=0) takes several times as long."""
    return _ones(len(A), A.dtype) @ A


@functools.lru_cache(maxsize=16)  # for most batches, a row of ones takes longer to make than to multiply
def _ones(n: int, dtype: np.dtype) -> np.ndarray:
    return np.ones(n, dtype)


class Linear(Layer):
    """Y = X W + b, with X: (m, …, n_in), W: (n_in, n_out), b: (n_out,) -> Y: (m, …, n_out).

    Backward, over all rows of X: dW = Xᵀ dY, db = Σ dY, dX = dY Wᵀ. Biases start at zero.
    bias=False leaves b out. weight_init: one of `nnlab.initializers`, drawing from rng. dtype: float64 or
    float32.
    Raises: ValueError for a wrong shape, TypeError for a wrong dtype.
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
        self.dtype = check_dtype("Linear", dtype)
        self.axes = ("m", ..., self.n_in)
        W = initial_weights("Linear", weight_init, (n_in, n_out), n_in, n_out, rng, self.dtype)
        self.W = Parameter(W)
        self.b = Parameter(np.zeros(n_out, self.dtype)) if check_flag("Linear", "bias", bias) else None

    def _forward(self, X):
        Y = X @ self.W.value
        if self.b is not None:
            Y += self.b.value
        return Y

    def _backward(self, dY, X, Y):
        self._backward_parameters(dY, X, Y)
        # np.dot of rows: @ is slower for a single output, and so is np.dot of three axes
        return np.dot(dY.reshape(-1, self.n_out), self.W.value.T).reshape(X.shape)

    def _backward_parameters(self, dY, X, Y):
        if X.ndim > 2:  # all rows, whatever the axes
            X, dY = X.reshape(-1, self.n_in), dY.reshape(-1, self.n_out)
        self.W.grad = X.T @ dY
        if self.b is not None:
            self.b.grad = sum_rows(dY)

    def __repr__(self) -> str:
        return f"Linear({self.n_in}, {self.n_out}{', bias=False' if self.b is None else ''})"
