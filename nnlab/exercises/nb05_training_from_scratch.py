"""The exercises of notebook 05: from raw columns to a network that learns."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np

from nnlab.exercises._probes import (
    Sizes,
    example,
    extreme,
    follows_seed,
    network,
    noise,
    one_hot,
    targets,
)
from nnlab.exercises._registry import Function, exercise, mistake
from nnlab.exercises._variants import singles
from nnlab.exercises.nb02_forward_pass import cross_entropy, forward
from nnlab.exercises.nb04_backpropagation import backward

# standardize


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
        "the constant column is finite in test": bool(np.isfinite(test[:, 1]).all()),
    }


def in_words(column: np.ndarray) -> str:
    """Describe a column that should be zeros.

    A tiny number added to the deviation leaves a trace of rounding, at most 0.06, which is right as well;
    without any precaution it holds NaN, or where the deviation is a rounding error, -1 or 1.
    """
    if not np.isfinite(column).all():
        return "NaN or infinity"
    return "zeros" if np.abs(column).max() < 0.09 else "other numbers"


@exercise(
    notebook=5,
    returns="train, test",
    inputs=lambda rng, s: (columns(rng, s.m, s.n_x), columns(rng, s.n_h, s.n_x)),
    probes=(
        example(np.array([[1.0, 10.0], [3.0, 30.0]]), np.array([[5.0, 10.0], [2.0, 40.0]])),
        extreme(
            "a column that is 3 for all training samples", *with_constant(3.0), observe=around_the_constant
        ),
        extreme(
            "a column that is 0.1 for all training samples (its deviation is a rounding error, not 0)",
            *with_constant(0.1),
            observe=around_the_constant,
        ),
    ),
    rtol=1e-6,
    hints=(
        "Every column gets mean 0 and standard deviation 1 in the training set. The test set stands for data "
        "that do not exist yet: what may be known about it beforehand?",
        "Take mean and standard deviation of each column of X_train, and use these very numbers for both "
        "sets. Then think of a column that is the same for everybody.",
        "`X_train.mean(axis=0)`, `X_train.std(axis=0)`; where the deviation is 0, or as small as a rounding "
        "error, put 1 in its place before you divide.",
    ),
    why="Mean and deviation belong to the model, like its weights: they are learned from the training set "
    "and applied to whatever comes. A column that tells nothing becomes 0 instead of NaN.",
)
def standardize(X_train, X_test):
    """Return both sets, standardized by the training set's mean and standard deviation (ddof 0).

    (x - mean) / std for each column; X_train: (m, n), X_test: (k, n); constant columns become 0.
    """
    mean = X_train.mean(axis=0)
    std = X_train.std(axis=0)
    std = np.where(std > 1e-10 * np.abs(mean), std, 1.0)
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
    says="The test set has a say in the mean or the deviation. Then the training data contain something of "
    "the test data, and the test no longer measures what happens with people the network has never seen. "
    "Look at what your statistics are taken from.",
)
mistake(
    standardize,
    "test-standardized-separately",
    "(X_test - mean) / std → (X_test - X_test.mean(axis=0)) / X_test.std(axis=0)",
    "X_test - mean → X_test - X_test.mean(axis=0)",
    "(X_test - mean) / std → (X_test - mean) / X_test.std(axis=0)",
    says="The test set is standardized by its own mean or deviation. The same person then gets other numbers "
    "depending on who else is in the test, and a shift between the two sets, which the network should feel, "
    "is wiped out. With a single test sample there would be nothing left.",
)
mistake(
    standardize,
    "statistics-of-the-test-set",
    ("X_train.mean( → X_test.mean(", "X_train.std( → X_test.std("),
    "X_train.mean( → X_test.mean(",
    "X_train.std( → X_test.std(",
    says="The statistics come from the test set and are used for both. It is the training set that is known "
    "beforehand.",
)
mistake(
    standardize,
    "test-not-standardized",
    "(X_test - mean) / std → X_test",
    says="The test set comes back as it was. The network would get ages around 40 where it has learned from "
    "ages around 0. If you did mean to convert it: are mean and deviation taken before X_train is "
    "overwritten? Afterwards they are 0 and 1.",
)
mistake(
    standardize,
    "train-not-standardized",
    "(X_train - mean) / std → X_train",
    says="The training set comes back as it was; only the test set is converted. Both have to be, by the "
    "same numbers.",
)
mistake(
    standardize,
    "mean-not-subtracted",
    ("X_train - mean → X_train", "X_test - mean → X_test"),
    "X_train - mean → X_train",
    "X_test - mean → X_test",
    says="The mean is not subtracted (in one of the sets, or in both). A column that lies far from 0 "
    "pushes all units of the first layer to the same side, where tanh is flat.",
)
mistake(
    standardize,
    "not-scaled",
    ("(X_train - mean) / std → X_train - mean", "(X_test - mean) / std → X_test - mean"),
    "(X_train - mean) / std → X_train - mean",
    "(X_test - mean) / std → X_test - mean",
    says="The columns are centered but not divided by their deviation (in one of the sets, or in both). An "
    "age in years then weighs a hundred times as much as a yes or no, and no learning rate suits both.",
)
mistake(
    standardize,
    "variance-used-as-std",
    "X_train.std( → X_train.var(",
    says="The columns are divided by the variance, the square of the standard deviation. Wide columns come "
    "out too narrow and narrow ones too wide; all should have the same spread.",
)
mistake(
    standardize,
    "sample-standard-deviation",
    "X_train.std(axis=0) → X_train.std(axis=0, ddof=1)",
    says="The deviation is divided by m - 1 (ddof=1, as pandas does by default), not by m (as NumPy and "
    "scikit-learn do). For large data it hardly matters, but your numbers then differ in the third digit "
    "from those of everybody else, and you look for the reason.",
)
mistake(
    standardize,
    "statistics-over-everything",
    ("X_train.mean(axis=0) → X_train.mean()", "X_train.std(axis=0) → X_train.std()"),
    "X_train.mean(axis=0) → X_train.mean()",
    "X_train.std(axis=0) → X_train.std()",
    says="One number is taken over the whole array. Ages and yes-or-no columns then share a mean and a "
    "deviation that fit neither; each column needs its own.",
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
    says="Subtraction and division come in the wrong order: the mean is in the column's own units, so it has "
    "to go before anything is divided. Python divides before it subtracts, unless parentheses say otherwise.",
)
mistake(
    standardize,
    "division-by-zero",
    "np.where(std > 1e-10 * np.abs(mean), std, 1.0) → std",
    "std > 1e-10 * np.abs(mean) → std > 0",
    says="A column that is the same for all training samples has no spread to divide by. 0/0 is NaN, and one "
    "NaN in the input turns every weight into NaN with the first step. A test for exactly 0 is not enough "
    "either: for a column of 0.1 the computed deviation is a rounding error like 1e-17, and dividing by that "
    "blows the rounding up to full size.",
)
mistake(
    standardize,
    "constant-column-dropped",
    "train = → kept = X_train.std(axis=0) > 1e-10\n"
    "    X_train, X_test, mean, std = X_train[:, kept], X_test[:, kept], mean[kept], std[kept]\n"
    "    train =",
    says="The constant column is gone. That is sensible in a study, but the caller knows the columns by "
    "their places and expects as many as before; here it becomes zeros.",
)
mistake(
    standardize,
    "constant-column-left-as-it-was",
    "train = → mean = np.where(X_train.std(axis=0) > 1e-10, mean, 0.0)\n    train =",
    says="A constant column keeps its value. It should be centered like all others, which makes it 0: left "
    "at 3, or at 3000, it acts as a second bias with a learning rate of its own.",
)
mistake(
    standardize,
    "results-in-other-order",
    "return train, test → return test, train",
    says="Both sets are right, but they come back in the other order. The caller takes them apart as "
    "`X_train, X_test`, and would train on the test set.",
)


# he_init


def drawn(f: Function, fan_in: int, fan_out: int) -> dict[str, Any]:
    """Draw once and describe what was drawn."""
    return {
        "weights": noise(f(fan_in, fan_out, np.random.default_rng(0)), (2 / fan_in) ** 0.5),
        "rng": follows_seed(lambda rng: f(4, 3, rng)),
    }


LARGE = (Sizes(m=1, n_x=200, n_h=60, n_y=1), Sizes(m=1, n_x=50, n_h=150, n_y=1))


def flat(seen: list) -> bool:
    """Whether the weights spread as uniform ones do, whatever their scale: kurtosis 1.8 instead of 3."""
    return any(abs(one["weights"]["kurtosis / that of a normal distribution"] - 0.6) < 0.06 for one in seen)


def same_spread_for_all_sizes(seen: list) -> bool:
    """Whether the standard deviation does not follow the number of inputs."""
    a, b = (
        one["weights"]["standard deviation / expected"] * s.n_x**-0.5
        for one, s in zip(seen, LARGE, strict=True)
    )
    return a > 0 and abs(a - b) < 0.08 * a


@exercise(
    notebook=5,
    returns="a matrix W",
    sizes=LARGE,
    inputs=lambda rng, s: (s.n_x, s.n_h),
    observe=drawn,
    rtol=0.12,
    hints=(
        "As in `init_params`, the spread has to make up for the number of terms that a unit adds. But half "
        "of what ReLU gives out is 0.",
        "When half of the signal is lost, the variance of the weights must be twice as large: 2 / fan_in. "
        "The variance is the square of the standard deviation.",
        "Draw with `rng.normal(size=(fan_in, fan_out))`, which has standard deviation 1, and multiply by "
        "np.sqrt(2 / fan_in).",
    ),
    why="ReLU sets half of its inputs to 0 and so halves the mean square; the factor 2 makes up for it, and "
    "the signal keeps its size through many layers (He et al., 2015).",
)
def he_init(fan_in, fan_out, rng):
    """Return fresh weights for a layer before ReLU: N(0, 2/fan_in).

    Shape (fan_in, fan_out), drawn from rng.
    """
    std = np.sqrt(2 / fan_in)
    return rng.normal(size=(fan_in, fan_out)) * std


mistake(
    he_init,
    "uniform-instead-of-normal",
    "rng.normal( → np.sqrt(3) * rng.uniform(-1, 1, ",
    "rng.normal( → rng.uniform(-1, 1, ",
    "rng.normal( → rng.random(",
    "rng.normal( → rng.uniform(-0.5, 0.5, ",
    says="The weights are drawn from a uniform distribution; the exercise asks for a normal one. Both can "
    "work, but for the same limits they have different spreads, and `rng.random` is never negative, so that "
    "every unit starts out pulling the same way.",
    symptom=flat,
)
mistake(
    he_init,
    "init-scale-ignored",
    " * std → ",
    "np.sqrt(2 / fan_in) → 0.01",
    "np.sqrt(2 / fan_in) → 0.1",
    "np.sqrt(2 / fan_in) → np.sqrt(2)",
    says="The weights do not depend on the number of inputs as they should. Unscaled, a layer of 200 inputs "
    "multiplies its signal by more than ten, and the next one again; with a small fixed factor it fades "
    "away, and with it the gradients.",
    symptom=same_spread_for_all_sizes,
)
mistake(
    he_init,
    "variance-used-as-std",
    "np.sqrt(2 / fan_in) → 2 / fan_in",
    says="The variance 2 / fan_in is used as the standard deviation; a root is missing. The weights are far "
    "too small, and every layer shrinks its signal: after a few of them nothing is left to learn from.",
)
mistake(
    he_init,
    "root-of-a-part-only",
    "np.sqrt(2 / fan_in) → np.sqrt(2) / fan_in",
    "np.sqrt(2 / fan_in) → 2 / np.sqrt(fan_in)",
    says="The root is taken of one part of the fraction only. The standard deviation is the root of the "
    "whole variance; look at your parentheses.",
)
mistake(
    he_init,
    "fan-out-instead-of-fan-in",
    "2 / fan_in → 2 / fan_out",
    says="The scale uses the number of units that the layer feeds (fan-out). What keeps the size of a sum is "
    "the number of terms in it: the inputs of the layer (fan-in), the first axis of W.",
)
mistake(
    he_init,
    "xavier-instead-of-he",
    "2 / fan_in → 1 / fan_in",
    "2 / fan_in → 2 / (fan_in + fan_out)",
    says="This is the scale for tanh (Xavier, or Glorot). ReLU turns half of its inputs into 0, and each "
    "layer would halve the signal's mean square: after ten layers it is a thousandth.",
)
mistake(
    he_init,
    "scale-divided",
    " * std → / std",
    says="The draw is divided by the standard deviation it should have, so the weights are far too large: "
    "the first scores run into the hundreds, and the loss starts out enormous.",
)
mistake(
    he_init,
    "init-all-zero",
    "rng.normal(size=(fan_in, fan_out)) → np.zeros((fan_in, fan_out))",
    says="The weights start at zero. With ReLU all units then give 0, all gradients are 0, and nothing ever "
    "moves. Chance is what tells the units apart.",
)
mistake(
    he_init,
    "only-positive-weights",
    "rng.normal(size=(fan_in, fan_out)) → np.abs(rng.normal(size=(fan_in, fan_out)))",
    "rng.normal(size=(fan_in, fan_out)) → rng.normal(1, 1, size=(fan_in, fan_out))",
    says="The weights are not centered on 0. All units then pull the same way, and the sums grow with the "
    "number of inputs, not with its root.",
)
mistake(
    he_init,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The weights are not drawn from the `rng` that is passed in. Without it nobody can repeat the run "
    "or try another seed; a global or freshly made generator works behind the caller's back.",
)
mistake(
    he_init,
    "wrong-shape",
    "size=(fan_in, fan_out) → size=(fan_out, fan_in)",
    says="The matrix is transposed. In this course rows are samples and `X @ W` is the layer, so W has shape "
    "(fan_in, fan_out). PyTorch stores its weights the other way round.",
)


# minibatches


def numbered(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m samples that can be told apart: both the first column of X and y are the sample's number."""
    y = np.arange(m)
    return np.stack([y, -y], axis=1).astype(float), y


