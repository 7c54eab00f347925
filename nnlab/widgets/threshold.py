"""The threshold explorer: what a classifier's probabilities are worth once a threshold is set."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._check import check_array, check_labels, check_number
from nnlab.plots import BLUE, GRAY, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

TITLES = ("counts", "ROC", "precision and recall", "cost per case")
MOST = 400  # points of a curve that are drawn


def threshold_explorer(
    y: Any,
    p: Any,
    *,
    threshold: float = 0.5,
    cost_false_positive: float = 1.0,
    cost_false_negative: float = 5.0,
) -> Explorer:
    """Return controls for the threshold t of the rule "1 where p >= t", and the costs of its two mistakes.

    y: (m,) labels 0 or 1, both present; p: (m,) probabilities of class 1. Costs are in any unit you like.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "threshold_explorer"
    settings = [
        controls.number(who, "threshold", "threshold t", threshold, 0.5, 0.0, 1.0, 0.01),
        controls.number(
            who, "cost_false_positive", "cost of a false alarm", cost_false_positive, 1.0, 0, 20, 0.5
        ),
        controls.number(who, "cost_false_negative", "cost of a miss", cost_false_negative, 5.0, 0, 20, 0.5),
    ]
    scene = ThresholdScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene, y, p),
        title="Threshold explorer",
        advice="lower the threshold and watch recall being bought with precision. Then make a miss cheap "
        "or expensive: where does the lowest cost move, and is the threshold 0.5 ever the best one?",
        given=["y", "p"],
    )


def _show(
    scene: ThresholdScene,
    y: Any,
    p: Any,
    turn: Turn,
    *,
    threshold: float,
    cost_false_positive: float,
    cost_false_negative: float,
) -> str:
    curves = scene.curves(y, p)
    tp, fp, fn, tn = curves.counts(threshold)
    cost = (cost_false_positive * curves.fp + cost_false_negative * curves.fn) / curves.m
    here = (cost_false_positive * fp + cost_false_negative * fn) / curves.m
    scene.draw(threshold, (tp, fp, fn, tn), (curves.t, cost), here)
    precision, recall = tp / max(tp + fp, 1), tp / (tp + fn)
    f1 = 2 * tp / (2 * tp + fp + fn)
    best = int(cost.argmin())
    return (
        f"Threshold {threshold:.2f}: precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}. Cost "
        f"per 100 cases {100 * here:.1f}; the lowest is {100 * cost[best]:.1f}, at t = {curves.t[best]:.2f}."
    )


@dataclass(frozen=True)
class Curves:
    """The counts of the rule "1 where p >= t" for thresholds t (n,), the highest first."""

    y: np.ndarray
    p: np.ndarray
    t: np.ndarray
    tp: np.ndarray
    fp: np.ndarray

    @classmethod
    def of(cls, y: Any, p: Any) -> Curves:
        """Check labels and probabilities, and count.

        Raises: ValueError, TypeError for other values or shapes, or if only one class is present.
        """
        who = "threshold_explorer"
        y = check_labels(who, "y", y, max(np.size(y), 1), 2)
        p = check_array(who, "p", p, shape=(len(y),)).astype(np.float64)
        check_number(who, "the smallest of p", p.min(), at_least=0)
        check_number(who, "the largest of p", p.max(), at_most=1)
        if len(np.unique(y)) < 2:
            raise ValueError(f"{who} expected both classes 0 and 1 in y, got {len(y)} of class {y[0]} alone")
        order = np.argsort(-p, kind="stable")
        last = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)  # of equal probabilities, the last
        last = last[np.unique(np.linspace(0, len(last) - 1, MOST).astype(int))]
        tp = np.concatenate([[0], np.cumsum(y[order])[last]])
        fp = np.concatenate([[0], last + 1]) - tp
        return cls(y, p, np.concatenate([[1.0], p[order][last]]), tp, fp)

    @property
    def m(self) -> int:
        """The number of cases."""
        return len(self.y)

    @property
    def fn(self) -> np.ndarray:
        """The misses at every threshold."""
        return self.y.sum() - self.tp

    def counts(self, threshold: float) -> tuple[int, int, int, int]:
        """Return true positives, false positives, false negatives and true negatives at a threshold."""
        said = self.p >= threshold
        tp, fp = int(np.sum(said & (self.y == 1))), int(np.sum(said & (self.y == 0)))
        fn = int(self.y.sum()) - tp
        return tp, fp, fn, self.m - tp - fp - fn


class ThresholdScene:
    """The confusion matrix, a dot on the ROC and on the precision-recall curve, and the cost."""

    def __init__(self):
        self.picture = Picture(9.6, 3.0)
        self._curves: Curves | None = None

    def curves(self, y: Any, p: Any) -> Curves:
        """Return the curves of the data, and set the scene for them unless it is set."""
        if self._curves is None:
            curves = Curves.of(y, p)
            self._set(curves)
            self._curves = curves
        return self._curves

    def _set(self, c: Curves) -> None:
        matrix, roc, pr, cost = panels(
            self.picture.clear(), TITLES, left=0.055, bottom=0.17, top=0.88, wspace=0.36
        )
        style: dict[str, Any] = {"cmap": "Blues", "vmin": 0, "vmax": 1}
        self._shares = matrix.imshow(np.zeros((2, 2)), **style)
        self._counts = [matrix.text(j, i, "", ha="center", va="center") for i in (0, 1) for j in (0, 1)]
        matrix.set(xlabel="predicted", ylabel="true", xticks=[0, 1], yticks=[0, 1])
        positives = c.tp[-1]
        self._fpr, self._recall = c.fp / (c.m - positives), c.tp / positives
        roc.plot(self._fpr, self._recall, color=BLUE)
        roc.plot([0, 1], [0, 1], ":", color=GRAY)
        roc.set(xlabel="false positive rate", ylabel="recall")
        pr.plot(self._recall[1:], (c.tp / np.maximum(c.tp + c.fp, 1))[1:], color=BLUE)
        pr.axhline(positives / c.m, ls=":", color=GRAY)
        pr.set(xlabel="recall", ylabel="precision")
        for ax in (roc, pr):
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        dot: dict[str, Any] = {"marker": "o", "color": VERMILION, "ms": 8}
        self._dots = [ax.plot([], [], **dot)[0] for ax in (roc, pr, cost)]
        (self._line,) = cost.plot([], [], ls="-", color=BLUE)
        self._cost = cost
        cost.set(xlabel="threshold t", xlim=(-0.03, 1.03), xticks=[0, 0.5, 1])
        self.picture.move(self._shares, *self._counts, *self._dots, self._line)

    def draw(self, threshold: float, counts: tuple, costs: tuple, here: float) -> None:
        """Set the moving parts."""
        tp, fp, fn, tn = counts
        shares = np.array([[tn, fp], [fn, tp]], float)
        shares /= shares.sum(axis=1, keepdims=True)
        self._shares.set_data(shares)
        for text, count, share in zip(self._counts, (tn, fp, fn, tp), shares.ravel(), strict=True):
            text.set(text=f"{count:,}\n{share:.0%}", color="white" if share > 0.55 else "black")
        precision = tp / max(tp + fp, 1)
        at = [(fp / (fp + tn), tp / (tp + fn)), (tp / (tp + fn), precision), (threshold, here)]
        for dot, (x, y) in zip(self._dots, at, strict=True):
            dot.set_data([x], [y])
        self._line.set_data(*costs)
        self._cost.set_ylim(0, 1.1 * max(costs[1].max(), here, 1e-3))
