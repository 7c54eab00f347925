"""The regularization explorer: it overfits as it stands, each control cures it, and divergence is shown."""

import numpy as np
import pytest

from nnlab.widgets import regularization_explorer
from nnlab.widgets.regularization import BINS, NAMES, NEW, Run, made


def losses(explorer):
    """Return the last height of both curves."""
    lines = explorer.picture.figure.axes[1].lines
    return [line.get_ydata()[-1] for line in lines[:2]]


def test_as_it_stands_it_overfits():
    explorer = regularization_explorer()
    training, others = losses(explorer)
    assert training < 0.1 < 0.6 < others
    assert explorer.page.readout.startswith("After 300 epochs: loss ")


@pytest.mark.parametrize("cure", [{"points": 300}, {"weight_decay": 3}, {"dropout": 0.5}, {"patience": 20}])
def test_each_cure_lowers_the_validation_loss(cure):
    for seed in range(3):
        ill, cured = (losses(regularization_explorer(seed=seed, **s))[1] for s in ({}, cure))
        assert cured < 0.8 * ill


def test_decay_makes_the_weights_small_and_too_much_of_it_leaves_nothing():
    typical = [
        float(regularization_explorer(weight_decay=decay).page.readout.split()[-1][:-1])
        for decay in (0, 3, 30)
    ]
    assert typical == sorted(typical, reverse=True)
    assert "loss 0.693 in training, 0.693 on others" in regularization_explorer(weight_decay=30).page.readout


def test_stopping_takes_the_best_weights_back_and_marks_their_epoch():
    explorer = regularization_explorer(patience=20)
    *curves, kept = explorer.picture.figure.axes[1].lines
    others = curves[1].get_ydata()
    best = int(np.argmin(others)) + 1
    assert len(others) == best + 20
    assert explorer.page.readout.startswith(f"Stopped after epoch {best + 20}, back to {best}: ")
    assert list(kept.get_xdata()) == [best, best]
    assert kept.get_visible()
    never = regularization_explorer()
    assert not never.picture.figure.axes[1].lines[-1].get_visible()


def test_the_losses_are_those_of_evaluation_mode():
    few, new = made("moons", 60, 0.3, 0)
    run = Run(few, new, weight_decay=0.0, dropout=0.5, learning_rate=0.01, seed=0)
    run.network.train()
    for _ in range(2):
        run.measure()
    assert run.losses[0][0] == run.losses[0][1]  # no dropout, hence no chance
    assert run.network.training


def test_the_histogram_counts_every_weight_once():
    explorer = regularization_explorer(points=20)
    (stairs,) = explorer.picture.figure.axes[2].patches
    values = stairs.get_data().values
    assert len(values) == BINS
    assert values.sum() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_has_as_many_points_as_asked_for_and_others_to_validate(name):
    few, new = made(name, 60, 0.3, 0)
    assert (len(few.X), len(new.X)) == (60, NEW)
    assert len(np.unique(new.y)) == 2
    assert not {tuple(x) for x in few.X} & {tuple(x) for x in new.X}
    assert regularization_explorer(name).page.error == ""


@pytest.mark.filterwarnings("ignore::nnlab.training.TrainingWarning")
@pytest.mark.parametrize("patience", [0, 20])
def test_a_divergence_is_shown_with_its_step_and_in_gray(patience):
    explorer = regularization_explorer(weight_decay=30, learning_rate=0.1, patience=patience)
    assert explorer.page.error == ""
    assert explorer.page.readout.startswith("Diverged at step ")
    plane = explorer.picture.figure.axes[0]
    (note,) = [text.get_text() for text in plane.texts if text.get_visible()]
    assert note == explorer.page.readout.split(";")[0].lower()
    colors = plane.images[0].get_array()
    assert (colors[..., 0] == colors[..., 1]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "blobs"}, "regularization_explorer expected data as one of 'moons', .*, got 'blobs'"),
        ({"weight_decay": 0.5}, "regularization_explorer expected weight_decay as one of 0.0, .*, got 0.5"),
        ({"dropout": 1}, "regularization_explorer expected dropout <= 0.8, got 1"),
        ({"points": 5}, "regularization_explorer expected points >= 10, got 5"),
        ({"patience": -1}, "regularization_explorer expected patience >= 0, got -1"),
    ],
)
def test_a_setting_that_no_control_has_is_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        regularization_explorer(**settings)
