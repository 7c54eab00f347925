import numpy as np
import torch
from attempts import wrong


def right_tri(T):
    return np.tri(T, dtype=bool)


def right_tril_of_ones(T):
    return np.tril(np.ones((T, T))) == 1


def right_loops(T):
    mask = np.zeros((T, T), dtype=bool)
    for t in range(T):
        for s in range(t + 1):
            mask[t, s] = True
    return mask


def right_lists(T):
    return [[s <= t for s in range(T)] for t in range(T)]


def right_rows(T):
    return np.array([[True] * (t + 1) + [False] * (T - t - 1) for t in range(T)])


def right_torch(T):
    return torch.ones(T, T).tril().bool()


def right_not_above(T):
    return ~np.triu(np.ones((T, T), dtype=bool), k=1)


def right_outer(T):
    return np.greater_equal.outer(np.arange(T), np.arange(T))


@wrong("looks-ahead")
def upper(T):
    return np.triu(np.ones((T, T), dtype=bool))


@wrong("looks-ahead")
def one_too_far(T):
    return np.tril(np.ones((T, T), dtype=bool), k=1)


@wrong("looks-ahead")
def everything(T):
    return np.full((T, T), True)


@wrong("looks-ahead")
def other_comparison(T):
    return np.arange(T)[:, None] <= np.arange(T)[None, :]


@wrong("diagonal-masked")
def strictly_below(T):
    return np.tril(np.ones((T, T)), -1).astype(bool)


@wrong("diagonal-masked")
def loop_too_short(T):
    mask = np.zeros((T, T), dtype=bool)
    for t in range(T):
        mask[t, :t] = True
    return mask


@wrong("mask-inverted")
def torch_habit(T):
    return torch.triu(torch.ones(T, T), diagonal=1).bool()


@wrong("mask-inverted")
def inverted(T):
    return ~np.tri(T, dtype=bool)


@wrong("wrong-type")
def ones_below(T):
    return np.tril(np.ones((T, T)))


@wrong("wrong-type")
def integers(T):
    return np.tri(T, dtype=int).tolist()


@wrong("wrong-type + looks-ahead")
def upper_numbers(T):
    return np.triu(np.ones((T, T)))


@wrong("wrong-type + mask-inverted")
def above_numbers(T):
    return 1 - np.tri(T)


@wrong("wrong-type + diagonal-masked")
def below_numbers(T):
    return np.tri(T, k=-1)


@wrong("added-instead-of-bool")
def additive(T):
    mask = np.zeros((T, T))
    mask[np.triu_indices(T, 1)] = -np.inf
    return mask


@wrong("only-itself")
def identity(T):
    return np.eye(T) > 0


@wrong("hard-coded-size")
def five(T):
    return np.tri(5, dtype=bool)