def form(batch: Any) -> str:
    """Describe one batch by its shapes."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return "X_batch {}, y_batch {}".format(*(np.shape(part) for part in batch))
    if isinstance(batch, (tuple, list)):
        return f"no pair, but {len(batch)} things"
    kind = f"shape {batch.shape}" if isinstance(batch, np.ndarray) else f"type {type(batch).__name__}"
    return f"no pair, but something of {kind}"


def one_epoch(f: Function, m: int, batch_size: int, seed: int) -> dict[str, Any]:
    """Go through one epoch and return what happened in it."""
    X, y = numbered(m)
    forms, sizes, order, labels, intact = [], [], [], [], True
    for batch in itertools.islice(f(X, y, batch_size, np.random.default_rng(seed)), 4 * m + 1):
        forms.append(form(batch))
        if not forms[-1].startswith("X_batch") or [np.ndim(part) for part in batch] != [2, 1]:
            continue
        X_batch, y_batch = (np.array(part, dtype=float) for part in batch)
        sizes.append(len(X_batch))
        order += X_batch[:, 0].tolist()
        labels += y_batch.tolist()
        intact = intact and bool((X_batch[:, 1] == -X_batch[:, 0]).all())
    blocks = [[i // batch_size for i in order[k : k + batch_size]] for k in range(0, len(order), batch_size)]
    return {
        "ends": len(forms) <= 4 * m,
        "forms": forms,
        "sizes": sizes,
        "order": order,
        "once": intact and sorted(order) == list(range(m)),
        "paired": order == labels,
        "mixed": any(len(set(block)) > 1 for block in blocks),
        "untouched": all(map(np.array_equal, (X, y), numbered(m))),
    }


def epochs(f: Function, X: np.ndarray, y: np.ndarray, batch_size: int) -> dict[str, Any]:
    """Go through several epochs, seeded alike and otherwise, and return what holds for them."""
    m = len(X)
    first = [one_epoch(f, m, batch_size, seed) for seed in range(5)]
    again = [one_epoch(f, m, batch_size, seed) for seed in range(2)]
    orders = [one["order"] for one in first]
    return {
        "comes to an end": all(one["ends"] for one in first),
        "shapes in the first batch": next(iter(first[0]["forms"]), "no batch at all"),
        "number of batches": len(first[0]["forms"]),
        "batch sizes": ", ".join(map(str, sorted(first[0]["sizes"], reverse=True)[:12])),
        "every sample once": all(one["once"] for one in first),
        "X and y belong together": all(one["paired"] for one in first),
        "shuffled": any(order != sorted(order) for order in orders),
        "batches mix samples from all over the data": any(one["mixed"] for one in first),
        "same seed, same order": orders[:2] == [one["order"] for one in again],
        "other seed, other order": any(order != orders[0] for order in orders),
        "X and y are left as they were": all(one["untouched"] for one in first),
    }


@exercise(
    notebook=5,
    returns="pairs of X_batch and y_batch",
    in_place=("X", "y"),
    inputs=lambda rng, s: (*numbered(s.m), 3 if s.m == 7 else 4),
    observe=epochs,
    probes=(
        example(*numbered(5), 2, observe=epochs),
        extreme("six samples in batches of three: no rest", *numbered(6), 3, observe=epochs),
        extreme("a batch size larger than the data", *numbered(6), 8, observe=epochs),
    ),
    hints=(
        "Shuffle the numbers of the samples, not the samples: then X and y can be taken by the same numbers.",
        "`rng.permutation(m)` gives every number from 0 to m - 1 once. Cut it into pieces of batch_size; "
        "slicing beyond the end is no error, it gives what is left.",
        "for start in range(0, len(X), batch_size): take `order[start : start + batch_size]` and `yield` "
        "the rows of X and of y that it names.",
    ),
    why="One order for X and y keeps the pairs together and leaves both arrays alone; `yield` hands out one "
    "batch at a time, so only that one is copied.",
)
def minibatches(X, y, batch_size, rng):
    """Yield the samples in batches (X_batch, y_batch), in an order drawn from rng, every sample once.

    X: (m, n), y: (m,) -> (batch_size, n) and (batch_size,); the last batch may be smaller.
    """
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        batch = order[start : start + batch_size]
        yield X[batch], y[batch]


mistake(
    minibatches,
    "shuffle-breaks-pairs",
    "y[batch] → y[rng.permutation(len(y))[start : start + batch_size]]",
    "y[batch] → y[start : start + batch_size]",
    "X[batch] → X[start : start + batch_size]",
    says="X and y are not shuffled alike, so the samples get other samples' labels. Nothing complains, the "
    "loss even goes down a little (the network learns how frequent each label is), and the accuracy stays at "
    "chance.",
)
mistake(
    minibatches,
    "not-shuffled",
    "rng.permutation(len(X)) → np.arange(len(X))",
    says="The samples come in the order they stand in. If the data are sorted (by date, or by class), each "
    "batch shows the network one kind only, and it forgets the others; and every epoch repeats the same "
    "batches.",
)
mistake(
    minibatches,
    "last-batch-dropped",
    "range(0, len(X), batch_size) → range(0, len(X) - batch_size + 1, batch_size)",
    says="What is left over at the end does not come: the last batch is dropped when it is not full. Every "
    "sample should be seen once in an epoch; with few data, or a batch size above their number, much or all "
    "is lost.",
)
mistake(
    minibatches,
    "sampled-with-replacement",
    "rng.permutation(len(X)) → rng.integers(len(X), size=len(X))",
    "order[start : start + batch_size] → rng.integers(len(X), size=batch_size)",
    "order[start : start + batch_size] → rng.choice(len(X), size=batch_size, replace=False)",
    "order[start : start + batch_size] → rng.permutation(len(X))[:batch_size]",
    "order[start : start + batch_size] → rng.permutation(len(X))[start : start + batch_size]",
    says="Some samples come twice or more in an epoch, and others not at all: they are drawn anew, for each "
    "place or for each batch, without looking at which ones have been there. About a third of the data would "
    "be missing from every epoch.",
)
mistake(
    minibatches,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The order does not come from the `rng` that is passed in. With a global generator no run can be "
    "repeated; with one made inside, and seeded there, every epoch has the same order.",
)
mistake(
    minibatches,
    "changes-its-input",
    "order = rng.permutation(len(X)) → order = rng.permutation(len(X))\n"
    "    X[...], y[...] = X[order], y[order]\n"
    "    order = np.arange(len(X))",
    says="The caller's X and y are shuffled in place (`rng.shuffle` does that, and so does assigning to "
    "X[...]). Whoever holds them expects them as they were: other columns, names or a plot may go by their "
    "order.",
)
mistake(
    minibatches,
    "shuffled-in-blocks-only",
    (
        "rng.permutation(len(X)) → np.arange(len(X))",
        "range(0, len(X), batch_size) → rng.permutation(range(0, len(X), batch_size))",
    ),
    "order[start : start + batch_size] → rng.permutation(range(len(X))[start : start + batch_size])",
    says="Neighbors in the data always land in the same batch: either whole batches are shuffled, or each "
    "within itself. If the data are sorted, a batch still shows one kind only. The samples are to be mixed "
    "first, and then cut into batches.",
)
mistake(
    minibatches,
    "samples-left-out",
    "start + batch_size] → start + batch_size - 1]",
    "range(0, len(X) → range(1, len(X)",
    "range(0, len(X) → range(batch_size, len(X)",
    says="Some samples never come in an epoch: the slices leave gaps, or do not begin at the first. Write "
    "down start and end of each for 5 samples in batches of 2; Python's slices end before their end.",
)
mistake(
    minibatches,
    "batches-overlap",
    "len(X), batch_size) → len(X))",
    says="The batches overlap: each begins one sample after the one before. An epoch then takes batch_size "
    "times as many steps, and most samples come batch_size times.",
)
mistake(
    minibatches,
    "batch-size-ignored",
    ("len(X), batch_size) → len(X), len(X))", "start + batch_size → start + len(X)"),
    ("len(X), batch_size) → len(X))", "start + batch_size → start + 1"),
    "order[start : start + batch_size] → order",
    says="The batches have not the size that is asked for. The batch size decides how noisy a step is and "
    "how many there are in an epoch, so the caller must be able to choose it.",
)
mistake(
    minibatches,
    "size-taken-for-number",
    (
        "range(0, len(X), batch_size) → np.array_split(order, batch_size)",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    (
        "len(X), batch_size) → len(X), max(1, len(X) // batch_size))",
        "start + batch_size → start + max(1, len(X) // batch_size)",
    ),
    says="The batch size is used as the number of batches. It says how many samples are in each.",
)
mistake(
    minibatches,
    "uneven-batches",
    (
        "range(0, len(X), batch_size) → np.array_split(order, max(1, len(X) // batch_size))",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    (
        "range(0, len(X), batch_size) → np.array_split(order, -(-len(X) // batch_size))",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    says="The samples are dealt out evenly, so that several batches have another size than the one asked "
    "for. All should be full, and only the last may be smaller.",
)
mistake(
    minibatches,
    "empty-batch",
    "range(0, len(X), → range(0, len(X) + 1,",
    says="When the batch size divides the number of samples, an empty batch comes at the end. The mean of "
    "nothing is NaN, and one step with it turns every weight into NaN.",
)
mistake(
    minibatches,
    "return-instead-of-yield",
    "yield X[batch], y[batch] → return X[batch], y[batch]",
    says="Only one batch comes back: a `return` inside the loop ends the function the first time it is "
    "reached. Either `yield` each batch, or collect them in a list and return that after the loop.",
)
mistake(
    minibatches,
    "labels-missing",
    "yield X[batch], y[batch] → yield X[batch]",
    says="The batches hold X alone. Training needs the labels of the same samples beside them.",
)
mistake(
    minibatches,
    "pair-in-other-order",
    "yield X[batch], y[batch] → yield y[batch], X[batch]",
    says="Each batch holds the labels first. The caller takes it apart as `X_batch, y_batch`.",
)
mistake(
    minibatches,
    "row-numbers-instead-of-rows",
    "yield X[batch], y[batch] → yield batch",
    says="The batches hold the numbers of the samples, not the samples. Take the rows of X and y that they "
    "name.",
)


@mistake(
    minibatches,
    "two-lists-instead-of-pairs",
    says="Two lists come back, one of all X batches and one of all y batches. The caller walks through the "
    "batches with `for X_batch, y_batch in …` and expects one pair at a time.",
)
def two_lists(X, y, batch_size, rng):
    """Collect X and y apart."""
    pairs = list(minibatches(X, y, batch_size, rng))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@mistake(
    minibatches,
    "never-ends",
    says="The batches never end. One call stands for one epoch, in which every sample comes once; the loop "
    "over the batches would run for ever.",
)
def for_ever(X, y, batch_size, rng):
    """Begin again after each epoch."""
    while True:
        yield from minibatches(X, y, batch_size, rng)


# cross_entropy_from_scores


def far_off(f: Function, scores: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    """Return whether the loss is finite, and huge, where the label's probability is stored as 0."""
    loss = float(f(scores, y))
    return {"finite": bool(np.isfinite(loss)), "of the order of a million": bool(abs(loss) > 1e5)}


