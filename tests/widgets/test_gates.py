"""The gates explorer: its LSTM by hand, what is kept and what leaks in, and what it refuses."""

import numpy as np
import pytest

from nnlab.widgets import gates_explorer
from nnlab.widgets.gates import LEAD, by_hand, sequence, tell

WAIT = 60


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def story(*, bias=(-4.0, 4.0, -4.0), gap=20, message=1.0, noise=0.5, seed=0):
    return tell(by_hand(*bias), sequence(gap, message, noise, seed))


def set_to(explorer, **values):
    widgets = {control.name: control.widget for control in explorer.controls}
    for name, value in values.items():
        widgets[name].value = value
    assert explorer.latest.settle(WAIT)


def test_the_sequence_by_hand():
    X = sequence(gap=2, message=-0.5, noise=1.0, seed=3)
    assert X.shape == (LEAD + 1 + 2 + 1 + 3, 3)
    assert X[LEAD].tolist() == [-0.5, 1, 0]
    assert X[:, 1].sum() == X[:, 2].sum() == X[LEAD + 3, 2] == 1
    assert np.abs(X[:, 0]).max() <= 1
    longer = sequence(gap=9, message=-0.5, noise=1.0, seed=3)
    assert (
        longer[: LEAD + 4, 0] == X[: LEAD + 4, 0]
    ).all()  # a longer gap goes on, and changes nothing before


def test_the_gates_are_what_the_biases_and_the_marks_say():
    told = story(bias=(-1.0, 2.0, -3.0), noise=0.0)
    quiet, q = LEAD + 5, told.question
    assert told.i[quiet] == pytest.approx(sigmoid(-1))
    assert told.f[quiet] == pytest.approx(sigmoid(2))
    assert told.o[quiet] == pytest.approx(sigmoid(-3))
    assert told.i[LEAD] == pytest.approx(sigmoid(-1 + 8))
    assert told.f[LEAD] == pytest.approx(sigmoid(2 - 8))
    assert told.o[q] == pytest.approx(sigmoid(-3 + 8))


@pytest.mark.parametrize("gap", [0, 1, 100])
def test_without_noise_the_cell_decays_by_the_forget_gate_alone(gap):
    told = story(gap=gap, noise=0.0, message=0.4)
    assert told.c[LEAD] == pytest.approx(sigmoid(4) * np.tanh(2 * 0.4))
    assert told.kept == pytest.approx(sigmoid(4) ** (gap + 1))
    assert told.c[told.question] == pytest.approx(told.kept * told.c[LEAD])
    assert told.leaked == pytest.approx(0, abs=1e-12)
    assert told.h[told.question] == pytest.approx(sigmoid(4) * np.tanh(told.c[told.question]))


def test_what_is_kept_is_the_derivative_of_the_cell():
    # the recurrent weights are zero, so the product of f is the whole derivative
    X = sequence(10, 0.3, 1.0, 0)
    lstm, nudged = by_hand(0.0, 1.0, 0.0), X.copy()
    nudged[LEAD, 0] += 1e-6
    before, after = tell(lstm, X), tell(lstm, nudged)
    moved = (after.c[after.question] - before.c[before.question]) / (after.c[LEAD] - before.c[LEAD])
    assert moved == pytest.approx(before.kept, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_an_open_door_lets_the_noise_in(seed):
    shut, ajar = story(noise=1.0, seed=seed), story(bias=(0.0, 4.0, -4.0), noise=1.0, seed=seed)
    assert abs(shut.leaked) < abs(ajar.leaked)


@pytest.mark.parametrize("seed", range(5))
def test_with_input_and_forget_gate_open_the_cell_wanders_farther_than_a_message_takes_it(seed):
    assert np.abs(story(bias=(0.0, 5.0, -4.0), gap=100, seed=seed).c).max() > 1.5


def test_the_state_is_silent_until_the_question():
    told = story()
    others = np.delete(told.h, told.question)
    assert np.abs(others).max() < 0.05 < told.h[told.question]


def test_a_bias_of_five_keeps_half_over_a_hundred_steps_as_the_lesson_says():
    assert story(bias=(-4.0, 5.0, -4.0), gap=100).kept == pytest.approx(0.5, abs=0.02)
    assert story(bias=(-4.0, 0.0, -4.0), gap=20).kept < 1e-6


def test_the_readout_says_it_in_numbers():
    explorer = gates_explorer(noise=0.0)
    assert "keeps f = 0.982 of it, and 0.982^21 = 0.683 is left: 0.65." in explorer.page.readout
    assert "Noise has added 0.00, so c = 0.65." in explorer.page.readout
    set_to(explorer, forget_bias=0.0)
    assert "0.500^21 = 0.000 is left: 0.00." in explorer.page.readout
    set_to(explorer, forget_bias=4.0, message=-1.0)
    assert "says h = −0.56" in explorer.page.readout


def test_what_is_drawn_is_the_story():
    explorer = gates_explorer(gap=5, seed=2)
    told = story(gap=5, seed=2)
    inputs, gates, cell = explorer.picture.figure.axes
    for ax, line, values in (
        (gates, 0, told.i),
        (gates, 1, told.f),
        (gates, 2, told.o),
        (cell, 0, told.c),
        (cell, 1, told.h),
    ):
        assert np.allclose(ax.lines[line].get_ydata(), values)
    assert inputs.get_xlim() == cell.get_xlim() == (-0.5, len(told.c) - 0.5)
    low, high = cell.get_ylim()
    assert low <= told.c.min() <= told.c.max() <= high


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"forget_bias": 9.0}, "gates_explorer expected forget_bias <= 8"),
        ({"input_bias": np.nan}, "gates_explorer expected"),
        ({"gap": -1}, "gates_explorer expected gap >= 0, got -1"),
        ({"gap": 101}, "gates_explorer expected gap <= 100, got 101"),
        ({"message": 2.0}, "gates_explorer expected message"),
        ({"noise": -0.1}, "gates_explorer expected noise"),
        ({"seed": 100}, "gates_explorer expected seed <= 99, got 100"),
    ],
)
def test_settings_that_the_controls_do_not_have_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        gates_explorer(**wrong)
