"""Dropout: what it drops and how often, both modes, and the generator it insists on."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import Linear, Sequential, Tanh, check_gradients
from nnlab.layers import Dropout


def dropout(p=0.5, seed=0):
    return Dropout(p, rng=np.random.default_rng(seed))


class Scripted(np.random.Generator):
    """A generator that draws the given numbers."""

    def __init__(self, numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = np.array(numbers, np.float32)

    def random(self, size, dtype):
        return self.numbers.reshape(size).astype(dtype)


def test_dropout_by_hand():
    # p = 0.75: draws below 0.75 drop, others are scaled by 1 / 0.25 = 4
    layer = Dropout(0.75, rng=Scripted([0, 0.7, 0.75, 0.9]))
    Y = layer.forward(np.array([[1.0, 2], [3, 4]]))
    np.testing.assert_array_equal(Y, [[0, 0], [12, 16]])
    np.testing.assert_array_equal(layer.backward(np.array([[5.0, 6], [7, 8]])), [[0, 0], [28, 32]])


def test_evaluation_mode_is_the_identity_and_draws_nothing():
    layer = dropout().eval()
    before = layer.rng.bit_generator.state
    X = np.random.default_rng(1).standard_normal((4, 3))
    np.testing.assert_array_equal(layer.forward(X), X)
    np.testing.assert_array_equal(layer.backward(2 * X), 2 * X)
    assert layer.rng.bit_generator.state == before


def test_backward_goes_by_the_forward_pass_whatever_the_mode_is_now():
    layer, X = dropout(), np.ones((50, 4))
    Y = layer.forward(X)
    np.testing.assert_array_equal(layer.eval().backward(X), Y)
    layer.forward(X)
    np.testing.assert_array_equal(layer.train().backward(X), X)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_how_often_and_how_much(p):
    # of 250,000 entries, the share dropped has standard deviation √(p (1 − p) / 250000) <= 0.001: six of them
    Y = dropout(p).forward(np.ones((500, 500)))
    assert np.mean(Y == 0) == pytest.approx(p, abs=0.006)
    np.testing.assert_allclose(Y[Y != 0], 1 / (1 - p), rtol=1e-15)
    # rows and columns by themselves, 500 entries each: six standard deviations are 0.134 at most
    assert np.abs((Y == 0).mean(axis=0) - p).max() < 0.134
    assert np.abs((Y == 0).mean(axis=1) - p).max() < 0.134
    # neighbours are dropped independently of each other
    assert np.mean((Y[:, 1:] == 0) & (Y[:, :-1] == 0)) == pytest.approx(p * p, abs=0.006)


def test_the_mean_is_kept():
    # an entry of Y has mean 1 and variance p / (1 − p) = 1 at p = 0.5: six of 1 / √160000 = 0.0025
    assert dropout().forward(np.ones((400, 400))).mean() == pytest.approx(1, abs=0.015)


def test_same_seed_same_masks_and_every_pass_another():
    X = np.ones((20, 20))
    one, two, other = dropout(seed=1), dropout(seed=1), dropout(seed=2)
    first = one.forward(X)
    np.testing.assert_array_equal(first, two.forward(X))
    assert not np.array_equal(first, other.forward(X))
    second = one.forward(X)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(second, two.forward(X))


def test_a_saved_generator_goes_on_with_the_same_masks():
    X = np.ones((20, 20))
    network = Sequential(Linear(20, 20, rng=np.random.default_rng(0)), dropout())
    network.forward(X)
    ((name, rng),) = network.named_generators()
    assert name == "1.rng"
    state = rng.bit_generator.state
    expected = network.forward(X)
    other = Sequential(Linear(20, 20), dropout(seed=9))
    other.load_state_dict(network.state_dict())
    dict(other.named_generators())[name].bit_generator.state = state
    np.testing.assert_array_equal(other.forward(X), expected)


def test_p_of_zero_is_the_identity_and_needs_no_generator():
    X = np.ones((3, 2))
    for layer in (Dropout(0.0, rng=None), dropout(0)):
        assert layer.rng is None
        assert not list(layer.named_generators())
        np.testing.assert_array_equal(layer.forward(X), X)
        np.testing.assert_array_equal(layer.backward(X), X)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.floats(0, 0.99), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_any_shape_and_p(shape, p, seed):
    X, dY = np.random.default_rng(seed).standard_normal((2, *shape))
    before = X.copy(), dY.copy()
    layer = dropout(p, seed)
    Y, dX = layer.forward(X), layer.backward(dY)
    np.testing.assert_array_equal(Y == 0, dX == 0)
    np.testing.assert_allclose(Y[Y != 0], X[Y != 0] / (1 - p), rtol=1e-12)
    np.testing.assert_allclose(dX[Y != 0], dY[Y != 0] / (1 - p), rtol=1e-12)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(dY, before[1])


def test_float32_is_kept_with_the_mask_of_float64():
    single, double = dropout(0.3), dropout(0.3)
    X = np.random.default_rng(1).standard_normal((30, 30))
    Y = single.forward(X.astype(np.float32))
    assert Y.dtype == single.backward(Y).dtype == np.float32
    np.testing.assert_array_equal(Y == 0, double.forward(X) == 0)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_in_both_modes(training):
    rng = np.random.default_rng(0)
    network = Sequential(Linear(4, 6, rng=rng), Tanh(), Dropout(0.4, rng=rng), Linear(6, 3, rng=rng))
    errors = check_gradients(network.train(training), rng.standard_normal((5, 4)))
    assert max(errors.values()) < 1e-7


def test_samples_are_not_independent():
    assert not Dropout.samplewise
    assert repr(dropout(0.25)) == "Dropout(p=0.25)"


@pytest.mark.parametrize(
    ("p", "rng", "error", "message"),
    [
        (-0.1, 0, ValueError, "Dropout expected p >= 0, got -0.1"),
        (1, 0, ValueError, "Dropout expected p < 1, got 1"),
        (np.nan, 0, ValueError, "Dropout expected p finite, got nan"),
        ("half", 0, TypeError, "Dropout expected p as a number, got str 'half'"),
        (
            0.5,
            None,
            TypeError,
            "Dropout expected rng as a np.random.Generator, got None; use np.random.default",
        ),
        (0.5, None, TypeError, "only with a generator that is saved with the network can a run be resumed"),
        (0.5, 3, TypeError, "Dropout expected rng as a np.random.Generator, got int 3"),
        (0, 3, TypeError, "Dropout expected rng as a np.random.Generator, got int 3"),
    ],
)
def test_bad_settings(p, rng, error, message):
    rng = np.random.default_rng(0) if rng == 0 else rng
    with pytest.raises(error, match=re.escape(message)):
        Dropout(p, rng=rng)


def test_rng_has_to_be_given():
    with pytest.raises(TypeError, match="rng"):
        Dropout(0.5)


def test_the_readers_errstate_does_not_matter():
    with np.errstate(all="raise"):
        layer = dropout()
        Y = layer.forward(np.full((4, 4), 1e308))
        layer.backward(np.full((4, 4), 1e-308))
    assert np.isinf(Y[Y != 0]).all()
