"""The exercise `standardize`: columns with mean 0 and deviation 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example, extreme


def columns(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return m samples of n columns, each with a mean and a spread of its own."""
    return rng.uniform(-5, 5, size=n) + rng.uniform(0.5, 4, size=n) * rng.normal(size=(m, n))


def with_constant(value: float) -> tuple[np.ndarray, np.ndarray]:
    """Return training data whose middle column has the same value throughout, and test data."""
    X_train = columns(np.random.default_rng(3), 7, 3)
    X_test = columns(np.random.default_rng(4), 4, 3)
    X_train[:, 1] = value
    return X_train, X_test


def around_the_constant(f: Function, X_train: np.ndarray, X_test: np.ndarray) -> dict[str, Any]:
    """Return the ordinary columns, and what has become of the constant one."""
    train, test = map(np.asarray, f(X_train, X_test))
    return {
        "train without the constant column": np.delete(train, 1, axis=1),
        "test without the constant column": np.delete(test, 1, axis=1),
        "the constant column in train": in_words(train[:, 1]),
        "the constant column in test": "of ordinary size"
        if np.abs(test[:, 1]).max() < 1e100
        else "not finite, or nearly so",
    }


def in_words(column: np.ndarray) -> str:
    """Describe a column that should be zeros.

    Its mean is exact, so that a tiny number added to the deviation leaves no trace.
    """
    if not np.isfinite(column).all():
        return "NaN or infinity"
    return "zeros" if np.abs(column).max() < 1e-6 else "other numbers"


@exercise(
    notebook=5,
    order=1,
    returns="train, test",
    words={
        "train without the constant column": "train without the constant column",
        "test without the constant column": "test without the constant column",
        "the constant column in train": "The constant column should become zeros in train; it holds {got}.",
        "the constant column in test": "In test the constant column should be {expected}; yours is {got}.",
    },
    inputs=lambda rng, s: (columns(rng, s.m, s.n_x), columns(rng, s.n_h, s.n_x)),
    probes=(
        example(np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[5.0, 10.0], [2.0, 40.0]])),
        extreme(
            "a column that is 3 for all training samples", *with_constant(3.0), observe=around_the_constant
        ),
        extreme(
            "a column that is 0 for all training samples", *with_constant(0.0), observe=around_the_constant
        ),
        extreme(
            "a single test sample", np.array([[1.0, 10.0], [3.0, 20.0], [2.0, 60.0]]), np.array([[4.0, 0.0]])
        ),
    ),
    rtol=1e-6,
    hints=(
        "Every column gets mean 0 and standard deviation 1 in the training set. The test set stands for "
        "data that do not exist yet: what may you know about it in advance?",
        "Take mean and standard deviation of each column of X_train, and use these very numbers for both "
        "sets. Then think of a column in which all training samples have the same value.",
        "`X_train.mean(axis=0)` and `X_train.std(axis=0)` give one number per column. Where a deviation is "
        "0, put 1 in its place before you divide.",
    ),
    why="Mean and standard deviation belong to the model, like its weights: they are learned from the "
    "training set and applied to whatever comes. A constant column becomes 0 instead of NaN.",
)
def standardize(X_train, X_test):
    """Return both sets, standardized by the training set's mean and standard deviation (ddof 0).

    (x - mean) / std for each column; X_train: (m, n), X_test: (k, n); constant columns become 0.
    """
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0)
    std = np.where(std > 0, std, 1.0)
    train = (X_train - mean) / std
    test = (X_test - mean) / std
    return train, test


