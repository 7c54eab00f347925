import numpy as np
import torch
from attempts import wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from scipy.signal import convolve2d, correlate2d

import nnlab


def right_seven_loops(X, W, b, padding=0):
    m, c_in, h, w = X.shape
    c_out, _, kh, kw = W.shape
    padded = np.zeros((m, c_in, h + 2 * padding, w + 2 * padding))
    padded[:, :, padding : padding + h, padding : padding + w] = X
    out = np.zeros((m, c_out, h + 2 * padding - kh + 1, w + 2 * padding - kw + 1))
    for n in range(m):
        for o in range(c_out):
            for y in range(out.shape[2]):
                for x in range(out.shape[3]):
                    total = b[o]
                    for c in range(c_in):
                        for i in range(kh):
                            for j in range(kw):
                                total += W[o, c, i, j] * padded[n, c, y + i, x + j]
                    out[n, o, y, x] = total
    return out


def right_windows(X, W, b, padding=0):
    p = padding
    Xp = np.pad(X, [(0, 0), (0, 0), (p, p), (p, p)], mode="constant")
    H, Wd = Xp.shape[2] - W.shape[2] + 1, Xp.shape[3] - W.shape[3] + 1
    out = np.empty((X.shape[0], W.shape[0], H, Wd))
    for y in range(H):
        for x in range(Wd):
            window = Xp[:, None, :, y : y + W.shape[2], x : x + W.shape[3]]
            out[:, :, y, x] = (window * W).sum(axis=(2, 3, 4)) + b
    return out


def right_einsum(X, W, b, padding=0):
    X = np.pad(X, ((0, 0),) * 2 + ((padding,) * 2,) * 2)
    V = sliding_window_view(X, W.shape[2:], axis=(2, 3))
    return np.einsum("mcyxij,ocij->moyx", V, W) + b.reshape(1, -1, 1, 1)


def right_im2col(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    m, _, h, w = X.shape
    o, _, kh, kw = W.shape
    rows = [
        X[n, :, y : y + kh, x : x + kw].ravel()
        for n in range(m)
        for y in range(h - kh + 1)
        for x in range(w - kw + 1)
    ]
    Y = np.array(rows) @ W.reshape(o, -1).T + b
    return Y.reshape(m, h - kh + 1, w - kw + 1, o).transpose(0, 3, 1, 2)


def right_strided(X, W, b, padding=0):
    if padding > 0:
        X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    m, c, h, w = X.shape
    kh, kw = W.shape[2:]
    V = as_strided(X, (m, c, h - kh + 1, w - kw + 1, kh, kw), X.strides + X.strides[2:])
    return np.tensordot(V, W, axes=([1, 4, 5], [1, 2, 3])).transpose(0, 3, 1, 2) + b[None, :, None, None]


def right_scipy(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return [
        [
            sum(correlate2d(x, k, mode="valid") for x, k in zip(image, kernel, strict=True)) + bias
            for kernel, bias in zip(W, b, strict=True)
        ]
        for image in X
    ]


def right_torch(X, W, b, padding=0):
    return torch.nn.functional.conv2d(*map(torch.tensor, (X, W, b)), padding=padding)


def right_single_precision(X, W, b, padding=0):
    X, W, b = (np.float32(a) for a in (X, W, b))
    return np.asarray(right_einsum(X, W, b, padding), dtype=np.float32)


def right_by_the_layer(X, W, b, padding=0):
    o, c, kh, kw = W.shape
    layer = nnlab.Conv2d(c, o, (kh, kw), padding=padding)
    layer.W.value, layer.b.value = W, b
    return layer.forward(X)


def right_flipped_twice(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    W = np.flip(W, axis=(2, 3))
    Y = [[sum(convolve2d(x, k, "valid") for x, k in zip(n, o, strict=True)) for o in W] for n in X]
    return np.array(Y) + b[:, np.newaxis, np.newaxis]


def right_fourier(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    size = X.shape[2:]
    F = np.einsum("mcyx,ocyx->moyx", np.fft.fft2(X), np.conj(np.fft.fft2(W, size)))
    Y = np.fft.ifft2(F).real
    return Y[:, :, : size[0] - W.shape[2] + 1, : size[1] - W.shape[3] + 1] + b[:, None, None]


def pad(X, p):
    return np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))


def convolved(X, W):
    return np.einsum("mcyxij,ocij->moyx", sliding_window_view(X, W.shape[2:], axis=(2, 3)), W)


@wrong("kernel-flipped")
def mathematical(X, W, b, padding=0):
    X = pad(X, padding)
    Y = [[sum(convolve2d(x, k, "valid") for x, k in zip(n, o, strict=True)) for o in W] for n in X]
    return np.array(Y) + b[:, None, None]


@wrong("padding-once")
def top_and_left(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, 0), (padding, 0)))
    return convolved(X, W) + b[:, None, None]