@exercise(
    notebook=5,
    returns="loss",
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_y)), rng.integers(0, s.n_y, size=s.m)),
    probes=(
        example(np.array([[1.0, 2.0], [0.0, 3.0], [2.0, 2.0]]), np.array([0, 1, 1])),
        extreme("scores of 1000", np.array([[1000.0, 999.0, 998.0], [1.0, 2.0, 3.0]]), np.array([1, 2])),
        extreme("scores of -1000", np.array([[-1000.0, -1001.0, -999.0], [1.0, 2.0, 3.0]]), np.array([2, 0])),
        extreme(
            "scores of 1000 in one row, -1000 in another",
            np.array([[1000.0, 999.0], [-1000.0, -999.0]]),
            np.array([0, 1]),
        ),
        extreme(
            "scores of 1000 in every row", np.array([[1000.0, 999.0], [999.5, 1000.5]]), np.array([1, 1])
        ),
        extreme(
            "a score of a million for a wrong class",
            np.array([[1e6, 0.0, -1000.0], [0.5, 1e6, 0.0]]),
            np.array([1, 0]),
            observe=far_off,
        ),
        extreme(
            "a score of minus a million for the right class",
            np.array([[0.0, -1e6], [1.0, 2.0]]),
            np.array([1, 1]),
            observe=far_off,
        ),
    ),
    hints=(
        "The logarithm of a softmax simplifies: the exponential of the label's score and the logarithm "
        "cancel.",
        "A sample's loss is the logarithm of the sum of all exponentials, minus the label's score. Take the "
        "row's largest score off all scores before the exponential: it cancels.",
        "shifted = scores - row maximum; per sample, np.log(np.exp(shifted).sum(axis=1)) minus "
        "`shifted[np.arange(m), y]`; then the mean.",
    ),
    why="After the shift the largest exponent is 0, so the sum lies between 1 and n: neither exp nor log can "
    "leave the range of floats, and no probability of 0 is ever formed.",
)
def cross_entropy_from_scores(scores, y):
    """Return the mean cross-entropy of the batch, in nats, without forming probabilities.

    mean_i (log sum_j exp(s_ij) - s_i,y_i); scores: (m, n), y: (m,) integer labels -> float.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    picked = shifted[np.arange(len(y)), y]
    return float(np.mean(log_sums - picked))


mistake(
    cross_entropy_from_scores,
    "softmax-without-shift",
    "scores - scores.max(axis=1, keepdims=True) → scores",
    says="The formula is right, but exp overflows for large scores (exp(1000) is infinite), and for very "
    "negative ones all exponentials are 0. The loss becomes infinite or NaN just when the network is sure of "
    "itself. The same number may be taken off all scores of a row: which one keeps exp in range?",
)
mistake(
    cross_entropy_from_scores,
    "softmax-shifted-globally",
    "scores.max(axis=1, keepdims=True) → scores.max()",
    says="The maximum of the whole array is taken off. A row whose scores lie far below it becomes "
    "exp(-2000) = 0 throughout, and the logarithm of 0 is infinite. Each row has a maximum of its own.",
)
mistake(
    cross_entropy_from_scores,
    "shift-not-undone",
    "picked = shifted[ → picked = scores[",
    "np.exp(shifted) → np.exp(scores)",
    says="The two parts of the loss are shifted differently: one uses the scores, the other the scores minus "
    "the row's maximum. The shift only cancels if both have it; as it stands the loss can even be negative.",
)
mistake(
    cross_entropy_from_scores,
    "shift-by-column",
    "scores.max(axis=1, keepdims=True) → scores.max(axis=0)",
    says="The maximum of each column is taken off. Only a number that is the same for all scores of a row "
    "cancels.",
)
mistake(
    cross_entropy_from_scores,
    "log-of-zero",
    "log_sums - picked → -np.log(np.exp(picked) / np.exp(log_sums))",
    says="Probabilities are formed first, and the logarithm taken of them. A probability below 1e-308 is "
    "stored as 0, and log(0) is infinite. Written out with the logarithm inside, exp and log cancel before "
    "anything can be lost.",
)
mistake(
    cross_entropy_from_scores,
    "probabilities-clipped",
    "log_sums - picked → -np.log(np.maximum(np.exp(picked - log_sums), 1e-12))",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-9)",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-8)",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-7)",
    says="The probabilities are kept away from 0 by clipping or by a small number, so the loss is finite but "
    "wrong for large scores: it cannot exceed about 28 (for 1e-12) where it should be 1000, and beyond that "
    "it is flat, so the worst errors have no gradient. From scores the loss can be had exactly.",
)
mistake(
    cross_entropy_from_scores,
    "softmax-before-cross-entropy",
    "shifted = scores - scores.max(axis=1, keepdims=True) → "
    "shifted = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
    "    shifted = shifted / shifted.sum(axis=1, keepdims=True)",
    says="A softmax is applied to the scores, and then the loss applies another one. Probabilities lie "
    "between 0 and 1, so the second softmax can never be sure: the loss does not get near 0, and training is "
    "slow.",
)
mistake(
    cross_entropy_from_scores,
    "softmax-over-batch-axis",
    "np.exp(shifted).sum(axis=1) → np.exp(shifted).sum(axis=0)[y]",
    "np.log(np.exp(shifted).sum(axis=1)) → np.log(np.exp(shifted).sum(axis=0))",
    (
        "np.log(np.exp(shifted).sum(axis=1)) → np.log(np.exp(shifted).sum(axis=0))[y]",
        "scores.max(axis=1, keepdims=True) → scores.max(axis=0, keepdims=True)",
    ),
    says="The exponentials are summed over axis 0, the samples. It is the classes of one sample that "
    "compete, along its row.",
)
mistake(
    cross_entropy_from_scores,
    "loss-summed",
    "np.mean( → np.sum(",
    says="The loss is summed over the batch, not averaged. It grows with the batch, and so do its gradients: "
    "the learning rate that suits 10 samples blows up with 1000.",
)
mistake(
    cross_entropy_from_scores,
    "loss-averaged-over-classes",
    "float(np.mean(log_sums - picked)) → float(np.sum(log_sums - picked) / scores.size)",
    says="The loss is divided by the number of all scores, m times n. The sum over the classes is one "
    "sample's loss; only the samples are averaged.",
)
mistake(
    cross_entropy_from_scores,
    "loss-sign-flipped",
    "log_sums - picked → picked - log_sums",
    says="The sign is turned around: this is the logarithm of the right class's probability, which is never "
    "positive. A loss is never negative; descending this one drives the right class's probability to zero.",
)
mistake(
    cross_entropy_from_scores,
    "loss-per-sample",
    "float(np.mean(log_sums - picked)) → log_sums - picked",
    "float(np.mean(log_sums - picked)) → (log_sums - picked)[:, None]",
    says="One loss per sample comes back; the mean over the batch is missing. Training needs a single number "
    "to descend on.",
)
mistake(
    cross_entropy_from_scores,
    "wrong-log-base",
    "np.log( → np.log2(",
    "np.log( → np.log10(",
    "log_sums - picked → (log_sums - picked) / np.log(2)",
    says="The logarithm has another base than e. Only the natural logarithm undoes `np.exp`; with another "
    "one the two parts of the loss do not fit together (or the loss comes out in other units).",
)
mistake(
    cross_entropy_from_scores,
    "logarithm-missing",
    "np.log(np.exp(shifted).sum(axis=1)) → np.exp(shifted).sum(axis=1)",
    "np.log(np.exp(shifted).sum(axis=1)) → shifted.sum(axis=1)",
    says="A step between the scores and their sum is missing: exponential, sum over the classes, logarithm, "
    "in this order. What is left is no loss, and its smallest value lies somewhere else.",
)
mistake(
    cross_entropy_from_scores,
    "labels-not-used",
    "log_sums - picked → log_sums",
    "log_sums - picked → log_sums + scores.max(axis=1)",
    says="The labels do not enter. Either the label's score is missing, or the largest score of the row "
    "stands in its place: that makes the network surer of whatever it believes already.",
)
mistake(
    cross_entropy_from_scores,
    "labels-broadcast",
    "shifted[np.arange(len(y)), y] → shifted[:, y]",
    says="`scores[:, y]` picks, for every row, the columns of all labels, which makes an (m, m) array, and "
    "the mean hides it. Each row needs one score only, its own label's: row numbers and labels have to go "
    "in pairs.",
)
mistake(
    cross_entropy_from_scores,
    "labels-used-as-weights",
    "shifted[np.arange(len(y)), y] → (shifted * y[:, None]).sum(axis=1)",
    "float(np.mean(log_sums - picked)) → -np.sum(y[:, None] * (shifted - log_sums[:, None])) / len(y)",
    "float(np.mean(log_sums - picked)) → -np.sum(y * (shifted - log_sums[:, None])) / len(y)",
    says="The scores are multiplied by y as if it were one-hot. Here y holds class numbers: class 0 would "
    "never count, and class 3 three times.",
)
mistake(
    cross_entropy_from_scores,
    "labels-counted-from-one",
    "np.arange(len(y)), y] → np.arange(len(y)), y - 1]",
    says="The score beside the label's is taken. Classes are counted from 0 here, as Python counts; and -1 "
    "would silently take the last one.",
)


# sgd_step

SMALL = {
    "Wh": np.array([[0.5]]),
    "bh": np.array([0.1]),
    "Wy": np.array([[1.0, -1.0]]),
    "by": np.array([0.2, 0.4]),
}
SMALL_GRADS = {
    "Wh": np.array([[0.2]]),
    "bh": np.array([-0.4]),
    "Wy": np.array([[1.0, 0.6]]),
    "by": np.array([-0.2, 0.8]),
}


def after_step(f: Function, params: dict, grads: dict, lr: float) -> dict[str, Any]:
    """Return the parameters as the caller finds them, and whether the gradients are untouched."""
    before = copy.deepcopy(grads)
    f(params, grads, lr)
    same = grads.keys() == before.keys() and all(map(np.array_equal, grads.values(), before.values()))
    return {"params": params, "grads are as they were": bool(same)}


@exercise(
    notebook=5,
    returns="",
    in_place=("params", "grads"),
    inputs=lambda rng, s: (network(rng, s), network(rng, s), 0.37 if s.m == 7 else 0.052),
    observe=after_step,
    probes=(example(SMALL, SMALL_GRADS, 0.5, observe=after_step),),
    hints=(
        "The gradient points uphill; we want to go downhill, by a step of length lr times the gradient.",
        "Go through all keys of params; biases learn like weights. The arrays of the caller have to change, "
        "so nothing needs to be returned.",
        "`params[key] -= lr * grads[key]` in a loop over the keys.",
    ),
    why="`-=` changes the arrays where they are, so everybody who holds the dict sees the new values, and no "
    "memory is allocated for copies.",
)
def sgd_step(params, grads, lr):
    """Take one step of gradient descent, in place.

    p -= lr * g for every parameter; params, grads: dicts with equal keys and shapes.
    """
    for key in params:
        params[key] -= lr * grads[key]


mistake(
    sgd_step,
    "ascent-instead-of-descent",
    "params[key] -= → params[key] +=",
    says="The step goes uphill: the gradient points to where the loss grows, and you go with it. The loss "
    "rises with every step, slowly at first, then to infinity.",
)
mistake(
    sgd_step,
    "learning-rate-ignored",
    "lr * grads → grads",
    "lr * grads → 0.1 * grads",
    "lr * grads → 0.01 * grads",
    "lr * grads → 0.001 * grads",
    says="The learning rate that is passed in has no effect. It decides between crawling, learning and "
    "exploding, and the caller must be able to set it.",
)
mistake(
    sgd_step,
    "divided-by-learning-rate",
    "lr * grads[key] → grads[key] / lr",
    says="The gradient is divided by the learning rate. A smaller rate then makes larger steps: with 0.001 "
    "each is a thousand times the gradient, and the weights are gone after the first.",
)
mistake(
    sgd_step,
    "bias-not-updated",
    'for key in params: → for key in ("Wh", "Wy"):',
    'for key in params: → for key in ("Wh", "Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh", "Wy"):',
    says="A bias never moves. Its units' boundaries stay tied to the origin (or wherever they began), and "
    "the weights have to bend to make up for it.",
)
mistake(
    sgd_step,
    "layer-not-updated",
    'for key in params: → for key in ("Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh"):',
    says="One layer is never updated. A frozen hidden layer leaves the output with random features for ever; "
    "a frozen output layer hands random blame down.",
)
mistake(
    sgd_step,
    "weights-not-updated",
    'for key in params: → for key in ("bh", "by"):',
    'for key in params: → for key in ("bh", "Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh", "by"):',
    says="Some weights never move. Biases alone can only shift what a random network does; look at the keys "
    "that your loop visits.",
)
mistake(
    sgd_step,
    "loop-left-early",
    "-= lr * grads[key] → -= lr * grads[key]\n        return",
    says="Only the first parameter is updated: a `return` (or `break`) inside the loop ends it the first "
    "time round. Look at how far it is indented.",
)
mistake(
    sgd_step,
    "update-not-in-place",
    "for key in params: → params = {k: v.copy() for k, v in params.items()}\n    for key in params:",
    says="The caller's params do not change: the new values go into new arrays or a new dict, which the "
    "function returns or forgets. `p = p - step` inside a loop binds the name p to a new array and leaves "
    "the dict as it was. Training would run, and the loss stay where it is.",
)
mistake(
    sgd_step,
    "update-assigned-to-gradient",
    "params[key] -= lr → params[key] = -lr",
    "params[key] -= lr → params[key] = lr",
    "params[key] -= lr * grads[key] → params[key] = grads[key]",
    "params[key] -= lr * grads[key] → grads[key] = params[key] - lr * grads[key]",
    "params[key] -= lr * grads[key] → grads[key] -= lr * params[key]",
    says="Parameter and gradient are mixed up in the assignment. Either the parameter becomes the step, so "
    "that all it had learned is gone (`=-` instead of `-=` does that, and Python does not mind), or the new "
    "value lands in grads and the parameter never moves.",
)
mistake(
    sgd_step,
    "changes-its-input",
    "params[key] -= lr * grads[key] → params[key] -= lr * grads[key]\n        grads[key] = lr * grads[key]",
    says="The parameters are right, but grads comes back changed. The caller may still need it, to look at "
    "its size or for momentum: keep `*=` and other assignments away from it.",
)
mistake(
    sgd_step,
    "weights-instead-of-gradient",
    "lr * grads[key] → lr * params[key]",
    says="The step is made from the parameter itself. That shrinks all weights towards 0, as weight decay "
    "does, and takes no notice of the loss.",
)
mistake(
    sgd_step,
    "learning-rate-on-the-parameter",
    "params[key] -= lr * grads[key] → params[key] = lr * (params[key] - grads[key])",
    "params[key] -= lr * grads[key] → params[key] = lr * params[key] - grads[key]",
    says="The learning rate multiplies the parameter as well. With 0.01 the weights would be a hundredth of "
    "what they were after one step; only the gradient is scaled by it.",
)
mistake(
    sgd_step,
    "multiplied-instead-of-subtracted",
    "params[key] -= → params[key] *=",
    "params[key] -= lr * grads[key] → params[key] *= 1 - lr * grads[key]",
    says="The parameters are multiplied by the step. A weight of 0 could then never move, and the sign of "
    "the parameter decides which way it goes; the step is a difference.",
)
mistake(
    sgd_step,
    "updated-twice",
    "-= lr * → -= 2 * lr *",
    says="The step is twice as long as it should be: the update is made twice, or has a factor too many. "
    "Training looks as with double the learning rate, and explodes at half of it.",
)


# train_step


def after_training(f: Function, params: dict, X: np.ndarray, Y: np.ndarray, lr: float) -> dict[str, Any]:
    """Return the loss and the parameters as the caller finds them; params may be returned beside the loss."""
    returned = f(params, X, Y, lr)
    if isinstance(returned, (tuple, list)):
        returned = next((part for part in returned if not isinstance(part, dict)), returned)
    return {"loss": returned, "params": params}


def modest(rng: np.random.Generator, s: Sizes) -> dict[str, np.ndarray]:
    """Return a network whose probabilities are not extreme, so that no clipping shows."""
    return {key: 0.5 * value for key, value in network(rng, s).items()}


@exercise(
    notebook=5,
    returns="loss",
    in_place=("params",),
    inputs=lambda rng, s: (
        modest(rng, s),
        rng.normal(size=(s.m, s.n_x)),
        targets(rng, s.m, s.n_y),
        0.37 if s.m == 7 else 0.052,
    ),
    observe=after_training,
    probes=(example(SMALL, np.array([[1.0], [-2.0]]), one_hot([0, 1], 2), 0.5, observe=after_training),),
    rtol=1e-6,
    hints=(
        "Four steps, all of which you have written: forward, loss, backward, update. Which of them need "
        "the old parameters?",
        "The loss belongs to the parameters that the step starts from, and all gradients are taken at that "
        "same point. Only then does anything move.",
        "Y_hat, cache = forward(params, X); the loss from Y_hat and Y; grads = backward(params, cache, Y); "
        "sgd_step(params, grads, lr); return the loss.",
    ),
    why="Everything is computed at the same point before anything moves; the loss comes for free with the "
    "forward pass.",
)
def train_step(params, X, Y, lr):
    """Take one gradient step on a batch, in place, and return the mean loss before it.

    X: (m, n_x), Y: (m, n_y) one-hot -> float.
    """
    Y_hat, cache = forward(params, X)
    loss = cross_entropy(Y_hat, Y)
    grads = backward(params, cache, Y)
    sgd_step(params, grads, lr)
    return loss


def late_backward(params: dict, cache: dict, Y: np.ndarray, lr: float) -> dict:
    """Return the gradients as they come out if the output layer is updated before the hidden one's turn."""
    grads = backward(params, cache, Y)
    late = backward({**params, "Wy": params["Wy"] - lr * grads["Wy"]}, cache, Y)
    return {**late, "Wy": grads["Wy"], "by": grads["by"]}


