"""The guide's lines of lesson 15: what a half has seen, slopes, and counting."""

import numpy as np
import pytest

from nnlab import GRU, LSTM, check_gradients, datasets
from nnlab.layers import Layer, Linear, Sequential, Sigmoid
from nnlab.studies.guide import lesson_15
from nnlab.studies.guide.lesson_15 import IGNORED, PAD, BothEnds, SigmoidTwice, counting, counts, steps_seen

DIGITS = datasets.load_digits()


@pytest.mark.parametrize("T", [1, 2, 9])
def test_at_the_last_position_the_backward_half_has_seen_one_step(T):
    assert steps_seen(T, 0) == (T, 1)


def test_both_ends_by_hand():
    X = np.arange(12.0).reshape(1, 3, 4)
    assert BothEnds().forward(X).tolist() == [[8, 9, 2, 3]]


def test_the_gradient_goes_to_both_ends():
    assert max(check_gradients(BothEnds(), np.random.default_rng(0).normal(size=(3, 5, 6))).values()) < 1e-7


def test_the_slope_after_two_sigmoids_by_hand():
    z = np.array([0.0])
    squashed = lesson_15.sigmoid(z)
    assert squashed * (1 - squashed) == pytest.approx(0.25)
    assert lesson_15.sigmoid_derivative(squashed) == pytest.approx(0.2350037)
    assert lesson_15.sigmoid_derivative(z) == pytest.approx(0.25)  # right for what has not been squashed


def test_the_layer_forwards_rightly_and_its_gradient_is_wrong():
    Z = np.random.default_rng(0).normal(size=(3, 4))
    assert (SigmoidTwice().forward(Z) == Sigmoid().forward(Z)).all()
    assert check_gradients(Sigmoid(), Z)["X"] < 1e-7 < 1e-2 < check_gradients(SigmoidTwice(), Z)["X"]


@pytest.mark.parametrize("seed", range(3))
def test_the_error_grows_with_the_layers(seed):
    X, y = DIGITS.X[:200], DIGITS.y[:200]
    one, four = (lesson_15.gradient_error(depth, X, y, seed) for depth in (1, 4))
    assert 0.01 < one < four


def test_counting_by_hand():
    tokens, labels = counting([1, 2])
    assert tokens.tolist() == [[0, 1, PAD, PAD], [0, 0, 1, 1]]
    assert labels.tolist() == [[0, 1, IGNORED, IGNORED], [0, 0, 0, 1]]


def test_every_step_has_to_be_right():
    class Says(Layer):
        """Say 1 from the n-th step on."""

        def __init__(self, n):
            self.n = n

        def _forward(self, X):
            scores = np.zeros((*X.shape, 2))
            scores[:, self.n - 1 :, 1] = 1
            return scores

    assert counts(Says(4), [2]) == 1
    assert counts(Says(3), [2]) == 0
    assert counts(Says(4), [1, 2]) == 0.5


def test_an_lstm_can_count_by_hand_as_far_as_one_likes():
    lstm, head = LSTM(2, 1), Linear(1, 2)
    # an a adds 1, a b takes 1 away; the state shows the cell, which is back at zero at the end
    W = np.array([[0.0, 0, 20, 0], [0, 0, -20, 0]])
    lstm.load_state_dict({"W": W, "U": np.zeros((1, 4)), "b": np.array([20.0, 20, 0, 20])})
    head.load_state_dict({"W": np.array([[20.0, 0]]), "b": np.array([0.0, 10])})
    tokens, labels = counting([1, 7, 300])
    X = np.eye(3)[tokens][..., :2]
    said = Sequential(lstm, head).forward(X).argmax(axis=-1)
    assert ((said == labels) | (labels == IGNORED)).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_gru_state_stays_between_minus_one_and_one(seed):
    rng = np.random.default_rng(seed)
    gru = GRU(2, 5, rng=rng)
    gru.load_state_dict({name: 30 * value for name, value in gru.state_dict().items()})
    assert np.abs(gru.forward(10 * rng.normal(size=(4, 60, 2)))).max() <= 1
