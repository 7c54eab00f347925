"""The ladder of general findings: what can be said of a wrong answer that no known mistake explains."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from nnlab.exercises.checking import errors
from nnlab.exercises.checking.compare import Odd, close
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.trials import Trial, part


@dataclass(frozen=True)
class Finding:
    """A slug ("" where there is no name for it) and what to tell the learner."""

    slug: str
    text: str


def find(exercise: Exercise, trials: Sequence[Trial]) -> Finding:
    """Return the first finding of the ladder that holds for these trials, of which at least one is wrong."""
    wrong = [t for t in trials if not t.right and t.probe.kind != "bias"]
    ordinary = [t for t in wrong if t.probe.kind != "extreme"] or wrong
    for rung in (
        returned_nothing,
        sizes_typed_in,
        raised,
        wrong_type,
        wrong_shape,
        only_extreme,
        not_a_number,
    ):
        finding = rung(exercise, trials, ordinary)
        if finding is not None:
            return finding
    for rung in (factor, without_bias_only, some_parts_right, right_elsewhere):
        finding = rung(exercise, trials, ordinary)
        if finding is not None:
            return finding
    return Finding(
        "",
        "The result is not right, and it fits none of the mistakes known for this exercise. Work the small "
        "example below by hand and compare step by step.",
    )


def shape_text(shape: tuple[int, ...]) -> str:
    """Show a shape, a single number included."""
    return str(tuple(shape)) if shape else "() (a single number)"


# The rungs. Each takes the exercise, all trials and the wrong ones, and returns a finding or None.


def returned_nothing(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function gives None where something is expected."""
    if exercise.returns and any(t.outcome.came == "NoneType" for t in wrong):
        return Finding(
            "returns-none",
            f"Your function returns nothing (None), where {exercise.returns} is expected. The last line of "
            "the function should be a `return` with what was computed; `print` shows a value but does not "
            "return it.",
        )
    return None


