"""The experiments show what they are said to show: at a small scale here, in full by `nnlab reproduce`."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nnlab import datasets
from nnlab.studies import published
from nnlab.studies.published import QUICK

TINY = replace(QUICK, no_show_epochs=40, mnist_rows=640, mnist_epochs=5, softmax_epochs=4, learner_epochs=2)


def silent(done):
    """Take a report of the part done, which must lie in 0 … 1."""
    assert 0 <= done <= 1


@pytest.fixture(scope="module")
def split():
    frame, _ = datasets.clean(datasets.simulate_appointments(rng=np.random.default_rng(0)).head(20_000))
    return datasets.split(frame, rng=np.random.default_rng(0), dtype=np.float32)


@pytest.fixture(scope="module")
def digits():
    return datasets.load_digits(dtype=np.float32)


def test_small_weights_start_at_log_2_and_fall_to_the_base_rate(split):
    outcome = published.no_show(split, TINY, silent, torch_start=False)
    measured = outcome.measured
    assert measured["first loss"] == pytest.approx(math.log(2), abs=2e-3)
    assert measured["accuracy"] == measured["accuracy of always 'show'"]
    assert measured["recall"] == 0
    assert "predicts 0 missed" in outcome.shows


def test_the_entropy_of_the_published_base_rate():
    assert published._entropy(0.2019) == pytest.approx(0.503, abs=5e-4)


def test_torch_weights_start_elsewhere(split):
    measured = published.no_show(split, TINY, silent, torch_start=True).measured
    assert abs(measured["first loss"] - math.log(2)) > 2e-3


def test_the_learner_ranks_far_better_than_chance(split):
    measured = published.no_show_learned(split, TINY, silent).measured
    assert measured["ROC-AUC of the network"] > 0.65
    assert measured["PR-AUC of the network"] > measured["base rate (PR-AUC of chance)"] + 0.05


def test_frameworks_agree_and_settings_differ(digits):
    outcome = published.mnist_four(digits, TINY, silent)
    assert len(outcome.measured) == 8
    values = list(outcome.measured.values())
    for ours, theirs in zip(values[::2], values[1::2], strict=True):
        assert ours == pytest.approx(theirs, abs=0.01)
    assert max(values) - min(values) > 0.1


def test_the_last_mini_batch_moves_in_steps_of_one_in_32(digits):
    outcome = published.last_mini_batch(digits, TINY, silent)
    last = np.array(outcome.curves["last mini-batch"])
    assert np.array_equal(last * 32, np.round(last * 32))
    assert outcome.measured["smallest possible step"] == 1 / 32


def test_two_softmaxes_cannot_go_below_their_floor(digits):
    outcome = published.softmax_twice(digits, TINY, silent)
    floor = outcome.measured["lowest possible loss with softmax in the model"]
    assert floor == pytest.approx(1.4612, abs=1e-4)
    assert min(outcome.curves["softmax in the model"]) > floor
    assert min(outcome.curves["scores"]) < floor


def test_without_the_root_the_signal_dies_by_the_root_of_2_over_n_per_layer():
    outcome = published.he_without_root(TINY, silent, depth=6, width=128)
    measured = outcome.measured
    assert measured["signal after 6 layers, √(2/n)"] == pytest.approx(1, abs=0.6)
    assert measured["signal after 6 layers, 2/n"] < 1e-4
    assert measured["factor per layer, 2/n"] == pytest.approx(math.sqrt(2 / 128), rel=0.15)


def test_summed_gradients_are_ten_times_the_learning_rate():
    measured = published.summed_gradients(TINY, silent).measured
    assert measured["largest difference of weights, summed 0.03 and averaged 0.3"] < 1e-10
    assert measured["last loss, averaged, 0.03"] > measured["last loss, summed, 0.03"]


def test_a_set_up_says_what_was_run(digits):
    rows = {row.name: row for row in published.EXPERIMENTS}
    assert "1000 epochs" in rows["no-show-numpy"].setup
    assert "50 epochs" in rows["no-show-numpy"].describe(QUICK)
    outcome = published.softmax_twice(digits, TINY, silent)
    said = rows["softmax-twice"].describe(TINY, outcome.ran)
    assert said.startswith("64-64-10, Adam, 4 epochs")  # the pixels of the small digits
    assert rows["softmax-twice"].setup.startswith("784-64-10, Adam, 10 epochs")


def test_every_row_of_the_design_is_there():
    names = [experiment.name for experiment in published.EXPERIMENTS]
    assert len(names) == len(set(names)) == 8  # the seven published rows, and the network that does learn
