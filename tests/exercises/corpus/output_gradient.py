import numpy as np
import torch
from attempts import wrong


def right_by_labels(Y_hat, Y):
    G = Y_hat.copy()
    G[np.arange(len(Y)), Y.argmax(axis=1)] -= 1
    return G / len(G)


def right_by_autograd(Y_hat, Y):
    scores = torch.log(torch.tensor(Y_hat).clamp_min(1e-300)).requires_grad_()
    torch.nn.functional.cross_entropy(scores, torch.tensor(Y)).backward()
    return scores.grad


def right_entry_by_entry(Y_hat, Y):
    m, n = Y.shape
    return [[(Y_hat[i, j] - Y[i, j]) / m for j in range(n)] for i in range(m)]


def right_scaled_first(Y_hat, Y):
    return -(Y * (1 / len(Y)) - np.divide(Y_hat, Y.shape[0]))


def right_through_the_jacobian(Y_hat, Y):
    dP = -Y / np.where(Y_hat > 0, Y_hat, 1)
    return (
        np.stack([(np.diag(p) - np.outer(p, p)) @ d for p, d in zip(Y_hat, dP, strict=True)]) / len(Y)
        + np.where(Y * (Y_hat == 0), -1 / len(Y), 0)
        + np.where((Y * (Y_hat == 0)).any(axis=1, keepdims=True), Y_hat / len(Y), 0)
    )


@wrong("missing-batch-average")
def no_average(Y_hat, Y):
    return np.subtract(Y_hat, Y)


@wrong("gradient-sign-flipped + missing-batch-average")
def turned_around(Y_hat, Y):
    return Y - Y_hat


@wrong("squared-error-gradient", "squared-error-gradient + missing-batch-average")
def twice(Y_hat, Y):
    return 2 * (Y_hat - Y) / len(Y)


@wrong("divided-by-classes")
def columns(Y_hat, Y):
    return (Y_hat - Y) / len(Y[0])


@wrong("loss-averaged-over-classes")
def everything(Y_hat, Y):
    return (Y_hat - Y) / np.prod(Y.shape)


@wrong("changes-its-input")
def in_place(Y_hat, Y):
    Y_hat[Y == 1] -= 1
    Y_hat /= len(Y)
    return Y_hat


@wrong("gradient-of-the-probabilities")
def one_step_early(Y_hat, Y):
    return -(Y / (Y_hat + 1e-12)) / len(Y)


@wrong("extra-softmax-derivative")
def slope_again(Y_hat, Y):
    return (Y_hat - Y) * Y_hat * (1 - Y_hat) / Y.shape[0]


@wrong("rows-merged")
def averaged(Y_hat, Y):
    return np.mean(Y_hat - Y, axis=0)


@wrong("absolute-difference")
def without_sign(Y_hat, Y):
    return np.abs(Y_hat - Y) / len(Y)


@wrong("hard-decision-instead-of-probabilities")
def decisions(Y_hat, Y):
    return (np.eye(Y.shape[1])[Y_hat.argmax(1)] - Y) / len(Y)


@wrong("integer-division")
def floor(Y_hat, Y):
    return (Y_hat - Y) // len(Y)


@wrong("only-the-right-class")
def right_class_alone(Y_hat, Y):
    return np.where(Y == 1, Y_hat - 1, 0) / len(Y)


@wrong("loss-instead-of-gradient")
def the_loss(Y_hat, Y):
    return -(Y * np.log(np.maximum(Y_hat, 1e-12))).sum() / len(Y)
