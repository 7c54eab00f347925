import math

import numpy as np
import torch
from attempts import wrong


def right_scale(fan_in, fan_out, rng):
    return rng.normal(loc=0, scale=math.sqrt(2 / fan_in), size=(fan_in, fan_out))


def right_two_roots(fan_in, fan_out, rng):
    return np.sqrt(2) / np.sqrt(fan_in) * rng.standard_normal((fan_in, fan_out))


def right_columns(fan_in, fan_out, rng):
    return np.array([rng.normal(size=fan_in) / (fan_in / 2) ** 0.5 for _ in range(fan_out)]).T


def right_torch_tensor(fan_in, fan_out, rng):
    return torch.from_numpy(rng.normal(size=(fan_in, fan_out))) * math.sqrt(2 / fan_in)


@wrong("init-scale-ignored + wrong-shape")
def third_transposed(fan_in, fan_out, rng):
    return 0.3 * rng.normal(size=(fan_out, fan_in))


@wrong("init-scale-ignored + uniform-instead-of-normal", "init-scale-ignored", "uniform-instead-of-normal")
def third_uniform(fan_in, fan_out, rng):
    return 0.3 * rng.random((fan_in, fan_out))


@wrong("xavier-instead-of-he")
def xavier(fan_in, fan_out, rng):
    return rng.normal(0, 1 / math.sqrt(fan_in), (fan_in, fan_out))


@wrong("xavier-instead-of-he")
def glorot(fan_in, fan_out, rng):
    return rng.normal(0, math.sqrt(2 / (fan_in + fan_out)), (fan_in, fan_out))


@wrong("variance-used-as-std")
def no_root(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * (2 / fan_in)


@wrong("root-of-a-part-only")
def half_a_root(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) * np.sqrt(2) / fan_in


@wrong("uniform-instead-of-normal")
def kaiming_uniform(fan_in, fan_out, rng):
    a = np.sqrt(6 / fan_in)
    return rng.uniform(-a, a, (fan_in, fan_out))


@wrong("global-rng-instead-of-rng")
def kaiming_normal(fan_in, fan_out, rng):
    W = torch.empty(fan_out, fan_in)
    torch.nn.init.kaiming_normal_(W)
    return W.T.numpy()


@wrong("global-rng-instead-of-rng")
def seeded(fan_in, fan_out, rng):
    return np.random.default_rng(42).normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out))


@wrong("fan-out-instead-of-fan-in")
def other_side(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_out), (fan_in, fan_out))


@wrong("fan-out-instead-of-fan-in + wrong-shape", "fan-out-instead-of-fan-in", "wrong-shape")
def other_side_transposed(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_out), (fan_out, fan_in))


@wrong("wrong-type")
def with_bias(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)), np.zeros(fan_out)


@wrong("wrong-factor")
def root_of_six(fan_in, fan_out, rng):
    return rng.normal(0, np.sqrt(6 / fan_in), (fan_in, fan_out))


@wrong("scale-divided")
def divided(fan_in, fan_out, rng):
    return rng.normal(size=(fan_in, fan_out)) * np.sqrt(fan_in / 2)


@wrong("init-all-equal")
def ones(fan_in, fan_out, rng):
    return np.ones((fan_in, fan_out)) * np.sqrt(2 / fan_in)


@wrong("scale-given-as-mean")
def mean(fan_in, fan_out, rng):
    return rng.normal(np.sqrt(2 / fan_in), size=(fan_in, fan_out))
