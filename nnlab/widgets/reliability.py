"""The reliability explorer: do a classifier's probabilities come true, and what mends them?"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from nnlab._check import check_array, check_labels
from nnlab.plots import BLUE, GRAY, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

TITLES = ("do they come true?", "how often is each said?", "log loss at every temperature")
TEMPERATURES = np.geomspace(0.2, 10, 60)
MOST_BINS = 50


def reliability_explorer(
    y: Any, scores: Any, *, bins: int = 10, temperature: float = 1.0, share: float = 0.0
) -> Explorer:
    """Return controls for the bins of a reliability diagram, the temperature T, and the share of class 1.

    y: (m,) labels 0 or 1, both present; scores: (m,) log odds of class 1, so that p = σ(scores / T).
    share: of class 1 among the cases, by weighting them; 0 leaves it as it is in y.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "reliability_explorer"
    settings = [
        controls.count(who, "bins", "number of bins", bins, 10, 2, MOST_BINS),
        controls.number(who, "temperature", "temperature T", temperature, 1.0, 0.2, 10.0, 0.1),
        controls.number(who, "share", "share of class 1 (0: as it is)", share, 0.0, 0.0, 0.95, 0.05),
    ]
    scene = ReliabilityScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene, y, scores),
        title="Reliability explorer",
        advice="raise the temperature to where the log loss is lowest: what happens to the points, and what "
        "does not? Then change the share of class 1: which mistake is it that no temperature mends?",
        given=["y", "scores"],
    )


@dataclass(frozen=True)
class Cases:
    """Checked labels (m,) and scores (m,), and a weight (m,) for each case, with mean 1."""

    y: np.ndarray
    scores: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, y: Any, scores: Any, share: float = 0.0) -> Cases:
        """Check what was given, and weigh the classes so that class 1 has the share, unless that is 0.

        Raises: ValueError, TypeError for other values or shapes, or if only one class is present.
        """
        who = "reliability_explorer"
        y = check_labels(who, "y", y, max(np.size(y), 1), 2)
        scores = check_array(who, "scores", scores, shape=(len(y),)).astype(np.float64)
        if len(np.unique(y)) < 2:
            raise ValueError(f"{who} expected both classes 0 and 1 in y, got {len(y)} of class {y[0]} alone")
        base = y.mean()
        weights = np.where(y == 1, share / base, (1 - share) / (1 - base)) if share else np.ones(len(y))
        return cls(y, scores, weights)

    def log_loss(self, temperature: float) -> float:
        """Return the mean cross-entropy at a temperature; finite, whatever the scores."""
        s = self.scores / temperature
        return float(np.mean(self.weights * (np.logaddexp(0, s) - self.y * s)))

    def bins(self, p: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return, per equally wide bin: share of the cases, mean of p, mean of y; NaN for an empty bin."""
        place = np.minimum((p * n).astype(int), n - 1)
        share, said, came = (
            np.bincount(place, weights=self.weights * what, minlength=n) / len(p)
            for what in (np.ones(len(p)), p, self.y)
        )
        filled = np.where(share > 0, share, np.nan)
        return share, said / filled, came / filled


def _show(
    scene: ReliabilityScene, y: Any, scores: Any, turn: Turn, *, bins: int, temperature: float, share: float
) -> str:
    cases = Cases.of(y, scores, share)
    p = expit(cases.scores / temperature)
    shares, said, came = cases.bins(p, bins)
    error = float(np.nansum(shares * np.abs(said - came)))
    base = float(np.mean(cases.weights * cases.y))
    losses = [cases.log_loss(t) for t in TEMPERATURES]
    here, lowest = cases.log_loss(temperature), int(np.argmin(losses))
    entropy = -base * np.log(base) - (1 - base) * np.log(1 - base)
    scene.draw(shares, said, came, losses, (temperature, here), entropy)
    right = np.mean(cases.weights * ((p >= 0.5) == cases.y))
    return (
        f"{bins} bins: calibration error {error:.3f}. Log loss {here:.3f} at T = {temperature:g}, lowest "
        f"{losses[lowest]:.3f} near T = {TEMPERATURES[lowest]:.1f}; that of the base rate {base:.2f} is "
        f"{entropy:.3f}. Right at the threshold ½: {right:.3f}."
    )


class ReliabilityScene:
    """The reliability diagram, the histogram of what was said, and the log loss over temperatures."""

    def __init__(self):
        self.picture = Picture(9.6, 3.2)
        diagram, often, loss = panels(
            self.picture.clear(), TITLES, left=0.065, bottom=0.16, top=0.9, wspace=0.3
        )
        diagram.plot([0, 1], [0, 1], ":", color=GRAY)
        diagram.set(xlabel="mean predicted probability", ylabel="observed frequency")
        (self._points,) = diagram.plot([], [], "o-", color=BLUE, ms=5)
        often.set(xlabel="predicted probability", ylabel="share of the cases")
        (self._steps,) = often.plot([], [], "-", color=BLUE, drawstyle="steps-post")
        for ax in (diagram, often):
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        (self._curve,) = loss.plot([], [], "-", color=BLUE)
        (self._dot,) = loss.plot([], [], "o", color=VERMILION, ms=8)
        (self._base,) = loss.plot([], [], ":", color=GRAY)
        loss.set(xlabel="temperature T", ylabel="log loss", xscale="log", xlim=(0.19, 10.5))
        loss.set_xticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
        loss.minorticks_off()
        self._loss = loss
        self.picture.move(self._points, self._steps, self._curve, self._dot, self._base)

    def draw(self, shares, said, came, losses, dot, entropy) -> None:
        """Set the moving parts."""
        filled = shares > 0
        self._points.set_data(said[filled], came[filled])
        self._steps.set_data(np.linspace(0, 1, len(shares) + 1), np.append(shares, shares[-1]))
        self._curve.set_data(TEMPERATURES, losses)
        self._dot.set_data([dot[0]], [dot[1]])
        self._base.set_data([0.1, 20], [entropy, entropy])
        low, high = min(*losses, entropy), max(entropy, dot[1], losses[len(losses) // 2])
        self._loss.set_ylim(low - 0.05 * (high - low) - 1e-3, high + 0.5 * (high - low) + 1e-3)
