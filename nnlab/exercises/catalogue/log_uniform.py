"""The exercise `log_uniform`: random values that are uniform on a logarithmic scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import FINGERPRINT_WORDS, Probe, example, extreme, follows_seed

MANY = 5000  # draws: a fifth of them is then 20 % ± 0.6 %


def draws(f: Function, low: float, high: float, size: int) -> dict[str, Any]:
    """Draw, and describe how the values spread between low and high on a logarithmic scale."""
    x = np.asarray(f(low, high, size, np.random.default_rng(0)), dtype=float)
    shape, x = str(x.shape), x.ravel()
    if len(x) < 2 or np.ptp(x) == 0:  # one value: which one is left to chance
        x = np.zeros(2)
    ranked = np.sort(x)
    edges = low * (high / low) ** np.linspace(0, 1, 6)
    edges[[0, -1]] = low * (1 - 1e-6), high * (1 + 1e-6)
    tenths = ranked[len(x) * np.array([1, 3, 5, 7, 9]) // 10]
    with np.errstate(all="ignore"):  # infinity, where the limits were taken for logarithms
        gaps = np.diff(np.log(ranked)) if ranked[0] > 0 else np.array([0.0, 1.0])
        even = bool(gaps.std() < 0.1 * gaps.mean())
    rising = np.count_nonzero(np.diff(x) > 0) / len(x)
    return {
        "shape": shape,
        "fifths": np.diff(np.searchsorted(ranked, edges)) / len(x),
        "quantiles": np.arcsinh(tenths / low) / np.arcsinh(high / low),
        "between": bool(ranked[0] >= edges[0] and ranked[-1] <= edges[-1]),
        "no value twice": bool(np.count_nonzero(np.diff(ranked)) > 0.9 * len(x)),
        "a grid": even,
        "independent": bool(abs(rising - 0.5) < 0.1),
        "few": " and ".join(str(np.asarray(f(low, high, n, np.random.default_rng(0))).shape) for n in (1, 0)),
        "seeds": follows_seed(lambda rng: np.sort(f(low, high, 20, rng))),
    }


@exercise(
    notebook=10,
    order=2,
    returns="the draws",
    words=FINGERPRINT_WORDS
    | {
        "shape": "The shape should be {expected}, but yours is {got}.",
        "few": "For 1 draw and for 0 draws, the shapes should be {expected}; yours: {got}.",
        "between": "All values should lie between low and high, but some do not.",
        "fifths": "the share of the values in each fifth of the range, on a logarithmic scale",
        "quantiles": "The values do not spread evenly over the powers of ten between low and high.",
        "no value twice": "Values repeat: each should be a draw of its own.",
        "a grid": "The values stand at equal distances from each other, as on a grid; they should be drawn.",
        "independent": "Neighboring values depend on each other; each should be a draw of its own.",
    },
    rtol=0.2,
    probes=(
        example(0.001, 10.0, MANY, label="5000 draws between 0.001 and 10", observe=draws),
        Probe("5000 draws between 1 and 1000", (1, 1000, MANY), "main", draws),
        Probe("5000 draws between 1e-6 and 0.01", (1e-6, 1e-2, MANY), "other", draws),
        extreme("many powers of ten", 1e-12, 1e6, MANY, observe=draws),
        extreme("low close to high", 2.0, 2.1, MANY, observe=draws),
    ),
    hints=(
        "Between 0.001 and 0.01 there should be as many values as between 0.1 and 1. On which scale are "
        "the two equally long?",
        "On the scale of the logarithm. `rng.uniform(a, b, size=size)` draws uniformly between a and b; "
        "what are a and b there, and how do you come back?",
        "Take the logarithms of both limits, draw uniformly between them, and undo the logarithm with "
        "`np.exp`. Any base will do, as long as it is the same both times.",
    ),
    why="A factor becomes a distance under the logarithm, so that each power of ten gets an equal share of "
    "the draws; the same base brings them back.",
)
def log_uniform(low, high, size, rng):
    """Return independent draws between low and high, uniform on a logarithmic scale.

    0 < low < high -> (size,).
    """
    logs = rng.uniform(np.log(low), np.log(high), size=size)
    return np.exp(logs)


MIDDLE = "(np.log(low) + np.log(high)) / 2"
WIDTH = "(np.log(high) - np.log(low))"
LOGS = "logs = rng.uniform(np.log(low), np.log(high), size=size)"

mistake(
    log_uniform,
    "uniform-not-log",
    f"{LOGS} → logs = np.log(rng.uniform(low, high, size=size))",
    says="The values are uniform on the ordinary scale. Between 0.001 and 10, nine tenths of them lie "
    "above 1, and 0.01 is hardly ever tried. A learning rate is a matter of factors: each power of ten "
    "should get an equal share.",
)
mistake(
    log_uniform,
    "logarithms-returned",
    "np.exp(logs) → logs",
    "np.exp(logs) → logs / np.log(10)",
    "np.exp(logs) → logs / np.log(2)",
    says="You return the logarithms, some of them negative. They are uniform, as they should be, but the "
    "caller wants the values themselves, between low and high.",
)
mistake(
    log_uniform,
    "bases-mixed",
    "np.exp(logs) → 10**logs",
    "np.exp(logs) → 2**logs",
    "np.exp(logs) → np.exp(logs / np.log(10))",
    "np.exp(logs) → 2 ** (logs / np.log(10))",
    "np.exp(logs) → 10 ** (logs / np.log(2))",
    "np.exp(logs) → np.exp(logs / np.log(2))",
    says="The logarithm and the power that undoes it have different bases, so the values leave the range, "
    "or do not fill it. `np.log` belongs to `np.exp`, `np.log10` to `10.0 **`, `np.log2` to `2.0 **`.",
)
mistake(
    log_uniform,
    "limits-not-logarithms",
    "rng.uniform(np.log(low), np.log(high) → rng.uniform(low, high",
    "np.log(high) → high",
    f"{LOGS} → logs = np.log(10) * rng.uniform(low, high, size=size)",
    says="The limits are used as exponents: the values lie between e (or 10) to the power of low and to "
    "the power of high. Take the logarithms of the limits first.",
)
mistake(
    log_uniform,
    "limits-exchanged",
    f"{LOGS} → logs = rng.uniform(np.log(high), np.log(low), size=size)",
    says="The two limits of the draw stand in the wrong order: the lower one comes first. NumPy refuses an "
    "interval that ends before it begins.",
)
mistake(
    log_uniform,
    "one-draw-repeated",
    ", size=size) → ) * np.ones(size)",
    says="All values are the same: one draw is made and repeated. Give the size to the generator, which "
    "then draws that many.",
)
mistake(
    log_uniform,
    "single-number",
    ", size=size → ",
    says="You return a single number, where `size` of them are asked for. Without a size the generator "
    "draws one.",
)
mistake(
    log_uniform,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    "rng. → np.random.default_rng().",
    says="The values are not drawn from the `rng` that is passed in. With a global or freshly made "
    "generator nobody can repeat the search; with one that is seeded inside, every search tries the same "
    "values.",
)
mistake(
    log_uniform,
    "grid-instead-of-draws",
    f"{LOGS} → logs = np.linspace(np.log(low), np.log(high), size)",
    f"{LOGS} → logs = rng.permutation(np.linspace(np.log(low), np.log(high), size))",
    f"{LOGS} → logs = rng.choice(np.linspace(np.log(low), np.log(high), 1000), size)",
    f"{LOGS} → logs = np.linspace(np.log(low), np.log(high), size, endpoint=False)",
    says="The values come from a grid with equal steps on the logarithmic scale (as `np.geomspace` and "
    "`np.logspace` make it). The scale is right, but every search would try the same values; the exercise "
    "asks for draws.",
)
mistake(
    log_uniform,
    "normal-instead-of-uniform",
    f"{LOGS} → logs = rng.normal({MIDDLE}, {WIDTH} / 4, size=size)",
    f"{LOGS} → logs = rng.normal({MIDDLE}, {WIDTH} / 6, size=size)",
    f"{LOGS} → logs = rng.normal({MIDDLE}, {WIDTH} / 2, size=size)",
    f"{LOGS} → logs = sum(rng.uniform(np.log(low), np.log(high), size=size) for _ in range(2)) / 2",
    f"{LOGS} → logs = np.clip(rng.normal({MIDDLE}, {WIDTH} / 4, size=size), np.log(low), np.log(high))",
    says="The logarithms crowd in the middle, as they do when they are normal, or the mean of several draws. "
    "Every power of ten should get an equal share, and none should fall outside the limits.",
)
mistake(
    log_uniform,
    "powers-of-ten-only",
    f"{LOGS} → a, b = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1\n"
    "    logs = np.log(10.0) * rng.integers(a, b, size=size)",
    f"{LOGS} → a, b = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))\n"
    "    logs = np.log(10.0) * rng.integers(a, b, size=size)",
    f"{LOGS} → logs = np.log(10.0) * rng.integers(np.log10(low), np.log10(high), size=size)",
    f"{LOGS} → logs = np.log(10.0) * rng.integers(np.log10(low), np.log10(high) + 1, size=size)",
    f"{LOGS} → logs = np.log(10.0) * np.round(rng.uniform(np.log10(low), np.log10(high), size=size))",
    says="Only whole powers of ten occur, because the exponents are whole numbers. The values in between "
    "should occur as well, and be as likely.",
)
mistake(
    log_uniform,
    "limit-ignored",
    "np.log(low) → 0.0",
    "np.log(high) → 0.0",
    f"{LOGS} → logs = rng.random(size) * np.log(high)",
    f"{LOGS} → logs = -rng.uniform(0, -np.log(low), size=size)",
    says="One of the limits has no effect; 1, whose logarithm is 0, is used in its place. Both limits "
    "belong on the logarithmic scale.",
)
mistake(
    log_uniform,
    "reciprocal-of-uniform",
    f"{LOGS} → logs = -np.log(rng.uniform(1 / high, 1 / low, size=size))",
    says="The reciprocals of the values are uniform. That goes too far: nearly all values are then close "
    "to low. The logarithm lies between the two.",
)
mistake(
    log_uniform,
    "sorted-draws",
    "np.exp(logs) → np.sort(np.exp(logs))",
    "np.exp(logs) → np.sort(np.exp(logs))[::-1]",
    says="The values come in order of size. Each should be a draw of its own: two hyperparameters drawn "
    "this way would rise and fall together.",
)
mistake(
    log_uniform,
    "range-not-covered",
    f"{LOGS} → logs = np.log(low) + rng.random(size) * np.log(high)",
    f"{LOGS} → logs = np.log(low) + rng.random(size)",
    f"{LOGS} → logs = np.log(low) + (np.log(high) - np.log(low)) * rng.random(size) / 2",
    says="The range on the logarithmic scale has the wrong length: values lie outside the limits, or part "
    "of the range stays empty. From the logarithm of low to that of high it is as long as their difference.",
)
mistake(
    log_uniform,
    "logarithm-shifted",
    (
        f"{LOGS} → logs = rng.uniform(np.log1p(low), np.log1p(high), size=size)",
        "np.exp(logs) → np.expm1(logs)",
    ),
    f"{LOGS} → logs = rng.uniform(np.log1p(low), np.log1p(high), size=size)",
    says="The logarithm is that of 1 + x. Below 1 that is nearly the ordinary scale, so small values are "
    "hardly ever tried.",
)
mistake(
    log_uniform,
    "power-of-uniform",
    f"{LOGS} → logs = np.log(low + (high - low) * rng.random(size) ** 2)",
    f"{LOGS} → logs = np.log(low + (high - low) * rng.random(size) ** 3)",
    f"{LOGS} → logs = np.log(np.sqrt(rng.uniform(low**2, high**2, size=size)))",
    f"{LOGS} → logs = np.log(rng.uniform(np.sqrt(low), np.sqrt(high), size=size) ** 2)",
    says="You take a power or a root of a uniform draw. That bends the scale, but does not give every "
    "factor of ten the same share; the logarithm does.",
)
