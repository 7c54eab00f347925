"""Trials: every probe with what the reference shows on it and what the learner's function showed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Leaf, leaves
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
        """Whether NaN or infinity came where a number is expected."""
        arrays = [leaf.got for leaf in self.leaves if isinstance(leaf.got, np.ndarray) and not leaf.agrees]
        return any(not np.isfinite(a).all() for a in arrays)


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
    """Name a part of the result as the learner knows it: "dW", "grads['Wh']", "the result"."""
    names = [name.strip() for name in exercise.returns.split(",")] if exercise.returns else []
    if not path:
        return names[0] if len(names) == 1 and names[0].isidentifier() else "the result"
    head, *rest = path
    if isinstance(head, int):
        text = names[head] if head < len(names) > 1 else f"the {NUMBER_WORDS[head]} result"
    elif head in exercise.in_place or head == exercise.returns:
        text = str(head)
    elif len(names) == 1 and names[0].isidentifier() and str(head).isidentifier():
        text = f"{names[0]}[{head!r}]"
    else:
        text = str(head)
    for key in rest:
        text += f"[{key!r}]" if str(key).isidentifier() else f", {key}"
    return text
