import numpy as np
import torch
from attempts import wrong
from scipy.special import logsumexp


def right_row_by_row(scores):
    out = np.empty_like(scores)
    for i, row in enumerate(scores):
        e = np.exp(row - max(row))
        out[i] = e / sum(e)
    return out


def right_by_logsumexp(scores):
    return np.exp(scores - logsumexp(scores, axis=1)[:, None])


def right_transposed_twice(scores):
    e = np.exp(scores.T - scores.T.max(0))
    return (e / e.sum(0)).T


def right_torch(scores):
    return torch.softmax(torch.from_numpy(scores), dim=-1)


def right_pairwise_differences(scores):
    differences = scores[:, None, :] - scores[:, :, None]
    return 1 / np.exp(np.minimum(differences, 700)).sum(axis=2)


def right_python_lists(scores):
    import math

    rows = []
    for row in scores.tolist():
        top = max(row)
        powers = [math.exp(s - top) for s in row]
        rows.append([p / sum(powers) for p in powers])
    return rows


@wrong("shifted-by-mean-or-minimum")
def centered(scores):
    e = np.exp(scores - np.mean(scores, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@wrong("shifted-by-mean-or-minimum")
def from_the_minimum(scores):
    return np.array([np.exp(r - r.min()) / np.exp(r - r.min()).sum() for r in scores])


@wrong("shifted-by-a-fixed-number")
def minus_995(scores):
    e = np.exp(scores - 995)
    return e / e.sum(1)[:, None]


@wrong("shift-in-one-part-only")
def numerator_only(scores):
    top = scores.max(axis=1).reshape(-1, 1)
    return np.exp(scores - top) / np.exp(scores).sum(axis=1).reshape(-1, 1)


@wrong("shift-in-one-part-only")
def sum_only(scores):
    top = scores.max(axis=1).reshape(-1, 1)
    return np.exp(scores) / np.exp(scores - top).sum(axis=1).reshape(-1, 1)


@wrong("softmax-twice")
def twice(scores):
    for _ in range(2):
        e = np.exp(scores - scores.max(1, keepdims=True))
        scores = e / e.sum(1, keepdims=True)
    return scores


@wrong("scores-clipped")
def clipped(scores):
    e = np.exp(np.clip(scores, -700, 700))
    return e / e.sum(axis=1, keepdims=True)


@wrong("overflow-hidden")
def nan_replaced(scores):
    e = np.exp(scores)
    out = e / e.sum(axis=1, keepdims=True)
    out[np.isnan(out)] = 0
    return out


@wrong("normalization-missing")
def unnormalized(scores):
    return np.exp(scores - scores.max(axis=1, keepdims=True))


@wrong("softmax-over-batch-axis")
def columns(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum(axis=0)


@wrong("changes-its-input")
def in_place(scores):
    scores -= scores.max(axis=1, keepdims=True)
    e = np.exp(scores)
    return e / e.sum(axis=1, keepdims=True)


@wrong("softmax-without-shift")
def double_loop(scores):
    out = np.zeros(scores.shape)
    for i in range(scores.shape[0]):
        total = 0.0
        for j in range(scores.shape[1]):
            total += np.exp(scores[i, j])
        for j in range(scores.shape[1]):
            out[i, j] = np.exp(scores[i, j]) / total
    return out


@wrong("wrong-type", "wrong-shape")
def with_a_cache(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    A = e / e.sum(axis=1, keepdims=True)
    return A, scores


@wrong("exponent-sign-flipped")
def minus(scores):
    e = np.exp(-(scores - scores.min(axis=1, keepdims=True)))
    return e / e.sum(axis=1, keepdims=True)


@wrong("hard-maximum")
def one_hot_of_the_largest(scores):
    return np.eye(scores.shape[1])[scores.argmax(axis=1)]


scores_of_the_lesson = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 5.0]])


@wrong("notebook-variable-read", "notebook-variable-read + softmax-without-shift")
def scores_from_the_cell_above(scores):
    e = np.exp(scores_of_the_lesson)
    return e / e.sum(axis=1, keepdims=True)


@wrong("wrong-divisor")
def divided_by_the_length(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / np.linalg.norm(powers, axis=1, keepdims=True)
