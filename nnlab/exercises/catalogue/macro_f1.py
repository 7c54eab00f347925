"""The exercise `macro_f1`: the mean of the classes' F1."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, extreme


def counts(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a confusion matrix of n classes of very different size, most of them predicted rightly."""
    confusion = rng.integers(1, 9, size=(n, n)) * rng.integers(1, 5, size=(n, 1))
    return confusion + np.diag(rng.integers(5, 60, size=n))


@exercise(
    notebook=10,
    order=3,
    returns="the mean F1",
    inputs=lambda rng, s: (counts(rng, s.n_y),),
    probes=(
        example(np.array([[6, 2, 0], [1, 3, 0], [0, 1, 2]])),
        example(np.array([[90, 4], [5, 1]]), label="two classes, one of them rare"),
        extreme("a class that is never predicted", np.array([[5, 0, 1], [3, 0, 0], [1, 0, 4]])),
        extreme(
            "a class that does not occur, though it is predicted", np.array([[5, 2, 1], [0, 0, 0], [2, 1, 4]])
        ),
        extreme("a class that neither occurs nor is predicted", np.array([[5, 0, 2], [0, 0, 0], [1, 0, 4]])),
        extreme("no prediction is right", np.array([[0, 2, 1], [3, 0, 5], [1, 4, 0]])),
        extreme("every prediction is right", np.array([[3, 0, 0], [0, 1, 0], [0, 0, 7]])),
        extreme("a class with a single sample, found", np.array([[8, 3], [0, 1]])),
    ),
    rtol=1e-7,
    hints=(
        "Work out F1 for each class as if it were the positive one and all others were negative; then take "
        "the plain mean, in which a rare class counts as much as a common one.",
        "For class j the hits are at [j, j]. Besides the hits, its row and its column hold the two kinds "
        "of error: F1 = 2 tp / (2 tp + fp + fn), and that divisor is the sum of the row plus the sum of "
        "the column.",
        "`np.diag` gives the hits, the sums over axis 0 and over axis 1 add up to the divisors. Where a "
        "divisor is 0 the hits are 0 too, so any other divisor gives the 0 that is asked for.",
    ),
    why="Row sum plus column sum counts the hits twice and each error once, which is the divisor of F1, "
    "whichever axis is the truth; `np.maximum(…, 1)` changes nothing but 0/0.",
)
def macro_f1(confusion):
    """Return the unweighted mean over all classes of F1 = 2 tp / (2 tp + fp + fn); 0 where it is undefined.

    confusion: (n, n) counts, true class by predicted class or the other way round -> float.
    """
    hits = np.diag(confusion)
    total = confusion.sum(axis=0) + confusion.sum(axis=1)
    f1 = 2 * hits / np.maximum(total, 1)
    return f1.mean()


RATES = (
    "with np.errstate(all='ignore'):\n"
    "        a, b = (np.nan_to_num(hits / confusion.sum(axis=k)) for k in (0, 1))\n    "
)
F1 = "f1 = 2 * hits / np.maximum(total, 1)"