@wrong("padding-once")
def rows_only(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (0, 0)))
    return convolved(X, W) + b[:, None, None]


@wrong("padding-once")
def all_at_the_end(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))
    return convolved(X, W) + b[:, None, None]


@wrong("padding-ignored")
def no_padding(X, W, b, padding=0):
    return convolved(X, W) + b[:, None, None]


@wrong("padding-on-all-axes", "raises")
def one_number(X, W, b, padding=0):
    return convolved(np.pad(X, padding), W) + b[:, None, None]


@wrong("same-padding-instead")
def always_same(X, W, b, padding=0):
    kh, kw = W.shape[2:]
    X = np.pad(X, ((0, 0), (0, 0), (kh // 2, kh // 2), (kw // 2, kw // 2)))
    return convolved(X, W) + b[:, None, None]


@wrong("channels-mixed")
def channels_first(X, W, b, padding=0):
    X = pad(X, padding).sum(axis=1, keepdims=True)
    return convolved(np.repeat(X, W.shape[1], axis=1), W) + b[:, None, None]


@wrong("channels-mixed")
def kernels_first(X, W, b, padding=0):
    return convolved(pad(X, padding).sum(axis=1)[:, None], W.sum(axis=1)[:, None]) + b[:, None, None]


@wrong("bias-omitted")
def no_bias(X, W, b, padding=0):
    return convolved(pad(X, padding), W)


@wrong("bias-per-pixel")
def bias_in_the_window(X, W, b, padding=0):
    X = pad(X, padding)
    V = sliding_window_view(X, W.shape[2:], axis=(2, 3))
    Y = np.zeros((len(X), len(W), *V.shape[2:4]))
    for i in range(W.shape[2]):
        for j in range(W.shape[3]):
            Y += np.tensordot(V[..., i, j], W[:, :, i, j], ([1], [1])).transpose(0, 3, 1, 2)
            Y += b[:, None, None]
    return Y


@wrong("bias-per-pixel")
def bias_per_channel(X, W, b, padding=0):
    X, Y = pad(X, padding), 0
    for c in range(X.shape[1]):
        Y = Y + convolved(X[:, [c]], W[:, [c]]) + b[:, None, None]
    return Y


@wrong("bias-added-twice")
def twice(X, W, b, padding=0):
    return right_torch(X, W, b, padding).numpy() + b[:, None, None]


@wrong("samples-mixed")
def sum_over_everything(X, W, b, padding=0):
    X, (kh, kw) = pad(X, padding), W.shape[2:]
    Y = np.zeros((len(X), len(W), X.shape[2] - kh + 1, X.shape[3] - kw + 1))
    for _, o, y, x in np.ndindex(Y.shape):
        Y[:, o, y, x] = np.sum(X[:, :, y : y + kh, x : x + kw] * W[o]) + b[o]
    return Y


@wrong("only-first-channel + bias-omitted")
def gray(X, W, b, padding=0):
    return convolved(pad(X[:, :1], padding), W[:, :1])


@wrong("bias-wrong-axis", "raises")
def plain_bias(X, W, b, padding=0):
    return convolved(pad(X, padding), W) + b


@wrong("channels-not-summed")
def apart(X, W, b, padding=0):
    V = sliding_window_view(pad(X, padding), W.shape[2:], axis=(2, 3))
    return np.einsum("mcyxij,ocij->mocyx", V, W) + b[:, None, None, None]


@wrong("plus-one-missing")
def one_place_less(X, W, b, padding=0):
    X = pad(X, padding)
    h, w = X.shape[2] - W.shape[2], X.shape[3] - W.shape[3]
    Y = np.zeros((len(X), len(W), h, w))
    for y in range(h):
        for x in range(w):
            for o in range(len(W)):
                window = X[:, :, y : y + W.shape[2], x : x + W.shape[3]]
                Y[:, o, y, x] = np.sum(window * W[o], axis=(1, 2, 3)) + b[o]
    return Y


@wrong("sum-overwritten", "only-first-channel")
def last_channel_only(X, W, b, padding=0):
    X = pad(X, padding)
    for c in range(X.shape[1]):
        Y = convolved(X[:, c : c + 1], W[:, c : c + 1])
    return Y + b[:, None, None]


@wrong("window-averaged")
def averaged(X, W, b, padding=0):
    V = sliding_window_view(pad(X, padding), W.shape[2:], axis=(2, 3))
    return (V[:, None] * W[:, :, None, None]).sum(2).mean(axis=(-1, -2)) + b[:, None, None]


@wrong("channels-last")
def for_tensorflow(X, W, b, padding=0):
    return np.moveaxis(convolved(pad(X, padding), W), 1, -1) + b


@wrong("activation-added")
def with_relu(X, W, b, padding=0):
    Y = convolved(pad(X, padding), W) + b[:, None, None]
    return Y * (Y > 0)


@wrong("kernel-flipped + bias-omitted")
def flipped_without_bias(X, W, b, padding=0):
    return convolved(pad(X, padding), W[:, :, ::-1, ::-1])


@wrong("padding-ignored + bias-omitted")
def the_bare_minimum(X, W, b, padding=0):
    return convolved(X, W)


@wrong("output-size-without-padding")
def size_from_the_unpadded(X, W, b, padding=0):
    h, w = X.shape[2] - W.shape[2] + 1, X.shape[3] - W.shape[3] + 1
    X = pad(X, padding)
    Y = np.zeros((len(X), len(W), h, w))
    for y in range(h):
        for x in range(w):
            V = X[:, :, y : y + W.shape[2], x : x + W.shape[3]]
            Y[:, :, y, x] = np.einsum("mcij,ocij->mo", V, W) + b
    return Y


@wrong("kernel-transposed", "raises")
def sides_exchanged(X, W, b, padding=0):
    X, K = pad(X, padding), W.transpose(0, 1, 3, 2)
    return convolved(X, K) + b[:, None, None]


@wrong("hard-coded-size", "raises")
def kernel_size_typed_in(X, W, b, padding=0):
    X = pad(X, padding)
    h, w = X.shape[2] - 1, X.shape[3] - 3
    Y = np.zeros((len(X), len(W), h, w)) + b[:, None, None]
    for y in range(h):
        for x in range(w):
            Y[:, :, y, x] += np.einsum("mcij,ocij->mo", X[:, :, y : y + 2, x : x + 4], W)
    return Y


@wrong("returns-none")
def forgotten(X, W, b, padding=0):
    Y = convolved(pad(X, padding), W) + b[:, None, None]  # noqa: F841


@wrong("wrong-type")
def with_cache(X, W, b, padding=0):
    return convolved(pad(X, padding), W) + b[:, None, None], (X, W, b)


@wrong("changes-its-input")
def weights_in_place(X, W, b, padding=0):
    Y = convolved(pad(X, padding), W) + b[:, None, None]
    W *= 0.9
    return Y


@wrong()
def squared(X, W, b, padding=0):
    return (convolved(pad(X, padding), W) + b[:, None, None]) ** 2
