import math

import numpy as np
import torch
from attempts import wrong
from sklearn.metrics import mean_squared_error


def mse(a, b):
    return np.mean((a - b) ** 2)


def r2(y, forecast):
    return 1 - mse(y, forecast) / np.var(y)


def right_sums(y, forecast, baseline):
    return 1 - np.sum((forecast - y) ** 2) / np.sum((baseline - y) ** 2)


def right_sklearn(y, forecast, baseline):
    return 1 - mean_squared_error(y, forecast) / mean_squared_error(y, baseline)


def right_share_gone(y, forecast, baseline):
    worse = mse(y, baseline)
    return (worse - mse(y, forecast)) / worse


def right_loop(y, forecast, baseline):
    ours = theirs = 0.0
    for a, b, c in zip(y, forecast, baseline, strict=True):
        ours += (a - b) * (a - b)
        theirs += (a - c) * (a - c)
    return float(1.0 - ours / theirs)


def right_norms(y, forecast, baseline):
    return 1 - (np.linalg.norm(y - forecast) / np.linalg.norm(y - baseline)) ** 2


def right_torch(y, forecast, baseline):
    y, f, b = map(torch.tensor, (y, forecast, baseline))
    loss = torch.nn.functional.mse_loss
    return 1 - loss(f, y) / loss(b, y)


def right_dots(y, forecast, baseline):
    e, d = np.subtract(forecast, y), np.subtract(baseline, y)
    return np.array(1 - e @ e / (d @ d))


def right_squared_rmse(y, forecast, baseline):
    return 1 - (math.sqrt(mse(y, forecast)) / math.sqrt(mse(y, baseline))) ** 2


@wrong("ratio-of-rmse")
def roots(y, forecast, baseline):
    return 1 - np.sqrt(mse(y, forecast)) / np.sqrt(mse(y, baseline))


@wrong("ratio-of-mae")
def absolute(y, forecast, baseline):
    return 1 - np.abs(y - forecast).mean() / np.abs(y - baseline).mean()


@wrong("ratio-inverted")
def upside_down(y, forecast, baseline):
    return 1 - mse(y, baseline) / mse(y, forecast)


@wrong("baseline-ignored")
def r_squared(y, forecast, baseline):
    return 1 - ((y - forecast) ** 2).sum() / ((y - y.mean()) ** 2).sum()


@wrong("baseline-ignored")
def by_variance(y, forecast, baseline):
    return 1 - mse(y, forecast) / y.var()


@wrong("one-missing")
def ratio(y, forecast, baseline):
    return mse(y, forecast) / mse(y, baseline)


@wrong("skill-sign-flipped")
def minus_one(y, forecast, baseline):
    return mse(y, forecast) / mse(y, baseline) - 1


@wrong("difference-instead-of-ratio")
def gain(y, forecast, baseline):
    return mse(y, baseline) - mse(y, forecast)


@wrong("percent-instead-of-fraction")
def percent(y, forecast, baseline):
    return 100 * (1 - mse(y, forecast) / mse(y, baseline))


@wrong("mean-of-ratios")
def one_by_one(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.mean(1 - (y - forecast) ** 2 / (y - baseline) ** 2)


@wrong("variance-of-errors")
def spreads(y, forecast, baseline):
    return 1 - np.var(y - forecast) / np.var(y - baseline)


@wrong("clipped-at-zero")
def never_negative(y, forecast, baseline):
    return max(0, 1 - mse(y, forecast) / mse(y, baseline))


@wrong("square-missing")
def plain_means(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - np.mean(forecast - y) / np.mean(baseline - y)


@wrong("compared-with-the-forecast")
def over_ours(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (mse(y, baseline) - mse(y, forecast)) / mse(y, forecast)


@wrong("baseline-against-forecast")
def each_other(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - mse(y, forecast) / mse(forecast, baseline)


@wrong("ratio-of-rmse + one-missing")
def theils_u(y, forecast, baseline):
    return math.sqrt(mse(y, forecast) / mse(y, baseline))


@wrong("ratio-of-rmse + ratio-inverted")
def both(y, forecast, baseline):
    with np.errstate(divide="ignore"):
        return 1 - np.sqrt(mse(y, baseline)) / np.sqrt(mse(y, forecast))


@wrong("divided-by-the-variance", "divided-by-the-variance + not-a-number")
def difference_of_r2(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return r2(y, forecast) - r2(y, baseline)


@wrong("square-missing")
def absolute_means(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - abs(np.mean(y - forecast)) / abs(np.mean(y - baseline))


@wrong("baseline-ignored + ratio-of-mae", "baseline-ignored + ratio-of-mae + not-a-number")
def absolute_r_squared(y, forecast, baseline):
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - abs(y - forecast).mean() / abs(y - y.mean()).mean()


@wrong("parentheses-misplaced")
def one_minus_first(y, forecast, baseline):
    return (1 - mse(y, forecast)) / mse(y, baseline)


@wrong("baseline-ignored")
def error_alone(y, forecast, baseline):
    return mse(y, forecast)