def without(grads: dict, *keys: str) -> dict:
    """Return the gradients with those of some parameters at zero."""
    return {key: 0 * g if key in keys else g for key, g in grads.items()}


mistake(
    train_step,
    "updated-before-backward",
    "backward(params, cache, Y) → late_backward(params, cache, Y, lr)",
    says="A weight changes before all gradients are known: the hidden layer's gradient goes back through the "
    "new Wy, not through the one that made the prediction. The step is then no gradient of any loss. Nothing "
    "breaks, and with a large learning rate training becomes unsteady.",
)
mistake(
    train_step,
    "loss-after-update",
    "return loss → return cross_entropy(forward(params, X)[0], Y)",
    says="The loss is taken after the update. The parameters are right, but the curve you plot is one step "
    "ahead and flatters: it is measured on the very batch that has just been fitted. It also costs a second "
    "forward pass.",
)
mistake(
    train_step,
    "ascent-instead-of-descent",
    "grads, lr) → grads, -lr)",
    says="The step goes uphill: either the update adds the gradient, or the gradient has the wrong sign. The "
    "loss rises with every step, slowly at first, then to infinity.",
)
mistake(
    train_step,
    "learning-rate-ignored",
    "grads, lr) → grads, 1.0)",
    "grads, lr) → grads, 0.1)",
    "grads, lr) → grads, 0.01)",
    "grads, lr) → grads, 0.001)",
    says="The learning rate that is passed in has no effect. It decides between crawling, learning and "
    "exploding, and the caller must be able to set it.",
)
mistake(
    train_step,
    "divided-by-learning-rate",
    "grads, lr) → grads, 1 / lr)",
    says="The gradient is divided by the learning rate. A smaller rate then makes larger steps, and the "
    "weights are gone after the first.",
)
mistake(
    train_step,
    "bias-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "bh", "by")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "bh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "by")',
    says="A bias never moves. Its units' boundaries stay tied to where they began, and the weights have to "
    "bend to make up for it.",
)
mistake(
    train_step,
    "layer-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh", "bh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wy", "by")',
    says="One layer is never updated. A frozen hidden layer leaves the output with random features for ever; "
    "a frozen output layer hands random blame down.",
)
mistake(
    train_step,
    "weights-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh", "Wy")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wy")',
    says="Some weights never move. Biases alone can only shift what a random network does.",
)
mistake(
    train_step,
    "update-not-in-place",
    "sgd_step(params → sgd_step(copy.deepcopy(params)",
    says="The loss is right, but the caller's params do not change: the update is missing, or its result "
    "goes into new arrays that nobody keeps. Every call would return the same loss.",
)
mistake(
    train_step,
    "update-assigned-to-gradient",
    "sgd_step(params, grads, lr) → params.update({key: -lr * g for key, g in grads.items()})",
    "sgd_step(params, grads, lr) → params.update({key: lr * g for key, g in grads.items()})",
    "sgd_step(params, grads, lr) → params.update(grads)",
    says="The parameters are replaced by the step, or by the gradient, so that all they had learned is gone "
    "(`=-` instead of `-=` does that, and Python does not mind).",
)
mistake(
    train_step,
    "updated-twice",
    "grads, lr) → grads, 2 * lr)",
    says="The step is twice as long as it should be: the update is made twice, or there is a factor of 2 too "
    "many. Training looks as with double the learning rate, and explodes at half of it.",
)

