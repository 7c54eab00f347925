"""The guide's lines of lesson 17: what a scaler saw, what R² hides, and an average that is none."""

import numpy as np
import pytest

from nnlab.studies.guide.lesson_17 import (
    SeriesScale,
    average_loss,
    change_by_leak,
    growth,
    guides_average,
    noisy_sine,
    random_walk,
    sine_called_stock,
    skill_of_smoothed,
    split_windows,
)

SMALL = SeriesScale(seeds=2, epochs=8, rows=400, length=7)


def silent(done):
    """Take a report of the part done, which must lie in 0 … 1."""
    assert 0 <= done <= 1


def test_windows_their_targets_and_the_first_four_fifths():
    X, y, m = split_windows(np.arange(10.0), 3)
    assert X.shape == (7, 3)
    np.testing.assert_array_equal(X[0], [0, 1, 2])
    np.testing.assert_array_equal(y, np.arange(3.0, 10))
    assert m == 5  # the targets 3 … 7 of the first eight values


def test_the_scaler_does_not_matter_to_least_squares():
    for make in (noisy_sine, random_walk, growth):
        assert abs(change_by_leak("linear", make(300, np.random.default_rng(0)), SMALL, 0)) < 1e-6


@pytest.mark.parametrize("seed", range(2))
def test_a_scaler_that_saw_the_future_flatters_an_lstm_on_growth_alone(seed):
    rng = np.random.default_rng(seed)
    assert abs(change_by_leak("LSTM", noisy_sine(400, rng), SMALL, seed)) < 5
    assert change_by_leak("LSTM", growth(400, rng), SMALL, seed) < -5


def test_centered_means_forecast_what_cannot_be_forecast():
    skills = [skill_of_smoothed(random_walk(1000, np.random.default_rng(seed)), 7) for seed in range(3)]
    honest, leaking = np.transpose(skills)
    assert honest.max() < 0.05
    assert leaking.min() > 0.7


def test_persistence_has_a_high_r2_on_both_series_and_skill_distinguishes_them():
    scale = SeriesScale(seeds=3, epochs=1, rows=1000, length=50)
    measured = sine_called_stock(scale, silent).measured
    mean = {name: np.mean(values) for name, values in measured.items()}
    assert mean["sine, persistence: R²"] == pytest.approx(0.95, abs=0.01)
    assert mean["sine, linear: R²"] == pytest.approx(0.979, abs=0.004)
    assert mean["sine, the noise allows: R²"] == pytest.approx(0.98, abs=0.004)
    assert mean["random walk, persistence: R²"] > 0.9
    assert mean["sine, linear: skill against persistence"] > 0.5
    assert mean["random walk, linear: skill against persistence"] < 0.02


def test_the_guides_average_by_hand():
    assert guides_average(np.array([1.0, 1.0]), 2, 4) == 1
    assert guides_average(np.array([1.0, 1.0]), 2, 3) == pytest.approx(4 / 3)  # it should be 1


def test_the_average_is_right_where_the_batches_are_full_and_too_high_elsewhere():
    measured = average_loss(SeriesScale(seeds=20), silent).measured
    even, *short = (np.mean(values) for values in measured.values())
    assert abs(even) < 1e-9
    assert min(short) > 0
