"""The rows of the guide are found by listing their folder, and do what they say."""

import pkgutil

import numpy as np
import pytest

from nnlab import SGD, datasets, softmax_cross_entropy
from nnlab.gradcheck import numerical_gradient, relative_error
from nnlab.studies import guide
from nnlab.studies.experiments import Experiment, Scale
from nnlab.studies.guide import lesson_08


def silent(done):
    """Take a report of the part done, which must lie in 0 … 1."""
    assert 0 <= done <= 1


def test_every_lesson_is_found_in_order_and_its_rows_know_it():
    modules = sorted(module.name for module in pkgutil.iter_modules(guide.__path__))
    lessons = [row.lesson for row in guide.EXPERIMENTS]
    assert lessons == sorted(lessons)
    assert [f"lesson_{number:02}" for number in sorted(set(lessons))] == modules


def test_rows_have_names_of_their_own_and_say_all_that_the_table_shows():
    names = [row.name for row in guide.EXPERIMENTS]
    assert len(set(names)) == len(names)
    for row in guide.EXPERIMENTS:
        assert isinstance(row, Experiment)
        assert row.title
        assert row.published
        assert row.setup
        assert row.quick is None or row.describe(row.quick)


@pytest.mark.parametrize("row", guide.EXPERIMENTS, ids=lambda row: row.name)
def test_a_row_runs_at_its_quick_scale_and_takes_three_seeds_or_more_in_full(row, empty_machine):
    arguments, _ = row.data()
    outcome = row.run(*arguments, row.quick or row.full, silent)
    assert outcome.measured
    for values in outcome.measured.values():
        assert np.isfinite(values).all()
        assert np.ndim(values) == 0 or len(values) > 1  # a number, or one for each seed
    assert outcome.shows.rstrip().endswith(".")
    assert "{" not in row.describe(row.quick or row.full, outcome.ran)
    assert row.full.seeds >= 3


def test_the_two_velocities_part_when_the_rate_changes():
    scale = Scale(seeds=3, epochs=2, rows=320)
    measured = lesson_08.velocity_conventions(datasets.load_digits(), scale, silent).measured
    assert measured["largest difference of weights, constant rate"] < 1e-12
    assert min(measured["the same, rate dropped to a tenth"]) > 1e-3
    assert min(measured["length of the first step after the drop, guide's / torch's"]) > 2


@pytest.mark.parametrize("lr", [0.01, 1.0])
def test_the_mended_step_is_the_gradient_and_the_guides_is_not(lr):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 6)), rng.integers(10, size=12)
    errors = {}
    for mended in (False, True):
        before, after = lesson_08._by_hand(6, 1), lesson_08._by_hand(6, 1)
        lesson_08.updates_first(after, X, y, lr, mended=mended)

        def loss(Wh, params=before):
            H = np.tanh(X @ Wh + params["bh"])
            return softmax_cross_entropy(H @ params["Wy"] + params["by"], y)[0]

        right = numerical_gradient(loss, before["Wh"])
        errors[mended] = relative_error((before["Wh"] - after["Wh"]) / lr, right)
    assert errors[True] < 1e-7
    assert errors[False] > 1e-3 * lr


def test_holm_by_hand():
    assert lesson_08.holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert lesson_08.holm([0.5, 0.9]).tolist() == [1, 1]


def test_differences_are_taken_seed_by_seed():
    gains, p = lesson_08.compare({"a": [1.0, 2.0, 3.0], "b": [1.5, 2.5, 3.5], "c": [1.0, 2.0, 3.0]}, "a")
    assert gains == {"b": [0.5, 0.5, 0.5], "c": [0, 0, 0]}
    assert p["c"] == 1


def test_the_validation_loss_chooses_and_the_test_accuracy_is_only_told():
    def run(validation, test):
        return lesson_08.Run(0.1, validation, test, 5)

    swept = lesson_08.Swept(
        {(0.1,): [run(0.5, 0.9)] * 2, (0.3,): [run(0.2, 0.7)] * 2, (1.0,): [run(np.inf, 0.1)] * 2}
    )
    assert swept.chosen == (0.3,)
    assert swept.inside
    assert swept.test() == [0.7, 0.7]


def test_training_validation_and_test_share_no_image():
    digits = datasets.load_digits()
    task = lesson_08.Task.of(digits, 10_000)
    assert len(task.y) + len(task.validation[1]) <= len(digits.y)
    assert np.array_equal(task.X, digits.X[: len(task.y)].astype(np.float32))
    after = slice(len(task.y), len(task.y) + len(task.validation[1]))
    assert np.array_equal(task.validation[0], digits.X[after].astype(np.float32))
    assert np.array_equal(task.test[1], digits.y_test)


def test_a_run_that_diverges_is_infinite():
    task = lesson_08.Task.of(datasets.load_digits(), 200)
    run = lesson_08.Net(epochs=2).train(task, lambda p: SGD(p, 1e30), 0)
    assert run.loss == run.validation == np.inf


@pytest.mark.parametrize("name", lesson_08.SCHEDULES)
def test_every_schedule_of_the_study_starts_within_its_peak(name):
    rate = lesson_08.SCHEDULES[name](0.1, 40)
    rates = [rate(t) for t in range(40)] if callable(rate) else [rate]
    assert 0 < max(rates) <= 0.1 + 1e-12
