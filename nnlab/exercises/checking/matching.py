"""Matching: which known mistakes, one or two together, behave as the learner's function does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nnlab.exercises.checking.compare import same
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.evidence import is_telling, typed_in
from nnlab.exercises.checking.outcomes import Outcome, observe
from nnlab.exercises.checking.trials import Trial, reference_outcomes
from nnlab.exercises.checking.variants import Suspect, pairs, singles
from nnlab.exercises.sandbox.state import kept_state, quiet


class Shown(Sequence[Outcome]):
    """What a variant shows on the probes, run one by one when asked: most variants differ on the first."""

    def __init__(self, exercise: Exercise, function: Function):
        self._exercise, self._function = exercise, function
        self._outcomes: dict[int, Outcome] = {}

    def __len__(self) -> int:
        return len(self._exercise.probes)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if not 0 <= i < len(self):
            raise IndexError(i)
        if i not in self._outcomes:
            exercise = self._exercise
            expected = reference_outcomes(exercise)[i].seen
            with quiet():
                self._outcomes[i] = observe(exercise, exercise.probes[i], self._function, expected)
        return self._outcomes[i]


_SUSPECTS: dict[tuple[str, Callable], list[tuple[Suspect, Shown]]] = {}


def matching(exercise: Exercise, trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the readings (one slug, or two) whose variants behave as the trials do; simplest first."""
    return _readings(exercise, lambda outcomes, mistakes: agrees(exercise, trials, outcomes, mistakes))


def matching_but_for_overflow(exercise: Exercise, trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the readings that fit wherever the function gives finite numbers, extreme inputs aside."""
    kept = [
        t for t in trials if t.probe.kind != "extreme" or t.right or not (t.not_finite or t.outcome.raised)
    ]
    if len(kept) == len(trials) or all(t.right for t in kept):
        return []
    return _readings(exercise, lambda outcomes, mistakes: agrees(exercise, kept, outcomes, mistakes))


def matching_but_for_a_size(exercise: Exercise, trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the readings that fit the first sizes, where one of them proves to be a number typed in."""
    kept = [t for t in trials if t.probe.kind in ("main", "bias")]
    if all(t.right for t in kept):
        return []

    def fits(outcomes: Sequence[Outcome], mistakes: int) -> bool:
        if not agrees(exercise, kept, outcomes, mistakes) or any(o.raised for o in outcomes):
            return False
        place = {id(probe): i for i, probe in enumerate(exercise.probes)}
        return typed_in([replace(t, expected=outcomes[place[id(t.probe)]].seen) for t in trials]) is not None

    return _readings(exercise, fits)


def _readings(exercise: Exercise, fits: Callable[[Sequence[Outcome], int], bool]) -> list[tuple[str, ...]]:
    for suspects in (single_outcomes, pair_outcomes):  # the many pairs only where no single mistake fits
        with kept_state():
            found = [s.slugs for s, outcomes in suspects(exercise) if fits(outcomes, len(s.slugs))]
        if found:
            return list(dict.fromkeys(found))
    return []


def with_symptoms(exercise: Exercise, trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return the mistakes whose symptoms the ordinary trials show, where every one of them gave a result."""
    ordinary = [t for t in trials if t.probe.kind in ("main", "other")]
    if any(t.outcome.raised for t in ordinary):
        return ()
    seen = [t.outcome.seen for t in ordinary]
    return tuple(k.slug for k in exercise.mistakes if k.symptom is not None and _holds(k.symptom, seen))


def _holds(symptom: Callable[[list], bool], seen: list) -> bool:
    try:
        return bool(symptom(seen))
    except (TypeError, KeyError, IndexError):  # an observation without the parts that the symptom looks at
        return False


def agrees(exercise: Exercise, trials: Sequence[Trial], outcomes: Sequence[Outcome], mistakes: int) -> bool:
    """Whether a variant does the same as the learner's function on these trials, and that tells something.

    A wrong value tells; for two mistakes, if it is a finite one. An error tells only for a single mistake,
    and only with the same words: many mistakes end in NaN, or in the same kind of error.
    """
    place = {id(probe): i for i, probe in enumerate(exercise.probes)}
    telling = False
    for trial in trials:
        theirs, ours = trial.outcome, outcomes[place[id(trial.probe)]]
        if theirs.raised is None and ours.raised is None:
            if not same(ours.seen, theirs.seen, trial.rtol, trial.atol):
                return False
            telling = telling or (not trial.right and (mistakes == 1 or is_telling(trial)))
        elif theirs.raised is None or ours.raised is None or theirs.raised.type_name != ours.raised.type_name:
            return False
        elif mistakes == 1:
            telling = telling or theirs.raised.text == ours.raised.text
    return telling


# What the known mistakes show, computed once, where it is asked for


def _suspects(exercise: Exercise, make: Callable) -> list[tuple[Suspect, Shown]]:
    key = (exercise.name, make)
    if key not in _SUSPECTS:
        _SUSPECTS[key] = [(s, Shown(exercise, s.function)) for s in make(exercise)]
    return _SUSPECTS[key]


def single_outcomes(exercise: Exercise) -> list[tuple[Suspect, Shown]]:
    """Return every known mistake with what it shows."""
    return _suspects(exercise, singles)


def pair_outcomes(exercise: Exercise) -> list[tuple[Suspect, Shown]]:
    """Return every two mistakes that can be made together, with what they show."""
    return _suspects(exercise, pairs)
