"""Answers to notebook 17's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import hankel
from sklearn.metrics import mean_squared_error

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# windows


@right("windows")
def shifted_table(series, length, horizon=1):
    table = pd.DataFrame({j: pd.Series(series).shift(-j) for j in range(length)})
    table["y"] = pd.Series(series).shift(-(length + horizon - 1))
    table = table.dropna()
    return table.drop(columns="y").to_numpy(), table["y"].to_numpy()


@right("windows")
def of_hankel(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    return hankel(series[:k], series[k - 1 : k + length - 1]), series[length + horizon - 1 :]


@right("windows")
def while_loop(series, length, horizon=1):
    X, y, i = [], [], 0
    while i + length + horizon <= len(series):
        X.append(list(series[i : i + length]))
        y.append(float(series[i + length - 1 + horizon]))
        i += 1
    return [X, y]


@right("windows")
def read_only_views(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon)
    return every[:, :length], every[:, -1]


@right("windows")
def filled_arrays(series, length, horizon=1):
    k = len(series) - (length - 1) - horizon
    X, y = np.empty((k, length)), np.empty(k)
    for j in range(length):
        X[:, j] = series[j : j + k]
    for i in range(k):
        y[i] = series[i + length + horizon - 1]
    return torch.tensor(X), torch.tensor(y)


@wrong("windows", "window-leaks-target")
def target_in_the_window(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon)
    return every[:, horizon:], every[:, -1]


@wrong("windows", "window-leaks-target")
def window_too_long(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon)
    return every, every[:, -1]


@wrong("windows", "horizon-off-by-one")
def gap_of_horizon(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon + 1)
    return every[:, :length], every[:, -1]


@wrong("windows", "horizon-off-by-one")
def one_too_early(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    X = [series[i : i + length] for i in range(k)]
    y = [series[i + length + horizon - 2] for i in range(k)]
    return np.array(X), np.array(y)


@wrong("windows", "horizon-ignored")
def next_value(series, length, horizon=1):
    every = sliding_window_view(series, length + 1)
    return every[:, :-1], every[:, -1]


@wrong("windows", "last-window-left-out")
def fence_posts(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length - horizon):
        X.append(series[i : i + length])
        y.append(series[i + length + horizon - 1])
    return np.array(X), np.array(y)


@wrong("windows", "targets-beyond-the-end")
def too_far(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length):
        X.append(series[i : i + length])
        y.append(series[i + length + horizon])
    return np.array(X), np.array(y)


@wrong("windows", "first-window-left-out")
def counts_from_one(series, length, horizon=1):
    X, y = read_only_views(series, length, horizon)
    return X[1:], y[1:]


@wrong("windows", "time-reversed", "target-keeps-dims")
def lag_columns(series, length, horizon=1):
    X, y = read_only_views(series, length, horizon)
    return X[:, ::-1], y[:, np.newaxis]


@wrong("windows", "windows-do-not-overlap")
def blocks(series, length, horizon=1):
    X, y = [], []
    for i in range(0, len(series) - length - horizon + 1, length):
        X.append(series[i : i + length])
        y.append(series[i + length + horizon - 1])
    return np.array(X), np.array(y)


@wrong("windows", "all-steps-to-the-horizon")
def sequence_to_sequence(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon)
    return every[:, :length], every[:, length:]


@wrong("windows", "axes-swapped", "horizon-ignored")
def lags_as_rows(series, length, horizon=1):
    k = len(series) - length
    return np.array([series[j : j + k] for j in range(length)]), series[length:]


@wrong("windows", "differences-instead-of-values")
def differences(series, length, horizon=1):
    every = np.diff(series)
    return read_only_views(every, length, horizon)


@wrong("windows", "window-rescaled")
def minus_the_mean(series, length, horizon=1):
    X, y = read_only_views(series, length, horizon)
    mean = X.mean(axis=1)
    return X - mean[:, None], y - mean


@wrong("windows", "pairs-instead-of-arrays")
def samples(series, length, horizon=1):
    out = []
    for i in range(len(series) - length - horizon + 1):
        out.append((series[i : i + length], series[i + length + horizon - 1]))
    return out


@wrong("windows", "horizon-taken-for-stride")
def every_horizon_th(series, length, horizon=1):
    X, y = read_only_views(series, length, horizon)
    return X[::horizon], y[::horizon]


@wrong("windows", "wrong-type")
def windows_alone(series, length, horizon=1):
    return read_only_views(series, length, horizon)[0]


@wrong("windows", "wrong-shape")
def for_a_network(series, length, horizon=1):
    X, y = read_only_views(series, length, horizon)
    return X[:, :, None], y


@wrong("windows", "window-leaks-target")
def first_value(series, length, horizon=1):
    X, _ = read_only_views(series, length, horizon)
    return X, X[:, 0]


@wrong("windows", "outputs-swapped", "horizon-ignored")
def swapped_and_next(series, length, horizon=1):
    every = sliding_window_view(series, length + 1)
    return every[:, -1], every[:, :-1]


# skill


@right("skill")
def pandas_frame(y, forecast, baseline):
    errors = pd.DataFrame({"f": forecast, "b": baseline}).sub(pd.Series(y), axis=0).pow(2).mean()
    return 1 - errors["f"] / errors["b"]


@right("skill")
def from_scikit(y, forecast, baseline):
    return np.float64(1) - mean_squared_error(forecast, y) / mean_squared_error(baseline, y)


@right("skill")
def bias_and_variance(y, forecast, baseline):
    def error(f):
        return np.var(f - y) + np.mean(f - y) ** 2

    return (error(baseline) - error(forecast)) / error(baseline)


@right("skill")
def list_comprehension(y, forecast, baseline):
    ours = [(a - f) ** 2 for a, f in zip(y.tolist(), forecast.tolist(), strict=True)]
    theirs = [(a - b) ** 2 for a, b in zip(y.tolist(), baseline.tolist(), strict=True)]
    return 1 - sum(ours) / sum(theirs)


@right("skill")
def tensor(y, forecast, baseline):
    y, f, b = (torch.tensor(a, dtype=torch.float32) for a in (y, forecast, baseline))
    return 1 - (y - f).square().mean() / (y - b).square().mean()


@wrong("skill", "ratio-of-rmse")
def rmse(y, forecast, baseline):
    return 1 - np.linalg.norm(y - forecast) / np.linalg.norm(y - baseline)


@wrong("skill", "ratio-of-mae")
def mase(y, forecast, baseline):
    return 1 - sum(abs(y - forecast)) / sum(abs(y - baseline))


@wrong("skill", "ratio-of-mae", "one-missing")
def relative_mae(y, forecast, baseline):
    return np.abs(y - forecast).mean() / np.abs(y - baseline).mean()


@wrong("skill", "baseline-ignored")
def persistence_of_its_own(y, forecast, baseline):
    if len(y) < 2:
        return 1 - np.mean((y - forecast) ** 2) / np.nan
    with np.errstate(divide="ignore"):
        return 1 - np.mean((y - forecast) ** 2) / np.mean(np.diff(y) ** 2)


@wrong("skill", "ratio-inverted")
def arguments_swapped(y, forecast, baseline):
    return 1 - np.mean((y - baseline) ** 2) / np.mean((y - forecast) ** 2)


@wrong("skill", "ratio-inverted", "one-missing")
def gain_factor(y, forecast, baseline):
    return np.mean((y - baseline) ** 2) / np.mean((y - forecast) ** 2)


@wrong("skill", "one-missing", "percent-instead-of-fraction")
def percent_left(y, forecast, baseline):
    return 100 * np.mean((y - forecast) ** 2) / np.mean((y - baseline) ** 2)


@wrong("skill", "baseline-against-forecast")
def to_the_baseline(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - np.mean((forecast - y) ** 2) / np.mean((baseline - forecast) ** 2)


@wrong("skill", "clipped-at-zero")
def clipped(y, forecast, baseline):
    return np.clip(1 - np.mean((y - forecast) ** 2) / np.mean((y - baseline) ** 2), 0, 1)


@wrong("skill", "mean-of-ratios")
def per_value(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (y - forecast) ** 2 / (y - baseline) ** 2


@wrong("skill", "variance-of-errors")
def standard_deviations(y, forecast, baseline):
    return 1 - (y - forecast).std() ** 2 / (y - baseline).std() ** 2


@wrong("skill", "square-of-the-mean")
def parenthesis(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - np.mean(y - forecast) ** 2 / np.mean(y - baseline) ** 2


@wrong("skill", "correlation-instead")
def correlation(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.corrcoef(forecast, y)[1, 0] if len(y) > 1 else np.nan


@wrong("skill", "difference-instead-of-ratio", "ratio-of-rmse")
def rmse_gained(y, forecast, baseline):
    return np.sqrt(np.mean((y - baseline) ** 2)) - np.sqrt(np.mean((y - forecast) ** 2))


@wrong("skill", "difference-instead-of-ratio", "ratio-of-mae")
def mae_gained(y, forecast, baseline):
    return np.mean(abs(y - baseline)) - np.mean(abs(y - forecast))


@wrong("skill", "share-of-better-forecasts")
def how_often_better(y, forecast, baseline):
    return np.mean(abs(y - forecast) < abs(y - baseline))


@wrong("skill", "skill-sign-flipped", "ratio-of-rmse")
def excess(y, forecast, baseline):
    return np.sqrt(np.mean((y - forecast) ** 2) / np.mean((y - baseline) ** 2)) - 1


@wrong("skill", "result-rounded")
def rounded(y, forecast, baseline):
    return round(1 - np.mean((y - forecast) ** 2) / np.mean((y - baseline) ** 2), 2)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


# The references against others' code


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 20), st.integers(0, 10_000))
def test_the_windows_are_those_of_a_sliding_view(length, horizon, k, seed):
    series = np.random.default_rng(seed).normal(size=length + horizon + k - 1)
    X, y = references.windows(series, length, horizon)
    every = sliding_window_view(series, length + horizon)
    np.testing.assert_array_equal(X, every[:, :length])
    np.testing.assert_array_equal(y, every[:, -1])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(0, 10_000))
def test_the_skill_is_that_of_two_mean_squared_errors(m, seed):
    y, forecast, baseline = np.random.default_rng(seed).normal(size=(3, m))
    expected = 1 - mean_squared_error(y, forecast) / mean_squared_error(y, baseline)
    assert references.skill(y, forecast, baseline) == pytest.approx(expected, rel=1e-12)
