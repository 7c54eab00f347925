"""Layers for images (m, channels, height, width): convolution, pooling and flattening.

Convolution keeps the channels last in memory: its output is a transposed view of an array (m, height, width,
channels). NumPy keeps this order through activations and pooling, so that the next convolution need not copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlab._check import check_count, check_dtype, check_flag, describe
from nnlab.initializers import Initializer, he_normal, initial_weights
from nnlab.layers.base import Layer
from nnlab.layers.linear import sum_rows
from nnlab.layers.state import Parameter

Pair = tuple[int, int]


class Windowed(Layer):
    """A layer that looks at windows of kernel_size in images (m, c, height, width)."""

    kernel_size: Pair
    stride: Pair
    padding: Pair = (0, 0)

    def _check_input(self, X):
        X, who = super()._check_input(X), type(self).__name__
        (kh, kw), (ph, pw), (height, width) = self.kernel_size, self.padding, X.shape[2:]
        if kh > height + 2 * ph or kw > width + 2 * pw:
            padded = f", with padding {height + 2 * ph} × {width + 2 * pw}" if ph or pw else ""
            remedy = "a smaller kernel_size, more padding" if who == "Conv2d" else "a smaller kernel_size"
            raise ValueError(
                f"{who} expected images of at least {kh} × {kw}, the kernel's size, got {height} × {width}"
                f"{padded}; use {remedy} or larger images"
            )
        return X


class Conv2d(Windowed):
    """Y[:, o, y, x] = b[o] + Σ W[o, c, i, j] X[:, c, y + i, x + j], summed over c, i and j.

    X: (m, c_in, height, width), W: (c_out, c_in, kh, kw), b: (c_out,) -> Y: (m, c_out, height', width') with
    height' = ⌊(height + 2 padding − kh) / stride⌋ + 1, and width' likewise. As in torch, this is a
    cross-correlation: the kernel is not flipped.

    With each window of X as a row of a matrix C, Y = C W + b. Backward: dW = Cᵀ dY, db = Σ dY, and dX adds
    up dY Wᵀ where windows overlap. With stride 1, that is a convolution as well, of dY with zeros around it
    and with the kernel turned by half a turn, which is faster.

    kernel_size, stride (the step from one window to the next) and padding (zeros around X on every side): an
    integer, or a pair (vertical, horizontal). bias, weight_init, rng, dtype: as in `Linear`.
    Raises: ValueError for a wrong shape or too small an image, TypeError for a wrong dtype.
    Source: LeCun et al., 1989.
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        bias: bool = True,
        weight_init: Initializer = he_normal,
        rng: np.random.Generator | None = None,
        dtype=np.float64,
    ):
        self.c_in = check_count("Conv2d", "c_in", c_in)
        self.c_out = check_count("Conv2d", "c_out", c_out)
        self.kernel_size = check_pair("Conv2d", "kernel_size", kernel_size)
        self.stride = check_pair("Conv2d", "stride", stride)
        self.padding = check_pair("Conv2d", "padding", padding, at_least=0)
        self.dtype = check_dtype("Conv2d", dtype)
        self.axes = ("m", self.c_in, "height", "width")
        kh, kw = self.kernel_size
        shape, fan_in, fan_out = (c_out, c_in, kh, kw), c_in * kh * kw, c_out * kh * kw
        W = initial_weights("Conv2d", weight_init, shape, fan_in, fan_out, rng, self.dtype)
        self.W = Parameter(W)
        self.b = Parameter(np.zeros(c_out, self.dtype)) if check_flag("Conv2d", "bias", bias) else None

    def _forward(self, X):
        Y = correlate(self._windows(X), self.W.value.transpose(2, 3, 1, 0))
        if self.b is not None:
            Y += np.tile(self.b.value, (*Y.shape[1:3], 1))  # a whole image of b: a short row is slow to add
        return Y.transpose(0, 3, 1, 2)

    def _backward(self, dY, X, Y):
        self._backward_parameters(dY, X, Y)
        (kh, kw), (top, left), (height, width) = self.kernel_size, self.padding, X.shape[2:]
        if self.stride == (1, 1) and top < kh and left < kw:
            turned = self.W.value[:, :, ::-1, ::-1].transpose(2, 3, 0, 1)
            windows = windows_of(padded(dY, (kh - 1 - top, kw - 1 - left)), self.kernel_size)
            return correlate(windows, turned).transpose(0, 3, 1, 2)
        dY, dX = channels_last(dY), padded(np.zeros_like(X), self.padding)
        W = self.W.value.transpose(2, 3, 0, 1).reshape(-1, self.c_out, self.c_in)
        for block in blocks(dY):
            dY_rows = dY[block].reshape(-1, self.c_out)
            for W_ij, (rows, cols) in zip(W, met(dX.shape[1:3], self.kernel_size, self.stride), strict=True):
                dX[block, rows, cols] += (dY_rows @ W_ij).reshape(*dY[block].shape[:3], self.c_in)
        return dX[:, top : top + height, left : left + width].transpose(0, 3, 1, 2)

    def _backward_parameters(self, dY, X, Y):
        windows, dY = self._windows(X), channels_last(dY)
        dW = np.zeros((windows[0, 0, 0].size, self.c_out), X.dtype)
        for block in blocks(windows):
            dW += columns(windows[block]).T @ dY[block].reshape(-1, self.c_out)
        dW = dW.reshape(*self.kernel_size, self.c_in, self.c_out)
        self.W.grad = np.ascontiguousarray(dW.transpose(3, 2, 0, 1))
        if self.b is not None:
            self.b.grad = sum_rows(dY.reshape(-1, self.c_out))

    def _windows(self, X: np.ndarray) -> np.ndarray:
        """Return a view (m, height', width', kh, kw, c_in): for every entry of Y, what the kernel covers."""
        return windows_of(padded(X, self.padding), self.kernel_size, self.stride)

    def __repr__(self) -> str:
        sizes = show_pairs(kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)
        return f"Conv2d({self.c_in}, {self.c_out}, {sizes}{', bias=False' if self.b is None else ''})"


