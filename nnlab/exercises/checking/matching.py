"""Matching: which known mistakes, one or two together, behave as the learner's function does."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from nnlab.exercises.checking.compare import same
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.evidence import is_telling, typed_in
from nnlab.exercises.checking.outcomes import Outcome, Until, observe
from nnlab.exercises.checking.trials import Trial, reference_outcomes
from nnlab.exercises.checking.variants import Suspect, pairs, singles
from nnlab.exercises.sandbox.state import kept_state, quiet


class Shown(Sequence[Outcome]):
    """What a variant shows on the probes, run one by one when asked: most variants differ on the first."""

    def __init__(self, exercise: Exercise, function: Function):
        self._exercise, self._function = exercise, function
        self._outcomes: dict[int, Outcome] = {}  # of a whole observation, or of its beginning

    def __len__(self) -> int:
        return len(self._exercise.probes)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if not 0 <= i < len(self):
            raise IndexError(i)
        return self._run(i, lambda part: False)

    def alike(self, i: int, trial: Trial) -> bool:
        """Whether it shows on a probe what the learner's function shows, looked at as far as they agree."""
        theirs = trial.outcome.seen

        def differs(part: dict[str, Any]) -> bool:
            return not isinstance(theirs, dict) or not all(
                same(value, theirs.get(key), trial.rtol, trial.atol) for key, value in part.items()
            )

        return alike(trial, self._run(i, differs))

    def _run(self, i: int, until: Until) -> Outcome:
        expected = reference_outcomes(self._exercise)[i].seen
        known = self._outcomes.get(i)
        if known is None or (_is_begun(known, expected) and not until(known.seen)):
            with quiet():
                known = observe(self._exercise, self._exercise.probes[i], self._function, expected, until)
            self._outcomes[i] = known
        return known


def _is_begun(outcome: Outcome, expected: Any) -> bool:
    return isinstance(expected, dict) and isinstance(outcome.seen, dict) and len(outcome.seen) < len(expected)


_SUSPECTS: dict[tuple[str, Callable], list[tuple[Suspect, Shown]]] = {}


class LineUp:
    """The known mistakes, one by one and in pairs, that do on one probe what the learner's function does.

    The probe is the smallest main one, which every reading of the trials looks at: so all readings share the
    work on it, and few suspects are left for the other probes.
    """

    def __init__(self, exercise: Exercise, trials: Sequence[Trial]):
        self.exercise, self.trials = exercise, trials
        main = [i for i, t in enumerate(trials) if t.probe.kind == "main"]
        self._first = sorted(main, key=lambda i: trials[i].probe.numbers)[:1]

    @cached_property
    def singles(self) -> list[tuple[Suspect, Shown]]:
        """The mistakes made alone."""
        return self._alike(single_outcomes(self.exercise))

    @cached_property
    def pairs(self) -> list[tuple[Suspect, Shown]]:
        """Two of them made together."""
        return self._alike(pair_outcomes(self.exercise))

    def _alike(self, suspects: Sequence[tuple[Suspect, Shown]]) -> list[tuple[Suspect, Shown]]:
        with kept_state():
            return [
                (suspect, shown)
                for suspect, shown in suspects
                if all(shown.alike(i, self.trials[i]) for i in self._first)
            ]

    def readings(self, fits: Callable[[Sequence[Outcome], int], bool]) -> list[tuple[str, ...]]:
        """Return the slugs of those that fit; the many pairs are looked at only where no single one does."""
        telling = any(map(tells_of_two, self.trials))
        for which in ("singles", "pairs") if telling else ("singles",):
            suspects = getattr(self, which)
            with kept_state():
                found = [s.slugs for s, outcomes in suspects if fits(outcomes, s.n_mistakes)]
            if found:
                return list(dict.fromkeys(found))
        return []


def matching(lined: LineUp) -> list[tuple[str, ...]]:
    """Return the readings (one slug, or two) whose variants behave as the trials do; simplest first."""
    return lined.readings(functools.partial(agrees, lined.exercise, lined.trials))


def matching_but_for_overflow(lined: LineUp) -> list[tuple[str, ...]]:
    """Return the readings that fit wherever the function gives finite numbers, extreme inputs aside."""
    trials = lined.trials
    kept = [
        t for t in trials if t.probe.kind != "extreme" or t.right or not (t.not_finite or t.outcome.raised)
    ]
    if len(kept) == len(trials) or all(t.right for t in kept):
        return []
    return lined.readings(functools.partial(agrees, lined.exercise, kept))


def matching_but_for_a_size(lined: LineUp) -> list[tuple[str, ...]]:
    """Return the readings that fit the first sizes, where one of them proves to be a number typed in."""
    kept = [t for t in lined.trials if t.probe.kind in ("main", "bias")]
    if all(t.right for t in kept):
        return []

    def fits(outcomes: Sequence[Outcome], mistakes: int) -> bool:
        if not agrees(lined.exercise, kept, outcomes, mistakes) or any(o.raised for o in outcomes):
            return False
        place = {id(probe): i for i, probe in enumerate(lined.exercise.probes)}
        told = [replace(t, expected=outcomes[place[id(t.probe)]].seen) for t in lined.trials]
        return typed_in(told) is not None

    return lined.readings(fits)


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
        ours = outcomes[place[id(trial.probe)]]
        if not alike(trial, ours):
            return False
        if trial.outcome.raised is None:
            telling = telling or (not trial.right if mistakes == 1 else tells_of_two(trial))
        elif mistakes == 1 and ours.raised is not None:
            telling = telling or trial.outcome.raised.text == ours.raised.text
    return telling


def tells_of_two(trial: Trial) -> bool:
    """Whether a trial can be evidence of two mistakes: by a wrong and finite value, never by an error."""
    return trial.outcome.raised is None and not trial.right and is_telling(trial)


def alike(trial: Trial, ours: Outcome) -> bool:
    """Whether a variant shows on one probe what the learner's function shows: values, or a kind of error."""
    theirs = trial.outcome
    if theirs.raised is None or ours.raised is None:
        both = theirs.raised is None and ours.raised is None
        return both and same(ours.seen, theirs.seen, trial.rtol, trial.atol)
    return theirs.raised.type_name == ours.raised.type_name


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
