import numpy as np
import torch
from attempts import wrong


def right_einsum(X, W, b):
    return np.einsum("mi,io->mo", X, W) + b[None]


def right_loops(X, W, b):
    Z = np.zeros((len(X), len(b)))
    for i in range(len(X)):
        for j in range(len(b)):
            Z[i, j] = sum(x * w for x, w in zip(X[i], W[:, j], strict=True)) + b[j]
    return Z


def right_torch(X, W, b):
    return torch.nn.functional.linear(torch.tensor(X), torch.tensor(W.T), torch.tensor(b))


def right_augmented(X, W, b):
    return np.c_[X, np.ones(len(X))] @ np.vstack([W, b])


def right_columns(X, W, b):
    return (np.dot(W.T, X.T) + b.reshape(-1, 1)).T


def right_float32(X, W, b):
    return X.astype("f4") @ W.astype("f4") + b.astype("f4")


@wrong("bias-added-twice")
def bias_twice(X, W, b):
    Z = np.tile(b, (len(X), 1))
    Z += X @ W
    return Z + b


@wrong("bias-omitted")
def no_bias(X, W, b):
    Z = np.zeros((X.shape[0], W.shape[1]))
    for i, x in enumerate(X):
        Z[i] = W.T @ x
    return Z


@wrong("overwritten-instead-of-added")
def overwritten(X, W, b):
    Z = np.zeros((X.shape[0], W.shape[1]))
    for i in range(X.shape[0]):
        for j in range(W.shape[1]):
            for k in range(X.shape[1]):
                Z[i, j] = X[i, k] * W[k, j]
    return Z + b


@wrong("bias-added-for-every-input")
def bias_in_the_loop(X, W, b):
    Z = np.zeros((X.shape[0], W.shape[1]))
    for k in range(X.shape[1]):
        Z += np.outer(X[:, k], W[k]) + b
    return Z


@wrong("one-bias-for-all")
def summed_bias(X, W, b):
    return X @ W + np.sum(b)


@wrong("wrong-shape")
def samples_as_columns(X, W, b):
    return W.T @ X.T + b[:, None]


@wrong("input-left-out")
def last_feature_forgotten(X, W, b):
    Z = np.zeros((X.shape[0], W.shape[1])) + b
    for k in range(X.shape[1] - 1):
        Z = Z + X[:, [k]] * W[[k]]
    return Z


@wrong("only-first-sample")
def returned_too_early(X, W, b):
    out = []
    for x in X:
        out.append(x @ W + b)
        return np.array(out)


@wrong("activation-added")
def with_relu(X, W, b):
    Z = np.dot(X, W) + b
    Z[Z < 0] = 0
    return Z


@wrong("bias-sign-flipped")
def threshold(X, W, b):
    return X @ W - b


@wrong("changes-its-input")
def bias_changed(X, W, b):
    Z = X @ W
    b += Z.mean(axis=0) * 0 + 1
    return Z + b - 1


@wrong("returns-none")
def printed(X, W, b):
    print(X @ W + b)


@wrong("weights-transposed", "raises")
def other_convention(X, W, b):
    return np.dot(X, W.T) + b


x = np.ones((4, 3))  # of the lesson, above


@wrong("notebook-variable-read")
def small_x_of_the_lesson(X, W, b):
    return x @ W + b


@wrong("notebook-variable-read")
def small_w_that_does_not_exist(X, W, b):
    return X @ w + b  # noqa: F821


@wrong("notebook-variable-read")
def loop_over_the_lessons_rows(X, W, b):
    return np.array([row @ W + b for row in x])