class Pooling(Windowed):
    """What max and average pooling share: windows of kernel_size, stride apart, in every channel.

    X: (m, c, height, width) -> Y: (m, c, height', width') with height' = ⌊(height − kh) / stride⌋ + 1, and
    width' likewise: rows and columns left over at the bottom and on the right are dropped.
    Raises: ValueError for a wrong shape or too small an image.
    """

    axes = ("m", "c", "height", "width")

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None):
        who = type(self).__name__
        self.kernel_size = check_pair(who, "kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else check_pair(who, "stride", stride)

    def _entries(self, X: np.ndarray) -> list[np.ndarray]:
        """Return for each entry of the window, in reading order, a view of X like Y."""
        return [X[:, :, rows, cols] for rows, cols in met(X.shape[2:], self.kernel_size, self.stride)]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({show_pairs(kernel_size=self.kernel_size, stride=self.stride)})"


class MaxPool2d(Pooling):
    """Y = the maximum of each window; dY goes to its place, or to the first of several in reading order.

    kernel_size: an integer, or a pair (vertical, horizontal); stride: likewise, by default kernel_size.
    As in torch, NaN counts as the largest number, and the last of several receives dY.
    Raises: ValueError for a wrong shape or too small an image. Source: Ranzato et al., 2007.
    """

    def _forward(self, X):
        entries = self._entries(X)
        Y = np.empty_like(entries[0])
        number = np.min_scalar_type(len(entries))
        self._winner = np.zeros_like(Y, dtype=number)  # which entry of the window is the maximum
        for block in blocks(X):
            best, winner = Y[block], self._winner[block]
            best[...] = entries[0][block]
            for n, entry in enumerate(entries[1:], 1):
                X_n = entry[block].copy(order="K")  # it is scattered over the picture, and read twice
                np.maximum(winner, np.multiply(X_n > best, n, dtype=number), out=winner)
                np.maximum(best, X_n, out=best)
        if np.isnan(Y).any():
            for n, X_n in enumerate(entries):
                self._winner[np.isnan(X_n)] = n
        return Y

    def _backward(self, dY, X, Y):
        dX = np.zeros_like(X)
        overlap = any(s < k for s, k in zip(self.stride, self.kernel_size, strict=True))
        for block in blocks(X):
            for n, dX_n in enumerate(self._entries(dX[block])):
                if overlap:
                    dX_n += dY[block] * (self._winner[block] == n)
                else:
                    np.multiply(dY[block], self._winner[block] == n, out=dX_n)
        return dX


class AvgPool2d(Pooling):
    """Y = the mean of each window; every entry of the window receives dY / (kh kw).

    kernel_size: an integer, or a pair (vertical, horizontal); stride: likewise, by default kernel_size.
    Raises: ValueError for a wrong shape or too small an image. Source: LeCun et al., 1989.
    """

    def _forward(self, X):
        entries = self._entries(X)
        return sum(entries[1:], entries[0]) / len(entries)

    def _backward(self, dY, X, Y):
        dX = np.zeros_like(X)
        kh, kw = self.kernel_size
        share = dY / (kh * kw)
        for dX_n in self._entries(dX):
            dX_n += share
        return dX


class Flatten(Layer):
    """Y = X with all axes but the first merged into one: (m, a, b, …) -> (m, a·b·…), for a `Linear` layer."""

    def _forward(self, X):
        return X.reshape(len(X), -1)

    def _backward(self, dY, X, Y):
        dX = np.empty_like(X)  # in the memory order of X, in which the layers before are fast
        dX[...] = dY.reshape(X.shape)
        return dX


def padded(X: np.ndarray, padding: Pair) -> np.ndarray:
    """Return images X (m, c, height, width) with channels last and with zeros around."""
    X, (top, left) = channels_last(X), padding
    if not (top or left):
        return X
    m, height, width, c = X.shape
    larger = np.zeros((m, height + 2 * top, width + 2 * left, c), X.dtype)
    larger[:, top : top + height, left : left + width] = X
    return larger


def channels_last(X: np.ndarray) -> np.ndarray:
    """Return images (m, c, height, width) as a contiguous array (m, height, width, c), copied if need be."""
    return np.ascontiguousarray(X.transpose(0, 2, 3, 1))


def windows_of(images: np.ndarray, kernel_size: Pair, stride: Pair = (1, 1)) -> np.ndarray:
    """Return a view (m, height', width', kh, kw, c) of images with the channels last: all their windows."""
    windows = sliding_window_view(images, kernel_size, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1]].transpose(0, 1, 2, 4, 5, 3)


