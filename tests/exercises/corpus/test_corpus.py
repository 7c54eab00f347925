"""What the checker says to a few hundred answers, beside what a teacher would say."""

import pytest
from attempts import CORPUS, attempts, is_named

from nnlab.exercises.checking import checker, registry
from nnlab.exercises.checking.trials import outcomes_of, reference_outcomes, trials_of

EXERCISES = [name for name in registry.contents() if registry.loadable(name)]
ENOUGH = 0.95  # of the wrong answers have to be named as a teacher would


def verdict(exercise, function):
    """Return the verdict without a sandbox, which the tests of the sandbox look at."""
    outcomes = outcomes_of(exercise, function, reference_outcomes(exercise))
    return checker.verdict(exercise, trials_of(exercise, outcomes))


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_attempts(name):
    assert len(attempts(name)) >= 8


@pytest.mark.parametrize(
    ("name", "function"),
    [pytest.param(n, f, id=f"{n}-{f.__name__}") for n in EXERCISES for f in attempts(n)],
)
def test_right_ones_pass_and_wrong_ones_fail(name, function):
    result = verdict(registry.find(name), function)
    if hasattr(function, "acceptable"):
        assert result.status in ("failed", "error"), result
    else:
        assert result.status == "passed", result


def test_nearly_all_wrong_ones_are_named(capsys):
    told, others = 0, []
    for name in EXERCISES:
        for function in attempts(name):
            if hasattr(function, "acceptable"):
                slugs = verdict(registry.find(name), function).mistakes
                told += is_named(function, slugs)
                if not is_named(function, slugs):
                    others.append(f"{name} {function.__name__}: {', '.join(slugs) or 'no name'}")
    with capsys.disabled():
        share = told / (told + len(others))
        print(f"\n{told} of {told + len(others)} wrong attempts named ({share:.1%})", *others, sep="\n    ")
    assert share >= ENOUGH


def test_the_corpus_is_large():
    assert sum(len(attempts(path.stem)) for path in CORPUS.glob("[a-z]*.py") if path.stem in EXERCISES) >= 300
