"""The exercise `skill`: how much better a forecast is than a baseline."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def forecasts(kind: str, m: int, error: float, shift: float, seed: int) -> Probe:
    """Return a probe with a forecast whose errors are so large, and off by shift on average."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=m) * 2 + 5
    forecast, baseline = y + error * rng.normal(size=m) + shift, y + 2 * rng.normal(size=m) - 0.6
    return Probe(f"{m} forecasts", (y, forecast, baseline), kind)


@exercise(
    notebook=17,
    order=2,
    returns="the skill",
    probes=(
        example(np.array([1.0, 3.0, 4.0]), np.array([2.0, 3.0, 2.0]), np.array([3.0, 1.0, 3.0])),
        example(
            np.array([2.0, 4.0]), np.array([3.0, 6.0]), np.array([3.0, 4.0]), label="worse than the baseline"
        ),
        forecasts("main", 9, 1.0, 0.3, seed=0),
        forecasts("main", 6, 0.7, -0.5, seed=1),
        forecasts("other", 11, 3.0, 0.4, seed=2),
        forecasts("other", 20, 1.6, 1.0, seed=3),
        extreme(
            "a forecast without errors",
            np.array([1.0, 3.0, -2.0]),
            np.array([1.0, 3.0, -2.0]),
            np.array([2.0, 1.0, 1.5]),
        ),
        extreme(
            "the forecast is the baseline",
            np.array([1.0, 3.0, -2.0]),
            np.array([2.0, 1.0, 1.5]),
            np.array([2.0, 1.0, 1.5]),
        ),
        extreme(
            "the baseline is right now and then",
            np.array([1.0, 3.0, -2.0, 0.5]),
            np.array([1.5, 3.0, -1.0, 0.7]),
            np.array([1.0, 1.0, -2.0, 2.5]),
        ),
        extreme("a single value", np.array([2.0]), np.array([2.5]), np.array([4.0])),
        extreme(
            "a series that does not move",
            np.array([2.0, 2.0, 2.0]),
            np.array([2.5, 1.0, 2.2]),
            np.array([4.0, 1.0, 2.0]),
        ),
    ),
    hints=(
        "A perfect forecast should get 1, one that is just as good as the baseline 0, and a worse one less "
        "than 0. What has to be compared?",
        "Compute the mean squared error of both, each against y, and look at their ratio. What is it for a "
        "perfect forecast, and what for the baseline itself?",
        "The error of the forecast goes over that of the baseline: the part of the baseline's error that is "
        "still there. The skill is the part that is gone. No root, no absolute values.",
    ),
    why="Both errors are taken on the same y, so their ratio does not depend on the unit or on how much the "
    "series moves; what is subtracted from 1 is what the forecast leaves of the baseline's error.",
)
def skill(y, forecast, baseline):
    """Return the skill of a forecast: 1 - MSE(forecast) / MSE(baseline).

    1 is a perfect forecast, 0 one as good as the baseline; a worse one is below 0.
    y, forecast, baseline: (m,) -> number.
    """
    error = np.mean((y - forecast) ** 2)
    error_of_baseline = np.mean((y - baseline) ** 2)
    return 1 - error / error_of_baseline


ERROR = "np.mean((y - forecast) ** 2)"
OF_BASELINE = "np.mean((y - baseline) ** 2)"
RATIO = "error / error_of_baseline"
SKILL = f"1 - {RATIO}"

