import numpy as np
import torch
from attempts import wrong

import nnlab


def right_loops(dY, X, size=2):
    dX = np.zeros(X.shape)
    m, c, h, w = dY.shape
    for n in range(m):
        for k in range(c):
            for y in range(h):
                for x in range(w):
                    window = X[n, k, y * size : (y + 1) * size, x * size : (x + 1) * size]
                    i, j = np.unravel_index(np.argmax(window), window.shape)
                    dX[n, k, y * size + i, x * size + j] += dY[n, k, y, x]
    return dX


def right_argmax(dY, X, size=2):
    m, c, h, w = dY.shape
    windows = X.reshape(m, c, h, size, w, size).transpose(0, 1, 2, 4, 3, 5).reshape(m, c, h, w, -1)
    dW = np.zeros_like(windows)
    np.put_along_axis(dW, windows.argmax(-1)[..., None], dY[..., None], axis=-1)
    return dW.reshape(m, c, h, w, size, size).transpose(0, 1, 2, 4, 3, 5).reshape(X.shape)


def right_autograd(dY, X, size=2):
    x = torch.tensor(X, requires_grad=True)
    torch.nn.functional.max_pool2d(x, size).backward(torch.tensor(dY))
    return x.grad


def right_by_the_layer(dY, X, size=2):
    layer = nnlab.MaxPool2d(size)
    layer.forward(X)
    return layer.backward(dY).astype(np.float32)


def right_backwards(dY, X, size=2):
    """The last in reverse order is the first in order."""
    m, c, h, w = X.shape
    dX = np.zeros_like(X)
    Y = X.reshape(m, c, h // size, size, w // size, size).max((3, 5))
    taken = np.zeros(Y.shape, dtype=bool)
    for k in range(size * size):
        i, j = divmod(k, size)
        new = (X[:, :, i::size, j::size] == Y) & ~taken
        dX[:, :, i::size, j::size][new] = dY[new]
        taken |= new
    return dX.tolist()


def right_one_hot(dY, X, size=2):
    m, c, h, w = dY.shape
    V = X.reshape(m, c, h, size, w, size).swapaxes(3, 4).reshape(-1, size**2)
    hot = np.eye(size**2)[V.argmax(axis=1)] * dY.reshape(-1, 1)
    return hot.reshape(m, c, h, w, size, size).swapaxes(3, 4).reshape(X.shape)


def largest(X, size):
    m, c, h, w = X.shape
    return X.reshape(m, c, h // size, size, w // size, size).max(axis=(3, 5))


def enlarged(Y, size):
    return np.repeat(np.repeat(Y, size, axis=2), size, axis=3)


@wrong("gradient-to-all-maxima")
def by_comparison(dY, X, size=2):
    return (enlarged(largest(X, size), size) == X) * enlarged(dY, size)


@wrong("gradient-shared-by-maxima")
def shared(dY, X, size=2):
    mask = enlarged(largest(X, size), size) == X
    m, c, h, w = X.shape
    count = mask.reshape(m, c, h // size, size, w // size, size).sum(axis=(3, 5))
    return mask * enlarged(dY / count, size)


@wrong("gradient-spread")
def of_the_average(dY, X, size=2):
    return enlarged(dY, size) / size**2


@wrong("mask-missing")
def to_all(dY, X, size=2):
    return enlarged(dY, size)


@wrong("last-maximum")
def the_last(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        i, j = np.argwhere(window == window.max())[-1]
        dX[n, c, y * size + i, x * size + j] = dY[n, c, y, x]
    return dX


@wrong("first-in-another-order")
def column_by_column(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        j, i = divmod(window.T.argmax(), size)
        dX[n, c, y * size + i, x * size + j] = dY[n, c, y, x]
    return dX


@wrong("gradient-to-first-entry")
def upper_left(dY, X, size=2):
    dX = np.zeros_like(X)
    dX[:, :, ::size, ::size] = dY
    return dX


@wrong("maximum-of-the-whole-map")
def of_the_map(dY, X, size=2):
    return (X.max(axis=(2, 3), keepdims=True) == X) * enlarged(dY, size)


@wrong("mask-by-sign")
def relu(dY, X, size=2):
    return (X > 0) * enlarged(dY, size)


@wrong("upstream-gradient-dropped")
def mask_only(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        i, j = np.unravel_index(window.argmax(), window.shape)
        dX[n, c, y * size + i, x * size + j] = 1
    return dX


@wrong("gradient-divided")
def divided(dY, X, size=2):
    return right_argmax(dY, X, size) / size**2


@wrong("negative-values-lost")
def from_zero(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        best, place = 0, None
        for i in range(y * size, (y + 1) * size):
            for j in range(x * size, (x + 1) * size):
                if X[n, c, i, j] > best:
                    best, place = X[n, c, i, j], (i, j)
        if place:
            dX[n, c, place[0], place[1]] = dY[n, c, y, x]
    return dX


@wrong("windows-torn")
def not_put_back(dY, X, size=2):
    m, c, h, w = dY.shape
    windows = X.reshape(m, c, h, size, w, size).transpose(0, 1, 2, 4, 3, 5).reshape(m, c, h, w, -1)
    dW = np.zeros_like(windows)
    np.put_along_axis(dW, windows.argmax(-1)[..., None], dY[..., None], axis=-1)
    return dW.reshape(X.shape)


@wrong("gradient-sign-flipped")
def minus(dY, X, size=2):
    return -right_argmax(dY, X, size)


@wrong("argument-replaced-by-its-default", "raises")
def always_two(dY, X, size=2):
    return right_loops(dY, X, 2)


@wrong("gradient-to-all-maxima + upstream-gradient-dropped")
def comparison_alone(dY, X, size=2):
    return (enlarged(largest(X, size), size) == X).astype(float)


@wrong("gradient-to-all-maxima + gradient-sign-flipped")
def two_mistakes(dY, X, size=2):
    return (enlarged(largest(X, size), size) == X) * enlarged(-dY, size)


@wrong("raises")
def made_like_the_output(dY, X, size=2):
    dX = np.zeros_like(dY)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        i, j = np.unravel_index(window.argmax(), window.shape)
        dX[n, c, y * size + i, x * size + j] = dY[n, c, y, x]
    return dX


@wrong("place-transposed")
def column_before_row(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        j, i = divmod(window.argmax(), size)
        dX[n, c, y * size + i, x * size + j] = dY[n, c, y, x]
    return dX


@wrong("window-offset-missing")
def at_the_place_in_the_window(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y * size : y * size + size, x * size : x * size + size]
        i, j = divmod(window.argmax(), size)
        dX[n, c, i, j] += dY[n, c, y, x]
    return dX


@wrong("windows-overlap")
def next_to_each_other(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y : y + size, x : x + size]
        i, j = divmod(window.argmax(), size)
        dX[n, c, y + i, x + j] += dY[n, c, y, x]
    return dX


@wrong("returns-none")
def nothing(dY, X, size=2):
    right_argmax(dY, X, size)


@wrong("changes-its-input")
def written_into_x(dY, X, size=2):
    X[...] = right_argmax(dY, X, size)
    return X


@wrong()
def twice_rotated(dY, X, size=2):
    return right_argmax(dY, X, size)[:, :, ::-1, ::-1]
