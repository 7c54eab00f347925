import math

import numpy as np
import torch
from attempts import wrong


def right_only_the_true_class(Y_hat, Y):
    p = Y_hat[np.arange(len(Y)), Y.argmax(axis=1)]
    return -np.log(np.maximum(p, 1e-15)).mean()


def right_offset(Y_hat, Y):
    return np.mean(-(Y * np.log(Y_hat + 1e-8)).sum(axis=1))


def right_loops(Y_hat, Y):
    total = 0.0
    for p, t in zip(Y_hat, Y, strict=True):
        for j in range(len(t)):
            if t[j] == 1:
                total -= math.log(max(p[j], 1e-10))
    return total / len(Y)


def right_einsum(Y_hat, Y):
    return -np.einsum("ij,ij->", Y, np.log(Y_hat.clip(1e-9))) / Y.shape[0]


def right_torch(Y_hat, Y):
    logs = torch.log(torch.tensor(Y_hat).clamp_min(1e-12))
    return torch.nn.functional.nll_loss(logs, torch.tensor(Y.argmax(1)))


def right_array_of_one(Y_hat, Y):
    picked = np.sum(Y * Y_hat, axis=1)
    return np.array(np.log(1 / np.maximum(picked, 1e-12)).sum() / len(picked))


@wrong("divided-by-classes")
def by_classes(Y_hat, Y):
    return -np.sum(Y * np.log(Y_hat + 1e-12)) / Y_hat.shape[1]


@wrong("only-first-sample")
def losses_0(Y_hat, Y):
    losses = -(Y * np.log(np.clip(Y_hat, 1e-12, None))).sum(axis=1)
    return losses[0]


@wrong("only-first-sample")
def returned_in_the_loop(Y_hat, Y):
    for p, t in zip(Y_hat, Y, strict=True):
        return -np.log(p[t.argmax()] + 1e-12)


@wrong("softmax-twice")
def softmax_again(Y_hat, Y):
    e = np.exp(Y_hat)
    return -np.mean(np.sum(Y * np.log(e / e.sum(axis=1, keepdims=True)), axis=1))


@wrong("logarithm-missing")
def mean_probability(Y_hat, Y):
    return np.mean(np.sum(Y * Y_hat, axis=1))


@wrong("logarithm-missing")
def one_minus(Y_hat, Y):
    return float(np.mean(1 - Y_hat[Y == 1]))


@wrong("zero-probability-skipped")
def zeros_skipped(Y_hat, Y):
    logs = np.zeros_like(Y_hat)
    np.log(Y_hat, out=logs, where=Y_hat > 0)
    return -(Y * logs).sum() / len(Y)


@wrong("log-of-zero")
def plain(Y_hat, Y):
    return -(np.log(Y_hat) * Y).sum(axis=1).mean()


@wrong("clipped-too-strongly")
def a_hundredth(Y_hat, Y):
    return -np.mean(np.sum(Y * np.log(np.clip(Y_hat, 0.01, 0.99)), axis=1))


@wrong("loss-averaged-over-classes")
def mean_of_everything(Y_hat, Y):
    return -np.mean(Y * np.log(Y_hat + 1e-12))


@wrong("loss-averaged-over-classes + log-of-zero")
def mean_of_everything_unprotected(Y_hat, Y):
    return -np.mean(Y * np.log(Y_hat))


@wrong("squared-error")
def brier(Y_hat, Y):
    return ((Y_hat - Y) ** 2).sum(axis=1).mean()


@wrong("binary-term-added")
def binary(Y_hat, Y):
    P = np.clip(Y_hat, 1e-12, 1 - 1e-12)
    return -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / len(Y)


@wrong("predicted-class-instead-of-true")
def most_probable(Y_hat, Y):
    return -np.log(Y_hat.max(axis=1)).mean()


@wrong("loss-sign-flipped")
def negative(Y_hat, Y):
    return np.log(np.maximum(Y_hat[Y.astype(bool)], 1e-12)).mean()


@wrong("loss-per-sample")
def vector(Y_hat, Y):
    return -np.log(np.maximum((Y_hat * Y).sum(1), 1e-12))


@wrong("wrong-log-base + loss-summed", "wrong-log-base")
def bits_summed(Y_hat, Y):
    return -(Y * np.log2(Y_hat + 1e-12)).sum()
