from itertools import pairwise

import numpy as np
import pandas as pd
from attempts import wrong


def right_digitize(y, p, n_bins=10):
    edges = np.linspace(0, 1, n_bins + 1)
    number = np.digitize(p, edges[1:-1])
    total = 0
    for b in np.unique(number):
        rows = np.flatnonzero(number == b)
        total += len(rows) / len(p) * np.abs(np.mean(y[rows]) - np.mean(p[rows]))
    return total


def right_sums(y, p, n_bins=10):
    number = [min(int(v * n_bins), n_bins - 1) for v in p]
    return np.abs(np.bincount(number, weights=y - p)).sum() / len(y)


def right_histogram(y, p, n_bins=10):
    counts, edges = np.histogram(p, bins=n_bins, range=(0, 1))
    said, _ = np.histogram(p, edges, weights=p)
    happened, _ = np.histogram(p, edges, weights=y)
    used = counts > 0
    return (counts[used] * np.abs(said[used] / counts[used] - happened[used] / counts[used])).sum() / len(p)


def right_half_open(y, p, n_bins=10):
    error = 0.0
    for low in np.arange(n_bins) / n_bins:
        high = low + 1 / n_bins
        inside = (p > low) & (p <= high + 1e-12)
        if inside.sum() > 0:
            error += inside.sum() * abs(y[inside].mean() - p[inside].mean())
    return error / len(p)


def right_pandas(y, p, n_bins=10):
    table = pd.DataFrame({"y": y, "p": p, "bin": np.minimum(np.floor(p * n_bins), n_bins - 1)})
    groups = table.groupby("bin")
    means = groups[["y", "p"]].mean()
    return np.average((means.y - means.p).abs(), weights=groups.size())


def right_nan_to_num(y, p, n_bins=10):
    one_hot = np.eye(n_bins)[np.minimum((p * n_bins).astype(int), n_bins - 1)]
    counts = one_hot.sum(axis=0)
    with np.errstate(all="ignore"):
        gap = np.nan_to_num(np.abs(one_hot.T @ y / counts - one_hot.T @ p / counts))
    return np.array([gap @ counts / counts.sum()])[0]


def terms(y, p, n_bins):
    number = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return [(np.mean(number == b), y[number == b].mean(), p[number == b].mean()) for b in np.unique(number)]


@wrong("bins-unweighted")
def plain_mean(y, p, n_bins=10):
    return np.mean([abs(a - b) for _, a, b in terms(y, p, n_bins)])


@wrong("bins-unweighted")
def mean_over_all_bins(y, p, n_bins=10):
    return sum(abs(a - b) for _, a, b in terms(y, p, n_bins)) / n_bins


@wrong("bins-by-quantile")
def equal_counts(y, p, n_bins=10):
    order = np.argsort(p)
    parts = [part for part in np.array_split(order, n_bins) if len(part)]
    return sum(len(part) / len(p) * abs(y[part].mean() - p[part].mean()) for part in parts)


@wrong("largest-instead-of-sum")
def worst_bin(y, p, n_bins=10):
    return max(abs(a - b) for _, a, b in terms(y, p, n_bins))


@wrong("absolute-value-missing")
def signed(y, p, n_bins=10):
    return sum(w * (b - a) for w, a, b in terms(y, p, n_bins))


@wrong("absolute-value-at-the-end")
def abs_last(y, p, n_bins=10):
    return abs(sum(w * (a - b) for w, a, b in terms(y, p, n_bins)))


@wrong("absolute-value-at-the-end")
def difference_of_means(y, p, n_bins=10):
    return abs(np.mean(y) - np.mean(p))


@wrong("distance-per-sample")
def mean_distance(y, p, n_bins=10):
    return np.abs(y - p).mean()


@wrong("squared-difference")
def brier_like(y, p, n_bins=10):
    return sum(w * (a - b) ** 2 for w, a, b in terms(y, p, n_bins))


@wrong("one-falls-out")
def one_dropped(y, p, n_bins=10):
    edges = np.linspace(0, 1, n_bins + 1)
    total = 0.0
    for low, high in pairwise(edges):
        inside = (p >= low) & (p < high)
        if inside.any():
            total += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    return total


@wrong("own-bin-for-one")
def digitized_to_the_end(y, p, n_bins=10):
    number = np.digitize(p, np.linspace(0, 1, n_bins + 1))
    return sum(
        (number == b).mean() * abs(y[number == b].mean() - p[number == b].mean()) for b in np.unique(number)
    )


@wrong("division-by-zero")
def empty_bins(y, p, n_bins=10):
    number = np.minimum((p * n_bins).astype(int), n_bins - 1)
    return sum(
        (number == b).mean() * abs(y[number == b].mean() - p[number == b].mean()) for b in range(n_bins)
    )


@wrong("bin-center-instead-of-mean")
def centers(y, p, n_bins=10):
    edges = np.linspace(0, 1, n_bins + 1)
    number = np.digitize(p, edges[1:-1])
    center = (edges[1:] + edges[:-1]) / 2
    return sum(
        (number == b).mean() * abs(y[number == b].mean() - center[b])
        for b in range(n_bins)
        if (number == b).any()
    )


@wrong("argument-replaced-by-its-default")
def always_ten(y, p, n_bins=10):
    return right_digitize(y, p, 10)


@wrong("one-bin-too-few")
def linspace_short(y, p, n_bins=10):
    edges = np.linspace(0, 1, n_bins)
    total = 0.0
    for i in range(len(edges) - 1):
        inside = (p >= edges[i]) & ((p < edges[i + 1]) | (i == len(edges) - 2))
        if inside.any():
            total += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    return total


@wrong("confidence-instead-of-probability")
def as_for_many_classes(y, p, n_bins=10):
    confidence = np.maximum(p, 1 - p)
    correct = ((p > 0.5).astype(int) == y).astype(float)
    return right_digitize(correct, confidence, n_bins)


@wrong("counts-instead-of-shares")
def not_divided(y, p, n_bins=10):
    return len(p) * right_sums(y, p, n_bins)


@wrong("bins-over-range-of-p")
def histogram_range(y, p, n_bins=10):
    edges = np.histogram_bin_edges(p, n_bins)
    return sum(
        rows.mean() * abs(y[rows].mean() - p[rows].mean())
        for rows in (np.digitize(p, edges[1:-1]) == b for b in range(n_bins))
        if rows.any()
    )


@wrong("percent-instead-of-fraction")
def percent(y, p, n_bins=10):
    return 100 * right_sums(y, p, n_bins)


@wrong("predictions-instead-of-labels")
def against_itself(y, p, n_bins=10):
    return right_digitize((p >= 0.5).astype(int), p, n_bins)


@wrong("not-averaged", "wrong-shape")
def per_bin(y, p, n_bins=10):
    return np.array([w * abs(a - b) for w, a, b in terms(y, p, n_bins)])
