"""The guide's lines of lesson 09: deals, networks and counts are what they are said to be."""

import numpy as np
import pytest

from nnlab.datasets import load_digits
from nnlab.layers import BatchNorm, Dropout, Linear, ReLU
from nnlab.studies.experiments import Scale
from nnlab.studies.guide import lesson_09
from nnlab.studies.guide.lesson_09 import RATES, Net, Remedy, Task, best_by_validation, shifted

DIGITS = load_digits(dtype=np.float32)
QUICK = Scale(seeds=2, epochs=2, rows=200)


def nothing(done):
    """Take reports and drop them."""


def test_a_deal_spoils_training_labels_alone_and_never_rightly():
    task, clean = (Task.dealt(DIGITS, 400, 0, wrong) for wrong in (0.4, 0.0))
    assert np.array_equal(task.X, clean.X)
    assert 0.3 < np.mean(task.y != clean.y) < 0.5
    assert np.array_equal(task.validation[1], clean.validation[1])
    assert set(task.y) <= set(range(10))
    held_out = {row.tobytes() for row in task.validation[0]}
    assert not held_out & {row.tobytes() for row in task.X}


def test_the_network_has_its_layers_in_the_order_asked_for():
    rng = np.random.default_rng(0)
    first = Net(drop=0.5, drop_first=True, norm=BatchNorm).made(4, rng)
    after = Net(drop=0.5, norm=BatchNorm).made(4, rng)
    assert [type(layer) for layer in first.layers] == [Linear, BatchNorm, Dropout, ReLU, Linear]
    assert [type(layer) for layer in after.layers] == [Linear, BatchNorm, ReLU, Dropout, Linear]


def test_a_shift_moves_whole_images_and_loses_what_it_pushes_out():
    image = np.zeros((1, 16))
    image[0, 5] = 1.0  # row 1, column 1 of 4×4
    seen = {int(np.argmax(shifted(image, np.random.default_rng(seed), 1))) for seed in range(100)}
    assert seen == {0, 1, 2, 4, 5, 6, 8, 9, 10}
    corner = np.zeros((1, 16))
    corner[0, 0] = 1.0
    assert {float(shifted(corner, np.random.default_rng(s), 1).sum()) for s in range(50)} == {0.0, 1.0}


def test_the_setting_is_chosen_by_validation_and_reported_on_test():
    runs = {"a": [np.array([90.0, 10.0])], "b": [np.array([80.0, 99.0])]}
    best, test = best_by_validation(runs)
    assert best == "a"
    assert test.tolist() == [10.0]


def test_dropout_before_relu_is_dropout_after_it():
    task = Task.dealt(DIGITS, 200, 0)
    before, after = (
        Remedy(Net(drop=0.5, drop_first=first)).accuracies(task, 2, 0) for first in (True, False)
    )
    assert np.array_equal(before, after)


def test_a_bias_before_batch_norm_has_no_gradient():
    outcome = lesson_09.bias_before_norm(DIGITS, QUICK, nothing)
    assert outcome.measured["largest gradient of these biases, relative to the weights'"] < 1e-4
    assert outcome.measured["numbers saved without them"] == 256


@pytest.mark.parametrize("wrong", [0.0, 0.4])
def test_every_remedy_has_a_gain_for_every_seed(wrong):
    outcome = lesson_09.remedies(DIGITS, QUICK, nothing, wrong=wrong)
    gains = [value for name, value in outcome.measured.items() if name.startswith("points gained")]
    assert len(gains) == len(lesson_09.REMEDIES)
    assert all(len(values) == 2 for values in gains)


def test_epochs_are_counted_until_the_loss_is_low():
    task = Task.dealt(DIGITS, 200, 0)
    needed = lesson_09._epochs_needed(Net(1, 64), task, 0.3, 60, 0)
    assert 1 < needed <= 60
    assert lesson_09._epochs_needed(Net(1, 64), task, 0.3, needed - 1, 0) == needed  # just not
    assert lesson_09._epochs_needed(Net(8, 64), task, 300.0, 3, 0) == 4  # diverges
    assert len(RATES) == 6
