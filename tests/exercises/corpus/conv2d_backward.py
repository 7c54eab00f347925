import numpy as np
import torch
from attempts import wrong
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import convolve2d, correlate2d

import nnlab


def pad(X, p):
    return np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))


def cut(X, p):
    return X[:, :, p : X.shape[2] - p, p : X.shape[3] - p]


def right_loops_over_places(dY, X, W, padding=0):
    Xp = pad(X, padding)
    dX, dW, db = np.zeros(Xp.shape), np.zeros(W.shape), np.zeros(W.shape[0])
    kh, kw = W.shape[2:]
    for n in range(dY.shape[0]):
        for o in range(dY.shape[1]):
            for y in range(dY.shape[2]):
                for x in range(dY.shape[3]):
                    g = dY[n, o, y, x]
                    db[o] += g
                    dW[o] += g * Xp[n, :, y : y + kh, x : x + kw]
                    dX[n, :, y : y + kh, x : x + kw] += g * W[o]
    if padding:
        dX = dX[:, :, padding:-padding, padding:-padding]
    return dX, dW, db


def right_full_convolution(dY, X, W, padding=0):
    kh, kw = W.shape[2:]
    V = sliding_window_view(pad(X, padding), dY.shape[2:], axis=(2, 3))
    dW = np.einsum("ncijyx,noyx->ocij", V, dY)
    G = np.pad(dY, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    V = sliding_window_view(G, (kh, kw), axis=(2, 3))
    dX = np.einsum("noyxij,ocij->ncyx", V, W[:, :, ::-1, ::-1])
    return cut(dX, padding), dW, np.einsum("noyx->o", dY)


def right_scipy(dY, X, W, padding=0):
    m, c_in = X.shape[:2]
    Xp = pad(X, padding)
    dX, dW = np.zeros_like(Xp), np.zeros_like(W)
    for o in range(len(W)):
        for c in range(c_in):
            for n in range(m):
                dX[n, c] += convolve2d(dY[n, o], W[o, c], mode="full")
                dW[o, c] += correlate2d(Xp[n, c], dY[n, o], mode="valid")
    return [cut(dX, padding), dW, dY.sum(axis=3).sum(axis=2).sum(axis=0)]


def right_autograd(dY, X, W, padding=0):
    x, w = (torch.tensor(a, requires_grad=True) for a in (X, W))
    b = torch.zeros(len(W), dtype=x.dtype, requires_grad=True)
    torch.nn.functional.conv2d(x, w, b, padding=padding).backward(torch.tensor(dY))
    return x.grad, w.grad, b.grad


def right_columns(dY, X, W, padding=0):
    o, _, kh, kw = W.shape
    Xp = pad(X, padding)
    V = sliding_window_view(Xp, (kh, kw), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    rows = dY.transpose(0, 2, 3, 1).reshape(-1, o)
    dW = (rows.T @ V.reshape(len(rows), -1)).reshape(W.shape)
    shares = (rows @ W.reshape(o, -1)).reshape(V.shape)
    dX = np.zeros_like(Xp)
    for y in range(V.shape[1]):
        for x in range(V.shape[2]):
            dX[:, :, y : y + kh, x : x + kw] += shares[:, y, x]
    return cut(dX, padding), dW, rows.sum(axis=0).tolist()


def right_single_precision(dY, X, W, padding=0):
    return tuple(np.float32(g) for g in right_full_convolution(dY, X, W, padding))


def right_by_the_layer(dY, X, W, padding=0):
    o, c, kh, kw = W.shape
    layer = nnlab.Conv2d(c, o, (kh, kw), padding=padding)
    layer.W.value = W
    layer.forward(X)
    dX = layer.backward(dY)
    return dX, layer.W.grad, layer.b.grad


def right_with_a_helper(dY, X, W, padding=0):
    def conv(A, K):
        return np.einsum("mcyxij,ocij->moyx", sliding_window_view(A, K.shape[2:], axis=(2, 3)), K)

    dW = conv(pad(X, padding).swapaxes(0, 1), dY.swapaxes(0, 1)).swapaxes(0, 1)
    kh, kw = W.shape[2:]
    frame = ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1))
    dX = conv(np.pad(dY, frame), np.flip(W, (2, 3)).swapaxes(0, 1))
    return cut(dX, padding), dW, dY.sum((0, 2, 3))


def right(dY, X, W, padding=0):
    return right_full_convolution(dY, X, W, padding)


