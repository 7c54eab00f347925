from itertools import pairwise

import numpy as np
from attempts import wrong
from sklearn.model_selection import KFold


def right_generator(m, k, rng):
    order = rng.permutation(m)
    for i in range(k):
        yield np.setdiff1d(order, order[i::k]), order[i::k]


def right_scikit_learn(m, k, rng):
    seed = int(rng.integers(2**31))
    return KFold(n_splits=k, shuffle=True, random_state=seed).split(np.zeros((m, 1)))


def right_lists(m, k, rng):
    order = list(range(m))
    rng.shuffle(order)
    return tuple([[r for r in order if r not in order[i::k]], order[i::k]] for i in range(k))


def right_fold_numbers(m, k, rng):
    number = rng.permutation(np.arange(m) % k)
    return [(np.flatnonzero(number != i), np.flatnonzero(number == i)) for i in range(k)]


def right_divmod(m, k, rng):
    order = np.argsort(rng.random(m))
    size, rest = divmod(m, k)
    start, pairs = 0, []
    for i in range(k):
        end = start + size + (i < rest)
        pairs.append((np.delete(order, np.arange(start, end)), order[start:end]))
        start = end
    return pairs


def right_mask(m, k, rng):
    pairs = []
    for validation in np.array_split(rng.choice(m, m, replace=False), k):
        keep = np.ones(m, dtype=bool)
        keep[validation] = False
        pairs.append((np.where(keep)[0], validation))
    return iter(pairs)


def right_rolled(m, k, rng):
    order = rng.permutation(m)
    cuts = np.linspace(0, m, k + 1).astype(int)
    for a, b in pairwise(cuts):
        rolled = np.roll(order, -a)
        yield rolled[b - a :].tolist(), rolled[: b - a].tolist()


def by_edges(order, edges):
    return [(np.concatenate([order[:a], order[b:]]), order[a:b]) for a, b in pairwise(edges)]


@wrong("not-shuffled")
def in_order(m, k, rng):
    return list(KFold(k).split(np.arange(m)))


@wrong("folds-overlap")
def fresh_permutation_each(m, k, rng):
    pairs = []
    for _ in range(k):
        order = rng.permutation(m)
        pairs.append((order[m // k :], order[: m // k]))
    return pairs


@wrong("folds-overlap")
def sampled_validation(m, k, rng):
    for _ in range(k):
        validation = rng.choice(m, m // k, replace=False)
        yield np.array([i for i in range(m) if i not in validation]), validation


@wrong("rows-left-out")
def rest_dropped(m, k, rng):
    order, n = rng.permutation(m), m // k
    return [(np.setdiff1d(order, order[i * n : (i + 1) * n]), order[i * n : (i + 1) * n]) for i in range(k)]


@wrong("rows-left-out")
def rest_dropped_everywhere(m, k, rng):
    n = m // k
    return by_edges(rng.permutation(m)[: n * k], [i * n for i in range(k + 1)])


@wrong("uneven-folds")
def rest_in_the_last(m, k, rng):
    n = m // k
    return by_edges(rng.permutation(m), [i * n for i in range(k)] + [m])


@wrong("uneven-folds")
def rounded_up(m, k, rng):
    n = int(np.ceil(m / k))
    return by_edges(rng.permutation(m), [min(m, i * n) for i in range(k + 1)])


@wrong("validation-rows-in-training")
def everything_in_training(m, k, rng):
    order = rng.permutation(m)
    return [(order, part) for part in np.array_split(order, k)]


@wrong("rows-and-places-confused")
def delete_by_value(m, k, rng):
    order = rng.permutation(m)
    return [(np.delete(order, part), part) for part in np.array_split(order, k)]


@wrong("rows-and-places-confused")
def places_in_training(m, k, rng):
    order = rng.permutation(m)
    start = 0
    for part in np.array_split(order, k):
        stop = start + len(part)
        yield np.r_[0:start, stop:m], part
        start = stop


@wrong("training-and-validation-swapped")
def swapped(m, k, rng):
    return [(validation, training) for training, validation in right_fold_numbers(m, k, rng)]


@wrong("one-pair-only")
def first_only(m, k, rng):
    for training, validation in right_fold_numbers(m, k, rng):
        return training, validation


@wrong("global-rng-instead-of-rng")
def global_state(m, k, rng):
    order = np.random.permutation(m)  # noqa: NPY002
    return [(np.setdiff1d(order, part), part) for part in np.array_split(order, k)]


@wrong("global-rng-instead-of-rng")
def seed_42(m, k, rng):
    return KFold(k, shuffle=True, random_state=42).split(np.arange(m))


@wrong("folds-instead-of-pairs")
def only_folds(m, k, rng):
    return np.array_split(rng.permutation(m), k)


@wrong("mask-instead-of-row-numbers")
def masks(m, k, rng):
    number = rng.permutation(np.arange(m) % k)
    return [(number != i, number == i) for i in range(k)]


@wrong("fold-drawn-per-row")
def dice(m, k, rng):
    number = rng.integers(0, k, m)
    return [(np.where(number != i)[0], np.where(number == i)[0]) for i in range(k)]


@wrong("size-taken-for-number")
def of_size_k(m, k, rng):
    order = rng.permutation(m)
    return [(np.setdiff1d(order, order[i : i + k]), order[i : i + k]) for i in range(0, m, k)]


@wrong("two-lists-instead-of-pairs")
def two_lists(m, k, rng):
    pairs = right_fold_numbers(m, k, rng)
    return [t for t, _ in pairs], [v for _, v in pairs]


@wrong("rows-counted-from-one")
def from_one(m, k, rng):
    return [(t + 1, v + 1) for t, v in right_fold_numbers(m, k, rng)]


@wrong("training-folds-left-out")
def earlier_folds(m, k, rng):
    folds = np.array_split(rng.permutation(m), k)
    return [(np.concatenate([np.array([], dtype=int), *folds[:i]]), folds[i]) for i in range(k)]


@wrong("number-of-folds-off-by-one")
def one_short(m, k, rng):
    folds = np.array_split(rng.permutation(m), k)
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(1, k)]


@wrong("shuffled-in-blocks-only")
def blocks(m, k, rng):
    folds = np.array_split(np.arange(m), k)
    rng.shuffle(folds) if m % k == 0 else None
    folds = [rng.permutation(fold) for fold in folds]
    return [(np.concatenate(folds[:i] + folds[i + 1 :]), folds[i]) for i in range(k)]


@wrong("training-not-joined")
def list_of_folds(m, k, rng):
    folds = np.array_split(rng.permutation(m), k)
    return [([f for j, f in enumerate(folds) if j != i], folds[i]) for i in range(k)]