def sizes_typed_in(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function is right for one set of sizes and wrong, or raises, for another."""
    judged = [t for t in trials if t.probe.kind in ("main", "other", "example") and t.probe.sizes]
    right, failing = [t for t in judged if t.right], [t for t in judged if not t.right]
    if not right or not failing or right[0].probe.sizes is None:
        return None
    text = f"Your function is right for {right[0].probe.label}, but not for {failing[0].probe.label}."
    if failing[0].outcome.raised is not None:
        text += f" There {errors.describe(failing[0].outcome.raised)}"
    return Finding(
        "hard-coded-size",
        text + " A size that is typed in as a number fits one data set only; take it from `.shape`.",
    )


def raised(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function raises."""
    for trial in wrong:
        if trial.outcome.raised is not None:
            text = errors.describe(trial.outcome.raised)
            return Finding("raises", f"For {trial.probe.label}, {text}")
    return None


def wrong_type(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when something of another kind comes back: a string, one value for two, a dict without a key."""
    # First the one that is shown below the text, whatever its kind.
    for trial in sorted((t for t in trials if not t.right), key=lambda t: t.probe.numbers):
        for leaf in trial.leaves:
            if isinstance(leaf.got, Odd) and not isinstance(leaf.expected, Odd):
                expected = _kind(leaf.expected)
                if leaf.got.type_name == "missing":
                    return Finding(
                        "wrong-type", f"{part(exercise, leaf.path)} is missing from what you return."
                    )
                if not leaf.path and trial.probe.observe is not None and " " in exercise.returns:
                    return Finding(
                        "wrong-type",
                        f"Your function should return {exercise.returns}, but gives {leaf.got.text}.",
                    )
                name = part(exercise, leaf.path)
                text = f"{name} should be {expected}, but your function gives {leaf.got.text}."
                return Finding("wrong-type", text[0].upper() + text[1:] if name.startswith("the ") else text)
    return None


def _kind(expected: Any) -> str:
    if isinstance(expected, list):
        return f"{len(expected)} values, as in `return a, b`"
    if isinstance(expected, dict):
        return f"a dict with the keys {', '.join(map(repr, expected))}"
    if isinstance(expected, np.ndarray):
        return f"an array of shape {expected.shape}" if expected.ndim else "a number"
    return repr(expected)


def wrong_shape(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when an array has not the expected shape: transposed, an axis missing, an axis too many."""
    for trial in sorted(wrong, key=lambda t: t.probe.kind != "main"):
        for leaf in trial.leaves:
            a, b = leaf.expected, leaf.got
            if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape != b.shape:
                sizes = f" (here {trial.probe.label})" if trial.probe.sizes else ""
                text = (
                    f"The shape of {part(exercise, leaf.path)} should be {shape_text(a.shape)}, but yours is "
                    f"{shape_text(b.shape)}{sizes}. {_shape_remark(a, b, trial)}"
                )
                return Finding("wrong-shape", text.strip())
    return None


def _shape_remark(a: np.ndarray, b: np.ndarray, trial: Trial) -> str:
    def equal(c: np.ndarray) -> bool:
        return c.shape == a.shape and bool(close(a, c, trial.rtol, trial.atol).all())

    if a.ndim == 2 and b.shape == a.shape[::-1]:
        values = "The values are right: it" if equal(b.T) else "It"
        return f"{values} is the transpose; one `.T`, or the order of the two factors, makes the difference."
    if b.size == a.size and b.ndim > a.ndim:
        values = "The values are right, but there" if equal(b.reshape(a.shape)) else "There"
        return f"{values} is an axis of length 1 too many (`keepdims=True`, `reshape(-1, 1)` and `[None]` "
        "add one)."
    if b.size == a.size and b.ndim < a.ndim:
        values = "The values are right, but an" if equal(b.reshape(a.shape)) else "An"
        return f"{values} axis is missing (`ravel`, `squeeze` and an index drop one)."
    if b.ndim < a.ndim:
        return "An axis is missing: a sum, a mean or a maximum over an axis drops it."
    if b.ndim > a.ndim:
        if not a.ndim:
            return "A single number is expected: a mean or a sum over what is there seems to be missing."
        return "There is an axis too many: a sum over it seems to be missing, or a broadcast has made it."
    return ""


def only_extreme(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when only the extreme probes fail."""
    if not all(t.probe.kind == "extreme" for t in wrong):
        return None
    trial = wrong[0]
    text = f"Your function is right on ordinary inputs, but not on this one: {trial.probe.label}. "
    if trial.not_finite:
        text += (
            "There it gives NaN or infinity. One such number in training turns every weight into NaN with "
            "the next update."
        )
    return Finding("not-a-number" if trial.not_finite else "", text.strip())


def not_a_number(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when NaN or infinity comes back for ordinary inputs."""
    for trial in wrong:
        for leaf in trial.leaves:
            if isinstance(leaf.got, np.ndarray) and not leaf.agrees and not np.isfinite(leaf.got).all():
                what = "NaN" if np.isnan(leaf.got).any() else "infinity"
                return Finding(
                    "not-a-number",
                    f"{part(exercise, leaf.path)} contains {what} even for ordinary inputs: look for a "
                    "division by zero, the logarithm of zero or of a negative number, or `np.empty` that was "
                    "never filled.",
                )
    return None


def factor(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when everything wrong is right up to one factor, which is the same or follows a size."""
    ratios = [_ratio(t) for t in wrong if t.probe.sizes is not None]
    sizes = [t.probe.sizes for t in wrong if t.probe.sizes is not None]
    if not ratios or any(r is None for r in ratios):
        return None
    values = np.array(ratios, dtype=float)
    name = _factor_name(values, sizes)
    if name is None:
        return None
    slug, text = name
    return Finding(slug, f"The result is right up to a factor: yours is {text}")


def _ratio(trial: Trial) -> float | None:
    """Return the one factor by which the wrong leaves exceed the expected ones, or None."""
    found = []
    for leaf in trial.leaves:
        a, b = leaf.expected, leaf.got
        if leaf.agrees:
            continue
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.shape != b.shape:
            return None
        scale = float(np.vdot(a, a))
        ratio = float(np.vdot(a, b)) / scale if scale > 0 else 0.0
        if ratio == 0 or not math.isfinite(ratio) or not close(ratio * a, b, trial.rtol, trial.atol).all():
            return None
        found.append(ratio)
    if not found or not np.allclose(found, found[0], rtol=1e-6, atol=0):
        return None
    return found[0]


def _factor_name(values: np.ndarray, sizes: Sequence) -> tuple[str, str] | None:
    def equal(candidate: Any) -> bool:
        return bool(np.allclose(values, candidate, rtol=1e-6, atol=0))

    known: Iterator[tuple[Any, str]] = iter(
        [
            (-1.0, "the negative of what it should be; look for a sign turned around."),
            (2.0, "twice what it should be."),
            (0.5, "half of what it should be."),
            (math.log(2) ** -1, "in units of log 2: base 2 instead of the natural logarithm."),
            (100.0, "100 times what it should be, a percentage."),
        ]
    )
    for candidate, text in known:
        if equal(candidate):
            return "right-up-to-a-factor", text
    words = {
        "m": "m, the number of samples",
        "n_x": "the number of inputs",
        "n_h": "the number of hidden units",
    }
    words["n_y"] = "the number of classes (outputs)"
    for key, word in words.items():
        n = np.array([getattr(s, key) for s in sizes], dtype=float)
        for sign, prefix in ((1, ""), (-1, "minus ")):
            if equal(sign * n):
                return "right-up-to-a-factor", f"{prefix}{word}, times too large (a mean taken as a sum?)."
            if equal(sign / n):
                return "right-up-to-a-factor", f"{prefix}the right one divided once more by {word}."
            if len(values) > 1 and np.allclose(values / n * n[0], sign * abs(values[0])):
                fixed = n[0] / values[0]
                return (
                    "hard-coded-size",
                    f"off by {key} / {fixed:g}: it seems to divide by the fixed number {fixed:g}. Take the "
                    "size from `.shape`.",
                )
    if len(values) > 0 and equal(values[0]):
        simple = Fraction(values[0]).limit_denominator(100)
        times = str(simple) if equal(float(simple)) else f"{values[0]:.6g}"
        return "right-up-to-a-factor", f"{times} times what it should be, on every input tried."
    return None


def without_bias_only(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function is right as long as every bias is zero."""
    if any(t.probe.kind == "bias" and t.right for t in trials):
        return Finding(
            "right-without-bias-only",
            "Your function is right as long as every bias is 0, and wrong otherwise: look at where the bias "
            "enters. A network whose biases do not count can only bend around the origin.",
        )
    return None


def some_parts_right(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when some parts of the result are right on every probe and others are not."""
    state: dict[tuple, bool] = {}
    for trial in trials:
        for leaf in trial.leaves:
            state[leaf.path] = state.get(leaf.path, True) and leaf.agrees
    good = [part(exercise, path) for path, agrees in state.items() if agrees]
    bad = [part(exercise, path) for path, agrees in state.items() if not agrees]
    if not good or not bad:
        return None
    return Finding(
        "",
        f"Right already: {', '.join(good)}. Not right yet: {', '.join(bad)}. What is wrong there fits none "
        "of the mistakes known for this exercise; the small example below shows the first entry that "
        "differs.",
    )


def right_elsewhere(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when some probes are right; says on which the function fails."""
    right = [t.probe.label for t in trials if t.right and t.probe.kind != "bias"]
    if not right:
        return None
    return Finding(
        "",
        f"Your function is right for {right[0]}, but not for {wrong[0].probe.label}. This fits none of the "
        "mistakes known for this exercise.",
    )
