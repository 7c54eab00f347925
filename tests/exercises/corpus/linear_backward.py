import numpy as np
from attempts import wrong


def right_outer_products(dZ, X, W):
    dW, db = np.zeros(W.shape), np.zeros(W.shape[1])
    dX = np.zeros(X.shape)
    for i in range(len(X)):
        dW += np.outer(X[i], dZ[i])
        db += dZ[i]
        dX[i] = W @ dZ[i]
    return dX, dW, db


def right_einsum(dZ, X, W):
    return [np.einsum("mo,io->mi", dZ, W), np.einsum("mi,mo->io", X, dZ), np.einsum("mo->o", dZ)]


def right_ones(dZ, X, W):
    return (W @ dZ.T).T, (dZ.T @ X).T, np.ones(len(dZ)) @ dZ


def right_lists(dZ, X, W):
    return (dZ @ W.T).tolist(), (X.T @ dZ).tolist(), [sum(column) for column in dZ.T]


@wrong("gradient-overwritten")
def overwritten(dZ, X, W):
    for x, d in zip(X, dZ, strict=True):
        dW = np.outer(x, d)
        db = d
    return dZ @ W.T, dW, db


@wrong("gradient-overwritten")
def only_dw_overwritten(dZ, X, W):
    dW = np.zeros_like(W)
    for i in range(len(X)):
        dW = np.outer(X[i], dZ[i])
    return dZ @ W.T, dW, dZ.sum(0)


@wrong("double-batch-average")
def andrew_ng(dZ, X, W):
    m = X.shape[0]
    return np.dot(dZ, W.T), np.dot(X.T, dZ) / m, np.sum(dZ, axis=0) / m


@wrong("bias-gradient-keeps-dims")
def keepdims(dZ, X, W):
    return np.dot(dZ, W.T), np.dot(X.T, dZ), np.sum(dZ, axis=0, keepdims=True)


@wrong("double-batch-average + bias-gradient-keeps-dims")
def andrew_ng_rows(dZ, X, W):
    m = X.shape[0]
    return np.dot(dZ, W.T), (1 / m) * np.dot(X.T, dZ), (1 / m) * np.sum(dZ, axis=0, keepdims=True)


@wrong("bias-gradient-wrong-axis")
def other_axis(dZ, X, W):
    return dZ.dot(W.T), X.T.dot(dZ), dZ.sum(-1)


@wrong("bias-gradient-summed-over-all")
def total(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, np.sum(dZ)


@wrong("weight-gradient-transposed")
def torch_layout(dZ, X, W):
    return dZ @ W.T, dZ.T @ X, dZ.sum(axis=0)


@wrong("weight-gradient-transposed + bias-gradient-averaged")
def torch_layout_and_mean(dZ, X, W):
    return dZ @ W.T, dZ.T @ X, dZ.mean(axis=0)


@wrong("results-in-other-order")
def parameters_first(dZ, X, W):
    return X.T @ dZ, dZ.sum(axis=0), dZ @ W.T


@wrong("wrong-type")
def two_only(dZ, X, W):
    return X.T @ dZ, dZ.sum(axis=0)


@wrong("wrong-type")
def a_dict(dZ, X, W):
    return {"dX": dZ @ W.T, "dW": X.T @ dZ, "db": dZ.sum(axis=0)}


@wrong("upstream-gradient-dropped")
def local_derivatives(dZ, X, W):
    return W.T, X.T, np.ones(W.shape[1])


@wrong("gradient-sign-flipped")
def descending(dZ, X, W):
    return -(dZ @ W.T), -(X.T @ dZ), -dZ.sum(0)


@wrong("bias-gradient-not-summed")
def as_it_is(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.copy()