# The slips of the parts, made inside the whole.

PARTS = {
    forward: (
        "bias-omitted",
        "activation-omitted",
        "activation-on-output",
        "sigmoid-instead-of-softmax",
        "softmax-over-batch-axis",
    ),
    cross_entropy: (
        "loss-summed",
        "loss-averaged-over-classes",
        "loss-sign-flipped",
        "loss-per-sample",
        "wrong-log-base",
        "binary-term-added",
    ),
    backward: (
        "missing-batch-average",
        "double-batch-average",
        "extra-softmax-derivative",
        "activation-derivative-omitted",
        "derivative-of-wrong-variable",
        "sigmoid-derivative-for-tanh",
        "bias-gradient-averaged",
    ),
}
SLIPS = {
    (part.__name__, suspect.slugs[0]): suspect.function
    for part in PARTS
    for suspect in reversed(list(singles(part.__exercise__)))  # type: ignore[attr-defined]
}  # reversed, so that the first variant of each mistake is the one that stays

for part, slugs in PARTS.items():
    for known in part.__exercise__.mistakes:  # type: ignore[attr-defined]
        if known.slug in slugs:
            slip = f'SLIPS["{part.__name__}", "{known.slug}"]'
            mistake(train_step, known.slug, f"= {part.__name__}( → = {slip}(", says=known.says)
