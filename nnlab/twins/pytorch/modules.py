"""Modules for layers that torch lacks, or whose modules return more than `nn.Sequential` can pass on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """Y = branch(X) + X, or branch(X) + skip(X)."""

    def __init__(self, branch: nn.Module, skip: nn.Module | None):
        super().__init__()
        self.branch = branch
        self.skip = skip

    def forward(self, X: Tensor) -> Tensor:
        """Map X to Y."""
        return self.branch(X) + (X if self.skip is None else self.skip(X))


class BatchNorm(nn.modules.batchnorm._BatchNorm):
    """`nn.BatchNorm1d` and `nn.BatchNorm2d` in one: they differ only in the axes that they admit."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 4):
            raise ValueError(f"BatchNorm expected X of 2 or 4 axes, got {input.ndim}")


class RNN(nn.RNN):
    """`nn.RNN` without its last state: the output alone."""

    def forward(self, X: Tensor) -> Tensor:  # type: ignore[override]
        """Map (m, T, n_in) to (m, T, n_hidden)."""
        return super().forward(X)[0]


class LSTM(nn.LSTM):
    """`nn.LSTM` without its last state: the output alone."""

    def forward(self, X: Tensor) -> Tensor:  # type: ignore[override]
        """Map (m, T, n_in) to (m, T, n_hidden)."""
        return super().forward(X)[0]


class GRU(nn.GRU):
    """`nn.GRU` without its last state: the output alone."""

    def forward(self, X: Tensor) -> Tensor:  # type: ignore[override]
        """Map (m, T, n_in) to (m, T, n_hidden)."""
        return super().forward(X)[0]


class Bidirectional(nn.Module):
    """Two layers, one of which reads backward: `nn.LSTM(bidirectional=True)` for layers of any kind."""

    def __init__(self, forward_layer: nn.Module, backward_layer: nn.Module):
        super().__init__()
        self.forward_layer = forward_layer
        self.backward_layer = backward_layer

    def forward(self, X: Tensor) -> Tensor:
        """Map (m, T, n_in) to (m, T, n_forward + n_backward)."""
        return torch.cat([self.forward_layer(X), self.backward_layer(X.flip(1)).flip(1)], dim=-1)


class LastStep(nn.Module):
    """Y = X[:, -1]."""

    def forward(self, X: Tensor) -> Tensor:
        """Map (m, T, n) to (m, n)."""
        return X[:, -1]


class PositionalEncoding(nn.Module):
    """Y[:, t] = X[:, t] + table[t]."""

    table: Tensor

    def __init__(self, table: Tensor):
        super().__init__()
        self.register_buffer("table", table, persistent=False)

    def forward(self, X: Tensor) -> Tensor:
        """Map (m, T, n) to (m, T, n)."""
        return X + self.table[: X.shape[1]].to(X.dtype)


class MultiheadAttention(nn.MultiheadAttention):
    """`nn.MultiheadAttention` of a sequence with itself: the output alone."""

    def __init__(self, n: int, n_heads: int, *, causal: bool, dropout: float, dtype: torch.dtype):
        super().__init__(n, n_heads, batch_first=True, dtype=dtype)
        self.causal = causal
        self.weights_dropout = nn.Dropout(dropout)

    def forward(self, X: Tensor) -> Tensor:  # type: ignore[override]
        """Map (m, T, n) to (m, T, n)."""
        T = X.shape[1]
        hidden = torch.ones(T, T, dtype=torch.bool, device=X.device).triu(1) if self.causal else None
        if self.training and self.weights_dropout.p > 0:
            return self._with_dropout(X, hidden)
        return super().forward(X, X, X, attn_mask=hidden, need_weights=False)[0]

    def _with_dropout(self, X: Tensor, hidden: Tensor | None) -> Tensor:
        # Written out, as torch drops deep inside, where it cannot be told which entries.
        m, T, n = X.shape
        parts = F.linear(X, self.in_proj_weight, self.in_proj_bias).view(m, T, 3, self.num_heads, -1)
        Q, K, V = parts.permute(2, 0, 3, 1, 4)
        S = Q @ K.mT / (n // self.num_heads) ** 0.5
        if hidden is not None:
            S = S.masked_fill(hidden, -torch.inf)
        A = self.weights_dropout(S.softmax(dim=-1))
        return self.out_proj((A @ V).transpose(1, 2).reshape(m, T, n))


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    """`nn.TransformerEncoderLayer` with the norm first, and causal or not by itself."""

    def __init__(self, attention: MultiheadAttention, n_hidden: int, *, dropout: float, eps: float):
        n, n_heads, dtype = attention.embed_dim, attention.num_heads, attention.in_proj_weight.dtype
        super().__init__(n, n_heads, n_hidden, dropout, norm_first=True, layer_norm_eps=eps, dtype=dtype)
        self.self_attn = attention

    def forward(self, X: Tensor) -> Tensor:  # type: ignore[override]
        """Map (m, T, n) to (m, T, n)."""
        X = X + self.dropout1(self.self_attn(self.norm1(X)))
        return X + self.dropout2(self.linear2(self.dropout(F.relu(self.linear1(self.norm2(X))))))
