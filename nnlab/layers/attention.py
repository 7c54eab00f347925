"""Attention: each position of a sequence takes what it needs from the others."""

from __future__ import annotations

import math

import numpy as np

from nnlab._check import check_count, check_dtype, check_flag
from nnlab.initializers import Initializer, xavier_uniform
from nnlab.layers.activations import ReLU, Softmax
from nnlab.layers.base import Layer
from nnlab.layers.containers import Sequential
from nnlab.layers.linear import Linear
from nnlab.layers.normalization import LayerNorm
from nnlab.layers.regularization import Dropout


class MultiHeadAttention(Layer):
    """Self-attention: in each head, Y = A V with weights A = softmax(Q Kᵀ / √d), d = n / n_heads.

    X: (m, T, n) -> (m, T, n). `in_proj` maps X to queries Q, keys K and values V of all heads side by side,
    `out_proj` the heads' results, side by side, to Y. A: (m, n_heads, T, T); row t says how much position t
    takes from each; `attention_weights` is A of the last forward pass. Backward: dV = Aᵀ dY, dA = dY Vᵀ, and
    with Ã = Q Kᵀ / √d: dÃ = A ⊙ (dA − Σ dA ⊙ A), sums over a row, dQ = dÃ K / √d, dK = dÃᵀ Q / √d.
    causal=True hides the positions after t from t. dropout: the probability of dropping a weight in A.
    weight_init: for both projections, drawing from rng (torch: out_proj from ±1/√n). Biases start at zero.
    Raises: ValueError unless n_heads divides n, or for a wrong shape; TypeError for dropout without rng.
    Source: Vaswani et al., 2017.
    """

    def __init__(
        self,
        n: int,
        n_heads: int,
        *,
        causal: bool = False,
        dropout: float = 0.0,
        weight_init: Initializer = xavier_uniform,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        self.n = check_count("MultiHeadAttention", "n", n)
        self.n_heads = check_count("MultiHeadAttention", "n_heads", n_heads)
        if n % n_heads:
            raise ValueError(f"MultiHeadAttention expected n_heads to divide n = {n}, got {n_heads}")
        self.causal = check_flag("MultiHeadAttention", "causal", causal)
        self.dtype = check_dtype("MultiHeadAttention", dtype)
        self.axes = ("m", "T", self.n)
        self.in_proj = Linear(n, 3 * n, weight_init=weight_init, rng=rng, dtype=dtype)
        self.softmax = Softmax()
        self.dropout = Dropout(dropout, rng=rng)
        self.out_proj = Linear(n, n, weight_init=weight_init, rng=rng, dtype=dtype)

    def _forward(self, X):
        Q, K, V = self._split(self.in_proj.forward(X), 3)
        A_tilde = Q @ K.swapaxes(-1, -2) / math.sqrt(self.n // self.n_heads)
        if self.causal:
            T = X.shape[1]
            A_tilde = np.where(np.tri(T, dtype=bool), A_tilde, -np.inf)  # e^(−∞) = 0: no weight
        A = self.dropout.forward(self.softmax.forward(A_tilde))
        self._memory = Q, K, V, A
        return self.out_proj.forward(self._join(A @ V))

    def _backward(self, dY, X, Y):
        Q, K, V, A = self._memory
        (dY,) = self._split(self.out_proj.backward(dY), 1)
        dV = A.swapaxes(-1, -2) @ dY
        dA = dY @ V.swapaxes(-1, -2)
        dA_tilde = self.softmax.backward(self.dropout.backward(dA)) / math.sqrt(self.n // self.n_heads)
        return self.in_proj.backward(self._join(dA_tilde @ K, dA_tilde.swapaxes(-1, -2) @ Q, dV))

    @property
    def attention_weights(self) -> np.ndarray:
        """A of the last forward pass, (m, n_heads, T, T). Raises: RuntimeError before the first."""
        if self._kept is None:
            raise RuntimeError(
                "MultiHeadAttention has no attention_weights before forward; call forward first"
            )
        return self._memory[3]

    def _split(self, X: np.ndarray, parts: int) -> np.ndarray:
        """Return (m, T, parts · n) as (parts, m, n_heads, T, d)."""
        m, T, _ = X.shape
        return X.reshape(m, T, parts, self.n_heads, -1).transpose(2, 0, 3, 1, 4)

    def _join(self, *parts: np.ndarray) -> np.ndarray:
        """Return parts (m, n_heads, T, d) as (m, T, parts · n), the inverse of `_split`."""
        m, _, T, _ = parts[0].shape
        return np.stack([part.swapaxes(1, 2) for part in parts], axis=2).reshape(m, T, -1)


class PositionalEncoding(Layer):
    """Y[:, t] = X[:, t] + P[t]: tells attention, which ignores order, where in the sequence each entry is.

    P[t, 2i] = sin(t / 10000^(2i/n)) and P[t, 2i + 1] = cos(t / 10000^(2i/n)): waves from fast to slow, in
    `table`. X: (m, T, n) with T <= max_length. Nothing is learned: dX = dY.
    Raises: ValueError for a wrong shape or a longer sequence. Source: Vaswani et al., 2017.
    """

    def __init__(self, n: int, max_length: int):
        self.n = check_count("PositionalEncoding", "n", n)
        self.max_length = check_count("PositionalEncoding", "max_length", max_length)
        self.axes = ("m", "T", self.n)
        angle = np.arange(max_length)[:, None] / 10000 ** (np.arange(0, n, 2) / n)
        self.table = np.empty((max_length, n))
        self.table[:, 0::2] = np.sin(angle)
        self.table[:, 1::2] = np.cos(angle[:, : n // 2])  # for odd n, the last sine has no cosine

    def _forward(self, X):
        return X + self.table[: X.shape[1]].astype(X.dtype)

    def _backward(self, dY, X, Y):
        return dY

    def _check_input(self, X):
        X = super()._check_input(X)
        if X.shape[1] > self.max_length:
            raise ValueError(
                f"PositionalEncoding expected sequences of at most {self.max_length} steps, got X of shape "
                f"{X.shape}; make it with a larger max_length"
            )
        return X


class TransformerBlock(Layer):
    """Z = X + attention(X), Y = Z + feed_forward(Z): first positions mix, then each is processed alone.

    attention: LayerNorm, MultiHeadAttention. feed_forward: LayerNorm, Linear(n, n_hidden), ReLU,
    Linear(n_hidden, n). X and Y: (m, T, n). This is torch's TransformerEncoderLayer with norm_first=True, its
    default activation, and dropout where torch has it: on attention's weights, after ReLU, before both sums.
    The norm comes first in each branch, so that the gradient can also reach X through the two sums alone;
    Vaswani et al. (2017) have it after each sum.
    n_heads, causal: as in `MultiHeadAttention`. rng: draws each layer's default weights, and dropout's masks.
    Raises: ValueError for a wrong shape, TypeError for dropout without rng. Source: Xiong et al., 2020.
    """

    def __init__(
        self,
        n: int,
        n_heads: int,
        n_hidden: int,
        *,
        causal: bool = False,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        self.n = check_count("TransformerBlock", "n", n)
        self.n_heads = check_count("TransformerBlock", "n_heads", n_heads)
        self.n_hidden = check_count("TransformerBlock", "n_hidden", n_hidden)
        self.dtype = check_dtype("TransformerBlock", dtype)
        self.axes = ("m", "T", self.n)
        self.attention = Sequential(
            LayerNorm(n, dtype=dtype),
            MultiHeadAttention(n, n_heads, causal=causal, dropout=dropout, rng=rng, dtype=dtype),
            Dropout(dropout, rng=rng),
        )
        self.feed_forward = Sequential(
            LayerNorm(n, dtype=dtype),
            Linear(n, n_hidden, rng=rng, dtype=dtype),
            ReLU(),
            Dropout(dropout, rng=rng),
            Linear(n_hidden, n, rng=rng, dtype=dtype),
            Dropout(dropout, rng=rng),
        )

    def _forward(self, X):
        Z = X + self.attention.forward(X)
        return Z + self.feed_forward.forward(Z)

    def _backward(self, dY, X, Y):
        dZ = dY + self.feed_forward.backward(dY)
        return dZ + self.attention.backward(dZ)
