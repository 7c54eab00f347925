"""Answers to notebook 10's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

from statistics import fmean, harmonic_mean

import numpy as np
import pandas as pd
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, loguniform
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import KFold

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


def add(name, slug, answer, label):
    WRONG.append(
        pytest.param(name, slug if isinstance(slug, tuple) else (slug,), answer, id=f"{name}-{label}")
    )


# k_fold


@right("k_fold")
def by_sets(m, k, rng):
    order = rng.permutation(m).tolist()
    return [(sorted({*range(m)} - {*order[i::k]}), set(order[i::k])) for i in range(k)]


@right("k_fold")
def by_zip(m, k, rng):
    folds = np.array_split(rng.permutation(m), k)
    return zip([np.hstack([f for j, f in enumerate(folds) if j != i]) for i in range(k)], folds, strict=True)


@right("k_fold")
def by_pandas(m, k, rng):
    order = pd.Index(np.argsort(rng.normal(size=m)))
    for i in range(k):
        yield order.difference(order[i::k]), order[i::k]


@right("k_fold")
def in_one_array_of_pairs(m, k, rng):
    pairs = np.empty((k, 2), dtype=object)
    for i, (training, validation) in enumerate(by_zip(m, k, rng)):
        pairs[i, 0], pairs[i, 1] = training, validation
    return pairs


@right("k_fold")
def by_tensors(m, k, rng):
    order = torch.tensor(rng.permutation(m))
    parts = torch.tensor_split(order, k)
    return [(torch.cat([*parts[:i], *parts[i + 1 :]]), part) for i, part in enumerate(parts)]


@wrong("k_fold", "not-shuffled")
def shuffled_copy_thrown_away(m, k, rng):
    order = np.arange(m)
    rng.permutation(order)
    return [(np.setdiff1d(order, part), part) for part in np.array_split(order, k)]


@wrong("k_fold", "uneven-folds")
def last_takes_the_rest(m, k, rng):
    order, size, pairs = rng.permutation(m), m // k, []
    for i in range(k):
        validation = order[i * size : (i + 1) * size] if i < k - 1 else order[i * size :]
        pairs.append((np.setdiff1d(order, validation), validation))
    return pairs


@wrong("k_fold", "one-pair-only")
def one_holdout(m, k, rng):
    order = rng.permutation(m)
    return order[m // k :], order[: m // k]


@wrong("k_fold", "rows-and-places-confused")
def deleted_by_value(m, k, rng):
    order = list(rng.permutation(m))
    return [(np.delete(order, order[i::k]), np.array(order[i::k])) for i in range(k)]


@wrong("k_fold", "rows-left-out")
def reshaped(m, k, rng):
    order = rng.permutation(m)[: m - m % k].reshape(k, -1)
    return [(np.delete(order, i, axis=0).ravel(), order[i]) for i in range(k)]


@wrong("k_fold", "global-rng-instead-of-rng")
def always_the_same(m, k, rng):
    order = np.random.RandomState(0).permutation(m)
    return [(np.setdiff1d(order, part), part) for part in np.array_split(order, k)]


@wrong("k_fold", "float-row-numbers")
def collected_in_floats(m, k, rng):
    order = rng.permutation(m)
    pairs = []
    for validation in np.array_split(order, k):
        training = np.array([])
        for row in order:
            if row not in validation:
                training = np.append(training, row)
        pairs.append((training, validation))
    return pairs


@wrong("k_fold", "training-and-validation-swapped", "not-shuffled")
def neighbors_swapped(m, k, rng):
    for training, validation in KFold(k).split(np.arange(m)):
        yield validation, training


@wrong("k_fold", "raises")
def shuffle_returns_none(m, k, rng):
    order = rng.shuffle(np.arange(m))
    return [(np.setdiff1d(order, part), part) for part in np.array_split(order, k)]


@wrong("k_fold", "returns-none")
def never_returned(m, k, rng):
    pairs = list(by_zip(m, k, rng))
    pairs.sort(key=len)


# log_uniform

RIGHT += [
    pytest.param("log_uniform", answer, id=f"log_uniform-{label}")
    for label, answer in {
        "weights": lambda low, high, size, rng: (lambda t: low ** (1 - t) * high**t)(rng.random(size)),
        "float32": lambda low, high, size, rng: np.float32(low * (high / low) ** rng.random(size)),
        "scipy": lambda low, high, size, rng: loguniform.rvs(low, high, size=size, random_state=rng),
        "one by one": lambda low, high, size, rng: [
            10 ** rng.uniform(*np.log10([low, high])) for _ in range(size)
        ],
        "torch": lambda low, high, size, rng: torch.exp(
            torch.tensor(rng.uniform(np.log(low), np.log(high), size))
        ),
    }.items()
]

for label, slug, answer in (
    ("plain", "uniform-not-log", lambda low, high, size, rng: rng.uniform(low, high, size)),
    (
        "log of plain",
        ("uniform-not-log", "logarithms-returned"),
        lambda low, high, size, rng: np.log(rng.uniform(low, high, size)),
    ),
    (
        "from a list",
        "grid-instead-of-draws",
        lambda low, high, size, rng: rng.choice(np.geomspace(low, high, 800), size),
    ),
    (
        "whole powers",
        "powers-of-ten-only",
        lambda low, high, size, rng: 10.0 ** rng.integers(np.log10(low), np.log10(high), size),
    ),
    (
        "exchanged",
        "limits-exchanged",
        lambda low, high, size, rng: np.exp(rng.uniform(np.log(high), np.log(low), size)),
    ),
    (
        "base two",
        "bases-mixed",
        lambda low, high, size, rng: 2 ** rng.uniform(np.log(low), np.log(high), size),
    ),
    (
        "one value",
        "one-draw-repeated",
        lambda low, high, size, rng: [10 ** rng.uniform(np.log10(low), np.log10(high))] * size,
    ),
    (
        "one row",
        "wrong-shape",
        lambda low, high, size, rng: np.exp(rng.uniform(np.log(low), np.log(high), (1, size))),
    ),
    (
        "global",
        "global-rng-instead-of-rng",
        lambda low, high, size, rng: low * (high / low) ** np.random.rand(size),  # noqa: NPY002
    ),
    (
        "half the logs",
        "limits-not-logarithms",
        lambda low, high, size, rng: np.exp(rng.uniform(np.log(low), high, size)),
    ),
    (
        "root",
        "power-of-uniform",
        lambda low, high, size, rng: np.sqrt(rng.uniform(low**2, high**2, size)),
    ),
    ("no draws", "grid-instead-of-draws", lambda low, high, size, rng: np.geomspace(low, high, size)),
):
    add("log_uniform", slug, answer, label)


# macro_f1


@right("macro_f1")
def by_statistics(confusion):
    n = range(len(confusion))
    p = [confusion[j, j] / max(confusion[:, j].sum(), 1) for j in n]
    r = [confusion[j, j] / max(confusion[j].sum(), 1) for j in n]
    return fmean(map(harmonic_mean, zip(p, r, strict=True)))


@right("macro_f1")
def by_torch_tensors(confusion):
    counts = torch.tensor(confusion, dtype=torch.float64)
    total = counts.sum(0) + counts.sum(1)
    return (2 * counts.diag() / total.clamp(min=1)).mean()


@right("macro_f1")
def where_it_is_defined(confusion):
    hits, total = np.diagonal(confusion), confusion.sum(0) + confusion.sum(1)
    f1 = np.zeros(len(hits))
    f1[total > 0] = 2 * hits[total > 0] / total[total > 0]
    return np.array(f1.mean())


def rates(confusion):
    hits = np.diag(confusion).astype(float)
    return tuple(hits / np.maximum(confusion.sum(axis=k), 1) for k in (0, 1))


def each_class(confusion):
    return 2 * np.diag(confusion) / np.maximum(confusion.sum(0) + confusion.sum(1), 1)


for label, slug, answer in (
    ("accuracy", "micro-instead-of-macro", lambda c: np.trace(c) / c.sum()),
    ("precision", "precision-or-recall-instead-of-f1", lambda c: rates(c)[0].mean()),
    ("weights", "weighted-instead-of-macro", lambda c: each_class(c) @ c.sum(0) / c.sum()),
    ("jaccard", "f1-is-jaccard-index", lambda c: np.mean(each_class(c) / (2 - each_class(c)))),
    ("nan", "division-by-zero", lambda c: np.mean(2 * np.diag(c) / (c.sum(0) + c.sum(1)))),
    ("second", "one-class-only", lambda c: each_class(c)[1]),
    ("list", "not-averaged", lambda c: list(each_class(c))),
    ("floored", "integer-division", lambda c: np.mean(2 * np.diag(c) // np.maximum(c.sum(0) + c.sum(1), 1))),
    ("errors in rows only", "precision-or-recall-instead-of-f1", lambda c: np.mean(rates(c)[1])),
    (
        "smoothed",
        "guard-changes-result",
        lambda c: np.mean((2 * np.diag(c) + 1) / (c.sum(0) + c.sum(1) + 1)),
    ),
    (
        "means first, unguarded",
        ("f1-of-mean-precision-and-recall", "not-a-number"),
        lambda c: (lambda p, r: 2 * p * r / (p + r))(*(np.mean(np.diag(c) / c.sum(axis=k)) for k in (0, 1))),
    ),
    (
        "percent of a half",
        ("percent-instead-of-fraction", "missing-factor-two"),
        lambda c: 50 * each_class(c).mean(),
    ),
):
    add("macro_f1", slug, answer, label)


# calibration_error


@right("calibration_error")
def by_cut(y, p, n_bins=10):
    bins = pd.cut(p, np.linspace(0, 1, n_bins + 1), include_lowest=True, labels=False)
    means = pd.DataFrame({"y": y, "p": p}).groupby(bins).agg(["mean", "size"])
    return (means["y"]["size"] / len(y) * (means["y"]["mean"] - means["p"]["mean"]).abs()).sum()


@right("calibration_error")
def by_lists(y, p, n_bins=10):
    bins = [[] for _ in range(n_bins)]
    for happened, said in zip(y, p, strict=True):
        bins[min(n_bins - 1, int(said * n_bins))].append((happened, said))
    return sum(abs(sum(a for a, _ in rows) - sum(b for _, b in rows)) for rows in bins) / len(y)


@right("calibration_error")
def by_searchsorted(y, p, n_bins=10):
    edges = np.linspace(0, 1, n_bins + 1)
    bins = np.clip(np.searchsorted(edges, p, side="right") - 1, 0, n_bins - 1)
    return np.float64(sum(abs((y[bins == b] - p[bins == b]).sum()) for b in range(n_bins))) / len(y)


def calibrated(term, combine=sum, number=None):
    """Return an answer that combines the terms of all bins with samples: w share, a and b means, p and y."""

    def answer(y, p, n_bins=10):
        bins = number(p, n_bins) if number else np.minimum((p * n_bins).astype(int), n_bins - 1)
        terms = []
        for b in np.unique(bins):
            rows = bins == b
            terms.append(
                term(rows.mean(), y[rows].mean(), p[rows].mean(), y[rows], p[rows], (b + 0.5) / n_bins)
            )
        return combine(terms)

    return answer


def gap(w, a, b, y, p, c):
    return w * abs(a - b)


for label, slug, answer in (
    ("mean of bins", "bins-unweighted", calibrated(lambda w, a, b, *_: abs(a - b), np.mean)),
    ("worst", "largest-instead-of-sum", calibrated(lambda w, a, b, *_: abs(a - b), max)),
    ("signed", "absolute-value-missing", calibrated(lambda w, a, b, *_: w * (a - b))),
    ("late", "absolute-value-at-the-end", lambda y, p, n_bins=10: abs(y.mean() - p.mean())),
    ("samples", "distance-per-sample", lambda y, p, n_bins=10: np.mean(np.abs(y - p))),
    ("brier", "brier-score-instead", lambda y, p, n_bins=10: np.mean((y - p) ** 2)),
    ("center", "bin-center-instead-of-mean", calibrated(lambda w, a, b, y, p, c: w * abs(a - c))),
    ("median", "median-instead-of-mean", calibrated(lambda w, a, b, y, p, c: w * abs(a - np.median(p)))),
    (
        "right answers",
        "confidence-instead-of-probability",
        calibrated(lambda w, a, b, y, p, c: w * abs(np.mean((p >= 0.5) == y) - b)),
    ),
    (
        "all edges",
        "own-bin-for-one",
        calibrated(gap, number=lambda p, k: np.digitize(p, np.linspace(0, 1, k + 1))),
    ),
    (
        "ranks",
        "bins-by-quantile",
        calibrated(gap, number=lambda p, k: np.argsort(np.argsort(p)) * k // len(p)),
    ),
    ("rounded", "bins-by-rounding", calibrated(gap, number=lambda p, k: np.round(p * k).astype(int))),
    ("parts", "wrong-shape", calibrated(gap, list)),
    (
        "tenths, open above",
        ("one-falls-out", "argument-replaced-by-its-default"),
        lambda y, p, n_bins=10: sum(
            abs((y - p)[(p >= low / 10) & (p < (low + 1) / 10)].sum()) / len(y) for low in range(10)
        ),
    ),
):
    add("calibration_error", slug, answer, label)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_what_is_no_pair_is_described():
    message = check(
        "k_fold", lambda m, k, rng: dict(enumerate(np.array_split(rng.permutation(m), k)))
    ).message
    assert "should be a pair, training rows and validation rows; yours is of type int" in message


# The references against others' code


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_row_is_validated_once(data):
    m = data.draw(st.integers(2, 30))
    k = data.draw(st.integers(2, m))
    pairs = references.k_fold(m, k, np.random.default_rng(0))
    assert len(pairs) == k
    assert sorted(np.concatenate([validation for _, validation in pairs])) == list(range(m))
    for training, validation in pairs:
        assert sorted([*training, *validation]) == list(range(m))
    sizes = sorted(len(validation) for _, validation in pairs)
    assert sizes == sorted(len(validation) for _, validation in KFold(k).split(np.zeros(m)))


@pytest.mark.parametrize(("low", "high"), [(0.001, 10.0), (1, 1000), (2.0, 2.1), (1e-12, 1e6)])
def test_log_uniform_has_scipys_distribution(low, high):
    draws = references.log_uniform(low, high, 5000, np.random.default_rng(0))
    assert kstest(draws, loguniform(low, high).cdf).pvalue > 0.01


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_macro_f1_is_scikit_learns_either_way_round(samples):
    y_true, y_pred = np.array(samples).T
    confusion = confusion_matrix(y_true, y_pred, labels=range(4))
    expected = f1_score(y_true, y_pred, average="macro", labels=range(4), zero_division=0)
    assert references.macro_f1(confusion) == pytest.approx(expected)
    assert references.macro_f1(confusion.T) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 500)), min_size=1, max_size=30), st.integers(1, 12)
)
def test_the_calibration_error_is_that_of_a_table(samples, n_bins):
    y, p = np.array([a for a, _ in samples]), np.array([min(1.0, (b + 0.5) / 500) for _, b in samples])
    edges = np.abs(p * n_bins - np.round(p * n_bins)) < 1e-9
    p = np.where(edges & (p < 1), p + 1e-4, p)
    error = references.calibration_error(y, p, n_bins)
    assert error == pytest.approx(by_cut(y, p, n_bins))
    assert abs(y.mean() - p.mean()) - 1e-12 <= error <= np.abs(y - p).mean() + 1e-12


def test_a_calibrated_forecast_has_an_error_near_zero_and_a_sure_one_has_not():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p).astype(int)
    assert references.calibration_error(y, p) < 0.02
    assert references.calibration_error(y, np.where(p > 0.5, 0.99, 0.01)) > 0.2
