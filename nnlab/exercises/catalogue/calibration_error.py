"""The exercise `calibration_error`: how far probabilities and frequencies lie apart."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, Sizes, example, extreme


def forecasts(rng: np.random.Generator, m: int, n_bins: int, low: float, high: float) -> tuple:
    """Return labels and too confident probabilities from low to high, none of them on the edge of a bin."""
    p = rng.uniform(low, high, size=m)
    distance = np.abs(p * n_bins - np.round(p * n_bins))
    p = np.where(distance < 0.05, p + 0.1 / n_bins, p).round(4)
    return (rng.random(m) < 0.3 + 0.4 * p**2).astype(int), p, n_bins


@exercise(
    notebook=10,
    order=4,
    returns="the error",
    probes=(
        example(np.array([0, 1, 0, 1, 1]), np.array([0.12, 0.24, 0.36, 0.74, 0.92]), 2),
        example(
            np.array([1, 0, 0, 1, 1]), np.array([0.83, 0.12, 0.17, 0.34, 0.88]), label="ten bins, by default"
        ),
        Probe(
            "60 samples, 5 bins",
            forecasts(np.random.default_rng(10), 60, 5, 0.02, 0.97),
            "main",
            sizes=Sizes(60, 1, 1, 5),
        ),
        Probe(
            "41 samples, 8 bins",
            forecasts(np.random.default_rng(11), 41, 8, 0.02, 0.97),
            "other",
            sizes=Sizes(41, 1, 1, 8),
        ),
        extreme("all samples in two of the bins", *forecasts(np.random.default_rng(5), 17, 6, 0.36, 0.62)),
        extreme("a probability of 1", np.array([1, 0, 1, 0, 1]), np.array([1.0, 1.0, 0.96, 0.16, 0.44]), 4),
        extreme("a single bin", np.array([1, 0, 0, 1, 1]), np.array([0.92, 0.23, 0.44, 0.66, 0.84]), 1),
        extreme(
            "right on average in every bin",
            np.array([1, 0, 0, 0, 1, 0]),
            np.array([0.31, 0.19, 0.26, 0.24, 0.62, 0.38]),
            2,
        ),
        extreme(
            "a hundred bins, most of them empty", *forecasts(np.random.default_rng(6), 9, 100, 0.02, 0.97)
        ),
    ),
    rtol=1e-7,
    hints=(
        "Among the samples for which the model says about 0.8, eight tenths should have y = 1. Sort the "
        "samples into bins by p, and in each bin compare what was predicted with what happened.",
        "In a bin, what was predicted is the mean of p, and what happened is the mean of y. Bins with "
        "more samples count more: each by its share of all samples. What should happen to an empty bin, "
        "and to p = 1?",
        "`(p * n_bins).astype(int)` numbers the bins from 0; `np.minimum` brings p = 1 back into the "
        "last. Loop over the bins, skip the empty ones, and add up share times absolute difference.",
    ),
    why="Multiplying by n_bins and discarding the fraction numbers the bins without a list of edges; an "
    "empty bin has no mean, so it is skipped before one is taken.",
)
def calibration_error(y, p, n_bins=10):
    """Return the sum over equally wide bins of (share of the samples in it) * |mean of y - mean of p|.

    y: (m,) of 0 and 1, p: (m,) probabilities of class 1 -> float. p = 1 belongs to the last bin.
    """
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    error = 0.0
    for b in range(n_bins):
        inside = bins == b
        if inside.any():
            error += inside.mean() * abs(y[inside].mean() - p[inside].mean())
    return error


TERM = "inside.mean() * abs(y[inside].mean() - p[inside].mean())"
BINS = "bins = np.minimum((p * n_bins).astype(int), n_bins - 1)"

mistake(
    calibration_error,
    "bins-unweighted",
    ("inside.mean() * abs → abs", "return error → return error / len(np.unique(bins))"),
    ("inside.mean() * abs → abs", "return error → return error / n_bins"),
    "inside.mean() * abs → abs",
    says="Every bin counts alike, however many samples are in it. A bin with two samples, whose frequency "
    "is mostly chance, then weighs as much as one with two hundred. Each counts by its share of the "
    "samples.",
)
mistake(
    calibration_error,
    "counts-instead-of-shares",
    "inside.mean() → inside.sum()",
    says="The bins are weighted by their number of samples, not by their share. The error then grows with "
    "the data; it should lie between 0 and 1.",
)
mistake(
    calibration_error,
    "averaged-over-bins-as-well",
    "return error → return error / n_bins",
    "return error → return error / len(np.unique(bins))",
    says="The weighted sum is also divided by the number of bins. The weights are shares and add up to 1 "
    "already, so the sum is the mean.",
)
mistake(
    calibration_error,
    "bins-by-quantile",
    f"{BINS} → bins = np.empty(len(p), dtype=int)\n"
    "    for k, part in enumerate(np.array_split(np.argsort(p), n_bins)):\n        bins[part] = k",
    f"{BINS} → bins = np.searchsorted(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]), p, side='right')",
    f"{BINS} → bins = np.searchsorted(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1]), p)",
    says="The bins hold equally many samples each. That is a sensible variant, but here they are equally "
    "wide: from 0 to 1 / n_bins, and so on.",
)
mistake(
    calibration_error,
    "bins-over-range-of-p",
    f"{BINS} → width = (np.ptp(p) or 1.0) / n_bins\n"
    "    bins = np.minimum(((p - p.min()) / width).astype(int), n_bins - 1)",
    says="The bins cover the range from the smallest to the largest p. They should go from 0 to 1, "
    "whatever the model predicts, so that two models are measured by the same bins.",
)
mistake(
    calibration_error,
    "one-bin-too-few",
    f"{BINS} → bins = np.minimum((p * max(1, n_bins - 1)).astype(int), max(1, n_bins - 1) - 1)",
    f"{BINS} → bins = np.minimum((p * (n_bins - 1)).astype(int), n_bins - 2)",
    f"{BINS} → bins = (p * (n_bins - 1)).astype(int)",
    (
        f"{BINS} → bins = np.minimum((p * (n_bins + 1)).astype(int), n_bins)",
        "range(n_bins) → range(n_bins + 1)",
    ),
    says="The number of bins is off by one. n_bins bins have n_bins + 1 edges: as with fence posts, count "
    "both ends.",
)
mistake(
    calibration_error,
    "bins-by-rounding",
    (f"{BINS} → bins = np.round(p * n_bins).astype(int)", "range(n_bins) → range(n_bins + 1)"),
    f"{BINS} → bins = np.minimum(np.round(p * n_bins).astype(int), n_bins - 1)",
    f"{BINS} → bins = np.round(p * (n_bins - 1)).astype(int)",
    says="The bins are found by rounding. The first and the last are then half as wide as the others; "
    "discarding the fraction makes all of them equally wide.",
)
mistake(
    calibration_error,
    "largest-instead-of-sum",
    f"error += {TERM} → error = max(error, abs(y[inside].mean() - p[inside].mean()))",
    f"error += {TERM} → error = max(error, {TERM})",
    says="Only the worst bin counts. That is the maximum calibration error, which mostly reflects the bin "
    "with the fewest samples. Here all bins are added up.",
)
mistake(
    calibration_error,
    "absolute-value-missing",
    "abs(y[inside].mean() - p[inside].mean()) → (y[inside].mean() - p[inside].mean())",
    "abs(y[inside].mean() - p[inside].mean()) → (p[inside].mean() - y[inside].mean())",
    says="The differences keep their signs, so bins where the model is overconfident and bins where it is "
    "underconfident cancel. What is left is the difference of the two means over all samples, and no "
    "bins are needed for that.",
)
mistake(
    calibration_error,
    "absolute-value-at-the-end",
    (
        "abs(y[inside].mean() - p[inside].mean()) → (y[inside].mean() - p[inside].mean())",
        "return error → return abs(error)",
    ),
    says="The absolute value is taken of the sum, after the bins have already canceled. A model that says "
    "0.9 for 0.7 and 0.1 for 0.3 would look perfect. Take it in each bin.",
)
mistake(
    calibration_error,
    "distance-per-sample",
    "abs(y[inside].mean() - p[inside].mean()) → abs(y[inside] - p[inside]).mean()",
    says="The distance |y - p| is taken sample by sample. y is 0 or 1, so even the best calibrated "
    "forecast of rain, 0.3, is 0.3 or 0.7 off each day. The means of a bin are taken first, and then "
    "compared.",
)
mistake(
    calibration_error,
    "brier-score-instead",
    "return error → return np.mean((y - p) ** 2)",
    "return error → return -np.mean(np.log(np.where(y == 1, p, 1 - p) + 1e-12))",
    says="This is the Brier score or the log loss, a mean over single samples. Both mix calibration with "
    "how well the model separates the classes; the calibration error compares means of bins.",
)
mistake(
    calibration_error,
    "median-instead-of-mean",
    "p[inside].mean() → np.median(p[inside])",
    says="In each bin the median of the probabilities is taken. The frequency it is compared with is a "
    "mean, and so should this be.",
)
mistake(
    calibration_error,
    "squared-difference",
    "abs(y[inside].mean() - p[inside].mean()) → (y[inside].mean() - p[inside].mean()) ** 2",
    (
        "abs(y[inside].mean() - p[inside].mean()) → (y[inside].mean() - p[inside].mean()) ** 2",
        "return error → return np.sqrt(error)",
    ),
    says="The differences are squared. That is a variant with other numbers (its root is the RMS "
    "calibration error); here the absolute value counts.",
)
mistake(
    calibration_error,
    "one-falls-out",
    f"{BINS} → bins = (p * n_bins).astype(int)",
    "inside = bins == b → inside = (bins == b) & (p < 1)",
    f"{BINS} → bins = (p * n_bins).astype(int); np.zeros(n_bins)[bins]",
    says="Samples with p = 1 fall out of the last bin. They are the model's most confident predictions, "
    "and an overconfident network makes many of them. The last bin includes its upper end.",
)
mistake(
    calibration_error,
    "own-bin-for-one",
    (f"{BINS} → bins = (p * n_bins).astype(int)", "range(n_bins) → range(n_bins + 1)"),
    says="Samples with p = 1 get a bin of their own, beyond the last. They belong in the last bin, with "
    "the values just below 1.",
)
mistake(
    calibration_error,
    "division-by-zero",
    "if inside.any() → if True",
    says="An empty bin has no mean: NumPy warns, gives NaN, and the whole sum is NaN. With ten bins and a "
    "model that never predicts 0.95, this always happens. An empty bin contributes nothing.",
)
mistake(
    calibration_error,
    "argument-replaced-by-its-default",
    ("p * n_bins → p * 10", "n_bins - 1 → 9", "range(n_bins) → range(10)"),
    says="The number of bins is always 10, whatever `n_bins` says. That is right only as long as the "
    "caller leaves it at its default.",
)
mistake(
    calibration_error,
    "bin-center-instead-of-mean",
    "p[inside].mean() → (b + 0.5) / n_bins",
    "p[inside].mean() → b / n_bins",
    "p[inside].mean() → (b + 1) / n_bins",
    says="The frequency is compared with the place of the bin (its center, or an edge), not with the mean "
    "of the probabilities in it. With few bins these differ, and a perfect model seems to be off.",
)
mistake(
    calibration_error,
    "confidence-instead-of-probability",
    f"{BINS} → y, p = (y == (p >= 0.5)), np.maximum(p, 1 - p); {BINS}",
    f"{BINS} → y = (y == (p >= 0.5)); {BINS}",
    says="The probability is compared with how often the prediction was right. That is the version for "
    "many classes, with the probability of the class that was chosen. Here p is the probability of class "
    "1, and is compared with how often y is 1.",
)
mistake(
    calibration_error,
    "predictions-instead-of-labels",
    "y[inside].mean() → (p[inside] >= 0.5).mean()",
    says="The probabilities are compared with the model's own predictions; the labels are not used. "
    "Calibration compares what was predicted with what happened.",
)
mistake(
    calibration_error,
    "predictions-instead-of-probabilities",
    "p[inside].mean() → (p[inside] >= 0.5).mean()",
    says="The labels are compared with predictions of 0 and 1; the probabilities only choose the bin. "
    "Calibration is about the probability itself, 0.7 or 0.9, not about which side of a threshold it "
    "is on.",
)
mistake(
    calibration_error,
    "bins-left-out",
    "error += → error =",
    "range(n_bins) → range(1)",
    "range(n_bins) → range(n_bins - 1)",
    "range(n_bins) → range(1, n_bins)",
    "if inside.any(): → if not inside.any():\n            break\n        else:",
    says="Not all bins count: only the first or the last, or those before an empty one, or all but one. "
    "Look for a `return` or `break` inside the loop, `=` where `+=` is meant, or a range that begins or "
    "ends at the wrong place.",
)
mistake(
    calibration_error,
    "weighted-by-positives",
    "inside.mean() * → y[inside].sum() / max(1, y.sum()) *",
    says="The bins are weighted by their share of the positives. Each counts by its share of all samples, "
    "those with y = 0 included.",
)
mistake(
    calibration_error,
    "percent-instead-of-fraction",
    "return error → return 100 * error",
    says="The result is a percentage. The error is a difference of probabilities, between 0 and 1.",
)
