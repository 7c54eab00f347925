"""Trials: every probe with what the reference shows on it and what the learner's function showed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Leaf, leaves, shortened
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.outcomes import Outcome, observe
from nnlab.exercises.checking.probes import Probe
from nnlab.exercises.sandbox.state import kept_state

NUMBER_WORDS = ("first", "second", "third", "fourth", "fifth", "sixth")
_REFERENCES: dict[str, list[Outcome]] = {}


@dataclass(frozen=True)
class Trial:
    """One probe with what the reference shows on it and what the learner's function showed."""

    probe: Probe
    expected: Any
    outcome: Outcome
    rtol: float
    atol: float

    @cached_property
    def leaves(self) -> list[Leaf]:
        """All parts of the observation, expected beside got."""
        return list(leaves(self.expected, self.outcome.seen, self.rtol, self.atol))

    @cached_property
    def right(self) -> bool:
        """Whether the learner's function shows what the reference shows."""
        return self.outcome.raised is None and all(leaf.agrees for leaf in self.leaves)

    @property
    def not_finite(self) -> bool:
        """Whether NaN or infinity came where a number is expected, or an observation says that it did."""
        wrong = [leaf for leaf in self.leaves if not leaf.agrees]
        arrays = [leaf.got for leaf in wrong if isinstance(leaf.got, np.ndarray)]
        seen = any("finite" in str(leaf.path[-1:]) and leaf.got is False for leaf in wrong)
        return seen or any(not np.isfinite(a).all() for a in arrays)


def trials_of(exercise: Exercise, outcomes: Sequence[Outcome]) -> list[Trial]:
    """Return what a function showed on the first probes, or on all, beside what the reference shows."""
    return [
        Trial(probe, wanted.seen, outcome, *tolerances(exercise, probe))
        for probe, wanted, outcome in zip(
            exercise.probes, reference_outcomes(exercise), outcomes, strict=False
        )
    ]


def tolerances(exercise: Exercise, probe: Any) -> tuple[float, float]:
    """Return the relative and absolute tolerance of a probe."""
    rtol = exercise.rtol if probe.rtol is None else probe.rtol
    return rtol, exercise.atol if probe.atol is None else probe.atol


def reference_outcomes(exercise: Exercise) -> list[Outcome]:
    """Return what the reference shows on every probe."""
    if exercise.name not in _REFERENCES:
        _REFERENCES[exercise.name] = outcomes_of(exercise, exercise.reference)
    return _REFERENCES[exercise.name]


def outcomes_of(
    exercise: Exercise, function: Function, expected: Iterable[Outcome] | None = None
) -> list[Outcome]:
    """Return what a trusted function shows on every probe."""
    wanted = [o.seen for o in expected] if expected is not None else [None] * len(exercise.probes)
    with kept_state():
        return [
            observe(exercise, probe, function, like)
            for probe, like in zip(exercise.probes, wanted, strict=True)
        ]


def part(exercise: Exercise, path: tuple) -> str:
    """Name a part of the result as the learner knows it: "dW", "grads['Wh']", "the result".

    A name of an observation that the learner knows nothing of is left out, with all below it.
    """
    names = [name.strip() for name in exercise.returns.split(",")] if exercise.returns else []
    alone = names[0] if len(names) == 1 and names[0].isidentifier() else ""
    if not path:
        return alone or "the result"
    if _worded(exercise, path) is not None:
        return _in_words(exercise, path)
    head, *rest = path
    if isinstance(head, int):
        text = names[head] if head < len(names) > 1 else f"the {NUMBER_WORDS[head]} result"
    elif head in exercise.in_place or head in names:
        text = str(head)
    elif alone and str(head).isidentifier():
        text = f"{alone}[{head!r}]"
    else:
        return alone or "the result"
    return text + _keys(rest)


def sentence(exercise: Exercise, leaf: Leaf) -> str:
    """Return what the exercise's page says of a leaf that is wrong, or "" where it has a name only."""
    at = _worded(exercise, leaf.path)
    text = exercise.words[str(leaf.path[at])] if at is not None else ""
    if not text.endswith("."):
        return ""
    of = part(exercise, leaf.path[:at])
    return text.format(of=of, expected=_plain(leaf.expected), got=_plain(leaf.got))


def _plain(value: Any) -> str:
    """Write a figure that stands in a sentence."""
    if isinstance(value, np.ndarray):
        return f"{float(value):.6g}" if not value.ndim else f"an array of shape {value.shape}"
    return shortened(str(getattr(value, "text", value))) or "none"


def is_known(exercise: Exercise, path: tuple) -> bool:
    """Whether the learner knows this part of the result by a name, so that its values can be shown."""
    at = _worded(exercise, path)
    if at is not None:
        return not exercise.words[path[at]].endswith(".")
    return path in ((), (exercise.returns,)) or part(exercise, path) != part(exercise, ())


def _worded(exercise: Exercise, path: tuple) -> int | None:
    """Return where in the path a name stands that the page has words for."""
    return next((i for i, key in enumerate(path) if key in exercise.words), None)


def _in_words(exercise: Exercise, path: tuple) -> str:
    at = _worded(exercise, path) or 0
    of, text, keys = part(exercise, path[:at]), exercise.words[path[at]], _keys(path[at + 1 :])
    if text.endswith("."):
        return of
    return text.format(keys, of=of) if "{}" in text else text.format(of=of) + keys


def _keys(path: Sequence) -> str:
    return "".join(f"[{key!r}]" for key in path)
