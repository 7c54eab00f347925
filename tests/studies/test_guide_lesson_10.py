"""The guide's lines of lesson 10: folds that are folds, draws as they are named, and what comes of it."""

import numpy as np
import pytest

from nnlab import datasets
from nnlab.studies.guide import lesson_10
from nnlab.studies.guide.lesson_10 import DRAWS, SearchScale, cross_validate, k_folds

DIGITS = datasets.load_digits()


def silent(done):
    """Take a report of the part done, which must lie in 0 … 1."""
    assert 0 <= done <= 1


def test_folds_hold_out_every_row_once():
    folds = list(k_folds(11, 3, np.random.default_rng(0)))
    assert sorted(np.concatenate([held_out for _, held_out in folds]).tolist()) == list(range(11))
    assert [len(held_out) for _, held_out in folds] == [4, 4, 3]
    for train, held_out in folds:
        assert sorted([*train, *held_out]) == list(range(11))


def test_cross_validation_sees_what_can_be_learned_and_what_cannot():
    X, y = DIGITS.X[:300], DIGITS.y[:300]
    learned = cross_validate(X, y, 0.01, 8, 5, np.random.default_rng(0))
    guessed = cross_validate(X, np.random.default_rng(0).permutation(y), 0.01, 8, 5, np.random.default_rng(0))
    assert learned > 0.8
    assert guessed < 0.2


@pytest.mark.parametrize(("how", "below"), [("uniform", 0.0009 / 0.0099), ("logarithmic", 0.5)])
def test_the_share_of_rates_below_a_thousandth(how, below):
    rng = np.random.default_rng(0)
    drawn = np.array([DRAWS[how](rng, 1e-4, 1e-2) for _ in range(4000)])
    assert np.mean(drawn < 0.001) == pytest.approx(below, abs=0.03)
    assert drawn.min() >= 1e-4
    assert drawn.max() <= 1e-2


def test_a_uniform_draw_loses_in_a_wide_range_where_the_best_rate_is_low(monkeypatch):
    name = "Adam, 32 units"
    monkeypatch.setattr(lesson_10, "NETWORKS", {name: lesson_10.NETWORKS[name]})
    scale = SearchScale(seeds=3, epochs=5, rows=300, repeats=300, rates=11)
    outcome = lesson_10.draws_of_rates(DIGITS, scale, silent)
    won = [
        outcome.measured[f"{name}, wide range, {how}: test accuracy of the winner"]
        for how in ("logarithmic", "uniform")
    ]
    assert won[0] > won[1] + 0.1
    assert f"{100 * (won[0] - won[1]):+.1f} from 1e-05 to 1" in outcome.shows


def test_the_finished_stubs_promise_about_what_is_kept():
    scale = SearchScale(seeds=2, epochs=8, rows=300)
    measured = lesson_10.finished_stubs(DIGITS, scale, silent).measured
    promised = np.mean(measured["cross-validated accuracy of the winner"])
    kept = np.mean(measured["test accuracy of the winner"])
    assert measured["always the most frequent digit"] < 0.2 < kept
    assert abs(promised - kept) < 0.1
