"""The exercise `warmup_cosine`: a learning rate that rises in a line and falls as half a cosine."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe


def rate(kind: str, label: str, step: int, warmup: int, total: int, peak: float) -> Probe:
    """Return a probe of one step."""
    text = f"step {step} of {total}, warm-up {warmup}{label and ': '}{label}"
    return Probe(text, (step, warmup, total, peak), kind)


@exercise(
    notebook=8,
    order=2,
    returns="lr",
    probes=(
        rate("example", "", 1, 4, 12, 0.8),
        rate("main", "", 6, 4, 12, 0.8),
        rate("main", "half of the way down", 8, 4, 12, 0.8),
        rate("other", "", 2, 6, 31, 0.05),
        rate("other", "", 19, 6, 31, 0.05),
        rate("main", "the first step", 0, 5, 20, 0.3),
        rate("main", "the last step of the warm-up", 4, 5, 20, 0.3),
        rate("main", "the first step after the warm-up", 5, 5, 20, 0.3),
        rate("main", "the last step but one", 19, 5, 20, 0.3),
        rate("main", "the end", 20, 5, 20, 0.3),
        rate("other", "a warm-up longer than the rest", 11, 9, 13, 3.0),
        rate("extreme", "no warm-up", 0, 0, 10, 0.1),
        rate("extreme", "no warm-up", 7, 0, 10, 0.1),
        rate("extreme", "a warm-up of one step", 0, 1, 10, 0.1),
        rate("extreme", "a warm-up of one step", 1, 1, 10, 0.1),
        rate("extreme", "a single step after the warm-up", 3, 3, 4, 0.1),
    ),
    hints=(
        "Two pieces: a straight line as long as step < warmup, and half a cosine after that. An `if` keeps "
        "them apart.",
        "For the second piece, first work out how much of the way from warmup to total is done, as a "
        "number from 0 to 1.",
        "Let the angle run from 0 to pi with that number: its cosine then falls from 1 to -1. Add 1 and "
        "halve it, so that it falls from 1 to 0, and only then multiply by peak.",
    ),
    why="The progress from 0 to 1 is worked out first, so the cosine has one argument and no special "
    "cases; the branch for the warm-up comes before it, so a warm-up of 0 never divides by 0.",
)
def warmup_cosine(step, warmup, total, peak):
    """Return the learning rate of one step: a linear warm-up, then half a cosine down to 0.

    step < warmup: peak * (step + 1) / warmup. After that from peak at step = warmup to 0 at step = total.
    Three integers, 0 <= step <= total and 0 <= warmup < total, and a float -> float.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = (step - warmup) / (total - warmup)
    return peak * (1 + np.cos(np.pi * progress)) / 2


