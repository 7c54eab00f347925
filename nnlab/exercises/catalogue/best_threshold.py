"""The exercise `best_threshold`: the threshold with the best F1."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.catalogue.confusion_counts import confusion_counts
from nnlab.exercises.catalogue.precision_recall_f1 import precision_recall_f1
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def tried_out(f: Function, y_val: np.ndarray, p_val: np.ndarray) -> dict[str, Any]:
    """Return what the threshold is worth: any of the thresholds that reach the largest F1 is right."""
    t = float(np.asarray(f(y_val, p_val)).item())
    nearest = p_val[np.argmin(np.abs(p_val - t))]
    among = bool(abs(nearest - t) < 1e-6)
    y_pred = p_val >= (nearest if among else t)
    return {
        "F1 with p >= threshold": precision_recall_f1(*confusion_counts(y_val, y_pred))[2],
        "one of the values in p_val": among,
    }


def ranked(kind: str, label: str, labels: str) -> Probe:
    """Return a probe from labels, least probable first: "0 01 1" has three values, the middle one twice."""
    rng = np.random.default_rng(len(labels))
    groups = labels.split()
    steps = rng.uniform(0.5, 1.5, size=len(groups) + 1).cumsum()
    values = np.round(0.02 + 0.95 * steps[:-1] / steps[-1], 4)
    y = np.array([int(label) for group in groups for label in group])
    p = np.repeat(values, [len(group) for group in groups])
    order = rng.permutation(len(y))
    return Probe(label, (y[order], p[order]), kind, tried_out)


# On these, F1 has one best threshold, and accuracy, precision, recall and the like have others.
@exercise(
    notebook=7,
    order=4,
    returns="a threshold",
    words={
        "F1 with p >= threshold": "F1 at your threshold",
        "one of the values in p_val": "The threshold should be one of the values in p_val, but it is not.",
    },
    probes=(
        example(
            np.array([0, 1, 0, 1, 0, 0, 1]),
            np.array([0.4, 0.9, 0.2, 0.35, 0.7, 0.1, 0.6]),
            observe=tried_out,
        ),
        ranked("main", "24 samples", "0 01 1 10 0 0 0 0 0 0 0 0 10 0 0 1 0 1 0 0 1"),
        ranked("main", "17 samples", "1 0 0 0 0 0 0 0 1 0 0 1 1 0 0 0 1"),
        ranked("other", "24 other samples", "0 1 0 01 0 0 0 1 10 0 0 1 1 0 1 0 1 1 1 01 1"),
        ranked("main", "25 samples, a third positive", "0 0 0 1 0 0 0 1 0 0 1 0 0 1 1 0 0 0 1 0 1 1 1 0 1"),
        ranked("main", "25 samples, few positive", "0 0 0 0 1 0 0 0 0 0 0 0 0 1 0 0 0 1 1 1 0 0 0 0 0"),
        ranked("main", "23 samples, most positive", "1 0 0 0 0 1 1 0 1 0 1 0 1 1 1 1 0 0 1 1 1 1 1"),
        ranked("extreme", "the largest probability belongs to a negative", "0 0 1 0 1 1 0 1 0"),
        ranked("extreme", "the best threshold is the smallest value", "1 0 1 1 1"),
        ranked("extreme", "the best threshold is the largest value", "0 0 0 1 0 0 0 1"),
        ranked("extreme", "two thresholds are equally good", "0 1 0 0 1 1"),
        extreme(
            "many samples have the same probability",
            np.array([1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]),
            np.array([0.6] * 9 + [0.9, 0.2]),
            observe=tried_out,
        ),
    ),
    seconds=4,
    hints=(
        "Try every value in p_val as the threshold, and keep the one that does best.",
        "For a threshold t the prediction is `p_val >= t`; the two functions above turn it into F1.",
        "Collect F1 for each t in `np.unique(p_val)`, and return the entry at `np.argmax` of the list.",
    ),
    why="Between two neighboring values of p_val nothing changes, so trying the values themselves misses no "
    "threshold.",
)
def best_threshold(y_val, p_val):
    """Return a threshold t, one of the values in p_val, whose predictions p_val >= t have the largest F1.

    y_val: (m,) of 0 and 1, p_val: (m,) probabilities of class 1 -> float.
    """
    thresholds = np.unique(p_val)
    scores = []
    for t in thresholds:
        tn, fp, fn, tp = confusion_counts(y_val, p_val >= t)
        f1 = precision_recall_f1(tn, fp, fn, tp)[2]
        scores.append(f1)
    return thresholds[np.argmax(scores)]


LAST = "np.argmax(scores) → len(scores) - 1 - np.argmax(scores[::-1])"  # of several maximizers

mistake(
    best_threshold,
    "threshold-not-inclusive",
    "p_val >= t → p_val > t",
    says="F1 is computed for `p > t`, but the threshold will be used as `p >= t`. The sample exactly at "
    "the threshold then falls on the other side, and the F1 you measured is not the one you get.",
    alone=(("p_val >= t → p_val > t", LAST),),
)
mistake(
    best_threshold,
    "accuracy-instead-of-f1",
    "scores.append(f1) → scores.append((tn + tp) / len(y_val))",
    says="The threshold is the best one for accuracy. With a rare positive class that is a high one: "
    "predicting 0 nearly always is right nearly always, and the positives are missed.",
    alone=(("scores.append(f1) → scores.append((tn + tp) / len(y_val))", LAST),),
)
mistake(
    best_threshold,
    "precision-instead-of-f1",
    "[2] → [0]",
    says="The threshold is the best one for precision alone. That is a very high one, which raises few "
    "alarms and misses most of the positives.",
    alone=(("[2] → [0]", LAST),),
)
mistake(
    best_threshold,
    "recall-instead-of-f1",
    "[2] → [1]",
    says="The threshold is the best one for recall alone. Recall is perfect when everything is called "
    "positive, so the smallest values always win.",
    alone=(("[2] → [1]", LAST),),
)
mistake(
    best_threshold,
    "f1-is-arithmetic-mean",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] → f1 = np.mean(precision_recall_f1(tn, fp, fn, tp)[:2])",
    (
        "f1 = precision_recall_f1(tn, fp, fn, tp)[2] → f1 = np.mean(precision_recall_f1(tn, fp, fn, tp)[:2])",
        LAST,
    ),
    says="You maximize the ordinary mean of precision and recall. It is at least 0.5 when everything is "
    "called positive; F1, the harmonic mean, penalizes whichever of the two is low.",
)
mistake(
    best_threshold,
    "youden-index-instead-of-f1",
    "scores.append(f1) → scores.append(tp / (tp + fn) - fp / (fp + tn))",
    "scores.append(f1) → scores.append(tp / (tp + fn) + tn / (fp + tn))",
    "scores.append(f1) → scores.append(tp * (fp + tn) - fp * (tp + fn))",
    says="The true positive rate minus the false positive rate is maximized, the point of the ROC curve "
    "farthest from the diagonal (Youden's index). It also rewards true negatives, which F1 does not "
    "count at all.",
    alone=(
        ("scores.append(f1) → scores.append(tp / (tp + fn) - fp / (fp + tn))", LAST),
        ("scores.append(f1) → scores.append(tp / (tp + fn) + tn / (fp + tn))", LAST),
    ),
)
mistake(
    best_threshold,
    "minimum-instead-of-maximum",
    "np.argmax( → np.argmin(",
    ("np.argmax(scores) → len(scores) - 1 - np.argmin(scores[::-1])"),
    says="This is the threshold with the smallest F1: check which end of the list you take, and the "
    "direction of the comparison.",
)
mistake(
    best_threshold,
    "positive-class-swapped",
    "confusion_counts(y_val, p_val >= t) → confusion_counts(1 - y_val, p_val < t)",
    (
        "confusion_counts(y_val, p_val >= t) → confusion_counts(1 - y_val, p_val < t)",
        "precision_recall_f1(tn, fp, fn, tp)[2] → 2 * tp / max(2 * tp + fp + fn, 1)",  # rounds another way
    ),
    says="This threshold is the best for the F1 of class 0. The positive class is 1, the one you are "
    "looking for.",
    alone=(("confusion_counts(y_val, p_val >= t) → confusion_counts(1 - y_val, p_val < t)", LAST),),
)
mistake(
    best_threshold,
    "low-probabilities-called-positive",
    "p_val >= t → p_val <= t",
    "p_val >= t → p_val < t",
    says="The comparison points the other way: samples with a *low* probability of class 1 are called "
    "positive, so the threshold you find flags nearly everything or next to nothing.",
    alone=(
        ("p_val >= t → p_val <= t", LAST),
        ("p_val >= t → p_val < t", LAST),
    ),
)
mistake(
    best_threshold,
    "index-instead-of-threshold",
    "thresholds[np.argmax(scores)] → np.argmax(scores)",
    ("np.unique(p_val) → p_val", "thresholds[np.argmax(scores)] → np.argmax(scores)"),
    ("np.unique(p_val) → np.unique(p_val)[::-1]", "thresholds[np.argmax(scores)] → np.argmax(scores)"),
    says="You return the index of the best threshold instead of the threshold itself. No probability "
    "reaches a number such as 5, so nothing would be called positive.",
)
mistake(
    best_threshold,
    "f1-instead-of-threshold",
    "return thresholds[np.argmax(scores)] → return max(scores)",
    says="You return the largest F1 instead of the threshold that reaches it. Both lie between 0 and 1, so "
    "nothing complains when it is used as a threshold.",
)


def off_the_values(seen: list) -> bool:
    """Whether the threshold is never one of the values tried."""
    return not any(one["one of the values in p_val"] for one in seen)


mistake(
    best_threshold,
    "threshold-not-a-predicted-value",
    "np.unique(p_val) → np.linspace(0, 1, 101)",
    "np.unique(p_val) → np.linspace(0, 1, 11)",
    "np.unique(p_val) → np.arange(0.05, 1, 0.05)",
    "np.unique(p_val) → np.linspace(0.01, 0.99, 99)",
    "np.unique(p_val) → np.unique(np.r_[0.0, p_val, 1.0])",
    "np.unique(p_val) → np.convolve(np.unique(p_val), [0.5, 0.5], mode='valid')",
    "return thresholds[np.argmax(scores)] → return thresholds[np.argmax(scores)] - 1e-3",
    says="The threshold is not one of the values in p_val. A grid, or the midpoints between values, can "
    "step over the best one: F1 changes at the values themselves and nowhere else.",
    symptom=off_the_values,
)
mistake(
    best_threshold,
    "threshold-not-searched",
    "return thresholds[np.argmax(scores)] → return 0.5",
    "return thresholds[np.argmax(scores)] → return np.mean(p_val)",
    "return thresholds[np.argmax(scores)] → return np.mean(y_val)",
    "return thresholds[np.argmax(scores)] → return np.median(p_val)",
    says="The threshold does not depend on F1: a fixed one such as 0.5, or an average. With a rare positive "
    "class few probabilities exceed 0.5, and the best threshold for F1 lies well below.",
)
mistake(
    best_threshold,
    "ends-not-tried",
    "np.unique(p_val) → np.unique(p_val)[1:]",
    "np.unique(p_val) → np.unique(p_val)[:-1]",
    "np.unique(p_val) → np.unique(p_val)[1:-1]",
    says="The smallest or the largest value in p_val is never tried. Sometimes it is the best: the "
    "smallest when nearly everything is positive, the largest when a single confident case stands out.",
)
mistake(
    best_threshold,
    "division-by-zero",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] "
    "→ p, r = tp / (tp + fp), tp / (tp + fn); f1 = 2 * p * r / (p + r)",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] "
    "→ p, r = np.divide(tp, tp + fp), np.divide(tp, tp + fn); f1 = 2 * p * r / (p + r)",
    says="Where no true positive is found, precision and recall are both 0, and F1 becomes 0/0. With "
    "NumPy's numbers that is NaN, and `argmax` treats NaN as the largest, so the worst threshold is "
    "returned. F1 should be 0 there.",
)


@mistake(
    best_threshold,
    "equal-probabilities-split",
    says="Samples are added one by one in the order of their probability, and samples with the *same* "
    "probability are split along the way. No threshold can do that: `p >= t` takes all of them or "
    "none, so the F1 you computed cannot be reached.",
)
def in_sorted_order(y_val, p_val):
    """Count along the samples from the most probable to the least."""
    order = np.argsort(-p_val, kind="stable")
    tp = np.cumsum(y_val[order])
    f1 = 2 * tp / (np.arange(1, len(tp) + 1) + y_val.sum())
    return p_val[order][np.argmax(f1)]


F1_LINE = "f1 = precision_recall_f1(tn, fp, fn, tp)[2] → "

mistake(
    best_threshold,
    "macro-f1-instead-of-f1",
    "scores.append(f1) → scores.append(f1 + precision_recall_f1(tp, fn, fp, tn)[2])",
    says="The mean of the F1 of both classes is maximized (macro-F1). With a rare positive class that is "
    "dominated by class 0; the exercise asks for the F1 of class 1 alone.",
    alone=(("scores.append(f1) → scores.append(f1 + precision_recall_f1(tp, fn, fp, tn)[2])", LAST),),
)
mistake(
    best_threshold,
    "weighted-f1-instead-of-f1",
    "scores.append(f1) → scores.append((tp + fn) * f1 + (tn + fp) * precision_recall_f1(tp, fn, fp, tn)[2])",
    (
        "scores.append(f1) → scores.append((tp + fn) * f1 + (tn + fp) * precision_recall_f1(tp, fn, fp, "
        "tn)[2])",
        LAST,
    ),
    says="The F1 of both classes, weighted by how frequent they are, is maximized. With a rare positive "
    "class that is dominated by class 0; the exercise asks for the F1 of class 1 alone.",
)
mistake(
    best_threshold,
    "f-beta-instead-of-f1",
    "scores.append(f1) → scores.append(5 * tp / (5 * tp + 4 * fn + fp))",
    "scores.append(f1) → scores.append(1.25 * tp / (1.25 * tp + 0.25 * fn + fp))",
    says="An F-score other than F1 is maximized: F2 gives more weight to recall, F0.5 to precision. F1 "
    "treats both alike.",
    alone=(
        ("scores.append(f1) → scores.append(5 * tp / (5 * tp + 4 * fn + fp))", LAST),
        ("scores.append(f1) → scores.append(1.25 * tp / (1.25 * tp + 0.25 * fn + fp))", LAST),
    ),
)
mistake(
    best_threshold,
    "f1-is-geometric-mean",
    F1_LINE + "f1 = np.prod(precision_recall_f1(tn, fp, fn, tp)[:2])",
    says="The product of precision and recall (or its square root) is maximized. F1 is their harmonic "
    "mean, and it may have its maximum elsewhere.",
    alone=((F1_LINE + "f1 = np.prod(precision_recall_f1(tn, fp, fn, tp)[:2])", LAST),),
)
mistake(
    best_threshold,
    "smaller-of-the-two-instead-of-f1",
    F1_LINE + "f1 = min(precision_recall_f1(tn, fp, fn, tp)[:2])",
    "scores.append(f1) → scores.append(-abs(fp - fn))",
    says="The threshold is the one where precision and recall come closest, or where the smaller of them is "
    "largest. F1 may be larger where they differ.",
    alone=(
        (F1_LINE + "f1 = min(precision_recall_f1(tn, fp, fn, tp)[:2])", LAST),
        ("scores.append(f1) → scores.append(-abs(fp - fn))", LAST),
    ),
)
mistake(
    best_threshold,
    "rates-multiplied",
    "scores.append(f1) → scores.append(tp * tn)",
    says="The true positive rate times the true negative rate (or its square root, the G-mean) is "
    "maximized. It also rewards true negatives, which F1 does not count at all.",
    alone=(("scores.append(f1) → scores.append(tp * tn)", LAST),),
)
mistake(
    best_threshold,
    "hits-instead-of-f1",
    "scores.append(f1) → scores.append(tp - fp - fn)",
    says="A difference of counts is maximized. F1 is a ratio, 2·tp / (2·tp + fp + fn), and has its maximum "
    "elsewhere.",
    alone=(("scores.append(f1) → scores.append(tp - fp - fn)", LAST),),
)
