import math

import numpy as np
from attempts import wrong
from scipy.stats import loguniform


def right_log10(low, high, size, rng):
    return 10 ** rng.uniform(np.log10(low), np.log10(high), size)


def right_ratio(low, high, size, rng):
    return low * (high / low) ** rng.random(size)


def right_scipy(low, high, size, rng):
    return loguniform(low, high).rvs(size, random_state=rng)


def right_loop(low, high, size, rng):
    return [math.exp(rng.uniform(math.log(low), math.log(high))) for _ in range(size)]


def right_base_two(low, high, size, rng):
    a, b = np.log2([low, high])
    return np.exp2(a + (b - a) * rng.uniform(size=(size, 1)))[:, 0]


def right_downwards(low, high, size, rng):
    return np.array([high / (high / low) ** rng.random() for _ in range(size)])


@wrong("uniform-not-log")
def plain_uniform(low, high, size, rng):
    return rng.uniform(low, high, size)


@wrong("uniform-not-log")
def scaled_random(low, high, size, rng):
    return low + (high - low) * rng.random(size)


@wrong("logarithms-returned")
def exponents(low, high, size, rng):
    return rng.uniform(np.log10(low), np.log10(high), size)


@wrong("logarithms-returned")
def natural_logs(low, high, size, rng):
    return rng.uniform(np.log(low), np.log(high), size)


@wrong("bases-mixed")
def ten_to_the_ln(low, high, size, rng):
    return 10 ** rng.uniform(np.log(low), np.log(high), size)


@wrong("bases-mixed")
def exp_of_log10(low, high, size, rng):
    return np.exp(rng.uniform(np.log10(low), np.log10(high), size))


@wrong("limits-not-logarithms")
def exp_of_limits(low, high, size, rng):
    return np.exp(rng.uniform(low, high, size))


@wrong("limits-not-logarithms")
def ten_to_the_limits(low, high, size, rng):
    return 10 ** rng.uniform(low, high, size)


@wrong("one-draw-repeated")
def full(low, high, size, rng):
    return np.full(size, np.exp(rng.uniform(np.log(low), np.log(high))))


@wrong("one-draw-repeated")
def list_times(low, high, size, rng):
    return [low * (high / low) ** rng.random()] * size


@wrong("single-number")
def one_value(low, high, size, rng):
    return np.exp(rng.uniform(np.log(low), np.log(high)))


@wrong("global-rng-instead-of-rng")
def global_state(low, high, size, rng):
    return np.exp(np.random.uniform(np.log(low), np.log(high), size))  # noqa: NPY002


@wrong("global-rng-instead-of-rng")
def own_generator(low, high, size, rng):
    rng = np.random.default_rng(42)
    return np.exp(rng.uniform(np.log(low), np.log(high), size))


@wrong("grid-instead-of-draws")
def geomspace(low, high, size, rng):
    return np.geomspace(low, high, size)


@wrong("grid-instead-of-draws")
def logspace(low, high, size, rng):
    return np.logspace(np.log10(low), np.log10(high), size)


@wrong("powers-of-ten-only")
def whole_powers(low, high, size, rng):
    return 10.0 ** rng.integers(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1, size)


@wrong("normal-instead-of-uniform")
def lognormal(low, high, size, rng):
    a, b = np.log(low), np.log(high)
    return rng.lognormal((a + b) / 2, (b - a) / 4, size)


@wrong("uniform-not-log")
def log_and_back(low, high, size, rng):
    return np.exp(np.log(rng.uniform(low, high, size)))


@wrong("wrong-shape")
def column(low, high, size, rng):
    return np.exp(rng.uniform(np.log(low), np.log(high), (size, 1)))


@wrong("sorted-draws")
def in_order(low, high, size, rng):
    return sorted(right_log10(low, high, size, rng))


@wrong("range-not-covered")
def high_not_ratio(low, high, size, rng):
    return low * high ** rng.random(size)


@wrong("limit-ignored")
def from_one(low, high, size, rng):
    return np.exp(rng.random(size) * np.log(high))


@wrong("uniform-not-log + logarithms-returned")
def log_of_uniform(low, high, size, rng):
    return np.log(rng.uniform(low, high, size))
