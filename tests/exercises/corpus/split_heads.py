import numpy as np
import torch
from attempts import wrong
from numpy.lib.stride_tricks import as_strided


def right_loops(X, n_heads):
    m, T, n = X.shape
    d = n // n_heads
    heads = np.zeros((m, n_heads, T, d))
    for i in range(m):
        for j in range(n_heads):
            for t in range(T):
                for k in range(d):
                    heads[i, j, t, k] = X[i, t, j * d + k]
    return heads


def right_slices(X, n_heads):
    d = X.shape[-1] // n_heads
    return np.stack([X[:, :, j * d : (j + 1) * d] for j in range(n_heads)], axis=1)


def right_split(X, n_heads):
    return np.stack(np.split(X, n_heads, axis=2), axis=1)


def right_minus_one(X, n_heads):
    return X.reshape(*X.shape[:2], n_heads, -1).transpose(0, 2, 1, 3)


def right_torch(X, n_heads):
    X = torch.tensor(X)
    return torch.stack(X.chunk(n_heads, dim=-1), dim=1)


def right_view(X, n_heads):
    m, T, n = X.shape
    return torch.as_tensor(X).view(m, T, n_heads, n // n_heads).permute(0, 2, 1, 3)


def right_einsum(X, n_heads):
    return np.einsum("mthd->mhtd", X.reshape(len(X), -1, n_heads, X.shape[2] // n_heads)).tolist()


def right_strides(X, n_heads):
    m, T, n = X.shape
    a, b, c = X.strides
    d = n // n_heads
    return as_strided(X, (m, n_heads, T, d), (a, d * c, b, c))


def right_moveaxis(X, n_heads):
    m, T, n = X.shape
    return np.moveaxis(X.reshape(m, T, n_heads, n // n_heads), 2, 1).astype(np.float32)


@wrong("time-and-heads-mixed")
def straight(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, n_heads, T, n // n_heads)


@wrong("time-and-heads-mixed")
def torch_view(X, n_heads):
    m, T, _ = X.shape
    return torch.tensor(X).view(m, n_heads, T, -1)


@wrong("heads-not-moved")
def only_reshaped(X, n_heads):
    return X.reshape(X.shape[0], X.shape[1], n_heads, -1)


@wrong("heads-interleaved")
def every_nth(X, n_heads):
    return np.stack([X[:, :, j::n_heads] for j in range(n_heads)], axis=1)


@wrong("heads-interleaved")
def cut_the_other_way(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, n // n_heads, n_heads).transpose(0, 3, 1, 2)


@wrong("heads-first")
def array_of_heads(X, n_heads):
    return np.array(np.split(X, n_heads, axis=-1))


@wrong("heads-first")
def stacked_in_front(X, n_heads):
    d = X.shape[-1] // n_heads
    return np.stack([X[..., j * d : (j + 1) * d] for j in range(n_heads)])


@wrong("features-before-time")
def transposed_heads(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, n_heads, n // n_heads).transpose(0, 2, 3, 1)


@wrong("number-taken-for-width")
def width(X, n_heads):
    n = X.shape[2]
    return np.stack([X[:, :, k : k + n_heads] for k in range(0, n, n_heads)], axis=1)


@wrong("heads-and-features-swapped")
def wrong_axes(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, n_heads, n // n_heads).swapaxes(1, 3)


@wrong("heads-merged-with-samples")
def as_in_torch_itself(X, n_heads):
    m, T, _ = X.shape
    return X.reshape(m, T, n_heads, -1).swapaxes(1, 2).reshape(m * n_heads, T, -1)


@wrong("samples-mixed")
def heads_in_front(X, n_heads):
    m, T, n = X.shape
    return X.reshape(n_heads, m, T, n // n_heads).transpose(1, 0, 2, 3)


@wrong("same-head-repeated")
def forgot_to_move_on(X, n_heads):
    d = X.shape[2] // n_heads
    return np.stack([X[:, :, :d] for j in range(n_heads)], axis=1)


@wrong("features-not-split")
def copies(X, n_heads):
    return np.stack([X] * n_heads, axis=1)


@wrong("heads-first")
def list_of_heads(X, n_heads):
    return np.split(X, n_heads, axis=2)


@wrong("hard-coded-size")
def three_heads(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, 3, n // 3).swapaxes(1, 2)


@wrong("raises")
def a_float(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, n_heads, n / n_heads).swapaxes(1, 2)
