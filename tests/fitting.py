"""What the tests of training share: a small problem, networks for it, and a run with usual settings."""

import copy
from functools import partial

import numpy as np
import pytest

from nnlab import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Layer,
    ReLU,
    RMSprop,
    Tanh,
    fit,
    predict_scores,
    softmax_cross_entropy,
)

OPTIMIZERS = [
    partial(SGD, lr=0.3),
    partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    partial(RMSprop, lr=0.01, momentum=0.5),
    partial(Adam, lr=0.02),
    partial(AdamW, lr=0.02),
]
every_optimizer = pytest.mark.parametrize(
    "make",
    OPTIMIZERS,
    ids=lambda make: make.func.__name__ + "+".join(["", *sorted(set(make.keywords) - {"lr"})]),
)


def quadrants(m=60, seed=0, dtype=np.float64):
    """Points whose class is whether both coordinates have the same sign: no line parts them."""
    X = np.random.default_rng(seed).standard_normal((m, 2)).astype(dtype)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


X, Y = quadrants()
VALIDATION = quadrants(40, seed=1)


def make_network(seed=0, sizes=(2, 8, 2), **arguments):
    return MLP(list(sizes), activation=Tanh, rng=np.random.default_rng(seed), **arguments)


def rectified(seed=0):
    """Return a network whose scores grow with the product of its weights (tanh would hold them down)."""
    return MLP([2, 8, 2], activation=ReLU, rng=np.random.default_rng(seed))


class Probe(Layer):
    """Notes how many rows it is given, of which dtype, and in which mode."""

    def __init__(self):
        self.calls, self.dtypes = [], set()

    def _check_input(self, X):
        return X

    def _forward(self, X):
        self.calls.append((len(X), self.training))
        self.dtypes.add(X.dtype)
        return X.astype(float)

    def _backward(self, dY, X, Y):
        return dY


class Noisy(Layer):
    """A layer with a generator and a buffer, as dropout and batch norm have them."""

    samplewise = False
    buffer_names = ("mean",)

    def __init__(self, n=8, *, rng):
        self.rng, self.mean = rng, np.zeros(n)

    def _forward(self, X):
        if not self.training:
            return X - self.mean
        self.mean = 0.9 * self.mean + 0.1 * X.mean(axis=0)
        return X + self.rng.normal(0, 0.1, X.shape)

    def _backward(self, dY, X, Y):
        return dY


ADAM = partial(Adam, lr=0.02)


def train(network=None, X=X, y=Y, *, make=ADAM, seed=0, **arguments):
    """Fit a network, by default a new one on the quadrants, and return it with its history."""
    network = make_network() if network is None else network
    arguments = {
        "loss": softmax_cross_entropy,
        "optimizer": make(network.parameters()),
        "epochs": 5,
        "rng": np.random.default_rng(seed),
        **arguments,
    }
    return network, fit(network, X, y, **arguments)


def weights(network):
    return [p.value.copy() for p in network.parameters()]


def assert_weights(network, expected):
    for p, value in zip(network.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.value, value)


def loss_of(network, X=X, y=Y, loss=softmax_cross_entropy):
    return loss(predict_scores(network, X), y)[0]


def everything(network, optimizer, rng, history=None):
    """Return all state that a refused call must leave alone."""
    return copy.deepcopy(
        (weights(network), optimizer.state_dict(), rng.bit_generator.state, history and vars(history))
    )


def assert_everything(network, optimizer, rng, before, history=None):
    after = everything(network, optimizer, rng, history)
    np.testing.assert_equal(after, before)
