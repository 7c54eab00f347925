"""What holds for every exercise of the catalogue: the proof that the checker names what it claims to name."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from nnlab.exercises.checking import checker, matching, registry
from nnlab.exercises.checking.compare import plain
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.trials import reference_outcomes, trials_of

EXERCISES = [pytest.param(exercise, id=exercise.name) for exercise in registry.available()]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)


def finite(value) -> bool:
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list):
        return all(map(finite, value))
    return not isinstance(value, np.ndarray) or bool(np.isfinite(value).all())


@every_exercise
def test_the_page_is_complete(exercise):
    assert len(exercise.hints) == 3
    assert exercise.why
    assert exercise.reference.__doc__
    slugs = [known.slug for known in exercise.mistakes]
    assert len(set(slugs)) == len(slugs)
    for known in exercise.mistakes:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", known.slug)
        assert len(known.says) > 60
        assert known.edits or known.functions or known.alone
    assert min(p.numbers for p in exercise.probes) <= 24, "no example small enough to be shown"


@every_exercise
def test_the_reference_is_finite_everywhere(exercise):
    for probe, outcome in zip(exercise.probes, reference_outcomes(exercise), strict=True):
        assert outcome.raised is None, probe.label
        assert finite(plain(outcome.seen)), probe.label


@every_exercise
@pytest.mark.parametrize("how", ["fork", "thread"])
def test_the_reference_passes(exercise, how):
    result = checker.judge(exercise, exercise.reference, how)
    assert (result.status, result.mistakes) == ("passed", ())


class AnObject:
    def __init__(self, function):
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


def without_source(exercise: Exercise):
    names = dict(exercise.reference.__globals__)
    exec(exercise.source, names)
    return names[exercise.name]


STYLES = {
    "lambda": lambda e: lambda *args, **kwargs: e.reference(*args, **kwargs),
    "partial": lambda e: functools.partial(e.reference),
    "object": lambda e: AnObject(e.reference),
    "no source": without_source,
    "decorated": lambda e: functools.wraps(e.reference)(lambda *args: e.reference(*args)),
}


@every_exercise
@pytest.mark.parametrize("style", STYLES)
def test_the_reference_passes_in_other_clothes(exercise, style):
    assert checker.judge(exercise, STYLES[style](exercise)).status == "passed"


def nested_lists(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [nested_lists(v) for v in value]
    return {k: nested_lists(v) for k, v in value.items()} if type(value) is dict else value


def extra_keys(value):
    if isinstance(value, tuple):
        return tuple(extra_keys(v) for v in value)
    return {**value, "my own": object()} if type(value) is dict else value


KEYS_ARE_THE_RESULT = {"build_vocabulary"}


@every_exercise
@pytest.mark.parametrize("change", [nested_lists, extra_keys], ids=lambda f: f.__name__)
def test_other_forms_of_the_same_values_pass(exercise, change):
    if change is extra_keys and exercise.name in KEYS_ARE_THE_RESULT:
        pytest.skip("a further key is a further token")
    assert checker.judge(exercise, lambda *args: change(exercise.reference(*args))).status == "passed"


@every_exercise
def test_every_mistake_is_rejected_and_named(exercise):
    says = {known.slug: known.says for known in exercise.mistakes}
    for suspect, outcomes in matching.single_outcomes(exercise):
        result = checker.verdict(exercise, trials_of(exercise, outcomes))
        assert result.status in ("failed", "error"), f"{suspect.slugs} passes:\n{suspect.source}"
        assert result.mistakes == suspect.slugs, (
            f"{suspect.slugs} taken for {result.mistakes}:\n{suspect.source}"
        )
        (slug,) = suspect.slugs
        assert says[slug] in result.message


@every_exercise
def test_mistakes_are_named_through_the_sandbox(exercise):
    """Every fourth mistake takes the learner's way, from the call to the printed text."""
    for known in exercise.mistakes[::4]:
        suspect = next(s for s, _ in matching.single_outcomes(exercise) if s.slugs == (known.slug,))
        result = checker.judge(exercise, suspect.function)
        assert result.mistakes == (known.slug,)
        assert known.says in str(result)


@every_exercise
def test_a_symptom_shows_in_its_variants_and_not_in_the_reference(exercise):
    assert matching.with_symptoms(exercise, trials_of(exercise, reference_outcomes(exercise))) == ()
    for known in exercise.mistakes:
        if known.symptom is not None:
            ways = [o for s, o in matching.single_outcomes(exercise) if s.slugs == (known.slug,)]
            assert any(known.slug in matching.with_symptoms(exercise, trials_of(exercise, o)) for o in ways)


SAMPLED = 40  # every so many pairs go through the whole verdict


@every_exercise
def test_two_mistakes_together_are_named(exercise):
    """Every pair is named, unless it comes to the same as one mistake, or as none."""
    told = []
    for suspect, outcomes in matching.pair_outcomes(exercise):
        tried = trials_of(exercise, outcomes)
        if all(t.right for t in tried) or all(o.raised is not None for o in outcomes):
            continue
        if any(matching.agrees(exercise, tried, o, 1) for _, o in matching.single_outcomes(exercise)):
            continue
        if matching.agrees(exercise, tried, outcomes, suspect.n_mistakes):  # so it is among the readings
            told.append((suspect, tried))
        else:  # it raises wherever it differs, or gives NaN, which by itself does not tell which pair it was
            assert all(t.right or t.outcome.raised or t.not_finite for t in tried), suspect.source
    assert told or len(exercise.mistakes) < 2
    for suspect, tried in told[::SAMPLED]:
        result = checker.verdict(exercise, tried)
        many = (
            len({s for reading in matching.matching(matching.LineUp(exercise, tried)) for s in reading})
            > checker.MOST_TOLD
        )
        assert many or set(suspect.slugs) <= set(result.mistakes), suspect.source
        assert len(result.message.splitlines()) <= checker.MOST_LINES
        for known in exercise.mistakes:
            assert (known.slug in result.mistakes) == (known.says in result.message)


@every_exercise
def test_nothing_is_blank_by_mistake(exercise):
    assert not checker.not_attempted(exercise.reference)