mistake(
    standardize,
    "test-statistics-leaked",
    (
        "X_train.mean( → np.concatenate([X_train, X_test]).mean(",
        "X_train.std( → np.concatenate([X_train, X_test]).std(",
    ),
    "X_train.mean( → np.concatenate([X_train, X_test]).mean(",
    "X_train.std( → np.concatenate([X_train, X_test]).std(",
    says="The test set influences the mean or the standard deviation. That leaks test data into training, "
    "and the test no longer measures what happens with data the network has never seen. Check what "
    "your statistics are computed from.",
)
mistake(
    standardize,
    "test-standardized-separately",
    "(X_test - mean) / std → (X_test - X_test.mean(axis=0)) / X_test.std(axis=0)",
    "(X_test - mean) / std "
    "→ (X_test - X_test.mean(axis=0)) / np.where(X_test.std(axis=0) > 0, X_test.std(axis=0), 1)",
    "(X_test - mean) / std → (X_test - mean) / np.where(X_test.std(axis=0) > 0, X_test.std(axis=0), 1)",
    "X_test - mean → X_test - X_test.mean(axis=0)",
    "(X_test - mean) / std → (X_test - mean) / X_test.std(axis=0)",
    says="The test set is standardized by its own mean or standard deviation. The same sample then gets "
    "different numbers depending on what else is in the test set, and a real shift between the two "
    "sets is erased. With a single test sample there would be nothing left.",
)
mistake(
    standardize,
    "statistics-of-the-test-set",
    ("X_train.mean( → X_test.mean(", "X_train.std( → X_test.std("),
    "X_train.mean( → X_test.mean(",
    "X_train.std( → X_test.std(",
    says="The statistics come from the test set and are used for both. Only the training set is known in "
    "advance.",
)
mistake(
    standardize,
    "test-not-standardized",
    "(X_test - mean) / std → X_test",
    "(X_test - mean) / std → (X_test - train.mean(axis=0)) / train.std(axis=0)",
    (
        "np.where(std > 0, std, 1.0) → std",
        "(X_test - mean) / std → (X_test - train.mean(axis=0)) / train.std(axis=0)",
    ),
    says="The test set is returned unchanged. The network would get ages around 40 after learning from "
    "ages around 0. If you did convert it: do you compute mean and standard deviation before X_train "
    "is overwritten? Afterward they are 0 and 1.",
)
mistake(
    standardize,
    "train-not-standardized",
    "(X_train - mean) / std → X_train",
    says="The training set is returned unchanged; only the test set is converted. Convert both, with the "
    "same numbers.",
)
mistake(
    standardize,
    "mean-not-subtracted",
    ("X_train - mean → X_train", "X_test - mean → X_test"),
    "X_train - mean → X_train",
    "X_test - mean → X_test",
    says="The mean is not subtracted (in one of the sets, or in both). A column far from 0 pushes the "
    "units of the first layer to where tanh is flat.",
)
mistake(
    standardize,
    "not-scaled",
    ("(X_train - mean) / std → X_train - mean", "(X_test - mean) / std → X_test - mean"),
    "(X_train - mean) / std → X_train - mean",
    "(X_test - mean) / std → X_test - mean",
    says="The columns are centered but not divided by their standard deviation (in one of the sets, or in "
    "both). An age in years then counts up to a hundred times as much as a yes or no, and no learning "
    "rate suits both.",
)
mistake(
    standardize,
    "variance-used-as-std",
    ".std( → .var(",
    says="The columns are divided by the variance, the square of the standard deviation. Wide columns come "
    "out too narrow and narrow ones too wide; all should have the same spread.",
)
mistake(
    standardize,
    "sample-standard-deviation",
    ".std(axis=0) → .std(axis=0, ddof=1)",
    says="The standard deviation divides by m - 1 (ddof=1, the default in pandas) instead of m (as in "
    "NumPy and scikit-learn). For large data it hardly matters; for small data your numbers differ "
    "from everybody else's in the third digit.",
)
mistake(
    standardize,
    "statistics-over-everything",
    ("X_train.mean(axis=0) → X_train.mean()", "X_train.std(axis=0) → X_train.std()"),
    "X_train.mean(axis=0) → X_train.mean()",
    "X_train.std(axis=0) → X_train.std()",
    says="The statistics are single numbers for the whole array. Ages and yes-or-no columns then share a "
    "mean and a standard deviation that fit neither; each column needs its own.",
)
per_sample = mistake(
    standardize,
    "statistics-per-sample",
    "axis=0 → axis=1, keepdims=True",
    "axis=0 → axis=1",
    says="The statistics run along the rows: they mix one person's age, weekday and number of calls. "
    "Standardizing is done column by column, over the samples.",
)


@per_sample
def each_row_by_itself(X_train, X_test):
    """Standardize every row of either set."""
    return tuple(
        (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True) for X in (X_train, X_test)
    )


