"""Evidence: what the trials prove about a cause, and where they tell nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Odd, close
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.trials import Trial, is_known

ORDINARY = ("example", "main", "other")
PAST_THE_END = r"index (\d+) is out of bounds for axis \d+ with size (\d+)"
SHAPE = r"\(.*?\)|\[.*?\]|axis is \d+"


def has_structure(trials: Sequence[Trial]) -> bool:
    """Whether everything that came has the type and the shape that is expected."""
    return all(
        not isinstance(leaf.got, Odd)
        and not (isinstance(leaf.got, np.ndarray) and np.shape(leaf.got) != np.shape(leaf.expected))
        for trial in trials
        if trial.outcome.raised is None
        for leaf in trial.leaves
    )


def always_the_same(exercise: Exercise, trials: Sequence[Trial]) -> float | None:
    """Return the one number that came on all probes where different ones are expected, or None.

    Every mistake that ends in this number looks the same, so none can be told by it.
    """
    judged = [t for t in trials if t.probe.kind != "bias" and t.outcome.raised is None]
    wrong = {leaf.path for t in judged for leaf in t.leaves if not leaf.agrees}
    if len(wrong) != 1 or not is_known(exercise, next(iter(wrong))):
        return None
    looked_at = [leaf for t in judged for leaf in t.leaves if leaf.path in wrong]
    if any(not isinstance(x, np.ndarray) or x.ndim for leaf in looked_at for x in (leaf.expected, leaf.got)):
        return None
    came, expected = ({float(getattr(leaf, side)) for leaf in looked_at} for side in ("got", "expected"))
    value = came.pop()
    return value if not came and np.isfinite(value) and len(expected) > 1 else None


def is_telling(trial: Trial) -> bool:
    """Whether something wrong came that is not NaN or infinity: many mistakes end in those."""
    for leaf in trial.leaves:
        if leaf.agrees:
            continue
        a, b = leaf.expected, leaf.got
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.shape != b.shape:
            return True
        if (np.isfinite(b) & ~close(a, b, trial.rtol, trial.atol)).any():
            return True
    return False


def typed_in(trials: Sequence[Trial]) -> int | None:
    """Return the size that the function counts on as a fixed number, where its behavior proves one.

    It is right for the first set of sizes, and elsewhere runs past the end where the first was larger, gives
    or needs the first's shape, or is off by exactly the quotient of the two.
    """
    ordinary = [t for t in trials if t.probe.kind in ORDINARY]
    first = next((t for t in ordinary if t.probe.kind == "main" and t.probe.sizes), None)
    second = next((t for t in ordinary if t.probe.kind == "other" and t.probe.sizes), None)
    if first is None or second is None or not first.right or second.right:
        return None
    errors = [_by_error(first, t) for t in (second, *ordinary) if t.outcome.raised is not None]
    if errors:
        return next((number for number in errors if number is not None), None)
    for proof in (_by_shape(first, second), fixed_number(trials), _by_difference(first, ordinary)):
        if proof is not None:
            return proof
    return None


def _by_error(first: Trial, trial: Trial) -> int | None:
    """A loop to the first's size runs past the end; or the error is about a size that only the first has."""
    error = trial.outcome.raised
    if error is None or error.type_name not in ("ValueError", "IndexError", "RuntimeError"):
        return None
    if found := re.search(PAST_THE_END, error.text):
        index, end = map(int, found.groups())
        pairs = zip(_sizes(first), _sizes(trial), strict=False)
        return next((a for a, b in pairs if b == end <= index < a), None)
    named = {int(n) for shape in re.findall(SHAPE, error.text) for n in re.findall(r"\d+", shape)}
    return min(
        named & {n for n in _sizes(first) if n > 1} - sizes_in(trial) - set(_sizes(trial)), default=None
    )


def _sizes(trial: Trial) -> list[int]:
    return list(vars(trial.probe.sizes).values()) if trial.probe.sizes else []


def _by_shape(first: Trial, second: Trial) -> int | None:
    """Where the expected shapes of the two differ, the first's size comes in the second as well."""
    for one, other in zip(first.leaves, second.leaves, strict=False):
        shapes = [np.shape(x) for x in (one.expected, other.expected, other.got) if isinstance(x, np.ndarray)]
        if len(shapes) == 3 and len({len(shape) for shape in shapes}) == 1:
            for n, expected, came in zip(*shapes, strict=True):
                if came == n != expected:
                    return int(n)
    return None


