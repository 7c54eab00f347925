"""The guide's line of lesson 14: clipping is compared at the best rate of each side."""

import numpy as np
import pytest

from nnlab.studies.experiments import Scale
from nnlab.studies.guide import lesson_14
from nnlab.studies.guide.lesson_14 import OPTIMIZERS, PROBLEMS, clipping, verdict


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_a_problem_fits_its_network(problem):
    (X, y), _, _ = (task := problem.task(20, 0)).train, task.validation, task.test
    assert X.shape[-1] == problem.n_in
    assert y.max() < problem.n_out


def fake(no_clipping, clipped):
    """Return runs that are as good as their rate is near the best one of their side."""

    def runs(problem, tasks, optimizer, bound, epochs):
        best = no_clipping if bound is None else clipped
        return {
            (bound, lr): [np.full(2, 90 - abs(np.log(lr / best)) - (bound == 10)) for _ in tasks]
            for lr in OPTIMIZERS[optimizer][1]
        }

    return runs


def test_each_side_gets_its_own_best_rate(monkeypatch):
    monkeypatch.setattr(lesson_14, "_runs", fake(0.003, 0.03))
    done = []
    measured = clipping(Scale(seeds=3, rows=10), done.append).measured
    names = [name for name in measured if "gained" not in name]
    assert sum("no clipping (rate 0.003)" in name for name in names) == len(PROBLEMS) * len(OPTIMIZERS)
    assert sum("norm at most 0.1 (rate 0.03)" in name for name in names) == len(PROBLEMS) * len(OPTIMIZERS)
    assert all(values == [90.0] * 3 for name, values in measured.items() if name in names)
    gained = [values for name, values in measured.items() if "gained" in name]
    assert np.allclose(gained, np.log(10))  # at 0.03: the best rate with a bound, ten times the best without
    assert done[-1] == 1


def test_the_verdict_knows_what_chance_can_do():
    rng = np.random.default_rng(0)
    gains = {
        "a": 5 + rng.normal(size=5),
        "b": rng.normal(size=5),
        "c": -5 + rng.normal(size=5),
        "d": np.zeros(5),
    }
    text = verdict(gains)
    assert "it holds for a; it does not hold for c; it cannot be told at this size for b, d." in text
