"""The exercise `precision_recall_f1`: three figures from four counts."""

from __future__ import annotations

import numpy as np  # noqa: F401 (the mistakes use it)

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, extreme


def counted(kind: str, tn: int, fp: int, fn: int, tp: int) -> Probe:
    """Return a probe of four counts."""
    return Probe(f"tn = {tn}, fp = {fp}, fn = {fn}, tp = {tp}", (tn, fp, fn, tp), kind)


@exercise(
    notebook=7,
    order=2,
    returns="precision, recall, f1",
    probes=(
        counted("example", 5, 1, 2, 3),
        counted("main", 70, 11, 23, 17),
        counted("other", 31, 29, 5, 13),
        counted("extreme", 9, 0, 2, 3),
        counted("extreme", 9, 2, 0, 3),
        counted("extreme", 9, 3, 3, 3),
        counted("extreme", 0, 0, 0, 6),
        extreme("nothing is predicted positive", 8, 0, 4, 0),
        extreme("there are no positives", 8, 3, 0, 0),
        extreme("there are positives, none of them found", 8, 3, 4, 0),
        extreme("no positives, and none predicted", 12, 0, 0, 0),
    ),
    rtol=1e-7,
    hints=(
        "Precision is about the samples that were predicted positive, recall about those that are positive.",
        "Both have the true positives on top; F1 is their harmonic mean, 2·p·r / (p + r). Which of the "
        "three can have a denominator of 0?",
        "The denominator of precision is all samples that were predicted positive, that of recall all "
        "that are positive: which two counts make up each? Give every one of the three divisions its `if "
        "… else 0.0`.",
    ),
    why="A network that predicts no positive at all has no precision; setting it to 0 keeps the numbers "
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
    says="Precision and recall are swapped (or false positives and false negatives are). Precision asks "
    "how many of the alarms are real, recall how many of the real cases raise an alarm. F1 treats "
    "both alike, so it comes out right all the same.",
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
    says="F1 is taken as the geometric mean, the square root of the product. That is the Fowlkes–Mallows "
    "index; F1 is the harmonic mean.",
)
mistake(
    precision_recall_f1,
    "missing-factor-two",
    "f1 = 2 * precision → f1 = precision",
    says="F1 is half of what it should be. The mean of two equal numbers is that number: with precision "
    "and recall both 1, F1 must be 1 as well.",
)
mistake(
    precision_recall_f1,
    "f1-is-jaccard-index",
    "2 * precision * recall / (precision + recall) if → tp / (tp + fp + fn) if",
    says="This is tp / (tp + fp + fn), the Jaccard index (intersection over union). It ranks networks just "
    "as F1 does, but its values are smaller; in F1 the true positives count twice, in the numerator and in "
    "the denominator.",
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
    says="The fraction in F1 is upside down: the sum is on top and the product below. A mean of two "
    "numbers lies between them, and this one exceeds 1.",
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
    says="Ordinary cases are right, but a denominator is 0 when nothing is predicted positive, when there "
    "are no positives, or when none is found. A network that always predicts the common class, as "
    "many do after the first epoch, gives exactly that case; the exercise asks for 0.0 there.",
)
mistake(
    precision_recall_f1,
    "undefined-counts-as-one",
    ("tp + fp else 0.0 → tp + fp else 1.0", "tp + fn else 0.0 → tp + fn else 1.0"),
    "else 0.0 → else 1.0",
    "tp + fp else 0.0 → tp + fp else 1.0",
    "tp + fn else 0.0 → tp + fn else 1.0",
    says="Where a result is undefined, you return 1. A network that never predicts a positive then gets "
    "perfect precision; the exercise asks for 0.0.",
)
mistake(
    precision_recall_f1,
    "positive-class-swapped",
    (
        "tp / (tp + fp) if tp + fp else → tn / (tn + fn) if tn + fn else",
        "tp / (tp + fn) if tp + fn else → tn / (tn + fp) if tn + fp else",
    ),
    says="These are the results for class 0: the true negatives are used where the true positives belong. "
    "With a rare positive class they look excellent, even for a network that never finds a positive.",
)
mistake(
    precision_recall_f1,
    "accuracy-instead-of-precision",
    "tp / (tp + fp) if tp + fp else 0.0 → (tp + tn) / (tn + fp + fn + tp)",
    says="Precision is computed as accuracy, the share of right answers among all. It includes the many "
    "easy negatives, which hide how often an alarm is false.",
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
    "exceed 1; a share has the whole in its denominator, hits and errors together.",
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
    says="`//` discards the fraction, so a fraction below 1 becomes 0; use `/`.",
)
mistake(
    precision_recall_f1,
    "f-beta-instead-of-f1",
    "2 * precision * recall / (precision + recall) if precision + recall "
    "→ 5 * precision * recall / (4 * precision + recall) if precision + recall",
    "2 * precision * recall / (precision + recall) if precision + recall "
    "→ 1.25 * precision * recall / (0.25 * precision + recall) if precision + recall",
    says="This is an F-score other than F1: F2 gives more weight to recall, F0.5 to precision. F1 is the "
    "harmonic mean of both, and treats them alike.",
)
mistake(
    precision_recall_f1,
    "accuracy-instead-of-f1",
    "2 * precision * recall / (precision + recall) if precision + recall else 0.0 → (tn + tp) / (tn + fp + "
    "fn + tp)",
    says="F1 is computed as accuracy, the share of right answers among all. F1 leaves the true negatives "
    "out.",
)
mistake(
    precision_recall_f1,
    "one-figure-twice",
    "tp / (tp + fn) if tp + fn → tp / (tp + fp) if tp + fp",
    "tp / (tp + fp) if tp + fp → tp / (tp + fn) if tp + fn",
    says="Precision and recall have the same formula. They differ in the errors in the denominator: false "
    "alarms for the one, missed cases for the other.",
)
mistake(
    precision_recall_f1,
    "negatives-below-the-line",
    "tp / (tp + fn) if tp + fn → tp / (tp + tn) if tp + tn",
    "tp / (tp + fp) if tp + fp → tp / (tp + tn) if tp + tn",
    says="The true negatives are in the denominator, where one of the two kinds of errors belongs. Neither "
    "precision nor recall counts them.",
)
mistake(
    precision_recall_f1,
    "result-rounded",
    "return precision, recall, f1 → return round(precision, 2), round(recall, 2), round(f1, 2)",
    "return precision, recall, f1 → return round(precision, 3), round(recall, 3), round(f1, 3)",
    "return precision, recall, f1 → return round(precision, 4), round(recall, 4), round(f1, 4)",
    says="The results are right but rounded. Round only when you print: further computation needs all the "
    "digits.",
)
mistake(
    precision_recall_f1,
    "results-in-other-order",
    "return precision, recall, f1 → return f1, precision, recall",
    "return precision, recall, f1 → return recall, f1, precision",
    "return precision, recall, f1 → return precision, f1, recall",
    "return precision, recall, f1 → return f1, recall, precision",
    says="The three results are right, but they are returned in a different order. The caller unpacks them "
    "as `precision, recall, f1`.",
)
mistake(
    precision_recall_f1,
    "parentheses-missing",
    "2 * precision * recall / (precision + recall) → 2 * precision * recall / precision + recall",
    ("tp / (tp + fp) if → tp / tp + fp if tp and", "tp / (tp + fn) if → tp / tp + fn if tp and"),
    says="Parentheses are missing in the denominator: Python divides before it adds, so `a / b + c` is (a "
    "/ b) + c.",
)
mistake(
    precision_recall_f1,
    "product-instead-of-f1",
    "f1 = 2 * precision * recall / (precision + recall) → f1 = precision * recall",
    says="F1 is taken as the product of precision and recall. It is their harmonic mean, 2·p·r / (p + r).",
)
