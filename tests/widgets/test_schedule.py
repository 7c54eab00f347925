"""The schedule explorer: the drawn rate by hand, the run it leads to, and what it says of a failing rate."""

import re

import numpy as np
import pytest

from nnlab import MLP, SGD, ReLU, fit, schedules, softmax_cross_entropy
from nnlab.widgets import schedule_explorer
from nnlab.widgets.schedule import BATCH, OPTIMIZERS, RANGE_STEPS, Drawn, digits, running_mean, train

WAIT = 60


def set_to(explorer, **values):
    widgets = {control.name: control.widget for control in explorer.controls}
    for name, value in values.items():
        widgets[name].value = value
    assert explorer.latest.settle(WAIT)


def test_a_cosine_with_warm_up_by_hand():
    drawn = Drawn("cosine", peak=0.4, warmup=0.2, end=0.5, steps=11)
    rates = [drawn(t) for t in range(11)]
    assert rates[:3] == pytest.approx([0.2, 0.4, 0.4])  # two steps up, then the peak itself
    assert rates[6] == pytest.approx(0.3)  # half the way down to half the peak
    assert rates[10] == pytest.approx(0.2)
    assert drawn(500) == rates[10]


@pytest.mark.parametrize(
    ("shape", "middle", "last"),
    [
        ("constant", 1, 1),
        ("linear", 0.5, 0),
        ("cosine", 0.5, 0),
        ("exponential", 0.1, 0.01),
        ("step", 0.1, 0.01),
    ],
)
def test_each_shape_goes_from_the_peak_to_its_end(shape, middle, last):
    drawn = Drawn(shape, peak=2.0, warmup=0.0, end=0.0, steps=101)
    assert [drawn(0), drawn(50), drawn(100)] == pytest.approx([2, 2 * middle, 2 * last])


def test_without_warm_up_it_is_the_schedule_of_the_package():
    drawn, cosine = Drawn("cosine", 0.3, 0.0, 0.1, 51), schedules.cosine(0.3, 50, lr_min=0.03)
    assert [drawn(t) for t in range(51)] == pytest.approx([cosine(t) for t in range(51)])


def test_the_run_is_the_one_that_fit_makes():
    X, y = digits()
    rng = np.random.default_rng(3)
    network = MLP([64, 32, 10], activation=ReLU, rng=rng, dtype=np.float32)
    settings = dict(loss=softmax_cross_entropy, optimizer=SGD(network.parameters(), 0.1), epochs=2)
    history = fit(network, X, y, batch_size=BATCH, rng=rng, **settings)
    sizes = [BATCH] * 44 + [len(y) - 44 * BATCH]
    losses = train(schedules.constant(0.1), "SGD", 90, 3)
    assert np.average(losses[45:], weights=sizes) == pytest.approx(history["loss"][1], rel=1e-5)


def test_a_run_that_becomes_infinite_ends_before_it_and_is_told_and_gray(monkeypatch):
    monkeypatch.setitem(OPTIMIZERS, "SGD", lambda parameters, lr: SGD(parameters, lambda t: 1e30 * lr(t)))
    losses = train(schedules.constant(1.5), "SGD", 100, 0)
    assert len(losses) < 100
    assert all(np.isfinite(losses))
    explorer = schedule_explorer(peak=1.25, optimizer="SGD")
    assert re.search(r"diverged at step \d+ at the constant rate 1.25", explorer.page.readout)
    lines = explorer.picture.figure.axes[1].lines
    assert "0.55" in [line.get_color() for line in lines]


def test_the_readout_gives_both_losses_and_the_best_rate_of_the_range_test():
    explorer = schedule_explorer(peak=0.3)
    said = re.search(
        r"loss (\S+) with the schedule; loss (\S+) at the constant rate 0.3", explorer.page.readout
    )
    assert float(said[2]) == pytest.approx(
        running_mean(train(schedules.constant(0.3), "momentum", 270, 0))[-1], abs=1e-3
    )
    assert float(said[1]) < float(said[2])  # a smooth decay bears a rate that is too high for a constant one


@pytest.mark.parametrize("seed", range(3))
def test_a_decay_bears_a_rate_at_which_a_constant_one_does_worse(seed):
    ends = [
        running_mean(train(rate, "momentum", 270, seed))[-1]
        for rate in (Drawn("cosine", 0.5, 0.1, 0.0, 270), schedules.constant(0.5))
    ]
    assert ends[0] < ends[1]


def test_the_range_test_stays_while_the_schedule_changes():
    explorer = schedule_explorer()
    before = explorer.page.readout.split("range test")[1]
    set_to(explorer, shape="linear", warmup=0.3)
    assert explorer.page.readout.split("range test")[1] == before
    set_to(explorer, optimizer="Adam")
    assert explorer.page.readout.split("range test")[1] != before
    assert RANGE_STEPS >= 100


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_something_at_a_small_rate(optimizer):
    losses = train(schedules.constant(0.01), optimizer, 270, 0)
    assert running_mean(losses)[-1] < np.log(10)


def test_the_running_mean_by_hand():
    assert running_mean((1.0, 3.0, 5.0, 7.0), 2).tolist() == [1, 2, 4, 6]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"shape": "parabola"}, "schedule_explorer expected shape as one of 'constant'"),
        ({"peak": 100.0}, "schedule_explorer expected peak"),
        ({"warmup": 1.0}, "schedule_explorer expected warmup"),
        ({"end": -0.1}, "schedule_explorer expected end"),
        ({"epochs": 0}, "schedule_explorer expected epochs"),
    ],
)
def test_settings_that_the_controls_do_not_have_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        schedule_explorer(**wrong)
