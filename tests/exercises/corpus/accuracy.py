import numpy as np
import torch
from attempts import wrong


def right_counting(Y_hat, Y):
    hits = 0
    for p, t in zip(Y_hat.tolist(), Y.tolist(), strict=True):
        hits += p.index(max(p)) == t.index(1)
    return hits / len(Y)


def right_picked(Y_hat, Y):
    return Y[np.arange(len(Y)), np.argmax(Y_hat, 1)].sum() / Y.shape[0]


def right_torch(Y_hat, Y):
    return (torch.tensor(Y_hat).argmax(-1) == torch.tensor(Y).argmax(-1)).double().mean()


def right_error_rate_taken_off(Y_hat, Y):
    return 1 - np.count_nonzero(Y_hat.argmax(1) - Y.argmax(1)) / len(Y)


def right_one_hot_predictions(Y_hat, Y):
    predicted = np.eye(Y.shape[1])[Y_hat.argmax(axis=1)]
    return np.all(predicted == Y, axis=1).mean()


@wrong("entries-compared-instead-of-samples")
def entry_hits_by_m(Y_hat, Y):
    return np.sum(np.round(Y_hat) == Y) / Y.shape[0]


@wrong("entries-compared-instead-of-samples")
def entries(Y_hat, Y):
    return ((Y_hat >= 0.5) == Y).mean()


@wrong("all-or-nothing")
def integer_division(Y_hat, Y):
    return np.sum(Y_hat.argmax(1) == Y.argmax(1)) // len(Y)


@wrong("all-or-nothing")
def array_equal(Y_hat, Y):
    return float(np.array_equal(Y_hat.argmax(1), Y.argmax(1)))


@wrong("argmax-over-whole-array")
def no_axis(Y_hat, Y):
    return np.mean(np.argmax(Y_hat) == np.argmax(Y))


@wrong("threshold-instead-of-argmax")
def rows_rounded(Y_hat, Y):
    return np.mean([np.array_equal(np.round(p), t) for p, t in zip(Y_hat, Y, strict=True)])


@wrong("argmin-instead-of-argmax")
def argmin(Y_hat, Y):
    return np.mean(Y_hat.argmin(axis=1) == Y.argmax(axis=1))


@wrong("result-rounded")
def two_digits(Y_hat, Y):
    return round(float((Y_hat.argmax(1) == Y.argmax(1)).mean()), 2)


@wrong("only-first-sample")
def returned_early(Y_hat, Y):
    hits = 0
    for i in range(len(Y)):
        if Y_hat[i].argmax() == Y[i].argmax():
            hits += 1
        return hits


@wrong("mean-probability-instead-of-hits")
def soft_accuracy(Y_hat, Y):
    return (Y_hat * Y).sum(axis=1).mean()


@wrong("divided-by-classes")
def size(Y_hat, Y):
    return (Y_hat.argmax(1) == Y.argmax(1)).sum() / Y.size


@wrong("labels-broadcast")
def column(Y_hat, Y):
    return np.mean(np.argmax(Y_hat, axis=1, keepdims=True) == np.argmax(Y, axis=1))


@wrong("percent-instead-of-fraction")
def percent(Y_hat, Y):
    return 100.0 * sum(Y_hat.argmax(1) == Y.argmax(1)) / len(Y)


@wrong("wrong-type")
def text(Y_hat, Y):
    return f"{(Y_hat.argmax(1) == Y.argmax(1)).mean():.2%}"


@wrong("error-rate-instead-of-accuracy + percent-instead-of-fraction")
def percent_wrong(Y_hat, Y):
    return 100 * np.mean(Y_hat.argmax(1) != Y.argmax(1))