mistake(
    standardize,
    "range-instead-of-deviation",
    ("X_train.mean(axis=0) → X_train.min(axis=0)", "X_train.std(axis=0) → np.ptp(X_train, axis=0)"),
    "X_train.std(axis=0) → np.ptp(X_train, axis=0)",
    says="The columns are divided by their range, from smallest to largest. That is min-max scaling; a "
    "single outlier then decides how the rest is spread. The exercise asks for the standard deviation.",
)
mistake(
    standardize,
    "parentheses-missing",
    ("(X_train - mean) / std → X_train - mean / std", "(X_test - mean) / std → X_test - mean / std"),
    "(X_train - mean) / std → X_train - mean / std",
    "(X_test - mean) / std → X_test - mean / std",
    ("(X_train - mean) / std → X_train / std - mean", "(X_test - mean) / std → X_test / std - mean"),
    says="Subtraction and division come in the wrong order: subtract the mean first, while it is in the "
    "column's own units. Python divides before it subtracts, unless parentheses say otherwise.",
)
mistake(
    standardize,
    "division-by-zero",
    "np.where(std > 0, std, 1.0) → std",
    says="A column that is the same for all training samples has no spread to divide by. 0/0 is NaN, and one "
    "NaN in the input turns every weight into NaN with the first step.",
)
mistake(
    standardize,
    "constant-column-dropped",
    "train = → kept = X_train.std(axis=0) > 0\n"
    "    X_train, X_test, mean, std = X_train[:, kept], X_test[:, kept], mean[kept], std[kept]\n"
    "    train =",
    says="The constant column is gone. That can be sensible, but the caller goes by column positions and "
    "expects as many as before; here it becomes zeros.",
)
mistake(
    standardize,
    "constant-column-left-as-it-was",
    "train = → mean = np.where(X_train.std(axis=0) > 0, mean, 0.0)\n    train =",
    says="A constant column keeps its value. It should be centered like all others, which makes it 0: left "
    "at 3, or at 3000, it acts as a second bias with a learning rate of its own.",
)
mistake(
    standardize,
    "results-in-other-order",
    "return train, test → return test, train",
    says="Both sets are right, but in the wrong order. The caller unpacks them as `X_train, X_test`, and "
    "would train on the test set.",
)
mistake(
    standardize,
    "infinity-hidden",
    (
        "np.where(std > 0, std, 1.0) → std",
        "train = (X_train - mean) / std → train = np.nan_to_num((X_train - mean) / std)",
        "test = (X_test - mean) / std → test = np.nan_to_num((X_test - mean) / std)",
    ),
    says="The division by 0 takes place, and `nan_to_num` repairs what it leaves. 0/0 becomes 0, but a "
    "test sample that differs in that column gives x/0 = infinity, which becomes 1.8e308 and "
    "overflows in the next product. Avoid the division by 0 instead.",
)
mistake(
    standardize,
    "epsilon-too-large",
    "np.where(std > 0, std, 1.0) → std + 1",
    "np.where(std > 0, std, 1.0) → std + 0.1",
    "np.where(std > 0, std, 1.0) → std + 0.01",
    "np.where(std > 0, std, 1.0) → std + 1e-3",
    "np.where(std > 0, std, 1.0) → std + 1e-4",
    "np.where(std > 0, std, 1.0) → np.maximum(std, 1.0)",
    says="The number that protects from a division by 0 is so large that it changes ordinary columns: "
    "their standard deviation is no longer 1. Something like 1e-12 protects just as well and changes "
    "nothing else.",
)
mistake(
    standardize,
    "median-instead-of-mean",
    "X_train.mean(axis=0) → np.median(X_train, axis=0)",
    says="The median is subtracted, not the mean. The columns are then not centered on 0 unless they are "
    "symmetric.",
)
mistake(
    standardize,
    "divided-by-the-mean",
    "std = np.where(std > 0, std, 1.0) → std = np.where(mean == 0, 1.0, mean)",
    says="The columns are divided by their mean. That gives relative deviations, which blow up for a mean "
    "near 0; the spread of a column is its standard deviation.",
)
mistake(
    standardize,
    "sets-joined",
    "return train, test → return np.concatenate([train, test])",
    says="You return both sets in one array. The caller unpacks them as `X_train, X_test`.",
)
mistake(
    standardize,
    "multiplied-by-the-deviation",
    ("(X_train - mean) / std → (X_train - mean) * std", "(X_test - mean) / std → (X_test - mean) * std"),
    says="The columns are multiplied by their standard deviation. That makes wide columns wider still; "
    "dividing brings all to the same spread.",
)
mistake(
    standardize,
    "other-measure-of-spread",
    "X_train.std(axis=0) → np.abs(X_train - mean).mean(axis=0)",
    "X_train.std(axis=0) → np.sqrt(X_train.std(axis=0))",
    "X_train.std(axis=0) → np.linalg.norm(X_train - mean, axis=0)",
    says="The columns are divided by a measure of spread other than the standard deviation, which is the "
    "square root of the mean squared distance from the mean.",
)
