"""The exercise `confusion_counts`: true and false negatives and positives."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Sizes, example, extreme


def labeled(rng: np.random.Generator, tn: int, fp: int, fn: int, tp: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (y_true, y_pred) with these counts, in random order."""
    cells = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], (tn, fp, fn, tp), axis=0)
    rng.shuffle(cells)
    return cells[:, 0].copy(), cells[:, 1].copy()


def four_counts(m: int) -> tuple[int, int, int, int]:
    """Return four different counts (tn, fp, fn, tp) that add up to m."""
    fp, fn, tp = m // 5, m // 8, m // 3
    return m - fp - fn - tp, fp, fn, tp


@exercise(
    notebook=7,
    order=1,
    returns="tn, fp, fn, tp",
    sizes=(Sizes(m=23, n_x=1, n_h=1, n_y=2), Sizes(m=16, n_x=1, n_h=1, n_y=2)),
    inputs=lambda rng, s: labeled(rng, *four_counts(s.m)),
    probes=(
        example(np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0]), np.array([1, 0, 1, 0, 1, 0, 0, 1, 0, 1])),
        extreme("two samples, both right", np.array([1, 0]), np.array([1, 0])),
        extreme("every prediction is wrong", *labeled(np.random.default_rng(1), 0, 2, 3, 0)),
        extreme("no sample is predicted positive", *labeled(np.random.default_rng(0), 5, 0, 3, 0)),
    ),
    hints=(
        "Each sample falls into one of four cells: what is true (0 or 1) and what was predicted (0 or 1).",
        "The second word is what was *predicted*, the first whether that was right: a false positive was "
        "predicted 1 and is 0.",
        "With `actual = y_true == 1` and `predicted = y_pred == 1`, combine the two, or their negations, "
        "with `&`, and count with `np.count_nonzero`.",
    ),
    why="Comparisons give one truth value per sample, `&` joins them sample by sample, and counting takes "
    "those that hold.",
)
def confusion_counts(y_true, y_pred):
    """Return how many samples fall into each cell of the confusion matrix; 1 is the positive class.

    y_true, y_pred: (m,) of 0 and 1 -> (tn, fp, fn, tp), four integers that add up to m.
    """
    actual = y_true == 1
    predicted = y_pred == 1
    tn = np.count_nonzero(~actual & ~predicted)
    fp = np.count_nonzero(~actual & predicted)
    fn = np.count_nonzero(actual & ~predicted)
    tp = np.count_nonzero(actual & predicted)
    return tn, fp, fn, tp


# With the positive class exchanged the four appear in reverse; with the errors exchanged, fp and fn change
# places. Every other order is a slip in the `return` alone.
EXPLAINED = {
    ("tn", "fp", "fn", "tp"),
    ("tp", "fn", "fp", "tn"),
    ("tn", "fn", "fp", "tp"),
}

