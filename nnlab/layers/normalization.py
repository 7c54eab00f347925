"""Normalization: bring features to mean 0 and variance 1 inside the network, then scale and shift them."""

from __future__ import annotations

import numpy as np

from nnlab._check import check_count, check_dtype, check_number
from nnlab.layers.base import Layer
from nnlab.layers.state import Parameter


class BatchNorm(Layer):
    """Y = γ (X − μ) / √(σ² + ε) + β, with mean μ and variance σ² of each feature or channel over the batch.

    X: (m, n), or (m, n, h, w), where each of n channels has one mean over all samples and pixels, as in
    torch's BatchNorm1d and BatchNorm2d; γ, β: (n,). With N values per channel and X̂ = (X − μ) / √(σ² + ε):
    dβ = Σ dY, dγ = Σ dY ⊙ X̂, dX = γ / √(σ² + ε) · (dY − dβ / N − X̂ dγ / N).
    Training mode also keeps running averages of μ and σ², running ← (1 − momentum) running + momentum new,
    with σ² divided by N − 1. Evaluation mode uses these as μ and σ²; there dX = γ / √(σ² + ε) · dY.
    eps: keeps the divisor above 0. momentum: from 0 to 1, the weight of the newest batch; in Keras, that of
    the average. torch also counts the batches, for its momentum=None, which is left out here.
    Raises: ValueError for a wrong shape, or for one value per channel in training mode; TypeError for a
    wrong dtype. Source: Ioffe and Szegedy, 2015.
    """

    samplewise = False
    buffer_names = ("running_mean", "running_var")

    def __init__(self, n: int, *, eps: float = 1e-5, momentum: float = 0.1, dtype=np.float64):
        self.n = check_count("BatchNorm", "n", n)
        self.eps = check_number("BatchNorm", "eps", eps, above=0)
        self.momentum = check_number("BatchNorm", "momentum", momentum, at_least=0, at_most=1)
        self.dtype = check_dtype("BatchNorm", dtype)
        self.axes = ("m", self.n, ...)
        self.gamma = Parameter(np.ones(n, self.dtype))
        self.beta = Parameter(np.zeros(n, self.dtype))
        self.running_mean = np.zeros(n, self.dtype)
        self.running_var = np.ones(n, self.dtype)

    def _forward(self, X):
        X_hat = X.reshape(len(X), self.n, -1)  # all pixels of a channel in one axis, or one value
        if self.training:
            N = X.size // self.n
            mean = _channel_sums(X_hat) / N
            X_hat = X_hat - _over_pixels(mean, X_hat)
            var = _channel_sums(X_hat, X_hat) / N
            for running, new in ((self.running_mean, mean), (self.running_var, var * (N / (N - 1)))):
                running += self.momentum * (new - running)
        else:
            X_hat = X_hat - _over_pixels(self.running_mean, X_hat)
            var = self.running_var
        std = np.sqrt(var + self.eps)
        # In place where the array is our own: allocating another takes as long as the operation itself.
        X_hat *= _over_pixels(1 / std, X_hat)
        self._memory = X_hat, std, self.training
        Y = X_hat * _over_pixels(self.gamma.value, X_hat)
        Y += _over_pixels(self.beta.value, X_hat)
        return Y.reshape(X.shape)

    def _backward(self, dY, X, Y):
        X_hat, std, training = self._memory
        dY = dY.reshape(X_hat.shape)
        self.beta.grad = _channel_sums(dY)
        self.gamma.grad = _channel_sums(dY, X_hat)
        scale = _over_pixels(self.gamma.value / std, X_hat)
        if not training:
            return (dY * scale).reshape(X.shape)
        N = X.size // self.n
        dX = X_hat * _over_pixels(-self.gamma.grad / N, X_hat)
        dX += dY
        dX -= _over_pixels(self.beta.grad / N, X_hat)
        dX *= scale
        return dX.reshape(X.shape)

    def _check_input(self, X):
        X = super()._check_input(X)
        if X.ndim not in (2, 4):
            raise ValueError(
                f"BatchNorm expected X of shape (m, {self.n}) or (m, {self.n}, h, w), got {X.shape}; "
                "for sequences (m, T, n), use LayerNorm"
            )
        if self.training and X.size == self.n:
            raise ValueError(
                "BatchNorm expected more than one value per channel in training mode, got X of shape "
                f"{X.shape}; give it a larger batch, or call eval() first"
            )
        return X


class LayerNorm(Layer):
    """Y = γ (X − μ) / √(σ² + ε) + β, with mean μ and variance σ² over the last axis, of each row alone.

    X: (m, …, n), γ, β: (n,). Backward, with X̂ = (X − μ) / √(σ² + ε) and G = dY ⊙ γ: dβ = Σ dY,
    dγ = Σ dY ⊙ X̂ over all rows, dX = (G − mean G − X̂ mean(G ⊙ X̂)) / √(σ² + ε), means over the last axis.
    The mode makes no difference. Raises: ValueError for a wrong shape, TypeError for a wrong dtype.
    Source: Ba et al., 2016.
    """

    def __init__(self, n: int, *, eps: float = 1e-5, dtype=np.float64):
        self.n = check_count("LayerNorm", "n", n)
        self.eps = check_number("LayerNorm", "eps", eps, above=0)
        self.dtype = check_dtype("LayerNorm", dtype)
        self.axes = ("m", ..., self.n)
        self.gamma = Parameter(np.ones(n, self.dtype))
        self.beta = Parameter(np.zeros(n, self.dtype))

    def _forward(self, X):
        X_hat = X - _means(X)
        self._std = np.sqrt(_means(X_hat, X_hat) + self.eps)
        self._X_hat = X_hat / self._std
        return self._X_hat * self.gamma.value + self.beta.value

    def _backward(self, dY, X, Y):
        X_hat, rows = self._X_hat, (-1, self.n)
        self.beta.grad = dY.reshape(rows).sum(axis=0)
        self.gamma.grad = (dY * X_hat).reshape(rows).sum(axis=0)
        G = dY * self.gamma.value
        return (G - _means(G) - X_hat * _means(G, X_hat)) / self._std


def _channel_sums(*factors: np.ndarray) -> np.ndarray:
    """Sum an array (m, n, k), or the product of two, over samples and pixels; return (n,).

    einsum makes no array of products, and is fast whether a channel's pixels lie together in memory or a
    pixel's channels do. Pixels are summed first, then samples: no float32 sum runs over all values.
    """
    return np.einsum("mnk->mn" if len(factors) == 1 else "mnk,mnk->mn", *factors).sum(axis=0)


def _over_pixels(v: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return v[:, None] repeated to (n, k), laid out in memory like one of the samples of X (m, n, k).

    NumPy then takes a whole sample in one run, in two thirds of the time.
    """
    repeated = np.empty_like(X[0])
    repeated[...] = v[:, None]
    return repeated


def _means(*factors: np.ndarray) -> np.ndarray:
    """Return the means of an array (…, n), or of the product of two, over the last axis, as (…, 1).

    einsum takes a quarter of the time that mean takes for many short rows.
    """
    sums = np.einsum("...n->..." if len(factors) == 1 else "...n,...n->...", *factors)
    return sums[..., None] / factors[0].shape[-1]
