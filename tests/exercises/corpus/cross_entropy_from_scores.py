import math

import numpy as np
import torch
from attempts import wrong
from scipy.special import log_softmax, logsumexp


def right_scipy(scores, y):
    return -log_softmax(scores, axis=1)[np.arange(len(y)), y].mean()


def right_torch(scores, y):
    return torch.nn.functional.cross_entropy(torch.tensor(scores), torch.tensor(y)).item()


def right_loops(scores, y):
    total = 0.0
    for row, label in zip(scores.tolist(), y.tolist(), strict=True):
        top = max(row)
        total += top + math.log(sum(math.exp(s - top) for s in row)) - row[label]
    return total / len(scores)


def right_one_hot(scores, y):
    S = scores - scores.max(axis=1)[:, None]
    return np.sum(np.eye(scores.shape[1])[y] * (np.log(np.exp(S).sum(axis=1, keepdims=True)) - S)) / len(S)


def right_differences(scores, y):
    return np.logaddexp.reduce(scores - np.take_along_axis(scores, y[:, None], 1), axis=1).mean()


@wrong("divided-by-classes")
def by_classes(scores, y):
    return np.sum(logsumexp(scores, axis=1) - scores[range(len(y)), y]) / scores.shape[1]


@wrong("only-first-sample")
def losses_0(scores, y):
    losses = logsumexp(scores, axis=1) - scores[np.arange(len(y)), y]
    return losses[0]


@wrong("softmax-before-cross-entropy")
def twice(scores, y):
    P = np.exp(scores - scores.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    return (logsumexp(P, axis=1) - P[np.arange(len(y)), y]).mean()


@wrong("probability-instead-of-loss")
def mean_probability(scores, y):
    P = np.exp(log_softmax(scores, axis=1))
    return P[np.arange(len(y)), y].mean()


@wrong("softmax-without-shift + log-of-zero")
def plain(scores, y):
    P = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log(P[np.arange(len(y)), y]).mean()


@wrong("softmax-without-shift")
def plain_logs(scores, y):
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(y)), y])


@wrong("log-of-zero")
def stable_softmax_then_log(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return -np.log((e / e.sum(axis=1, keepdims=True))[np.arange(len(y)), y]).mean()


@wrong("probabilities-clipped")
def clipped(scores, y):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    P = np.clip(e / e.sum(axis=1, keepdims=True), 1e-15, 1)
    return -np.mean(np.log(P[np.arange(len(y)), y]))


@wrong("shifted-by-mean-or-minimum")
def centered(scores, y):
    S = scores - scores.mean(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(S).sum(axis=1)) - S[np.arange(len(y)), y])


@wrong("shift-not-undone")
def shift_forgotten(scores, y):
    top = scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores - top).sum(1)) - scores[np.arange(len(y)), y])


@wrong("labels-broadcast")
def all_columns(scores, y):
    return np.mean(logsumexp(scores, axis=1)[:, None] - scores[:, y])


@wrong("labels-used-as-weights")
def as_if_one_hot(scores, y):
    return -np.sum(y[:, None] * log_softmax(scores, axis=1)) / len(y)


@wrong("loss-summed")
def summed(scores, y):
    return -log_softmax(scores, axis=1)[np.arange(len(y)), y].sum()


@wrong("loss-sign-flipped")
def negative(scores, y):
    return log_softmax(scores, axis=1)[np.arange(len(y)), y].mean()


@wrong("loss-sign-flipped + loss-per-sample")
def negative_vector(scores, y):
    return log_softmax(scores, axis=1)[np.arange(len(y)), y]


@wrong("squared-error")
def brier(scores, y):
    return np.mean((np.exp(log_softmax(scores, axis=1)) - np.eye(scores.shape[1])[y]) ** 2)


@wrong("changes-its-input")
def in_place(scores, y):
    scores -= scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y])


@wrong("labels-not-used")
def surest(scores, y):
    return np.mean(logsumexp(scores, axis=1) - scores.max(axis=1))