NO_WARMUP = "if step < warmup: → if False:"
mistake(
    warmup_cosine,
    "warmup-starts-at-zero",
    "(step + 1) / warmup → step / warmup",
    "(step + 1) / warmup → step / (warmup - 1)",
    says="The warm-up starts from a rate of 0. The first step then moves nothing, and its batch is wasted. "
    "Steps count from 0, but the first of them should have a rate above 0 already.",
)
mistake(
    warmup_cosine,
    "schedule-ignores-warmup",
    NO_WARMUP,
    (NO_WARMUP, "(step - warmup) / (total - warmup) → step / total"),
    "(step - warmup) / (total - warmup) → step / total",
    "(step - warmup) / (total - warmup) → step / (total - warmup)",
    says="The schedule ignores the warm-up: either there is none, or the cosine is counted from step 0 on. "
    "In the second case the rate jumps when the warm-up ends, since the cosine has already come down "
    "part of the way. What does your function give at step = warmup?",
)
mistake(
    warmup_cosine,
    "cosine-not-reaching-zero",
    "/ (total - warmup) → / total",
    "/ (total - warmup) → / (total - warmup + 1)",
    "/ (total - warmup) → / (total + warmup)",
    "np.pi * progress → np.pi / 2 * progress",
    says="The cosine starts in the right place but has not come down to 0 at step = total: by then it has "
    "gone only part of its way. How many steps lie between the end of the warm-up and total?",
)
mistake(
    warmup_cosine,
    "cosine-off-by-one",
    "/ (total - warmup) → / (total - warmup - 1)",
    "(step - warmup) / (total - warmup) → (step - warmup + 1) / (total - warmup)",
    "(step - warmup) / (total - warmup) → (step - warmup + 1) / (total - warmup + 1)",
    "(step - warmup) / (total - warmup) → (step - warmup - 1) / (total - warmup)",
    "(step - warmup) / (total - warmup) → (step - warmup - 1) / (total - warmup - 1)",
    says="The cosine is off by one step, at its start or at its end. Put both ends into your formula: at "
    "step = warmup progress should be 0, and at step = total it should be 1.",
)
mistake(
    warmup_cosine,
    "linear-instead-of-cosine",
    "(1 + np.cos(np.pi * progress)) / 2 → (1 - progress)",
    says="The rate falls in a straight line. Half a cosine starts and ends flat: it stays near the peak for "
    "a while, and near 0 at the end, where small steps settle into the minimum.",
)
mistake(
    warmup_cosine,
    "quarter-cosine",
    "(1 + np.cos(np.pi * progress)) / 2 → np.cos(np.pi / 2 * progress)",
    says="This is a quarter of a cosine, from the top to where it crosses 0. It comes down steeply and is at "
    "its steepest at the end, where half a cosine, from its top to its bottom, is flat.",
)
mistake(
    warmup_cosine,
    "whole-cosine",
    "np.pi * progress → 2 * np.pi * progress",
    says="The cosine runs through a whole period: it falls to 0 in the middle and is back at the peak at the "
    "end. Training would end with the largest steps.",
)
mistake(
    warmup_cosine,
    "pi-missing",
    "np.pi * progress → progress",
    says="The angle does not reach pi: the cosine gets a number from 0 to 1, which is a third of half its "
    "period, and the rate ends at three quarters of the peak.",
)
mistake(
    warmup_cosine,
    "angle-in-degrees",
    "np.pi * progress → 180 * progress",
    says="The angle is given in degrees. `np.cos` expects radians, in which half a period is pi; as it "
    "stands, the rate hardly resembles half a cosine.",
)
mistake(
    warmup_cosine,
    "cosine-not-lifted",
    "(1 + np.cos(np.pi * progress)) / 2 → np.cos(np.pi * progress)",
    "(1 + np.cos(np.pi * progress)) / 2 → np.cos(np.pi * progress) / 2",
    says="The rate becomes negative: from the middle on the cosine lies below 0, and a negative rate "
    "climbs the loss. A cosine runs from 1 to -1; it has to be shifted and scaled to run from 1 to 0.",
)
mistake(
    warmup_cosine,
    "half-missing",
    "(1 + np.cos(np.pi * progress)) / 2 → (1 + np.cos(np.pi * progress))",
    says="After the warm-up the rate is twice as large as it should be: 1 + cos runs from 2 to 0. At step "
    "= warmup the rate jumps to double the peak, and that is where training diverges.",
)
mistake(
    warmup_cosine,
    "cosine-reversed",
    "(1 + np.cos → (1 - np.cos",
    says="The cosine is the wrong way around: the rate drops to 0 when the warm-up ends, and then rises to "
    "the peak. It should start at the peak and fall.",
)
mistake(
    warmup_cosine,
    "warmup-one-step-too-long",
    "step < warmup → step <= warmup",
    says="The warm-up takes one step too many, and at step = warmup the rate is above the peak, by one part "
    "in warmup. With warmup = 0 there is even a division by 0. Which steps belong to the warm-up, if there "
    "are `warmup` of them and the first is step 0?",
)
mistake(
    warmup_cosine,
    "warmup-one-step-too-short",
    "step < warmup → step < warmup - 1",
    "step < warmup → step + 1 < warmup",
    says="The warm-up ends one step too soon: its last step, warmup - 1, is handed to the cosine, which gets "
    "a negative progress there.",
)
mistake(
    warmup_cosine,
    "warmup-not-reaching-peak",
    "(step + 1) / warmup → (step + 1) / (warmup + 1)",
    "(step + 1) / warmup → step / (warmup + 1)",
    "(step + 1) / warmup → (step + 1) / total",
    says="The last step of the warm-up, warmup - 1, stays below the peak, since you divide by too many "
    "steps. There are `warmup` of them, and the last should have the peak rate.",
)
mistake(
    warmup_cosine,
    "warmup-not-linear",
    "peak * (step + 1) / warmup → peak",
    "peak * (step + 1) / warmup → peak / warmup",
    "peak * (step + 1) / warmup → peak * ((step + 1) / warmup) ** 2",
    "peak * (step + 1) / warmup → peak * (1 - np.cos(np.pi * (step + 1) / warmup)) / 2",
    "peak * (step + 1) / warmup → peak * np.sin(np.pi / 2 * (step + 1) / warmup)",
    "peak * (step + 1) / warmup → peak * (1 - (step + 1) / warmup)",
    says="The warm-up is not a straight line up to the peak. Every step should raise the rate by the same "
    "amount, peak / warmup.",
)
mistake(
    warmup_cosine,
    "warmup-times-cosine",
    (
        "return peak * (step + 1) / warmup → peak = peak * (step + 1) / warmup",
        "(step - warmup) / (total - warmup) → step / total",
    ),
    "return peak * (step + 1) / warmup → peak = peak * (step + 1) / warmup",
    says="The warm-up is multiplied by the cosine as well. The two pieces follow each other, and each step "
    "belongs to only one of them.",
)
mistake(
    warmup_cosine,
    "peak-ignored",
    "peak * → 1 *",
    "return peak * (step + 1) → return (step + 1)",
    "peak * (1 + → (1 + ",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → peak * np.cos(np.pi * progress) / 2 + 0.5",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → np.cos(np.pi * progress) / 2 + peak / 2",
    says="peak is not used everywhere. Both pieces have to be multiplied by it; without it the rate runs "
    "up to 1, or down from 1, whatever peak the caller asks for.",
)
mistake(
    warmup_cosine,
    "whole-numbers-only",
    "(step - warmup) / (total - warmup) → (step - warmup) // (total - warmup)",
    "peak * (step + 1) / warmup → peak * ((step + 1) // warmup)",
    (
        "(step - warmup) / (total - warmup) → (step - warmup) // (total - warmup)",
        "peak * (step + 1) / warmup → peak * ((step + 1) // warmup)",
    ),
    says="A division discards the fraction (`//` does that, and so does `int`): progress stays 0 until the "
    "very end, where it becomes 1, so the rate is constant and then jumps.",
)
mistake(
    warmup_cosine,
    "division-by-zero",
    "if step < warmup: → line = peak * (step + 1) / warmup\n    if step < warmup:",
    "if step < warmup: → line = (step + 1) / warmup\n    if step < warmup:",
    "if step < warmup: → line = step / warmup\n    if step < warmup:",
    says="With warmup = 0 your function divides by 0. The line is worked out for every step, though only "
    "those of the warm-up need it (`np.where`, `min` and `max` compute both of what they choose from).",
)
mistake(
    warmup_cosine,
    "parentheses-missing",
    "(step - warmup) / (total - warmup) → step - warmup / total - warmup",
    "(step - warmup) / (total - warmup) → (step - warmup) / total - warmup",
    "(step - warmup) / (total - warmup) → step - warmup / (total - warmup)",
    "np.pi * progress → np.pi * step - warmup / (total - warmup)",
    "np.pi * progress → np.pi * step - warmup / total - warmup",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → peak * 1 + np.cos(np.pi * progress) / 2",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → peak * (1 + np.cos(np.pi * progress) / 2)",
    "peak * (step + 1) / warmup → peak * step + 1 / warmup",
    "peak * (step + 1) / warmup → (peak * step + 1) / warmup",
    says="Parentheses are missing: Python multiplies and divides before it adds and subtracts. Check which "
    "sum or difference belongs together.",
)
mistake(
    warmup_cosine,
    "cosine-cut-off",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → peak * max(np.cos(np.pi * progress), 0)",
    "peak * (1 + np.cos(np.pi * progress)) / 2 → peak * np.abs(np.cos(np.pi * progress))",
    says="The part of the cosine below 0 is cut off or folded up. Half a cosine runs from 1 to -1; shifted "
    "up and halved, it runs from 1 to 0, with nothing cut off.",
)
mistake(
    warmup_cosine,
    "pi-typed-in",
    "np.pi → 3.14",
    "np.pi → 3.1416",
    "np.pi → 3.14159",
    "np.pi → 22 / 7",
    says="The result is nearly right, as with a rounded value of pi. Use `np.pi` or `math.pi`.",
)
