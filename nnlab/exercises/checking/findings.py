"""The ladder of general findings: what can be said of a wrong answer that no known mistake explains.

A finding is what was seen, or a cause that is proven by it: structure and type first, then values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from nnlab.exercises.checking import errors, evidence
from nnlab.exercises.checking.compare import Leaf, Odd, close
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.trials import Trial, is_known, part, sentence

REFUSED = {
    "matrix": "Its `*` is the matrix product, and its rows stay two-dimensional, which breaks code written "
    "for arrays. Return an array (`np.asarray`), and write `@` for the product.",
    "MaskedArray": "Masked entries silently drop out of sums and comparisons. Return an array with a value "
    "in every place (`.filled`).",
}


@dataclass(frozen=True)
class Finding:
    """A slug ("" where there is no name for it) and what to tell the learner."""

    slug: str
    text: str


def find(exercise: Exercise, trials: Sequence[Trial]) -> Finding:
    """Return the first finding of the ladder that holds for these trials, of which at least one is wrong."""
    wrong = [t for t in trials if not t.right and t.probe.kind != "bias"]
    ordinary = [t for t in wrong if t.probe.kind != "extreme"] or wrong
    for rung in LADDER:
        finding = rung(exercise, trials, ordinary)
        if finding is not None:
            return finding
    return Finding(
        "",
        "The result is not right, but it matches none of the mistakes known for this exercise. Work through "
        "the small example below by hand and compare step by step.",
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
            f"Your function should return {exercise.returns}, but it returns None. End it with a `return` of "
            "what you have computed; `print` shows a value but does not return it.",
        )
    return None


def size_typed_in(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when an index, a shape or a divisor proves that a size is written as a number."""
    number = evidence.typed_in(trials)
    if number is None:
        number = evidence.fixed_number(trials)
        if number is None:
            return None
        return Finding(
            "hard-coded-size",
            f"The result is off by a factor that changes with the data: your code has the fixed "
            f"number {number} where a size is meant. Take the size from `.shape` or from the arguments.",
        )
    right, failing = (next(t for t in trials if t.probe.kind == kind) for kind in ("main", "other"))
    text = (
        f"Your function is right on one input ({right.probe.label}), but not on another "
        f"({failing.probe.label})."
    )
    if failing.outcome.raised is not None:
        text += f" There {errors.told(failing.outcome.raised)}"
    return Finding(
        "hard-coded-size",
        f"{text} It relies on the size {number} of the first: take sizes from `.shape` or from the "
        "arguments instead of hard-coding them.",
    )


