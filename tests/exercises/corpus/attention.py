import math

import numpy as np
import torch
from attempts import wrong
from scipy.special import softmax as scipy_softmax
from torch.nn import functional as F


def softmax(S, axis=-1):
    E = np.exp(S - S.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def right_einsum(Q, K, V, mask=None):
    S = np.einsum("...td,...sd->...ts", Q, K) / math.sqrt(Q.shape[-1])
    if mask is not None:
        S = S + np.where(mask, 0.0, -1e9)
    A = softmax(S)
    return np.einsum("...ts,...sv->...tv", A, V), A


def right_scipy(Q, K, V, mask=None):
    mask = True if mask is None else mask
    S = np.where(mask, Q @ np.swapaxes(K, -2, -1) * K.shape[-1] ** -0.5, -np.inf)
    A = scipy_softmax(S, axis=-1)
    return [A @ V, A]


def right_scaled_first(Q, K, V, mask=None):
    Q = Q / Q.shape[-1] ** 0.25
    K = K / K.shape[-1] ** 0.25
    S = Q @ np.moveaxis(K, -1, -2)
    if mask is not None:
        S = np.ma.array(S, mask=np.broadcast_to(~mask, S.shape)).filled(-np.inf)
    A = softmax(S)
    return A @ V, A


def right_row_by_row(Q, K, V, mask=None):
    shape = (*Q.shape[:-1], K.shape[-2])
    allowed = np.ones(shape, dtype=bool) if mask is None else np.broadcast_to(mask, shape)
    A = np.zeros(shape)
    for place in np.ndindex(*shape[:-1]):
        keys = K[place[:-1]]
        scores = [float(q @ Q[place]) / math.sqrt(len(q)) for q in keys]
        largest = max(s for s, a in zip(scores, allowed[place], strict=True) if a)
        for j in range(shape[-1]):
            A[(*place, j)] = math.exp(scores[j] - largest) if allowed[(*place, j)] else 0
        A[place] /= A[place].sum()
    return A @ V, A


def right_torch(Q, K, V, mask=None):
    Q, K, V = map(torch.tensor, (Q, K, V))
    mask = None if mask is None else torch.tensor(mask)
    S = Q @ K.transpose(-2, -1) / math.sqrt(Q.size(-1))
    if mask is not None:
        S = S.masked_fill(~mask, float("-inf"))
    return F.scaled_dot_product_attention(Q, K, V, attn_mask=mask), S.softmax(dim=-1)


def right_float32(Q, K, V, mask=None):
    Q, K, V = (a.astype(np.float32) for a in (Q, K, V))
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(np.float32(Q.shape[-1]))
    if mask is not None:
        S = np.where(mask, S, np.float32(-1e9))
    A = softmax(S)
    return A @ V, A


def right_exponentials_masked(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    allowed = np.broadcast_to(True if mask is None else mask, S.shape)
    largest = np.max(S, axis=-1, keepdims=True, where=allowed, initial=-np.inf)
    E = np.where(allowed, np.exp(np.minimum(S - largest, 0)), 0)
    A = E / E.sum(axis=-1, keepdims=True)
    return (A[..., None] * V[..., None, :, :]).sum(axis=-2), A


def right_by_hand_index(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S[~np.broadcast_to(mask, S.shape)] = -np.inf
    A = softmax(S)
    return (A @ V).tolist(), A.tolist()


@wrong("scale-missing")
def unscaled(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = np.where(mask, S, -1e9)
    A = softmax(S)
    return A @ V, A


@wrong("scaled-by-n")
def by_d(Q, K, V, mask=None):
    d = Q.shape[-1]
    S = np.einsum("...td,...sd->...ts", Q, K) / d
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S)
    return A @ V, A


@wrong("mask-after-softmax")
def zeroed(Q, K, V, mask=None):
    A = softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]))
    if mask is not None:
        A = A * mask
    return A @ V, A


@wrong("renormalized-after-mask")
def zeroed_and_divided(Q, K, V, mask=None):
    A = softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]))
    if mask is not None:
        A = np.where(mask, A, 0)
        A = A / A.sum(-1, keepdims=True)
    return A @ V, A


@wrong("mask-inverted")
def where_true(Q, K, V, mask=None):
    S = torch.tensor(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]))
    if mask is not None:
        S = S.masked_fill(torch.tensor(mask), -1e9)
    A = S.softmax(-1)
    return A @ torch.tensor(V), A


@wrong("mask-ignored")
def never_read(Q, K, V, mask=None):
    A = softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]))
    return A @ V, A


@wrong("masked-score-zero")
def times_mask(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = S * mask
    A = softmax(S)
    return A @ V, A


@wrong("masked-score-too-large")
def a_hundred(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = np.where(mask, S, -100.0)
    A = softmax(S)
    return A @ V, A


@wrong("softmax-over-queries")
def columns(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S, axis=-2)
    return A @ V, A


@wrong("softmax-without-shift")
def overflowing(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = np.exp(S) / np.exp(S).sum(axis=-1, keepdims=True)
    return A @ V, A


@wrong("all-axes-transposed")
def plain_t(Q, K, V, mask=None):
    S = Q @ K.T / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S)
    return A @ V, A


@wrong("outputs-swapped")
def weights_first(Q, K, V, mask=None):
    Y, A = right_scipy(Q, K, V, mask)
    return A, Y


@wrong("wrong-type")
def only_y(Q, K, V, mask=None):
    return right_scipy(Q, K, V, mask)[0]


@wrong("no-mask-not-handled")
def always_masked(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    A = softmax(np.where(mask, S, -np.inf))
    return A @ V, A


@wrong("mask-not-broadcast")
def indexed(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S[~mask] = -np.inf
    A = softmax(S)
    return A @ V, A


@wrong("scale-missing + mask-inverted")
def twice_wrong(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = np.where(mask, -np.inf, S)
    A = softmax(S)
    return A @ V, A


@wrong("scale-missing + softmax-over-queries")
def twice_wrong_again(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S, axis=-2)
    return A @ V, A


@wrong("changes-its-input")
def in_place(Q, K, V, mask=None):
    Q /= np.sqrt(Q.shape[-1])
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    A = softmax(S)
    return A @ V, A


@wrong("scores-returned")
def not_the_weights(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        S = np.where(mask, S, -np.inf)
    return softmax(S) @ V, S
