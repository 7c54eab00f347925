"""The forecast explorer: its windows see no future, its numbers are scikit-learn's, its faults are named."""

import re

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from nnlab.widgets import forecast_explorer
from nnlab.widgets.forecast import FURTHEST, Task

WAIT = 60
RNG = np.random.default_rng(0)
SERIES = 10 + 3 * np.sin(2 * np.pi * np.arange(400) / 12) + RNG.normal(size=400)


@pytest.mark.parametrize(("length", "horizon"), [(1, 1), (7, 1), (5, 3), (60, 24)])
def test_a_window_ends_horizon_steps_before_its_target(length, horizon):
    task = Task(SERIES, 12, length, horizon, season=False)
    scaled = (SERIES - task.mean) / task.std
    assert len(task.X) == len(task.y) == len(task.at) == 400 - length - horizon + 1
    for row in (0, 5, len(task.y) - 1):
        assert task.y[row] == scaled[task.at[row]]
        end = task.at[row] - horizon
        np.testing.assert_array_equal(task.X[row], scaled[end - length + 1 : end + 1])
        assert task.last[row] == scaled[end]
    assert task.at[task.test].min() == 320
    assert task.at[task.validation].min() == 280
    np.testing.assert_allclose([task.mean, task.std], [SERIES[:280].mean(), SERIES[:280].std()])


def test_nothing_before_the_test_depends_on_it():
    other = SERIES.copy()
    other[320:] += 5
    one, two = (Task(series, 12, 7, 2, season=True) for series in (SERIES, other))
    for part in (one.train, one.validation):
        np.testing.assert_array_equal(one.X[part], two.X[part])
        np.testing.assert_array_equal(one.linear(one.X)[part], two.linear(two.X)[part])


def test_the_linear_model_is_least_squares_and_skill_is_beside_persistence():
    task = Task(SERIES, 12, 7, 1, season=True)
    assert task.X.shape[1] == 7 + 4
    model = LinearRegression().fit(task.X[task.train], task.y[task.train])
    np.testing.assert_allclose(task.linear(task.X), model.predict(task.X))
    assert task.skill(task.last, task.test) == 0
    assert task.skill(task.y, task.test) == 1
    errors = [np.mean((task.y - what)[task.test] ** 2) for what in (model.predict(task.X), task.last)]
    assert task.skill(task.linear(task.X), task.test) == pytest.approx(1 - errors[0] / errors[1])
    assert task.rmse(task.last) == pytest.approx(np.std(SERIES[320:] - SERIES[319:-1]), rel=0.01)


def test_what_is_drawn_and_said():
    explorer = forecast_explorer(SERIES, 12, length=12, horizon=3)
    task = Task(SERIES, 12, 12, 3, season=False)
    left, right = explorer.picture.figure.axes
    measured, season, forecast = left.lines
    np.testing.assert_allclose(measured.get_ydata(), SERIES[320:380])
    np.testing.assert_array_equal(measured.get_xdata(), np.arange(320, 380))
    np.testing.assert_allclose(
        forecast.get_ydata(), task.mean + task.std * task.linear(task.X)[task.test][:60]
    )
    assert len(season.get_ydata()) == 60
    skill = task.skill(task.linear(task.X), task.test)
    assert right.lines[1].get_ydata()[2] == pytest.approx(skill)
    assert len(right.lines[1].get_ydata()) == FURTHEST
    assert explorer.page.readout.startswith("3 steps ahead. linear: RMSE ")
    assert f"skill {skill:+.3f} in the test" in explorer.page.readout.replace("−", "-")
    assert "persistence: " in explorer.page.readout


def test_a_network_trains_and_ends_near_the_linear_model():
    explorer = forecast_explorer(SERIES, 12, length=12, hidden=8, season=True)
    assert explorer.page.readout.startswith("1 step ahead. 8 hidden neurons: ")
    assert "so far" not in explorer.page.readout
    numbers = re.findall(r"RMSE ([\d.]+)|linear: ([\d.]+)", explorer.page.readout)
    network, linear = float(numbers[0][0]), float(numbers[1][1])
    assert network < 1.4 * linear
    again = forecast_explorer(SERIES, 12, length=12, hidden=8, season=True)
    assert again.page.readout == explorer.page.readout


@pytest.mark.parametrize(
    ("values", "period", "message"),
    [
        (SERIES[:100], 12, "forecast_explorer expected at least 168 values, got 100"),
        (SERIES, 365.25, "forecast_explorer expected at least 1095 values, got 400"),
        (np.full(400, 3.0), 12, "expected values that vary, got 3 throughout training"),
        (np.where(np.arange(400) == 7, np.nan, SERIES), 12, "expected finite values"),
        (SERIES[:, None], 12, "expected values of shape"),
        (SERIES, 0.5, "expected period > 1, got 0.5"),
        ("warm", 12, "expected values"),
    ],
)
def test_bad_series_are_named_in_place_of_the_picture(values, period, message):
    assert message in forecast_explorer(values, period).page.error


@pytest.mark.parametrize("settings", [{"length": 0}, {"horizon": 25}, {"hidden": -1}, {"season": "summer"}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ValueError, match=f"forecast_explorer expected {next(iter(settings))}"):
        forecast_explorer(SERIES, 12, **settings)