def correlate(windows: np.ndarray, W: np.ndarray) -> np.ndarray:
    """Return Y[…, o] = Σ windows[…, i, j, c] W[i, j, c, o]: (m, height', width', c_out).

    The windows are copied for one block of samples at a time, and again in backward, so that they stay in the
    cache: this is faster than keeping them all.
    """
    c_out = W.shape[-1]
    matrix = W.reshape(-1, c_out)
    Y = np.empty((*windows.shape[:3], c_out), windows.dtype)
    for block in blocks(windows):
        np.matmul(columns(windows[block]), matrix, out=Y[block].reshape(-1, c_out))
    return Y


def blocks(images: np.ndarray, size: int = 2**19) -> Iterator[slice]:
    """Cut the batch into slices of about size bytes each: what stays in the cache is read much faster."""
    n = max(1, size // images[0].nbytes)
    return (slice(start, start + n) for start in range(0, len(images), n))


def columns(windows: np.ndarray) -> np.ndarray:
    """Copy windows (m, height', width', kh, kw, c) into the rows of a matrix (m·height'·width', kh·kw·c).

    With few channels it is transposed in memory: copying then runs along the picture, in longer stretches.
    """
    size = windows[0, 0, 0].size
    if windows.shape[-1] < 4:
        return windows.transpose(3, 4, 5, 0, 1, 2).reshape(size, -1).T
    return windows.reshape(-1, size)


def met(size: Pair, kernel_size: Pair, stride: Pair) -> Iterator[tuple[slice, slice]]:
    """Yield for each entry of the kernel, in reading order, the rows and columns of the image it meets."""
    (height, width), (kh, kw), (sh, sw) = size, kernel_size, stride
    for i in range(kh):
        for j in range(kw):
            yield slice(i, height - kh + i + 1, sh), slice(j, width - kw + j + 1, sw)


def check_pair(who: str, name: str, value: Any, *, at_least: int = 1) -> Pair:
    """Return an integer as the pair (value, value), and a pair as it is, or raise TypeError or ValueError."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        vertical, horizontal = (check_count(who, name, size, at_least=at_least) for size in value)
        return vertical, horizontal
    if isinstance(value, (tuple, list, str)):
        error = TypeError if isinstance(value, str) else ValueError
        raise error(f"{who} expected {name} as an integer or a pair (height, width), got {describe(value)}")
    size = check_count(who, name, value, at_least=at_least)
    return size, size


def show_pairs(**pairs: Pair) -> str:
    """Return settings as text, a pair of equal numbers as one: "kernel_size=3, stride=(1, 2)"."""
    return ", ".join(f"{name}={a if a == b else (a, b)}" for name, (a, b) in pairs.items())
