from collections import Counter

import numpy as np
import torch
from attempts import wrong
from sklearn.utils.class_weight import compute_class_weight


def right_counter(y):
    counts = Counter(y.tolist())
    return [len(y) / (len(counts) * counts[c]) for c in sorted(counts)]


def right_sklearn(y):
    return compute_class_weight("balanced", classes=np.unique(y), y=y)


def right_one_hot(y):
    share = np.eye(y.max() + 1)[y].mean(axis=0)
    return 1 / (share * len(share))


def right_mean_count(y):
    _, counts = np.unique(y, return_counts=True)
    return counts.mean() / counts


def right_torch(y):
    counts = torch.bincount(torch.tensor(y))
    return counts.sum() / (counts.numel() * counts)


@wrong("class-weights-not-normalized")
def median_frequency(y):
    counts = np.bincount(y)
    return np.median(counts) / counts


@wrong("class-weights-not-normalized")
def inverse_frequency(y):
    return len(y) / np.bincount(y)


@wrong("class-weights-not-normalized")
def sum_to_one(y):
    w = 1 / np.bincount(y)
    return w / w.sum()


@wrong("class-weights-inverted")
def frequency(y):
    return np.bincount(y) / len(y)


@wrong("weights-per-sample")
def each_sample(y):
    counts = np.bincount(y)
    return (len(y) / (len(counts) * counts))[y]


@wrong("classes-in-wrong-order")
def most_common(y):
    ranked = Counter(y.tolist()).most_common()
    return np.array([len(y) / (len(ranked) * n) for _, n in ranked])


@wrong("classes-in-wrong-order")
def first_appearance(y):
    counts = Counter(y.tolist())
    return [len(y) / (len(counts) * n) for n in counts.values()]


@wrong("hard-coded-size")
def two_classes(y):
    return len(y) / (2 * np.bincount(y))


@wrong("number-of-classes-off-by-one")
def largest_label(y):
    return len(y) / (y.max() * np.bincount(y))


@wrong("logarithm-of-weights")
def logarithm(y):
    counts = np.bincount(y)
    return np.log(len(y) / (len(counts) * counts))


@wrong("square-root-of-weights")
def root(y):
    counts = np.bincount(y)
    return (len(y) / (len(counts) * counts)) ** 0.5


@wrong("rest-instead-of-count")
def rest_over_count(y):
    counts = np.bincount(y)
    return (counts.sum() - counts) / counts


@wrong("wrong-type")
def a_dict(y):
    counts = Counter(y.tolist())
    return {c: len(y) / (len(counts) * n) for c, n in counts.items()}


@wrong("class-left-out", "wrong-shape")
def range_too_short(y):
    k = y.max()
    return np.array([len(y) / ((k + 1) * np.sum(y == c)) for c in range(k)])


@wrong("integer-division")
def floor(y):
    counts = np.bincount(y)
    return len(y) // (len(counts) * counts)


@wrong("returns-none")
def printed(y):
    print(len(y) / (len(set(y)) * np.bincount(y)))
