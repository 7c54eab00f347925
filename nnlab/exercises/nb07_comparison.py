"""The exercises of notebook 07: metrics beyond accuracy, weights for rare classes, and Adam."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from nnlab.exercises._probes import MAIN, Probe, Sizes, example, extreme
from nnlab.exercises._registry import Function, exercise, mistake

# confusion_counts


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
    returns="tn, fp, fn, tp",
    sizes=(Sizes(m=23, n_x=1, n_h=1, n_y=2), Sizes(m=16, n_x=1, n_h=1, n_y=2)),
    inputs=lambda rng, s: labeled(rng, *four_counts(s.m)),
    probes=(
        example(np.array([1, 0, 0, 1, 0, 0, 0, 1, 0, 0]), np.array([1, 0, 1, 0, 1, 0, 0, 1, 0, 1])),
        extreme("no sample is predicted positive", *labeled(np.random.default_rng(0), 5, 0, 3, 0)),
    ),
    hints=(
        "Each sample falls into one of four cells: what is true (0 or 1) and what was predicted (0 or 1).",
        "The second word is what was *predicted*, the first whether that was right: a false positive was "
        "predicted 1 and is 0.",
        "With `actual = y_true == 1` and `predicted = y_pred == 1`, combine the two, or their opposites, by "
        "`&` and count with `np.count_nonzero`.",
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
# places; with both, the first and the last do. Every other order is a slip in the `return` alone.
EXPLAINED = {
    ("tn", "fp", "fn", "tp"),
    ("tp", "fn", "fp", "tn"),
    ("tn", "fn", "fp", "tp"),
    ("tp", "fp", "fn", "tn"),
}

mistake(
    confusion_counts,
    "positive-class-swapped",
    ("y_true == 1 → y_true == 0", "y_pred == 1 → y_pred == 0"),
    says="True positives and true negatives have changed places: class 0 is counted as the positive one (or "
    "the results stand in reverse). Positive is the class one looks for, here 1, the rare one; precision "
    "and recall of the common class look splendid and tell nothing.",
)
mistake(
    confusion_counts,
    "false-positives-and-negatives-swapped",
    ("fp = np → rest = np", "fn = np → fp = np", "rest = np → fn = np"),
    says="False positives and false negatives have changed places. The second word says what was predicted: "
    "a false positive is a false alarm, a false negative a case that was missed. Swapped here, precision "
    "and recall are swapped in all that follows.",
)
mistake(
    confusion_counts,
    "counts-in-another-order",
    *(
        f"return tn, fp, fn, tp → return {', '.join(order)}"
        for order in permutations(("tn", "fp", "fn", "tp"))
        if order not in EXPLAINED
    ),
    says="The four counts are right, but they come back in another order. A caller who unpacks them by "
    "position computes with the wrong ones and sees no error; the order is the one in the docstring.",
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
    "to more than the number of samples. Every cell of the matrix is about both: what was predicted, and "
    "whether that was so.",
)
mistake(
    confusion_counts,
    "hits-not-told-apart",
    "(actual & predicted → (actual == predicted",
    ("(actual & predicted → (actual == predicted", "~actual & ~predicted → actual == predicted"),
    "~actual & ~predicted → actual == predicted",
    says="A count of true answers holds all right answers, those for class 0 and those for class 1 "
    "together. With a rare class, nearly all of them are true negatives, and the few hits that matter "
    "disappear among them.",
)
mistake(
    confusion_counts,
    "errors-not-told-apart",
    ("~actual & predicted → actual != predicted", "(actual & ~predicted → (actual != predicted"),
    "~actual & predicted → actual != predicted",
    "(actual & ~predicted → (actual != predicted",
    says="A count of false answers holds all wrong answers together, false alarms and missed cases alike. "
    "The two cost very differently, and precision and recall exist to tell them apart.",
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
    says="Where a cell is empty, it is left out instead of counted as 0, and fewer than four numbers come "
    "back. That happens in earnest: a network on rare positives often predicts none of them at first.",
)


# precision_recall_f1


def counted(kind: str, tn: int, fp: int, fn: int, tp: int) -> Probe:
    """Return a probe of four counts."""
    return Probe(f"tn = {tn}, fp = {fp}, fn = {fn}, tp = {tp}", (tn, fp, fn, tp), kind)


@exercise(
    notebook=7,
    returns="precision, recall, f1",
    probes=(
        counted("example", 5, 1, 2, 3),
        counted("main", 70, 11, 23, 17),
        counted("other", 31, 29, 5, 13),
        extreme("nothing is predicted positive", 8, 0, 4, 0),
        extreme("there are no positives", 8, 3, 0, 0),
        extreme("there are positives, none of them found", 8, 3, 4, 0),
        extreme("no positives, and none predicted", 12, 0, 0, 0),
    ),
    rtol=1e-7,
    hints=(
        "Precision is about the samples that were predicted positive, recall about those that are positive.",
        "Both have the true positives on top; F1 is their harmonic mean, 2·p·r / (p + r). Which of the three "
        "can have a 0 below the line?",
        "precision = tp / (tp + fp), recall = tp / (tp + fn); give each of the three divisions an "
        "`if … else 0.0`.",
    ),
    why="A network that predicts no positive at all has no precision; calling it 0 keeps the figure "
    "comparable, and the condition beside each division says so.",
)
def precision_recall_f1(tn, fp, fn, tp):
    """Return precision, recall and F1 of the positive class; 0.0 where one of them is undefined.

    tp / (tp + fp), tp / (tp + fn), 2 p r / (p + r); four counts -> three floats in [0, 1].
    """
    precision = tp / (tp + fp) if tp + fp else 0.0
    recall = tp / (tp + fn) if tp + fn else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return precision, recall, f1


mistake(
    precision_recall_f1,
    "precision-recall-swapped",
    "return precision, recall → return recall, precision",
    says="Precision and recall have changed places (or false positives and false negatives have). Precision "
    "asks how many of the alarms are real, recall how many of the real cases raise an alarm. F1 treats both "
    "alike, so it comes out right all the same.",
)
mistake(
    precision_recall_f1,
    "f1-is-arithmetic-mean",
    "2 * precision * recall / (precision + recall) if → (precision + recall) / 2 if",
    says="F1 is taken as the ordinary mean of precision and recall. It is the harmonic mean, which stays "
    "near the smaller of the two: whoever calls everything positive has recall 1, and the ordinary mean "
    "would give at least 0.5 for it.",
)
mistake(
    precision_recall_f1,
    "f1-is-geometric-mean",
    "2 * precision * recall / (precision + recall) if → np.sqrt(precision * recall) if",
    says="F1 is taken as the geometric mean, the root of the product. That has a name of its own (the "
    "Fowlkes–Mallows index); F1 is the harmonic mean.",
)
mistake(
    precision_recall_f1,
    "missing-factor-two",
    "f1 = 2 * precision → f1 = precision",
    says="F1 is half of what it should be. A mean of two equal numbers is that number: with precision and "
    "recall both 1, F1 must be 1 as well.",
)
mistake(
    precision_recall_f1,
    "f1-is-jaccard-index",
    "2 * precision * recall / (precision + recall) if → tp / (tp + fp + fn) if",
    says="This is tp / (tp + fp + fn), the Jaccard index (intersection over union). It ranks networks just "
    "as F1 does, but its values are smaller; in F1 the true positives count twice, above and below.",
)
mistake(
    precision_recall_f1,
    "f1-upside-down",
    "2 * precision * recall / (precision + recall) → (precision + recall) / (2 * precision * recall)",
    "2 * precision * recall / (precision + recall) → 2 * (precision + recall) / (precision * recall)",
    (
        "2 * precision * recall / (precision + recall) → (precision + recall) / (2 * precision * recall)",
        "if precision + recall → if precision * recall",
    ),
    (
        "2 * precision * recall / (precision + recall) → 2 * (precision + recall) / (precision * recall)",
        "if precision + recall → if precision * recall",
    ),
    says="F1 has its fraction upside down: the sum stands above and the product below. A mean of two "
    "numbers lies between them, and this figure exceeds 1.",
)
mistake(
    precision_recall_f1,
    "division-by-zero",
    (" if tp + fp else 0.0 → ", " if tp + fn else 0.0 → ", " if precision + recall else 0.0 → "),
    (" if tp + fp else 0.0 → ", " if tp + fn else 0.0 → "),
    " if tp + fp else 0.0 → ",
    " if tp + fn else 0.0 → ",
    " if precision + recall else 0.0 → ",
    (
        "tp / (tp + fp) if tp + fp else 0.0 → np.divide(tp, tp + fp)",
        "tp / (tp + fn) if tp + fn else 0.0 → np.divide(tp, tp + fn)",
        " if precision + recall else 0.0 → ",
    ),
    (
        "tp / (tp + fp) if tp + fp else 0.0 → np.divide(tp, tp + fp)",
        "tp / (tp + fn) if tp + fn else 0.0 → np.divide(tp, tp + fn)",
    ),
    (
        "tp / (tp + fp) if tp + fp else 0.0 → np.divide(tp, tp + fp)",
        "tp / (tp + fn) if tp + fn else 0.0 → np.divide(tp, tp + fn)",
        "if precision + recall else 0.0 → if precision + recall > 0 else 0.0",
    ),
    "tp / (tp + fp) if tp + fp else 0.0 → np.divide(tp, tp + fp)",
    "tp / (tp + fn) if tp + fn else 0.0 → np.divide(tp, tp + fn)",
    "2 * precision * recall / (precision + recall) if precision + recall else 0.0 "
    "→ np.divide(2 * precision * recall, precision + recall)",
    "2 * precision * recall / (precision + recall) if precision + recall else 0.0 "
    "→ 2 / (1 / precision + 1 / recall)",
    "2 * precision * recall / (precision + recall) if precision + recall else 0.0 "
    "→ 2 * tp / (2 * tp + fp + fn)",
    (
        " if tp + fp else 0.0 → ",
        " if tp + fn else 0.0 → ",
        "2 * precision * recall / (precision + recall) if precision + recall else 0.0 "
        "→ 2 * tp / (2 * tp + fp + fn)",
    ),
    says="The ordinary cases are right, but one of the divisions has a 0 below the line when nothing is "
    "predicted positive, when there are no positives, or when none is found. A network that always gives "
    "the common answer, as many do after the first epoch, meets just that case; the exercise asks for 0.0 "
    "there.",
)
mistake(
    precision_recall_f1,
    "undefined-counts-as-one",
    ("tp + fp else 0.0 → tp + fp else 1.0", "tp + fn else 0.0 → tp + fn else 1.0"),
    "else 0.0 → else 1.0",
    "tp + fp else 0.0 → tp + fp else 1.0",
    "tp + fn else 0.0 → tp + fn else 1.0",
    says="Where a figure is undefined it comes back as 1. Then the network that never predicts a positive "
    "is praised for perfect precision; the exercise asks for 0.0.",
)
mistake(
    precision_recall_f1,
    "positive-class-swapped",
    (
        "tp / (tp + fp) if tp + fp else → tn / (tn + fn) if tn + fn else",
        "tp / (tp + fn) if tp + fn else → tn / (tn + fp) if tn + fp else",
    ),
    says="These are the figures of class 0: the true negatives stand where the true positives belong. For a "
    "rare positive class they look excellent, even for a network that never finds one.",
)
mistake(
    precision_recall_f1,
    "accuracy-instead-of-precision",
    "tp / (tp + fp) if tp + fp else 0.0 → (tp + tn) / (tn + fp + fn + tp)",
    says="Precision is computed as accuracy, the share of right answers among all. It leaves the many easy "
    "negatives in, and they hide how often an alarm is false.",
)
mistake(
    precision_recall_f1,
    "specificity-instead-of-recall",
    "tp / (tp + fn) if tp + fn else 0.0 → tn / (tn + fp)",
    says="This is the specificity, the share of the negatives that were left alone. Recall is about the "
    "positives: how many of them were found.",
)
mistake(
    precision_recall_f1,
    "divided-by-all-samples",
    ("tp / (tp + fp) if → tp / (tn + fp + fn + tp) if", "tp / (tp + fn) if → tp / (tn + fp + fn + tp) if"),
    "tp / (tp + fp) if → tp / (tn + fp + fn + tp) if",
    "tp / (tp + fn) if → tp / (tn + fp + fn + tp) if",
    says="The true positives are divided by the number of all samples. Precision and recall are shares of a "
    "part: of those predicted positive, and of those that are positive.",
)
mistake(
    precision_recall_f1,
    "true-positives-not-in-the-whole",
    ("tp / (tp + fp) if tp + fp → tp / fp if fp", "tp / (tp + fn) if tp + fn → tp / fn if fn"),
    "tp / (tp + fp) if tp + fp → tp / fp if fp",
    "tp / (tp + fn) if tp + fn → tp / fn if fn",
    says="The true positives are divided by the errors alone. That is a ratio of hits to misses, which can "
    "exceed 1; a share has the whole below the line, hits and errors together.",
)
mistake(
    precision_recall_f1,
    "percent-instead-of-fraction",
    ("tp / (tp + fp) if → 100 * tp / (tp + fp) if", "tp / (tp + fn) if → 100 * tp / (tp + fn) if"),
    says="These are percentages; the exercise asks for fractions between 0 and 1.",
)
mistake(
    precision_recall_f1,
    "integer-division",
    ("tp / (tp + fp) if → tp // (tp + fp) if", "tp / (tp + fn) if → tp // (tp + fn) if"),
    "tp / (tp + fp) if → tp // (tp + fp) if",
    "tp / (tp + fn) if → tp // (tp + fn) if",
    says="`//` drops everything behind the decimal point, so a share below 1 becomes 0; `/` keeps it.",
)


# class_weights


def every_class(rng: np.random.Generator, s: Sizes) -> tuple[np.ndarray]:
    """Return labels of s.n_y classes, all of them there, with counts that neither rise nor fall."""
    counts = {4: [3, 1, 6, 2], 3: [2, 5, 1]}[s.n_y]
    y = np.repeat(np.arange(s.n_y), counts)
    rng.shuffle(y)
    return (np.r_[2, y[:-1], 1, y[-1]],)  # class 0 is not the first to appear


@exercise(
    notebook=7,
    returns="weights",
    inputs=every_class,
    sizes=(Sizes(m=14, n_x=1, n_h=1, n_y=4), Sizes(m=10, n_x=1, n_h=1, n_y=3)),
    probes=(example(np.array([1, 0, 0, 0, 1, 0, 0, 0])),),
    hints=(
        "The rarer a class, the more each of its samples should weigh.",
        "m / count has the right proportions. Divided by the number of classes as well, the weights of all "
        "samples add up to m again, so the learning rate keeps its meaning.",
        "`np.bincount(y)` counts every label; the weights are `len(y) / (n_classes * counts)`.",
    ),
    why="`np.bincount` counts labels 0, 1, 2, … in one pass, and its length is the number of classes.",
)
def class_weights(y):
    """Return one weight per class, so that all classes count the same in a weighted loss.

    m / (n_classes * count_c); y: (m,) labels 0 … n_classes-1, all of which occur -> (n_classes,).
    """
    counts = np.bincount(y)
    n_classes = len(counts)
    return len(y) / (n_classes * counts)


mistake(
    class_weights,
    "class-weights-inverted",
    "len(y) / (n_classes * counts) → n_classes * counts / len(y)",
    "len(y) / (n_classes * counts) → counts / len(y)",
    "len(y) / (n_classes * counts) → counts",
    "len(y) / (n_classes * counts) → counts / (n_classes * len(y))",
    "len(y) / (n_classes * counts) → counts / counts.max()",
    "len(y) / (n_classes * counts) → 1 - counts / len(y)",
    says="The weights do not make up for the counts: they should be in inverse proportion to them. As it "
    "is, the common class counts too much, and the loss is lowered fastest by ignoring the rare one "
    "altogether.",
)
mistake(
    class_weights,
    "class-weights-not-normalized",
    "(n_classes * counts) → counts",
    "len(y) / (n_classes * counts) → 1 / counts",
    "len(y) / (n_classes * counts) → 1 / counts / np.sum(1 / counts)",
    "len(y) / (n_classes * counts) → n_classes / counts / np.sum(1 / counts)",
    "len(y) / (n_classes * counts) → counts.max() / counts",
    "len(y) / (n_classes * counts) → counts.min() / counts",
    "len(y) / (n_classes * counts) → 1 / (n_classes * counts)",
    "len(y) / (n_classes * counts) → n_classes / counts",
    "len(y) / (n_classes * counts) → n_classes * len(y) / counts",
    "len(y) / (n_classes * counts) → counts.mean() * n_classes**2 / counts",
    says="The proportions between the classes are right, the scale is not. The weights of all m samples "
    "should add up to m; otherwise a summed or plainly averaged loss, and with it every gradient, changes "
    "its size, and the learning rate that suited the unweighted loss does not suit this one.",
)
mistake(
    class_weights,
    "weights-per-sample",
    "(n_classes * counts) → (n_classes * counts)[y]",
    says="One weight per sample comes back, (m,). The exercise asks for one per class, (n_classes,); the "
    "loss looks up each sample's class by itself.",
)
mistake(
    class_weights,
    "classes-in-wrong-order",
    "np.bincount(y) → np.sort(np.bincount(y))[::-1]",
    "np.bincount(y) → np.sort(np.bincount(y))",
    "np.bincount(y) → np.array([np.sum(y == c) for c in dict.fromkeys(y.tolist())])",
    says="The weights are right, but they stand in another order than the classes: by frequency, as "
    "`value_counts` and `most_common` give them, or by first appearance. Weight 0 must belong to class 0, "
    "or the wrong class is made to count.",
)
mistake(
    class_weights,
    "hard-coded-size",
    "n_classes = len(counts) → n_classes = 2",
    "n_classes = len(counts) → n_classes = 10",
    says="The number of classes is typed in, so it is right for one data set only. Take it from the labels.",
)
mistake(
    class_weights,
    "number-of-classes-off-by-one",
    "n_classes = len(counts) → n_classes = y.max()",
    "n_classes = len(counts) → n_classes = len(counts) + 1",
    says="The number of classes is off by one. The labels start at 0, so the largest label is one less than "
    "there are classes.",
)
mistake(
    class_weights,
    "square-root-of-weights",
    "return len(y) / (n_classes * counts) → return np.sqrt(len(y) / (n_classes * counts))",
    "(n_classes * counts) → (n_classes * np.sqrt(counts))",
    says="A square root softens the weights. That is a known variant for very rare classes, but here the "
    "classes would not count the same, and the exercise asks for that.",
)
mistake(
    class_weights,
    "integer-division",
    "len(y) / → len(y) // ",
    says="`//` drops everything behind the decimal point: the weight of a common class, which is below 1, "
    "becomes 0, and the class is never learned. `/` keeps it.",
)


# best_threshold


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
    returns="a threshold",
    probes=(
        example(
            np.array([0, 1, 0, 1, 0, 0, 1]),
            np.array([0.4, 0.9, 0.2, 0.35, 0.7, 0.1, 0.6]),
            observe=tried_out,
        ),
        ranked("main", "24 samples", "0 01 1 10 0 0 0 0 0 0 0 0 10 0 0 1 0 1 0 0 1"),
        ranked("other", "24 other samples", "0 1 0 01 0 0 0 1 10 0 0 1 1 0 1 0 1 1 1 01 1"),
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
    ("p_val >= t → p_val > t", LAST),
    says="F1 is computed for `p > t`, but the threshold will be used as `p >= t`. The sample that gave the "
    "threshold its value then falls on the other side, and the F1 you counted on is not the one you get.",
)
mistake(
    best_threshold,
    "accuracy-instead-of-f1",
    "scores.append(f1) → scores.append((tn + tp) / len(y_val))",
    ("scores.append(f1) → scores.append((tn + tp) / len(y_val))", LAST),
    says="The threshold is the best one for accuracy. With a rare positive class that is a high one: saying "
    "no almost always is right almost always, and the positives are missed.",
)
mistake(
    best_threshold,
    "precision-instead-of-f1",
    "[2] → [0]",
    ("[2] → [0]", LAST),
    says="The threshold is the best one for precision alone. That is a very high one, which raises few "
    "alarms and misses most of the positives.",
)
mistake(
    best_threshold,
    "recall-instead-of-f1",
    "[2] → [1]",
    ("[2] → [1]", LAST),
    says="The threshold is the best one for recall alone. Recall is perfect as soon as everything is called "
    "positive, so the smallest values always win.",
)
mistake(
    best_threshold,
    "f1-is-arithmetic-mean",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] → f1 = np.mean(precision_recall_f1(tn, fp, fn, tp)[:2])",
    (
        "f1 = precision_recall_f1(tn, fp, fn, tp)[2] → f1 = np.mean(precision_recall_f1(tn, fp, fn, tp)[:2])",
        LAST,
    ),
    says="The ordinary mean of precision and recall is maximized. It is at least a half when everything is "
    "called positive; F1, the harmonic mean, punishes whichever of the two is low.",
)
mistake(
    best_threshold,
    "youden-index-instead-of-f1",
    "scores.append(f1) → scores.append(tp / (tp + fn) - fp / (fp + tn))",
    ("scores.append(f1) → scores.append(tp / (tp + fn) - fp / (fp + tn))", LAST),
    says="The true positive rate minus the false positive rate is maximized, the point of the ROC curve "
    "farthest from the diagonal (Youden's index). It looks at the negatives as a class of their own; F1 "
    "does not count true negatives at all.",
)
mistake(
    best_threshold,
    "minimum-instead-of-maximum",
    "np.argmax( → np.argmin(",
    ("np.argmax(scores) → len(scores) - 1 - np.argmin(scores[::-1])"),
    says="This is the threshold with the smallest F1: look at which end of the list is taken, and how the "
    "comparison points.",
)
mistake(
    best_threshold,
    "positive-class-swapped",
    "confusion_counts(y_val, p_val >= t) → confusion_counts(1 - y_val, p_val < t)",
    ("confusion_counts(y_val, p_val >= t) → confusion_counts(1 - y_val, p_val < t)", LAST),
    says="This threshold is the best for the F1 of class 0. Positive is class 1, the one that is looked for.",
)
mistake(
    best_threshold,
    "low-probabilities-called-positive",
    "p_val >= t → p_val <= t",
    "p_val >= t → p_val < t",
    ("p_val >= t → p_val <= t", LAST),
    ("p_val >= t → p_val < t", LAST),
    says="The comparison points the other way: samples with a *low* probability of class 1 are called "
    "positive, so the best of these thresholds is one that flags everything or little.",
)
mistake(
    best_threshold,
    "index-instead-of-threshold",
    "thresholds[np.argmax(scores)] → np.argmax(scores)",
    ("np.unique(p_val) → p_val", "thresholds[np.argmax(scores)] → np.argmax(scores)"),
    ("np.unique(p_val) → np.unique(p_val)[::-1]", "thresholds[np.argmax(scores)] → np.argmax(scores)"),
    says="The position of the best threshold comes back instead of the threshold itself. No probability "
    "reaches a number such as 5, so nothing would be called positive any more.",
)
mistake(
    best_threshold,
    "f1-instead-of-threshold",
    "return thresholds[np.argmax(scores)] → return max(scores)",
    says="The largest F1 comes back instead of the threshold that reaches it. Both lie between 0 and 1, so "
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
    says="The smallest or the largest value in p_val is never tried. At times it is the best: the smallest "
    "where nearly everything is positive, the largest where one sure case stands out.",
)
mistake(
    best_threshold,
    "division-by-zero",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] "
    "→ p, r = tp / (tp + fp), tp / (tp + fn); f1 = 2 * p * r / (p + r)",
    "f1 = precision_recall_f1(tn, fp, fn, tp)[2] "
    "→ p, r = np.divide(tp, tp + fp), np.divide(tp, tp + fn); f1 = 2 * p * r / (p + r)",
    says="Where no true positive is found, precision and recall are both 0, and F1 becomes 0/0. With "
    "NumPy's numbers that is NaN, and `argmax` takes NaN for the largest: the worst threshold is returned. "
    "F1 is to be 0 there.",
)


@mistake(
    best_threshold,
    "equal-probabilities-split",
    says="Samples are added one by one in the order of their probability, and samples with the *same* "
    "probability are torn apart on the way. No threshold does that: `p >= t` takes all of them or none, so "
    "the F1 that was counted on is never reached.",
)
def in_sorted_order(y_val, p_val):
    """Count along the samples from the most probable to the least."""
    order = np.argsort(-p_val, kind="stable")
    tp = np.cumsum(y_val[order])
    f1 = 2 * tp / (np.arange(1, len(tp) + 1) + y_val.sum())
    return p_val[order][np.argmax(f1)]


# adam_step


def three_steps(
    f: Function, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], *rest: float
) -> dict[str, Any]:
    """Take three steps with different gradients and look after the first and the last."""
    gradients = (grad, -0.5 * grad[::-1], 2.0 * grad)
    seen: dict[str, Any] = {}
    for number, gradient in enumerate(gradients, 1):
        f(value, gradient, state, *rest)
        if number in (1, 3):
            steps = "1 step" if number == 1 else "3 steps"
            seen[f"value after {steps}"] = value.copy()
            seen[f"state after {steps}"] = {key: np.array(state[key], dtype=float) for key in ("t", "m", "v")}
    return seen


def fresh(*shape: int) -> dict[str, Any]:
    """Return the state before the first step."""
    return {"t": 0, "m": np.zeros(shape), "v": np.zeros(shape)}


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return gradients of either sign, none of them small."""
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.3, 2.0, size=shape)


