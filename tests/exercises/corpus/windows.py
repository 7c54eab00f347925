from collections import deque

import numpy as np
import torch
from attempts import wrong
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def right_append(series, length, horizon=1):
    X, y = [], []
    for start in range(len(series)):
        end = start + length
        if end + horizon > len(series):
            break
        X.append(series[start:end])
        y.append(series[end + horizon - 1])
    return X, y


def right_sliding(series, length, horizon=1):
    return sliding_window_view(series, length)[:-horizon], series[length + horizon - 1 :]


def right_indices(series, length, horizon=1):
    k = series.size - length - horizon + 1
    rows = np.add.outer(np.arange(k), np.arange(length))
    return series[rows], series[rows[:, -1] + horizon]


def right_strided(series, length, horizon=1):
    k, step = len(series) - length - horizon + 1, series.strides[0]
    return as_strided(series, (k, length), (step, step), writeable=False), series[-k:]


def right_columns(series, length, horizon=1):
    k = len(series) - (length + horizon) + 1
    return np.column_stack([series[j : j + k] for j in range(length)]), series[length + horizon - 1 :].copy()


def right_torch(series, length, horizon=1):
    s = torch.tensor(series)
    return s.unfold(0, length, 1)[:-horizon], s[length + horizon - 1 :]


def right_from_the_target(series, length, horizon=1):
    targets = range(length + horizon - 1, len(series))
    X = np.zeros((len(targets), length))
    for row, t in enumerate(targets):
        last = t - horizon
        X[row] = series[last - length + 1 : last + 1]
    return X, np.take(series, targets)


def right_deque(series, length, horizon=1):
    window, X = deque(maxlen=length), []
    for value in series[:-horizon].tolist():
        window.append(value)
        if len(window) == length:
            X.append(tuple(window))
    return np.array(X, dtype=np.float32), series.astype(np.float32)[length + horizon - 1 :]


@wrong("window-leaks-target")
def last_of_the_window(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    X = np.array([series[i : i + length] for i in range(k)])
    return X, X[:, -1]


@wrong("horizon-off-by-one")
def one_too_far(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length - horizon):
        X.append(series[i : i + length])
        y.append(series[i + length + horizon])
    return np.array(X), np.array(y)


@wrong("horizon-ignored")
def always_the_next(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length):
        X.append(series[i : i + length])
        y.append(series[i + length])
    return np.array(X), np.array(y)


@wrong("last-window-left-out")
def range_stops(series, length, horizon=1):
    k = len(series) - length - horizon
    X = np.array([series[i : i + length] for i in range(k)])
    return X, np.array([series[i + length + horizon - 1] for i in range(k)])


@wrong("time-reversed")
def newest_first(series, length, horizon=1):
    X, y = right_indices(series, length, horizon)
    return np.fliplr(X), y


@wrong("axes-swapped")
def a_row_per_lag(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    return np.array([series[j : j + k] for j in range(length)]), series[length + horizon - 1 :]


@wrong("target-keeps-dims")
def column(series, length, horizon=1):
    X, y = right_indices(series, length, horizon)
    return X, y.reshape(-1, 1)


@wrong("windows-do-not-overlap")
def pieces(series, length, horizon=1):
    starts = range(0, len(series) - length - horizon + 1, length)
    return [series[i : i + length] for i in starts], [series[i + length + horizon - 1] for i in starts]


@wrong("all-steps-to-the-horizon")
def several_targets(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    X = np.array([series[i : i + length] for i in range(k)])
    return X, np.array([series[i + length : i + length + horizon] for i in range(k)])


@wrong("targets-beyond-the-end")
def too_many(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length + 1):
        X.append(series[i : i + length])
        y.append(series[i + length + horizon - 1])
    return np.array(X), np.array(y)


@wrong("outputs-swapped")
def y_first(series, length, horizon=1):
    return right_indices(series, length, horizon)[::-1]


@wrong("pairs-instead-of-arrays", "wrong-type")
def pairs(series, length, horizon=1):
    return list(zip(*right_indices(series, length, horizon), strict=True))


@wrong("wrapped-around")
def rolled(series, length, horizon=1):
    X = np.stack([np.roll(series, -j) for j in range(length)], axis=1)
    return X, np.roll(series, -(length + horizon - 1))


@wrong("horizon-from-first-value")
def from_the_start(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    return sliding_window_view(series, length)[:k], series[horizon : horizon + k]


@wrong("length-off-by-one")
def inclusive(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    X = np.array([series[i : i + length - 1] for i in range(k)])
    return X, series[length + horizon - 1 :]


@wrong("targets-without-windows", "horizon-ignored", "wrong-shape")
def all_later_values(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    return sliding_window_view(series, length)[:k], series[length:]


@wrong("time-reversed + horizon-ignored", "horizon-ignored + time-reversed")
def lags(series, length, horizon=1):
    k = len(series) - length
    X = np.column_stack([series[length - j - 1 : length - j - 1 + k] for j in range(length)])
    return X, series[length:]


@wrong("hard-coded-size")
def windows_of_four(series, length, horizon=1):
    every = sliding_window_view(series, 4 + horizon)
    return every[:, :4], every[:, -1]


@wrong("window-off-by-one")
def begins_at_one(series, length, horizon=1):
    k = len(series) - length - horizon + 1
    return np.array([series[i + 1 : i + length + 1] for i in range(k)]), series[length + horizon - 1 :]


@wrong("window-leaks-target + time-reversed")
def leaks_backward(series, length, horizon=1):
    every = sliding_window_view(series, length + horizon)
    return every[:, : horizon - 1 : -1], every[:, -1]


@wrong("horizon-ignored")
def next_value_and_one_less(series, length, horizon=1):
    X, y = [], []
    for i in range(len(series) - length - 1):
        X.append(series[i : i + length])
        y.append(series[i + length])
    return np.array(X), np.array(y)


@wrong("never-filled")
def targets_never_written(series, length, horizon=1):
    X, y = right_indices(series, length, horizon)
    return X, np.zeros(len(y))
