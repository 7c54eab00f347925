"""Figures that judge a classifier: counts, rates, thresholds and calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nnlab._check import check_array, check_count, check_labels, check_number
from nnlab.plots.style import (
    GRAY,
    axes_of,
    by_label,
    count_classes,
    line_style,
)


def confusion_matrix(y_true, y_pred, *, labels: Sequence[str] | None = None, ax=None) -> Axes:
    """Draw the counts of every true class (row) and predicted class (column), with the share of the row.

    y_true, y_pred: integer labels (m,); labels: a name per class 0, 1, …
    """
    who = "confusion_matrix"
    from sklearn import metrics

    n = count_classes(y_true, y_pred) if labels is None else len(labels)
    m = max(np.size(y_true), 1)
    y_true, y_pred = check_labels(who, "y_true", y_true, m, n), check_labels(who, "y_pred", y_pred, m, n)
    counts = metrics.confusion_matrix(y_true, y_pred, labels=range(n))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = axes_of(ax)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        text = f"{count:,}\n{shares[i, j]:.0%}" if n <= 4 else f"{count}"
        ax.text(j, i, text, ha="center", va="center", color="white" if shares[i, j] > 0.55 else "black")
    names = labels if labels is not None else range(n)
    ax.set_xticks(range(n), names)
    ax.set_yticks(range(n), names)
    ax.set(xlabel="predicted", ylabel="true")
    ax.grid(False)
    return ax


def roc_curve(y, scores, *, ax=None) -> Axes:
    """Draw true against false positive rate over all thresholds, beside chance; the legend gives the area.

    y: labels 0 or 1 (m,), both present; scores: (m,), or a dict label -> (m,), higher for class 1.
    """
    y, named = _binary("roc_curve", y, scores)
    from sklearn import metrics

    ax = axes_of(ax)
    for i, (label, s) in enumerate(named.items()):
        false_rate, true_rate, _ = metrics.roc_curve(y, s)
        ax.plot(
            false_rate,
            true_rate,
            label=f"{label}: AUC {metrics.auc(false_rate, true_rate):.3f}",
            **line_style(i, len(false_rate)),
        )
    ax.plot([0, 1], [0, 1], color=GRAY, ls=":", label="chance: AUC 0.500")
    ax.set(
        xlabel="false positive rate",
        ylabel="true positive rate (recall)",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    ax.legend(loc="lower right")
    return ax


def precision_recall_curve(y, scores, *, ax=None) -> Axes:
    """Draw precision against recall over all thresholds, beside the base rate; legend: average precision.

    y: labels 0 or 1 (m,), both present; scores: (m,), or a dict label -> (m,), higher for class 1.
    """
    y, named = _binary("precision_recall_curve", y, scores)
    from sklearn import metrics

    ax = axes_of(ax)
    for i, (label, s) in enumerate(named.items()):
        precision, recall, _ = metrics.precision_recall_curve(y, s)
        area = metrics.average_precision_score(y, s)
        ax.plot(recall, precision, label=f"{label}: AP {area:.3f}", **line_style(i, len(recall)))
    ax.axhline(y.mean(), color=GRAY, ls=":", label=f"base rate {y.mean():.3f}")
    ax.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.legend(loc="best")
    return ax


def thresholds(y, probabilities, *, chosen: float | None = None, ax=None) -> Axes:
    """Draw precision, recall and F1 of the rule "1 where p >= t" over t, beside the base rate.

    y: labels 0 or 1 (m,), both present; probabilities: (m,); chosen: a threshold to mark.
    """
    y, named = _binary("thresholds", y, {"probabilities": probabilities})
    chosen = None if chosen is None else check_number("thresholds", "chosen", chosen)
    from sklearn import metrics

    precision, recall, t = metrics.precision_recall_curve(y, named["probabilities"])
    precision, recall = precision[:-1], recall[:-1]  # the last pair belongs to no threshold
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    ax = axes_of(ax)
    for i, (label, values) in enumerate({"precision": precision, "recall": recall, "F1": f1}.items()):
        ax.plot(t, values, label=label, **line_style(i, len(t)))
    ax.axhline(y.mean(), color=GRAY, ls=":", label=f"base rate {y.mean():.3f}")
    if chosen is not None:
        ax.axvline(chosen, color="black", lw=1, label=f"chosen: {chosen:.3f}")
    ax.set(xlabel="threshold t", ylabel="value", ylim=(-0.02, 1.02))
    ax.legend()
    return ax


def calibration(y, probabilities, *, bins: int = 10, ax=None) -> Axes:
    """Draw how often class 1 occurred against its predicted probability, in bins of equally many samples.

    y: labels 0 or 1 (m,), both present; probabilities: (m,), or a dict label -> (m,), in [0, 1].
    """
    who = "calibration"
    y, named = _binary(who, y, probabilities)
    bins = check_count(who, "bins", bins)
    for p in named.values():
        check_number(who, "the smallest probability", p.min(), at_least=0)
        check_number(who, "the largest probability", p.max(), at_most=1)
    from sklearn.calibration import calibration_curve

    ax = axes_of(ax)
    for i, (label, p) in enumerate(named.items()):
        observed, predicted = calibration_curve(y, p, n_bins=bins, strategy="quantile")
        ax.plot(predicted, observed, label=label, **line_style(i))
    ax.plot([0, 1], [0, 1], color=GRAY, ls=":", label="perfect")
    ax.set(xlabel="mean predicted probability", ylabel="observed frequency")
    ax.legend(loc="upper left")
    return ax


def _binary(who: str, y, scores) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return y and a dict of score arrays, all (m,), with both classes present."""
    y = check_labels(who, "y", y, max(np.size(y), 1), 2)
    if len(np.unique(y)) < 2:
        raise ValueError(f"{who} expected both classes 0 and 1 in y, got only {y[0]}")
    named = by_label(who, "scores", scores, "model")
    return y, {k: check_array(who, f"scores {k!r}", s, shape=(len(y),)) for k, s in named.items()}