def _by_difference(first: Trial, ordinary: Sequence[Trial]) -> int | None:
    """All that is wrong is off by the first's size minus the trial's own, as in `7 - hits`."""
    wrong = {leaf.path for trial in ordinary for leaf in trial.leaves if not leaf.agrees}
    found = set()
    for number, sign in itertools.product(_sizes(first), (1, -1)):
        if number > 1 and all(
            _off_by(t, wrong, {sign * (number - n) for n in sizes_in(t)}) for t in ordinary
        ):
            found.add(number)
    return found.pop() if len(found) == 1 else None


def _off_by(trial: Trial, paths: set[tuple], differences: set[int]) -> bool:
    """Whether every entry of these parts is off by one of the differences, the same for all of them."""
    entries: list[float] = []
    for leaf in (leaf for leaf in trial.leaves if leaf.path in paths):
        a, b = leaf.expected, leaf.got
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.shape != b.shape:
            return False
        entries += np.ravel(b - a).tolist()
    return any(np.allclose(entries, d, rtol=0, atol=1e-9) for d in differences)


def fixed_number(trials: Sequence[Trial]) -> int | None:
    """Return the one whole number that stands where a size is meant, as every factor shows; or None.

    In each trial the wrong parts are n / number times the right ones (or, in each, number / n), and n is a
    size of that trial. Two trials of different sizes, at least, have to show it, and no other number may do.
    """
    ordinary = [t for t in trials if t.probe.kind in ORDINARY]
    wrong = {leaf.path for trial in ordinary for leaf in trial.leaves if not leaf.agrees}
    trials = [t for t in ordinary if not says_nothing(t, wrong)]
    ratios = [ratio for t in trials if (ratio := factor(t, wrong)) is not None and ratio > 0]
    main = next((i for i, t in enumerate(trials) if t.probe.kind == "main"), None)
    if main is None or len(ratios) < len(trials) or len({round(ratio, 9) for ratio in ratios}) < 2:
        return None
    found = set()
    for n, power in itertools.product(_sizes(trials[main]), (1, -1)):
        number = n / ratios[main] ** power
        if n > 1 and all(_quotient(r**power, number, t) for r, t in zip(ratios, trials, strict=True)):
            found.add(round(number))
    return found.pop() if len(found) == 1 else None


def _quotient(ratio: float, number: float, trial: Trial) -> bool:
    """Whether the ratio is a size of this trial divided by the number, which has to be a whole one."""
    whole = number > 1.5 and abs(number - round(number)) < 1e-6 * number
    return whole and any(abs(ratio - n / number) < 1e-6 * ratio for n in sizes_in(trial))


def sizes_in(trial: Trial) -> set[int]:
    """Return all sizes that occur in a trial: in its arguments, and in what is expected."""
    return {n for value in (trial.probe.args, trial.expected) for n in _whole_numbers(value)}


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        for part in value:
            yield from _whole_numbers(part)
    elif hasattr(value, "shape"):
        yield from value.shape
    elif isinstance(value, int):
        yield value


def says_nothing(trial: Trial, paths: set[tuple]) -> bool:
    """Whether all that is wrong elsewhere is expected to be 0 here, where any factor is right."""
    looked_at = [leaf for leaf in trial.leaves if leaf.path in paths]
    return all(
        leaf.agrees and isinstance(leaf.expected, np.ndarray) and not leaf.expected.any()
        for leaf in looked_at
    )


def factor(trial: Trial, paths: set[tuple]) -> float | None:
    """Return the one factor by which these parts exceed the expected ones, or None."""
    found = []
    for leaf in (leaf for leaf in trial.leaves if leaf.path in paths):
        a, b = leaf.expected, leaf.got
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray) or a.shape != b.shape:
            return None
        scale = float(np.vdot(a, a))
        ratio = float(np.vdot(a, b)) / scale if scale > 0 else 0.0
        if ratio == 0 or not np.isfinite(ratio) or not close(ratio * a, b, trial.rtol, trial.atol).all():
            return None
        found.append(ratio)
    return found[0] if found and np.allclose(found, found[0], rtol=1e-6, atol=0) else None
