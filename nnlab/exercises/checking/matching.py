"""Matching: which known mistakes, one or two together, behave as the learner's function does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnlab.exercises.checking.compare import same
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.outcomes import Outcome
from nnlab.exercises.checking.trials import Trial, outcomes_of, reference_outcomes
from nnlab.exercises.checking.variants import Suspect, pairs, singles

_SUSPECTS: dict[tuple[str, Callable], list[tuple[Suspect, list[Outcome]]]] = {}


def matching(exercise: Exercise, trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Return the readings (one slug, or two) whose variants behave as the trials do; simplest first."""
    for suspects in (single_outcomes, pair_outcomes):  # the many pairs only where no single mistake fits
        found = [
            s.slugs for s, outcomes in suspects(exercise) if agrees(exercise, trials, outcomes, len(s.slugs))
        ]
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

    A wrong value tells. An error tells only for a single mistake, and only with the same words: many mistakes
    end in the same kind of error.
    """
    place = {id(probe): i for i, probe in enumerate(exercise.probes)}
    telling = False
    for trial in trials:
        theirs, ours = trial.outcome, outcomes[place[id(trial.probe)]]
        if theirs.raised is None and ours.raised is None:
            if not same(ours.seen, theirs.seen, trial.rtol, trial.atol):
                return False
            telling = telling or not trial.right
        elif theirs.raised is None or ours.raised is None or theirs.raised.type_name != ours.raised.type_name:
            return False
        elif mistakes == 1:
            telling = telling or theirs.raised.text == ours.raised.text
    return telling


# What the known mistakes show, computed once


def _suspects(exercise: Exercise, make: Callable) -> list[tuple[Suspect, list[Outcome]]]:
    key = (exercise.name, make)
    if key not in _SUSPECTS:
        expected = reference_outcomes(exercise)
        _SUSPECTS[key] = [(s, outcomes_of(exercise, s.function, expected)) for s in make(exercise)]
    return _SUSPECTS[key]


def single_outcomes(exercise: Exercise) -> list[tuple[Suspect, list[Outcome]]]:
    """Return every known mistake with what it shows."""
    return _suspects(exercise, singles)


def pair_outcomes(exercise: Exercise) -> list[tuple[Suspect, list[Outcome]]]:
    """Return every two mistakes that can be made together, with what they show."""
    return _suspects(exercise, pairs)