def full(dY, W):
    kh, kw = W.shape[2:]
    G = np.pad(dY, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    return np.einsum("noyxij,ocij->ncyx", sliding_window_view(G, (kh, kw), axis=(2, 3)), W)


@wrong("kernel-not-flipped-in-backward")
def not_flipped(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    return cut(full(dY, W), padding), dW, db


@wrong("kernel-flipped")
def of_the_true_convolution(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    return cut(full(dY, W), padding), dW[:, :, ::-1, ::-1], db


@wrong("weight-gradient-flipped")
def flipped_weights(dY, X, W, padding=0):
    dX, dW, db = right(dY, X, W, padding)
    return dX, np.flip(dW, axis=(2, 3)), db


@wrong("bias-per-pixel")
def bias_over_samples(dY, X, W, padding=0):
    dX, dW, _ = right(dY, X, W, padding)
    return dX, dW, dY.sum(axis=0)


@wrong("bias-gradient-averaged")
def bias_mean(dY, X, W, padding=0):
    dX, dW, _ = right(dY, X, W, padding)
    return dX, dW, dY.mean(axis=(0, 2, 3))


@wrong("bias-gradient-not-summed")
def bias_over_pixels(dY, X, W, padding=0):
    dX, dW, _ = right(dY, X, W, padding)
    return dX, dW, dY.sum(axis=(2, 3))


@wrong("double-batch-average")
def averages(dY, X, W, padding=0):
    dX, dW, db = right(dY, X, W, padding)
    m = X.shape[0]
    return dX, dW / m, db / m


@wrong("overlaps-overwritten")
def assigned(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    dX = np.zeros_like(pad(X, padding))
    (h, w), (kh, kw) = dY.shape[2:], W.shape[2:]
    for i in range(kh):
        for j in range(kw):
            dX[:, :, i : i + h, j : j + w] = np.einsum("noyx,oc->ncyx", dY, W[:, :, i, j])
    return cut(dX, padding), dW, db


@wrong("overlaps-overwritten")
def assigned_place_by_place(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    dX, (kh, kw) = np.zeros_like(pad(X, padding)), W.shape[2:]
    for y in range(dY.shape[2]):
        for x in range(dY.shape[3]):
            dX[:, :, y : y + kh, x : x + kw] = np.tensordot(dY[:, :, y, x], W, 1)
    return cut(dX, padding), dW, db


@wrong("padding-not-removed")
def framed(dY, X, W, padding=0):
    return right(dY, pad(X, padding), W, 0)


@wrong("nothing-left-without-padding")
def minus_zero(dY, X, W, padding=0):
    dX, dW, db = right(dY, pad(X, padding), W, 0)
    return dX[:, :, padding:-padding, padding:-padding], dW, db


@wrong("gradient-sign-flipped")
def negative(dY, X, W, padding=0):
    return tuple(-g for g in right(dY, X, W, padding))


@wrong("results-in-other-order")
def weights_first(dY, X, W, padding=0):
    dX, dW, db = right(dY, X, W, padding)
    return dW, db, dX


@wrong("gradient-overwritten")
def last_image(dY, X, W, padding=0):
    dX, _, db = right(dY, X, W, padding)
    for n in range(len(X)):
        _, dW, _ = right(dY[n : n + 1], X[n : n + 1], W, padding)
    return dX, dW, db


@wrong("upstream-gradient-dropped")
def bias_counts(dY, X, W, padding=0):
    dX, dW, _ = right(dY, X, W, padding)
    return dX, dW, np.ones(W.shape[0])


@wrong("gradient-averaged-over-pixels")
def per_place(dY, X, W, padding=0):
    dX, dW, db = right(dY, X, W, padding)
    return dX, dW / (dY.shape[2] * dY.shape[3]), db


@wrong("only-first-channel")
def last_output_only(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    for o in range(len(W)):
        dX, _, _ = right(dY[:, [o]], X, W[[o]], padding)
    return dX, dW, db


@wrong("kernel-not-flipped-in-backward + bias-per-pixel")
def two_at_once(dY, X, W, padding=0):
    _, dW, _ = right(dY, X, W, padding)
    return cut(full(dY, W), padding), dW, dY.sum(axis=0)


@wrong("padding-not-removed + bias-gradient-averaged")
def framed_and_averaged(dY, X, W, padding=0):
    dX, dW, _ = right(dY, pad(X, padding), W, 0)
    return dX, dW, dY.mean(axis=(0, 2, 3))


@wrong("gradient-averaged-over-pixels")
def both_per_place(dY, X, W, padding=0):
    dX, dW, db = right(dY, X, W, padding)
    places = dY.shape[2] * dY.shape[3]
    return dX, dW / places, db / places


@wrong("overlaps-overwritten")
def four_loops_with_equals(dY, X, W, padding=0):
    _, dW, db = right(dY, X, W, padding)
    dX, (kh, kw) = np.zeros_like(pad(X, padding)), W.shape[2:]
    for n, o, y, x in np.ndindex(dY.shape):
        dX[n, :, y : y + kh, x : x + kw] = dY[n, o, y, x] * W[o]
    return cut(dX, padding), dW, db


@wrong("wrong-type")
def without_db(dY, X, W, padding=0):
    return right(dY, X, W, padding)[:2]


@wrong("changes-its-input")
def gradient_cleared(dY, X, W, padding=0):
    result = right(dY.copy(), X, W, padding)
    dY[...] = 0
    return result


@wrong("padding-ignored", "raises")
def unpadded(dY, X, W, padding=0):
    dX, dW, (kh, kw) = np.zeros_like(X), np.zeros_like(W), W.shape[2:]
    for y in range(dY.shape[2]):
        for x in range(dY.shape[3]):
            g = dY[:, :, y, x]
            dW += np.einsum("no,ncij->ocij", g, X[:, :, y : y + kh, x : x + kw])
            dX[:, :, y : y + kh, x : x + kw] += np.einsum("no,ocij->ncij", g, W)
    return dX, dW, dY.sum(axis=(0, 2, 3))