mistake(
    macro_f1,
    "micro-instead-of-macro",
    "f1.mean() → hits.sum() / confusion.sum()",
    says="This is the share of right predictions: accuracy, which is also what the micro-averaged F1 comes "
    "to. Every sample counts alike, so the large classes decide, and a rare class that is never found "
    "hardly shows.",
)
mistake(
    macro_f1,
    "weighted-instead-of-macro",
    "f1.mean() → f1 @ confusion.sum(axis=1) / confusion.sum()",
    "f1.mean() → f1 @ confusion.sum(axis=0) / confusion.sum()",
    says="The classes are weighted by how often they occur, or are predicted. The macro average is there "
    "so that a rare class counts as much as a common one: the plain mean.",
)
mistake(
    macro_f1,
    "f1-is-arithmetic-mean",
    f"{F1} → {RATES}f1 = (a + b) / 2",
    says="For each class the ordinary mean of precision and recall is taken. F1 is their harmonic mean, "
    "which stays near the smaller of the two.",
)
mistake(
    macro_f1,
    "f1-is-geometric-mean",
    f"{F1} → {RATES}f1 = np.sqrt(a * b)",
    says="For each class you take the square root of precision times recall, their geometric mean. F1 is "
    "the harmonic one.",
)
mistake(
    macro_f1,
    "f1-of-mean-precision-and-recall",
    f"{F1} → {RATES}p, r = a.mean(), b.mean()\n    f1 = np.array(2 * p * r / (p + r) if p + r else 0.0)",
    says="Precision and recall are averaged over the classes first, and F1 is taken of the two means. That "
    "is a different and more lenient measure: a class with high precision makes up for another with "
    "high recall. Take F1 of each class, and average at the end.",
)
mistake(
    macro_f1,
    "precision-or-recall-instead-of-f1",
    f"{F1} → {RATES}f1 = a",
    f"{F1} → {RATES}f1 = b",
    says="This is the mean of one rate alone, precision or recall (depending on which axis is the truth). "
    "F1 looks at both the row and the column of a class, so that both missed cases and false alarms "
    "lower it.",
)
mistake(
    macro_f1,
    "division-by-zero",
    "np.maximum(total, 1) → total",
    f"{F1} → p, r = (hits / confusion.sum(axis=k) for k in (0, 1))\n    f1 = 2 * p * r / (p + r)",
    f"{F1} → {RATES}f1 = 2 * a * b / (a + b)",
    says="A class can have nothing to divide by: it does not occur, or is never predicted, or is never "
    "found. 0/0 is NaN, and one NaN makes the whole mean NaN. Such an F1 counts as 0.",
)
mistake(
    macro_f1,
    "undefined-left-out",
    "return f1.mean() → return f1[total > 0].mean()",
    "return f1.mean() → return f1[hits > 0].mean() if hits.any() else 0.0",
    "return f1.mean() → return f1[confusion.sum(axis=0) > 0].mean()",
    "return f1.mean() → return f1[confusion.sum(axis=1) > 0].mean()",
    "return f1.mean() → return f1[(confusion.sum(axis=0) > 0) & (confusion.sum(axis=1) > 0)].mean()",
    says="Some classes do not count in the mean: those without an F1, or those with an F1 of 0. A model "
    "that never predicts a hard class would be rewarded for it. The mean is over all n classes.",
)
mistake(
    macro_f1,
    "undefined-counts-as-one",
    f"{F1} → f1 = np.where(total > 0, 2 * hits / np.maximum(total, 1), 1.0)",
    f"{F1} → with np.errstate(all='ignore'):\n"
    "        a, b = (np.nan_to_num(hits / confusion.sum(axis=k), nan=1.0) for k in (0, 1))\n"
    "    f1 = 2 * a * b / np.maximum(a + b, 1e-300)",
    says="Where an F1 (or one of its two rates) is undefined, 1 is put in its place. Here an undefined F1 "
    "counts as 0: there is no evidence that the model recognizes that class.",
)
mistake(
    macro_f1,
    "missing-factor-two",
    "2 * hits → hits",
    says="The factor 2 of F1 is missing: even without an error the result is 0.5. The harmonic mean of p "
    "and r is 2·p·r / (p + r).",
)
mistake(
    macro_f1,
    "f1-is-jaccard-index",
    "f1 = 2 * hits / np.maximum(total, 1) → f1 = hits / np.maximum(total - hits, 1)",
    says="The hits are divided by hits plus errors, tp / (tp + fp + fn). That is the Jaccard index; in F1 "
    "the hits count twice, in the numerator and in the denominator.",
)
mistake(
    macro_f1,
    "hits-counted-as-errors",
    "np.maximum(total, 1) → np.maximum(total + hits, 1)",
    "np.maximum(total, 1) → np.maximum(total + 2 * hits, 1)",
    says="The hits are counted among the errors: a row or a column adds up to the errors *and* the hits. "
    "The false positives of a class, and the false negatives, are what is left after subtracting its "
    "own hits.",
)
mistake(
    macro_f1,
    "guard-changes-result",
    "np.maximum(total, 1) → (total + 1)",
    "np.maximum(total, 1) → (total + 0.1)",
    "np.maximum(total, 1) → (total + 0.01)",
    "np.maximum(total, 1) → (total + 1e-3)",
    "np.maximum(total, 1) → (total + 1e-5)",
    "2 * hits / np.maximum(total, 1) → (2 * hits + 1) / (total + 1)",
    f"{F1} → a, b = (hits / (confusion.sum(axis=k) + 1) for k in (0, 1))\n"
    "    f1 = 2 * a * b / np.maximum(a + b, 1e-300)",
    says="The number added to keep a divisor from being 0 changes the other classes as well: their F1 "
    "comes out lower (or higher) than it is, most of all that of a rare class. Change the divisor "
    "only where it is 0.",
)
mistake(
    macro_f1,
    "integer-division",
    f"{F1} → f1 = 2 * hits // total.clip(1)",
    says="`//` discards the fraction, so every F1 below 1 becomes 0. Use `/`.",
)
mistake(
    macro_f1,
    "not-averaged",
    "f1.mean() → f1",
    says="You return one F1 for each class. The exercise asks for their mean, a single number.",
)
mistake(
    macro_f1,
    "one-class-only",
    "f1.mean() → f1[0]",
    "f1.mean() → f1[-1]",
    "f1.mean() → f1[min(1, len(f1) - 1)]",
    ("hits = → confusion = confusion[:2, :2]\n    hits =", "f1.mean() → f1[-1]"),
    ("hits = → confusion = confusion[:2, :2]\n    hits =", "f1.mean() → f1[0]"),
    says="The result is the F1 of one class alone. With several classes, each in turn is the positive one, "
    "and the mean is over all of them.",
)
mistake(
    macro_f1,
    "summed-over-classes",
    "f1.mean() → f1.sum()",
    says="The F1 of the classes are added up but not divided by their number, so the result grows with it "
    "and can exceed 1.",
)
mistake(
    macro_f1,
    "median-instead-of-mean",
    "f1.mean() → np.median(f1)",
    "f1.mean() → f1.min()",
    "f1.mean() → f1.max()",
    says="The result is the median, the smallest or the largest of the classes' F1. The macro average is "
    "their mean.",
)
mistake(
    macro_f1,
    "accuracy-instead-of-f1",
    f"{F1} → f1 = 1 - (total - 2 * hits) / confusion.sum()",
    says="For each class this is the accuracy of assigning samples to it or not. The many true negatives "
    "make that look splendid; F1 leaves them out.",
)
mistake(
    macro_f1,
    "percent-instead-of-fraction",
    "f1.mean() → 100 * f1.mean()",
    says="The result is a percentage. F1, and a mean of several, lies between 0 and 1.",
)