def raised(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function raises, always or on some inputs."""
    failing = next((t for t in wrong if t.outcome.raised is not None), None)
    if failing is None or failing.outcome.raised is None:
        return None
    text = f"On this input ({failing.probe.label}), {errors.describe(failing.outcome.raised)}"
    right = _right_one(trials)
    if right is not None:
        text = f"Your function is right on some inputs ({right.probe.label}). {text}"
    return Finding("raises", text)


def _right_one(trials: Sequence[Trial]) -> Trial | None:
    """Return a trial that is right, an ordinary one if there is one."""
    right = sorted(
        (t for t in trials if t.right and t.probe.kind != "bias"), key=lambda t: t.probe.kind == "extreme"
    )
    return right[0] if right else None


def wrong_type(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when something of another kind comes back: a string, one value for two, a dict without a key."""
    # First the one that is shown below the text, whatever its kind.
    for trial in sorted((t for t in trials if not t.right), key=lambda t: t.probe.rank):
        for leaf in trial.leaves:
            if isinstance(leaf.got, Odd) and not isinstance(leaf.expected, Odd):
                others = [x for x in trial.leaves if not x.agrees and not isinstance(x.got, Odd)]
                texts = [_type_text(exercise, trial, leaf), *(sentence(exercise, x) for x in others)]
                return Finding("wrong-type", " ".join(filter(None, texts)))
    return None


def _type_text(exercise: Exercise, trial: Trial, leaf: Leaf) -> str:
    name, got, expected = part(exercise, leaf.path), leaf.got.text, _kind(leaf.expected)
    if leaf.got.type_name == "missing":
        where = "after the call" if leaf.path[0] in exercise.in_place else "from what you return"
        return f"{name} is missing {where}."
    if leaf.got.type_name in REFUSED:
        return f"{_capital(name)} is {got}. {REFUSED[leaf.got.type_name]}"
    if trial.probe.observe is not None and not leaf.path:
        if not exercise.returns:
            return (
                f"After the call, {' and '.join(exercise.in_place)} cannot be read as the exercise "
                "describes: an entry is missing, or has another type or shape."
            )
        seen = leaf.expected if isinstance(leaf.expected, dict) else {}
        keys = [key for key in seen if is_known(exercise, (key,)) and key not in exercise.words]
        if not name.isidentifier() or name in seen or not keys:
            return f"Your function should return {exercise.returns}, but it gives {got}."
        expected = _kind(dict.fromkeys(keys))
    elif not is_known(exercise, leaf.path):
        return f"Your function should return {exercise.returns}, but it gives {got}."
    if not leaf.path and isinstance(leaf.expected, list):
        expected = f"{len(leaf.expected)} values, as in `return {exercise.returns}`"
    if isinstance(leaf.expected, np.ndarray) and leaf.got.type_name in ("tuple", "list"):
        return f"{_capital(name)} should be one value, {expected}, but your function gives {got}."
    return f"{_capital(name)} should be {expected}, but your function gives {got}."


def _capital(name: str) -> str:
    return name[0].upper() + name[1:] if name.startswith("the ") else name


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
            if leaf.path[-1:] == ("shape",) and not leaf.agrees:
                return Finding("wrong-shape", sentence(exercise, leaf))
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
        if equal(b.T):
            return "The values are right, but transposed: look for a `.T`, or for the order of two factors."
        return "Rows and columns are swapped: look for a `.T`, or for the order of two factors."
    if b.size == a.size and b.ndim > a.ndim:
        values = "The values are right, but there" if equal(b.reshape(a.shape)) else "There"
        return (
            f"{values} is an extra axis of length 1 (`keepdims=True`, `reshape(-1, 1)` and `[None]` add one)."
        )
    if b.size == a.size and b.ndim < a.ndim:
        values = "The values are right, but an" if equal(b.reshape(a.shape)) else "An"
        return f"{values} axis is missing (`ravel`, `squeeze` and indexing drop one)."
    if b.ndim < a.ndim:
        return "An axis is missing: a sum, a mean or a maximum over an axis drops it."
    if b.ndim > a.ndim:
        if not a.ndim:
            return "A single number is expected."
        return "There is one axis too many; broadcasting arrays of different shapes can add one."
    return ""


def only_extreme(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when only the extreme probes fail."""
    if not all(t.probe.kind == "extreme" for t in wrong):
        return None
    trial = wrong[0]
    text = f"Your function is right on ordinary inputs, but not on this one: {trial.probe.label}. "
    text += next((s for s in (sentence(exercise, x) for x in trial.leaves if not x.agrees) if s), "")
    if trial.not_finite:
        text += (
            "There it gives NaN or infinity. In training, one such number turns every weight into NaN at "
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
                    f"{_capital(part(exercise, leaf.path))} contains {what} even for ordinary inputs: "
                    "look for a division by zero, the logarithm of zero or of a negative number, or "
                    "`np.empty` that was never filled.",
                )
    return None


def half_precision(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the wrong values are right as far as float16 goes."""
    for leaf in _wrong_leaves(wrong):
        a, b = leaf.expected, leaf.got
        if not _comparable(a, b) or b.dtype != np.float16 or not close(a, b, 5e-3, 1e-3).all():
            return None
    return Finding(
        "half-precision",
        "The result is right to the precision of its type, float16, which keeps three digits and overflows "
        "above 65,504. Compute in float64, like the arguments; float32 would do, too.",
    )


def rounded(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when every wrong value is the right one, rounded to so many decimal places."""
    found = _wrong_leaves(wrong)
    if not all(_comparable(leaf.expected, leaf.got) for leaf in found):
        return None
    for places in range(1, 8):
        if all(np.allclose(leaf.got, leaf.expected.round(places), rtol=0, atol=1e-12) for leaf in found):
            return Finding(
                "result-rounded",
                f"The result is rounded to {places} decimal place{'s' if places > 1 else ''}. Return it "
                "unrounded, and round only when you print: further steps need all the digits.",
            )
    if all(close(leaf.expected, leaf.got, 1e-3, 0.0).all() for leaf in found):
        return Finding(
            "",
            "The result is nearly right: it agrees with the right one in the first digits and differs in "
            "later ones. Look for rounding along the way, a constant with too few digits, an `eps` "
            "that is too large, or an approximate formula.",
        )
    return None


def _wrong_leaves(wrong: Sequence[Trial]) -> list[Leaf]:
    return [leaf for trial in wrong for leaf in trial.leaves if not leaf.agrees]


def _comparable(a: Any, b: Any) -> bool:
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape


def one_value(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the same value comes back for every input, so that it tells nothing about the cause."""
    value = evidence.always_the_same(exercise, trials)
    if value is None:
        return None
    return Finding(
        "",
        f"Your function gives {value:.6g} for every input tried. Print what it computes along the way for "
        "the small example below, and look for the line where the values stop depending on the input: a "
        "comparison that never holds, a division with `//`, an index that is always 0.",
    )


def reads_a_variable(trials: Sequence[Trial]) -> Finding | None:
    """Hold when an argument is never read and a variable of the notebook is: both are seen in the code."""
    pairs = next((t.outcome.instead for t in trials if t.outcome.instead), ())
    if not pairs:
        return None
    argument, name = pairs[0]
    if argument.lower() == name.lower():
        text = (
            f"Your function never reads its argument `{argument}`: it reads `{name}`, which is not an "
            f"argument, since capitals matter. Write `{argument}`."
        )
    else:
        text = (
            f"Your function never reads its argument `{argument}`, but it reads `{name}`, a variable of the "
            "notebook, which is the same in every call. Compute with the arguments only."
        )
    return Finding("notebook-variable-read", text)


# Right up to a factor

SIZES = {
    "m": "m, the number of samples",
    "T": "T, the number of steps",
    "n_x": "the number of inputs",
    "n_h": "the number of hidden units",
    "n_y": "the number of classes (outputs)",
    "c_in": "the number of input channels",
    "c_out": "the number of output channels",
}
CONSTANTS = (
    (-1.0, "the negative of what it should be; look for a reversed sign."),
    (2.0, "twice what it should be."),
    (0.5, "half of what it should be."),
    (1 / math.log(2), "1 / log 2 times what it should be, as with a logarithm to base 2."),
    (100.0, "100 times what it should be, a percentage."),
)


def factor(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when everything wrong is right up to one factor, the same everywhere or given by one size."""
    paths = dict.fromkeys(leaf.path for leaf in _wrong_leaves(wrong))
    tried = [
        t
        for t in trials
        if t.probe.kind not in ("bias", "extreme") and not evidence.says_nothing(t, set(paths))
    ]
    ratios = [evidence.factor(t, set(paths)) for t in tried]
    if len(tried) < 2 or any(r is None for r in ratios):
        return None
    text = _factor_text(np.array(ratios, dtype=float), [t.probe.sizes for t in tried])
    if not text:
        return None
    names = list(dict.fromkeys(part(exercise, path).partition(" (")[0] for path in paths))
    what = " and ".join(names) if len(names) < 4 else "the result"
    verb = "are" if 1 < len(names) < 4 else "is"
    return Finding("right-up-to-a-factor", f"{_capital(what)} {verb} right up to a factor: yours is {text}")


def _factor_text(ratios: np.ndarray, sizes: Sequence) -> str:
    """Put the factors into words: one constant, or the one formula in a size that gives them all."""
    if np.allclose(ratios, ratios[0], rtol=1e-6, atol=0):
        for value, text in CONSTANTS:
            if math.isclose(ratios[0], value, rel_tol=1e-6):
                return text
        for power, root in ((1, ""), (2, "the square root of ")):
            simple = Fraction(ratios[0] ** power).limit_denominator(100 if power == 1 else 12)
            if math.isclose(ratios[0] ** power, float(simple), rel_tol=1e-6) and ratios[0] > 0:
                return f"{root}{simple} times what it should be, on every input tried."
        return f"{ratios[0]:.6g} times what it should be, on every input tried."
    known = [(r, s) for r, s in zip(ratios, sizes, strict=True) if s is not None]
    texts = list(_formulas(np.array([r for r, _ in known]), [s for _, s in known]))
    return texts[0] if len(texts) == 1 else ""


def _formulas(ratios: np.ndarray, sizes: Sequence) -> Iterator[str]:
    """Yield every formula in one size that gives these factors; a size that never varies explains nothing."""
    for key, word in SIZES.items():
        n = np.array([getattr(s, key, 0) for s in sizes], dtype=float)
        if len(set(n)) < 2:
            continue
        for sign, minus in ((1, ""), (-1, "minus ")):
            if np.allclose(ratios, sign * n, rtol=1e-6, atol=0):
                yield f"too large by the factor {minus}{word} (a sum where a mean is meant?)."
            if np.allclose(ratios, sign / n, rtol=1e-6, atol=0):
                yield f"{minus}the right one divided again by {word}."
            if np.allclose(ratios, sign * n**2, rtol=1e-6, atol=0):
                yield f"too large by the factor {minus}{word}, squared."
            if np.allclose(ratios, sign * np.sqrt(n), rtol=1e-6, atol=0):
                yield f"too large by the factor {minus}the square root of {word}."
            if np.allclose(ratios, sign / np.sqrt(n), rtol=1e-6, atol=0):
                yield f"{minus}the right one divided again by the square root of {word}."


def without_bias_only(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when the function is right as long as every bias is zero."""
    main = {t.probe.kind: t.right for t in trials if t.probe.kind in ("main", "bias")}
    if main.get("bias") and not main.get("main"):
        return Finding(
            "right-without-bias-only",
            "Your function is right as long as every bias is 0, and wrong otherwise. Look at where the bias "
            "is added, and how often.",
        )
    return None


MANY = 4  # parts that are listed at most


def some_parts_right(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when some parts of the result are right on every probe and others are not."""
    state: dict[tuple, bool] = {}
    for trial in trials:
        for leaf in trial.leaves:
            state[leaf.path] = state.get(leaf.path, True) and leaf.agrees
    if all(state.values()) or not any(state.values()):
        return None
    known = [path for path in state if is_known(exercise, path)]
    bad = list(dict.fromkeys(part(exercise, path) for path in known if not state[path]))
    good = [
        name
        for name in dict.fromkeys(part(exercise, path) for path in known if state[path])
        if name not in bad
    ]
    smallest = min(wrong, key=lambda t: t.probe.rank)
    said = dict.fromkeys(sentence(exercise, leaf) for leaf in smallest.leaves if not leaf.agrees)
    texts = [text for text in said if text][:2]
    if bad and good:
        texts = [f"{_capital(_listed(good))} {_are(good)} right; {_listed(bad)} {_are(bad)} not.", *texts]
    elif bad:
        texts = [f"Not right yet: {_listed(bad)}.", *texts]
    if not good and not any(said):
        return None
    return Finding("", " ".join([*texts, "This matches none of the mistakes known for this exercise."]))


def _are(names: Sequence[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:MANY], f"{len(names) - MANY} more"] if len(names) > MANY else list(names)
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def right_elsewhere(exercise: Exercise, trials: Sequence[Trial], wrong: Sequence[Trial]) -> Finding | None:
    """Hold when some probes are right; says on which the function fails."""
    right = _right_one(trials)
    if right is None:
        return None
    return Finding(
        "",
        f"Your function is right on some inputs ({right.probe.label}), but not on others "
        f"({wrong[0].probe.label}). This matches none of the mistakes known for this exercise; compare the "
        "two cases step by step.",
    )


LADDER = (
    returned_nothing,
    size_typed_in,
    raised,
    wrong_type,
    wrong_shape,
    only_extreme,
    not_a_number,
    half_precision,
    rounded,
    one_value,
    factor,
    without_bias_only,
    some_parts_right,
    right_elsewhere,
)
