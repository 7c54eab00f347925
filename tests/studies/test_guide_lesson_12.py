"""The guide's lines of lesson 12: an optimism where something was chosen, and old calls."""

import warnings

import numpy as np
import pytest

from nnlab.studies.experiments import Scale
from nnlab.studies.guide.lesson_12 import OLD_CALLS, hits, network, optimism, outcome_of, trained


def test_the_best_of_many_guesses_looks_too_good_and_only_where_it_was_chosen():
    right = np.random.default_rng(0).random((50, 1000)) < 0.1
    same, others = optimism(right, 200, 300, np.random.default_rng(1))
    assert 0.03 < same < 0.07
    assert abs(others) < 0.01


def test_one_epoch_leaves_nothing_to_choose():
    right = np.random.default_rng(0).random((1, 1000)) < 0.5
    same, others = optimism(right, 200, 2000, np.random.default_rng(1))
    assert same == pytest.approx(0, abs=0.01)
    assert others == pytest.approx(0, abs=0.01)


def test_random_labels_are_learned_and_say_nothing_of_others():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((300, 3, 16, 16)), rng.integers(10, size=300)
    calls = []
    model = trained(X[:50], y[:50], Scale(epochs=25), 0, calls.append)
    assert len(calls) == 25
    assert hits(model, X[:50], y[:50]).mean() > 0.9
    assert hits(model, X[50:], y[50:]).mean() < 0.25


def test_the_network_follows_its_seed():
    first, again, other = (next(network(seed).parameters()) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def warned():
    """Warn as an old call does."""
    warnings.warn("this is deprecated", FutureWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("call", "told"),
    [(int, "runs"), (warned, "warns (FutureWarning)"), (lambda: 1 / 0, "fails (ZeroDivisionError)")],
)
def test_what_a_call_does(call, told):
    assert outcome_of(call) == told


def test_each_old_call_is_given_todays_way_and_ends_in_a_known_way():
    for call, today in OLD_CALLS.values():
        assert today
        assert outcome_of(call).split()[0] in ("runs", "warns", "fails", "needs")