mistake(
    skill,
    "ratio-of-rmse",
    (f"{ERROR} → np.sqrt({ERROR})", f"{OF_BASELINE} → np.sqrt({OF_BASELINE})"),
    alone=("error / → np.sqrt(error) /", "/ error_of_baseline → / np.sqrt(error_of_baseline)"),
    says="The root is taken, so this compares RMSE instead of MSE (or one of each). Half the RMSE is a "
    "quarter of the MSE: skills from the two cannot be compared, and here the squared errors are meant.",
)
mistake(
    skill,
    "ratio-of-mae",
    (f"{ERROR} → np.mean(abs(y - forecast))", f"{OF_BASELINE} → np.mean(abs(y - baseline))"),
    alone=(f"{ERROR} → np.mean(abs(y - forecast))", f"{OF_BASELINE} → np.mean(abs(y - baseline))"),
    says="Absolute errors are compared, not squared ones. That is a skill too, but another one: it forgives "
    "large errors more.",
)
mistake(
    skill,
    "ratio-inverted",
    f"{RATIO} → error_of_baseline / error",
    says="The ratio is upside down, or forecast and baseline are swapped: a good forecast gets a large "
    "negative number, and a perfect one a division by zero. The baseline's error is what one divides by.",
)
mistake(
    skill,
    "baseline-ignored",
    "y - baseline → y - np.mean(y)",
    alone=(
        f"{OF_BASELINE} → np.var(y, ddof=1)",
        f"{OF_BASELINE} → np.mean((y[1:] - y[:-1]) ** 2)",
        f"{OF_BASELINE} → np.mean((y - np.median(y)) ** 2)",
        f"{SKILL} → 1 - error",
        f"{SKILL} → error",
        f"{OF_BASELINE} → np.mean(y**2)",
        f"{OF_BASELINE} → np.mean((y - y[0]) ** 2)",
    ),
    says="The baseline that is passed in does not come in. A skill compares the forecast's error with that "
    "of the baseline. Compared with the mean of y it would be R², which a slow series makes large for any "
    "forecast, even for yesterday's value; so choose a baseline that is hard to beat.",
)
mistake(
    skill,
    "one-missing",
    f"{SKILL} → {RATIO}",
    says="This is the ratio of the errors, the part of the baseline's error that is left. It is 0 for a "
    "perfect forecast and 1 for the baseline; the skill has it the other way around.",
)
mistake(
    skill,
    "skill-sign-flipped",
    f"{SKILL} → {RATIO} - 1",
    says="The sign is reversed. More skill is better: 1 is perfect, and a forecast worse than the baseline "
    "is negative.",
)
mistake(
    skill,
    "one-added",
    f"{SKILL} → 1 + {RATIO}",
    says="The ratio is added to 1. It is what the forecast leaves of the baseline's error, so it is taken "
    "away.",
)
mistake(
    skill,
    "parentheses-misplaced",
    f"{SKILL} → (1 - error) / error_of_baseline",
    alone=(f"{SKILL} → error_of_baseline - error / error_of_baseline",),
    says="The 1 and the ratio are not put together as they should be. Python divides before it subtracts: "
    "first the ratio of the two errors, then 1 minus that.",
)
mistake(
    skill,
    "difference-instead-of-ratio",
    f"{SKILL} → error_of_baseline - error",
    alone=(f"{SKILL} → error - error_of_baseline",),
    says="The errors are subtracted and not compared as a ratio. Their difference has the unit of y "
    "squared, and tells nothing as long as one does not know how large the errors are.",
)
mistake(
    skill,
    "compared-with-the-forecast",
    f"{SKILL} → (error_of_baseline - error) / error",
    alone=(f"{SKILL} → (error_of_baseline - error) / (error_of_baseline + error)",),
    says="The improvement is divided by the error of the forecast. It is measured by the baseline's error: "
    "what part of that is gone?",
)
mistake(
    skill,
    "divided-by-the-variance",
    f"{SKILL} → (error_of_baseline - error) / np.var(y)",
    says="The improvement is divided by the variance of y: this is the difference of two R². It is measured "
    "by the baseline's error, which says how much there was to improve.",
)
mistake(
    skill,
    "percent-instead-of-fraction",
    f"{SKILL} → 100 * ({SKILL})",
    says="The skill is in percent. It is a plain number: 1 for a perfect forecast.",
)
mistake(
    skill,
    "square-missing",
    (f"{ERROR} → np.mean(y - forecast)", f"{OF_BASELINE} → np.mean(y - baseline)"),
    alone=(
        f"{ERROR} → np.mean(y - forecast)",
        f"{OF_BASELINE} → np.mean(y - baseline)",
        (f"{ERROR} → abs(np.mean(y - forecast))", f"{OF_BASELINE} → abs(np.mean(y - baseline))"),
    ),
    says="The errors are averaged without squaring them, so that positive and negative ones cancel.",
)
mistake(
    skill,
    "square-of-the-mean",
    (f"{ERROR} → np.mean(y - forecast) ** 2", f"{OF_BASELINE} → np.mean(y - baseline) ** 2"),
    alone=(f"{ERROR} → np.mean(y - forecast) ** 2", f"{OF_BASELINE} → np.mean(y - baseline) ** 2"),
    says="The mean error is squared; squares come first, then the mean. Errors of both signs cancel here "
    "before they count.",
)
mistake(
    skill,
    "mean-of-ratios",
    f"{SKILL} → 1 - np.mean((y - forecast) ** 2 / (y - baseline) ** 2)",
    f"{SKILL} → 1 - (y - forecast) ** 2 / (y - baseline) ** 2",
    says="The errors are divided value by value. Where the baseline happens to be nearly right, such a "
    "ratio is huge or infinite. First both means, then one ratio.",
)
mistake(
    skill,
    "variance-of-errors",
    (f"{ERROR} → np.var(y - forecast)", f"{OF_BASELINE} → np.var(y - baseline)"),
    alone=(f"{ERROR} → np.var(y - forecast)", f"{OF_BASELINE} → np.var(y - baseline)"),
    says="The variance of the errors is compared, so a forecast that is always too high by the same amount "
    "counts as perfect. The mean squared error keeps that part.",
)
mistake(
    skill,
    "baseline-against-forecast",
    f"{OF_BASELINE} → np.mean((forecast - baseline) ** 2)",
    alone=(f"{ERROR} → np.mean((forecast - baseline) ** 2)",),
    says="Forecast and baseline are compared with each other. Each is measured against y, what really came.",
)
mistake(
    skill,
    "relative-errors",
    (f"{ERROR} → np.mean(((y - forecast) / y) ** 2)", f"{OF_BASELINE} → np.mean(((y - baseline) / y) ** 2)"),
    alone=(
        (f"{ERROR} → np.mean(abs((y - forecast) / y))", f"{OF_BASELINE} → np.mean(abs((y - baseline) / y))"),
    ),
    says="The errors are divided by y before they are averaged. Values near 0 then decide everything.",
)
mistake(
    skill,
    "median-instead-of-mean",
    (f"{ERROR} → np.median((y - forecast) ** 2)", f"{OF_BASELINE} → np.median((y - baseline) ** 2)"),
    (f"{ERROR} → np.max((y - forecast) ** 2)", f"{OF_BASELINE} → np.max((y - baseline) ** 2)"),
    says="The squared errors are not averaged: the median or the largest of them is taken.",
)
mistake(
    skill,
    "share-of-better-forecasts",
    f"{SKILL} → np.mean(abs(y - forecast) < abs(y - baseline))",
    alone=(f"{SKILL} → np.mean(abs(y - forecast) <= abs(y - baseline))",),
    says="This counts how often the forecast beats the baseline. By how much does not come in: one large "
    "error can cost more than ten small gains.",
)
mistake(
    skill,
    "clipped-at-zero",
    f"{SKILL} → max(0.0, {SKILL})",
    f"{SKILL} → abs({SKILL})",
    says="A skill below 0 is hidden. That a network does worse than the baseline is the most important "
    "thing such a number can say.",
)
mistake(
    skill,
    "ratio-squared",
    f"{SKILL} → 1 - ({RATIO}) ** 2",
    says="The ratio is squared once more. The errors are squared already; their ratio is subtracted from 1 "
    "as it is.",
)
mistake(
    skill,
    "correlation-instead",
    f"{SKILL} → np.corrcoef(y, forecast)[0, 1]",
    f"{SKILL} → np.corrcoef(y, forecast)[0, 1] ** 2",
    says="This is the correlation of the forecast with y. It does not know the baseline, and a forecast "
    "that is always too high, or moves twice as much, does not lose by it.",
)
mistake(
    skill,
    "mean-missing-once",
    f"{ERROR} → np.sum((y - forecast) ** 2)",
    f"{OF_BASELINE} → np.sum((y - baseline) ** 2)",
    says="One error is a sum and the other a mean, so that the skill depends on how many values there are. "
    "Take the same of both.",
)