mistake(
    confusion_counts,
    "positive-class-swapped",
    ("y_true == 1 → y_true == 0", "y_pred == 1 → y_pred == 0"),
    says="True positives and true negatives are swapped: class 0 is counted as the positive one (or the "
    "results come in reverse order). Positive is the class you are looking for, here 1, the rare one; "
    "precision and recall of the common class look splendid and say nothing.",
)
mistake(
    confusion_counts,
    "false-positives-and-negatives-swapped",
    ("fp = np → rest = np", "fn = np → fp = np", "rest = np → fn = np"),
    says="False positives and false negatives are swapped. The second word says what was predicted: a "
    "false positive is a false alarm, a false negative a case that was missed. Swapped here, "
    "precision and recall are swapped from here on.",
)
mistake(
    confusion_counts,
    "counts-in-another-order",
    *(
        f"return tn, fp, fn, tp → return {', '.join(order)}"
        for order in permutations(("tn", "fp", "fn", "tp"))
        if order not in EXPLAINED
    ),
    says="The four counts are right, but they are returned in a different order. A caller who unpacks them "
    "by position computes with the wrong ones and sees no error; the order is the one in the "
    "docstring.",
)
mistake(
    confusion_counts,
    "one-condition-missing",
    "~actual & ~predicted → ~predicted",
    "~actual & ~predicted → ~actual",
    "~actual & predicted → predicted",
    "~actual & predicted → ~actual",
    "(actual & ~predicted → (~predicted",
    "(actual & ~predicted → (actual",
    "(actual & predicted → (predicted",
    "(actual & predicted → (actual",
    ("~actual & predicted → predicted", "(actual & predicted → (predicted"),
    ("(actual & ~predicted → (actual", "(actual & predicted → (actual"),
    ("~actual & ~predicted → ~actual", "(actual & ~predicted → (actual"),
    says="One of the counts takes only the truth, or only the prediction, into account, so the four add up "
    "to more than the number of samples. Every cell of the matrix is about both: what was predicted, "
    "and what is true.",
)
mistake(
    confusion_counts,
    "hits-not-told-apart",
    "(actual & predicted → (actual == predicted",
    ("(actual & predicted → (actual == predicted", "~actual & ~predicted → actual == predicted"),
    ("(actual & predicted → (actual == predicted", "np.count_nonzero(~actual & ~predicted) → 0"),
    ("~actual & ~predicted → actual == predicted", "np.count_nonzero(actual & predicted) → 0"),
    "~actual & ~predicted → actual == predicted",
    says="A count contains all correct answers, those for class 0 and those for class 1 together. With a "
    "rare class, nearly all of them are true negatives, and the few hits that matter disappear among "
    "them.",
)
mistake(
    confusion_counts,
    "errors-not-told-apart",
    ("~actual & predicted → actual != predicted", "(actual & ~predicted → (actual != predicted"),
    "~actual & predicted → actual != predicted",
    "(actual & ~predicted → (actual != predicted",
    says="A count contains all wrong answers, false alarms and missed cases together. The two have very "
    "different costs, and precision and recall exist to distinguish them.",
)
mistake(
    confusion_counts,
    "fractions-instead-of-counts",
    "return tn, fp, fn, tp → return tuple(np.array([tn, fp, fn, tp]) / len(y_true))",
    says="These are shares of all samples; the exercise asks for counts, four integers that add up to m.",
)
mistake(
    confusion_counts,
    "empty-cell-dropped",
    "return tn, fp, fn, tp → return np.bincount(2 * y_true + y_pred)",
    "return tn, fp, fn, tp → return tuple(np.bincount(2 * y_true + y_pred))",
    "return tn, fp, fn, tp → return np.bincount(2 * y_true + y_pred).tolist()",
    "return tn, fp, fn, tp → return np.unique(2 * y_true + y_pred, return_counts=True)[1]",
    "return tn, fp, fn, tp → return tuple(np.unique(2 * y_true + y_pred, return_counts=True)[1])",
    "return tn, fp, fn, tp → return np.unique(2 * y_true + y_pred, return_counts=True)[1].tolist()",
    says="Where a cell is empty, it is left out instead of counted as 0, and you return fewer than four "
    "numbers. It does happen: a network trained on rare positives often predicts none of them at "
    "first.",
)
mistake(
    confusion_counts,
    "counted-from-one-sample-on",
    "return tn, fp, fn, tp → return tn + 1, fp + 1, fn + 1, tp + 1",
    "actual = y_true == 1 → actual = y_true == 1; actual, y_pred = actual[1:], y_pred[1:]",
    "actual = y_true == 1 → actual = y_true == 1; actual, y_pred = actual[:-1], y_pred[:-1]",
    says="The counts are off by one: a sample at the beginning or the end is left out, or the counting "
    "starts at 1 instead of 0.",
)
mistake(
    confusion_counts,
    "rates-instead-of-counts",
    "return tn, fp, fn, tp → n, p = max(1, tn + fp), max(1, fn + tp); return tn / n, fp / n, fn / p, tp / p",
    says="These are rates, each cell divided by the number of its true class; the exercise asks for counts, "
    "four integers that add up to m.",
)
