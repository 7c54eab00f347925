"""Regularization inside the network: dropout."""

from __future__ import annotations

import numpy as np

from nnlab._check import check_number, check_rng
from nnlab.layers.base import Layer


class Dropout(Layer):
    """Y = X ⊙ M in training mode, each entry of M being 0 with probability p, else 1 / (1 − p).

    Backward: dX = dY ⊙ M, with the M of the forward pass. The mean of M is 1 ("inverted" dropout), so that
    evaluation mode has nothing to scale: there Y = X. X: any shape.
    p: below 1; torch allows 1 as well, but a network that drops everything learns nothing. rng: draws M. It
    is required unless p is 0: it is saved with the network, so that a resumed run draws the same masks as
    an uninterrupted one.
    Raises: ValueError unless 0 <= p < 1, TypeError without a generator. Source: Srivastava et al., 2014.
    """

    samplewise = False

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator | None):
        self.p = check_number("Dropout", "p", p, at_least=0, below=1)
        if rng is None and self.p > 0:
            raise TypeError(
                "Dropout expected rng as a np.random.Generator, got None; use np.random.default_rng(seed): "
                "only with a generator that is saved with the network can a run be resumed bit for bit"
            )
        rng = check_rng("Dropout", rng)
        self.rng = rng if self.p > 0 else None  # with p = 0, there is nothing to draw or save
        self._mask: np.ndarray | None = None

    def _forward(self, X):
        self._mask = None
        if not self.training or self.rng is None:
            return X
        # float32 numbers for float64 too: half the time, and the same mask for both.
        kept = self.rng.random(X.shape, np.float32) >= self.p
        self._mask = kept * X.dtype.type(1 / (1 - self.p))
        return X * self._mask

    def _backward(self, dY, X, Y):
        return dY if self._mask is None else dY * self._mask