@exercise(
    notebook=7,
    returns="",
    in_place=("value", "state"),
    observe=three_steps,
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_x)),
        away_from_zero(rng, s.m, s.n_x),
        fresh(s.m, s.n_x),
        *((0.1, 0.8, 0.95, 1e-9) if s is MAIN else (0.02, 0.7, 0.98, 1e-9)),
    ),
    probes=(
        example(np.array([1.0, -2.0]), np.array([0.5, -4.0]), fresh(2), observe=three_steps),
        extreme(
            "a vector, after 60 steps, with a large eps",
            np.array([1.0, -1.0, 0.5]),
            np.array([0.3, -0.6, 0.9]),
            {"t": 60, "m": np.array([0.4, -0.2, 0.1]), "v": np.array([0.3, 0.2, 0.5])},
            *(0.5, 0.5, 0.4, 0.1),
            observe=three_steps,
        ),
        extreme(
            "a gradient of 0",
            np.array([1.0, -2.0]),
            np.array([0.0, 0.0]),
            fresh(2),
            observe=three_steps,
        ),
    ),
    hints=(
        "Count the step first; then m and v are running averages of the gradient and of its square.",
        "Both start at 0, so early on they are too small, by 1 - beta1**t and 1 - beta2**t: divide by these "
        "(in new names, the averages themselves stay as they are).",
        'After state["t"] += 1, state["m"] = beta1 * state["m"] + (1 - beta1) * grad, likewise state["v"] '
        "with beta2 and grad**2; the step is lr * m_hat / (sqrt(v_hat) + eps), taken off by `value -= …`.",
    ),
    why="Averages that start at 0 are corrected by the weight they have collected so far; `-=` changes the "
    "caller's array, so the network itself is updated.",
)
def adam_step(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take one step of Adam, in place (Kingma & Ba, 2015, algorithm 1).

    value -= lr * m_hat / (sqrt(v_hat) + eps); value, grad: same shape; state: {"t", "m", "v"} -> None.
    """
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = beta2 * state["v"] + (1 - beta2) * grad**2
    m_hat = state["m"] / (1 - beta1 ** state["t"])
    v_hat = state["v"] / (1 - beta2 ** state["t"])
    value -= lr * m_hat / (np.sqrt(v_hat) + eps)


mistake(
    adam_step,
    "bias-correction-missing",
    (' / (1 - beta1 ** state["t"]) → ', ' / (1 - beta2 ** state["t"]) → '),
    ' / (1 - beta1 ** state["t"]) → ',
    ' / (1 - beta2 ** state["t"]) → ',
    says="The averages (or one of them) are not corrected for their start at zero. With the defaults m "
    "starts at a tenth of the gradient and v at a thousandth of its square, so the first steps have the "
    "wrong size, by a factor of three or more, and training begins with a lurch or a crawl.",
)
mistake(
    adam_step,
    "bias-correction-without-step-count",
    ('beta1 ** state["t"] → beta1', 'beta2 ** state["t"] → beta2'),
    'beta1 ** state["t"] → beta1',
    'beta2 ** state["t"] → beta2',
    ('beta1 ** state["t"] → beta1 * state["t"]', 'beta2 ** state["t"] → beta2 * state["t"]'),
    says="The correction does not follow the step count as it should. It is large at first and fades as the "
    "averages fill up, because it holds beta to the *power* t; as it is, it is right at the first step and "
    "wrong at every later one.",
)
mistake(
    adam_step,
    "bias-correction-multiplied",
    ('/ (1 - beta1 ** state["t"]) → * (1 - beta1 ** state["t"])',),
    ('/ (1 - beta2 ** state["t"]) → * (1 - beta2 ** state["t"])',),
    (
        '/ (1 - beta1 ** state["t"]) → * (1 - beta1 ** state["t"])',
        '/ (1 - beta2 ** state["t"]) → * (1 - beta2 ** state["t"])',
    ),
    (
        '/ (1 - beta1 ** state["t"]) → / beta1 ** state["t"]',
        '/ (1 - beta2 ** state["t"]) → / beta2 ** state["t"]',
    ),
    says="The correction goes the wrong way. Early averages are too small, since they started at zero, and "
    "must be made larger; check what happens to a gradient that stays the same.",
)
mistake(
    adam_step,
    "step-count-not-advanced",
    'state["t"] += 1 → ',
    ('state["t"] += 1 → t = state["t"] + 1', '** state["t"] → ** t'),
    says="The step count in the state stays where it was. The bias correction then never fades (or, at t = "
    "0, divides by zero), and Adam behaves at every step as if it were the first.",
)
mistake(
    adam_step,
    "step-count-advanced-too-late",
    (
        'state["t"] += 1 → t = state["t"]; state["t"] += 1',
        '** state["t"] → ** t',
    ),
    says="The step count goes up only after it has been used. At the first step it is still 0, the "
    "correction 1 - beta**0 is 0, and the division gives NaN or infinity for every weight.",
)
mistake(
    adam_step,
    "state-not-kept",
    (
        'state["m"] = beta1 → m = beta1',
        'state["v"] = beta2 → v = beta2',
        'm_hat = state["m"] → m_hat = m',
        'v_hat = state["v"] → v_hat = v',
    ),
    ('state["m"] = beta1 → m = beta1', 'm_hat = state["m"] → m_hat = m'),
    ('state["v"] = beta2 → v = beta2', 'v_hat = state["v"] → v_hat = v'),
    ('state["t"] += 1 → state = dict(state, t=state["t"] + 1)',),
    says="The new averages never reach the state that the caller keeps, so every step starts from the old "
    "ones: Adam without a memory. Store them under the keys of `state` itself.",
)
mistake(
    adam_step,
    "corrected-averages-stored",
    ("m_hat → state['m']", "v_hat → state['v']"),
    "m_hat → state['m']",
    "v_hat → state['v']",
    says="The corrected averages are put back into the state. The next step averages over them and corrects "
    "them once more, so they grow too large. The correction is for this one step; the state keeps the plain "
    "averages.",
)
mistake(
    adam_step,
    "epsilon-inside-root",
    "(np.sqrt(v_hat) + eps) → np.sqrt(v_hat + eps)",
    says="eps stands inside the root. There it acts as its square root, 1e-4 instead of 1e-8, which "
    "outweighs small gradients and makes their steps far too short.",
)
mistake(
    adam_step,
    "epsilon-missing",
    "(np.sqrt(v_hat) + eps) → np.sqrt(v_hat)",
    says="eps is missing. A weight whose gradient has always been 0, such as that of a dead pixel or a dead "
    "unit, then gets 0/0 = NaN, and one NaN spreads through the whole network.",
)
mistake(
    adam_step,
    "moments-swapped",
    (
        'beta1 * state["m"] + (1 - beta1) → beta2 * state["m"] + (1 - beta2)',
        'beta2 * state["v"] + (1 - beta2) → beta1 * state["v"] + (1 - beta1)',
    ),
    ("beta1 → rest", "beta2 → beta1", "rest → beta2"),
    ("beta1 ** → rest ** ", "beta2 ** → beta1 **", "rest ** → beta2 **"),
    says="beta1 and beta2 have changed places (in the averages, or in their corrections). beta1 belongs to "
    "the average of the gradient, which should turn quickly, beta2 to that of its square, which should be "
    "steady; exchanged, the direction lags and the step size jumps about.",
)
mistake(
    adam_step,
    "decay-and-share-swapped",
    (
        'beta1 * state["m"] + (1 - beta1) * grad → (1 - beta1) * state["m"] + beta1 * grad',
        'beta2 * state["v"] + (1 - beta2) * grad**2 → (1 - beta2) * state["v"] + beta2 * grad**2',
    ),
    'beta1 * state["m"] + (1 - beta1) * grad → (1 - beta1) * state["m"] + beta1 * grad',
    'beta2 * state["v"] + (1 - beta2) * grad**2 → (1 - beta2) * state["v"] + beta2 * grad**2',
    says="beta and 1 - beta stand at each other's place. The old average should keep the large share (0.9, "
    "0.999) and the new gradient get the small one; the other way round nothing is averaged.",
)
mistake(
    adam_step,
    "share-of-new-gradient-missing",
    ("(1 - beta1) * grad → grad", "(1 - beta2) * grad**2 → grad**2"),
    "(1 - beta1) * grad → grad",
    "(1 - beta2) * grad**2 → grad**2",
    says="The new gradient enters with its full weight. Then it is a sum and not an average, as in plain "
    "momentum: m grows to 10 times the gradient and v to 1000 times its square.",
)
mistake(
    adam_step,
    "gradient-not-squared",
    "grad**2 → grad",
    "grad**2 → np.abs(grad)",
    "grad**2 → np.sum(grad**2)",
    "grad**2 → np.mean(grad**2)",
    says="The second average does not hold the square of each gradient by itself. It should measure, for "
    "every weight alone, how large its gradients are; the root later brings the square back to the "
    "gradient's scale.",
)
mistake(
    adam_step,
    "root-missing",
    "np.sqrt(v_hat) → v_hat",
    says="The root of the second average is missing. The step is then divided by the squared size of the "
    "gradient: large gradients make tiny steps and small ones huge steps.",
)
mistake(
    adam_step,
    "first-average-not-used",
    "lr * m_hat → lr * grad",
    says="The step goes along the gradient of this batch; the average m is kept but not used. That is "
    "RMSprop, without the momentum that smooths out the noise of single batches.",
)
mistake(
    adam_step,
    "second-average-not-used",
    " / (np.sqrt(v_hat) + eps) → ",
    says="The step is not divided by the root of the second average. That is momentum with a correction; "
    "what makes Adam is that every weight gets a step of about lr, however small its gradient is.",
)
mistake(
    adam_step,
    "ascent-instead-of-descent",
    "value -= → value +=",
    says="The step is added. That climbs the loss instead of descending, and the loss rises from the first "
    "step on.",
)
mistake(
    adam_step,
    "update-not-in-place",
    "value -= → value = value -",
    says="The caller's array is not changed: `value = value - …` makes a new array under the same local "
    "name, which is forgotten at the end of the function. The network would keep its first weights for "
    "ever.",
)
mistake(
    adam_step,
    "learning-rate-ignored",
    "lr * m_hat → m_hat",
    "lr * m_hat → 1e-3 * m_hat",
    says="The learning rate that is passed in has no effect on the step. No slider and no schedule could "
    "change how fast this learns.",
)
mistake(
    adam_step,
    "argument-replaced-by-its-default",
    ("beta1 → 0.9", "beta2 → 0.999"),
    ("beta1 → 0.9", "beta2 → 0.999", "eps → 1e-8"),
    "beta1 → 0.9",
    "beta2 → 0.999",
    "eps → 1e-8",
    says="One of the settings is typed in as a number, so the argument of that name has no effect. With the "
    "defaults it goes unnoticed; with any other setting the step is wrong.",
)
