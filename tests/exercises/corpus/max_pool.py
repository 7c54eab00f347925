import numpy as np
import torch
from attempts import wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view

import nnlab


def right_loops(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for n in range(m):
        for k in range(c):
            for y in range(h // size):
                for x in range(w // size):
                    Y[n, k, y, x] = X[n, k, y * size : (y + 1) * size, x * size : (x + 1) * size].max()
    return Y


def right_from_minus_infinity(X, size=2):
    m, c, h, w = X.shape
    Y = np.full((m, c, h // size, w // size), -np.inf)
    for i in range(size):
        for j in range(size):
            Y = np.maximum(Y, X[:, :, i::size, j::size])
    return Y


def right_strided_windows(X, size=2):
    return sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::size, ::size].max(axis=(-1, -2))


def right_as_strided(X, size=2):
    m, c, h, w = X.shape
    a, b, s, t = X.strides
    return as_strided(X, (m, c, h // size, w // size, size, size), (a, b, s * size, t * size, s, t)).max(
        (4, 5)
    )


def right_torch(X, size=2):
    return torch.nn.functional.max_pool2d(torch.tensor(X), size)


def right_rows_then_columns(X, size=2):
    m, c, h, w = X.shape
    X = X.reshape(m, c, h // size, size, w).max(3)
    return X.reshape(m, c, h // size, w // size, size).max(4).tolist()


def right_by_the_layer(X, size=2):
    return nnlab.MaxPool2d(size).forward(X).astype(np.float32)


def right_reduceat(X, size=2):
    rows = np.maximum.reduceat(X, np.arange(0, X.shape[2], size), axis=2)
    return np.maximum.reduceat(rows, np.arange(0, X.shape[3], size), axis=3)


def windows(X, size):
    m, c, h, w = X.shape
    return X.reshape(m, c, h // size, size, w // size, size)


@wrong("mean-instead-of-max")
def average(X, size=2):
    return windows(X, size).mean(axis=(3, 5))


@wrong("negative-values-lost")
def from_zero(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for i in range(h):
        for j in range(w):
            Y[:, :, i // size, j // size] = np.maximum(Y[:, :, i // size, j // size], X[:, :, i, j])
    return Y


@wrong("windows-torn")
def cut_in_one(X, size=2):
    m, c, h, w = X.shape
    return X.reshape(m, c, h // size, w // size, size, size).max(axis=(4, 5))


@wrong("maximum-over-wrong-axes", "windows-torn")
def other_axes(X, size=2):
    return windows(X, size).max(axis=(2, 4))


@wrong("windows-overlap")
def stride_one(X, size=2):
    return sliding_window_view(X, (size, size), axis=(2, 3)).max(axis=(4, 5))


@wrong("windows-overlap-cut-off")
def next_to_each_other(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for y in range(h // size):
        for x in range(w // size):
            Y[:, :, y, x] = X[:, :, y : y + size, x : x + size].max(axis=(2, 3))
    return Y


@wrong("last-windows-left-out")
def one_window_less(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for y in range(h // size - 1):
        for x in range(w // size - 1):
            Y[:, :, y, x] = X[:, :, y * size : (y + 1) * size, x * size : (x + 1) * size].max(axis=(2, 3))
    return Y


@wrong("stride-typed-in")
def steps_of_two(X, size=2):
    return torch.nn.functional.max_pool2d(torch.tensor(X), size, stride=2)


@wrong("min-instead-of-max")
def least(X, size=2):
    return windows(X, size).min(axis=(3, 5))


@wrong("first-instead-of-max")
def every_second(X, size=2):
    return X[:, :, ::size, ::size]


@wrong("one-direction-only")
def columns_only(X, size=2):
    return windows(X, size).max(axis=5).reshape(*X.shape[:3], -1)


@wrong("argument-replaced-by-its-default", "raises")
def always_two(X, size=2):
    m, c, h, w = X.shape
    return X.reshape(m, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


@wrong("channels-mixed")
def over_channels(X, size=2):
    return windows(X, size).max(axis=(1, 3, 5))


@wrong("whole-image-pooled")
def everything(X, size=2):
    return X.max(axis=(2, 3))


@wrong("samples-mixed")
def without_axes_in_the_loop(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for y in range(h // size):
        for x in range(w // size):
            Y[:, :, y, x] = X[:, :, y * size : (y + 1) * size, x * size : (x + 1) * size].max()
    return Y


@wrong("result-keeps-dims")
def dims_kept(X, size=2):
    return windows(X, size).max(axis=(3, 5), keepdims=True)


@wrong("place-instead-of-value")
def places(X, size=2):
    m, c, h, w = X.shape
    return windows(X, size).swapaxes(3, 4).reshape(m, c, h // size, w // size, -1).argmax(-1)


@wrong("largest-magnitude")
def by_magnitude(X, size=2):
    return windows(np.abs(X), size).max(axis=(3, 5))


@wrong("axes-swapped + mean-instead-of-max")
def two_mistakes(X, size=2):
    return windows(X, size).mean(axis=(3, 5)).transpose(0, 1, 3, 2)


@wrong("wrong-type")
def with_mask(X, size=2):
    Y = windows(X, size).max(axis=(3, 5))
    return Y, Y.repeat(size, 2).repeat(size, 3) == X


@wrong("returns-none")
def nothing(X, size=2):
    windows(X, size).max(axis=(3, 5))


@wrong("not-a-number")
def never_filled(X, size=2):
    m, c, h, w = X.shape
    return np.full((m, c, h // size, w // size), np.nan)


@wrong("changes-its-input")
def sorted_in_place(X, size=2):
    Y = windows(X, size).max(axis=(3, 5))
    X.sort()
    return Y
