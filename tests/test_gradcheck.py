"""The gradient checker, tested on functions with known derivatives and on layers with planted mistakes."""

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import (
    ELU,
    GELU,
    MLP,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    binary_cross_entropy_with_logits,
    check_gradients,
    huber,
    mean_absolute_error,
    mean_squared_error,
    numerical_gradient,
    softmax_cross_entropy,
)
from nnlab._check import NonFiniteError
from nnlab.gradcheck import relative_error
from nnlab.layers import BatchNorm, Dropout, Embedding, Residual


def test_numerical_gradient_of_functions_with_known_derivatives():
    x = np.array([[1.0, -2, 3], [0.5, 0, -1]])
    np.testing.assert_allclose(numerical_gradient(lambda x: (x**3).sum(), x), 3 * x**2, atol=1e-8)
    np.testing.assert_allclose(numerical_gradient(lambda x: np.exp(x).sum(), x), np.exp(x), rtol=1e-8)
    # f(x) = x₀ x₁: the gradient is (x₁, x₀)
    np.testing.assert_allclose(
        numerical_gradient(lambda x: x[0] * x[1], np.array([2.0, 5.0])), [5, 2], rtol=1e-8
    )


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 2)])
def test_any_shape_is_allowed(shape):
    x = np.asarray(np.random.default_rng(0).standard_normal(shape))
    gradient = numerical_gradient(lambda x: float(np.square(x).sum()), x)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, 2 * x, atol=1e-8)


def test_central_differences_have_no_first_order_error():
    # f = x²: (f(x + ε) − f(x − ε)) / 2ε = 2x exactly; the forward difference would be off by ε = 0.1
    gradient = numerical_gradient(lambda x: float(x @ x), np.array([3.0]), eps=0.1)
    assert gradient[0] == pytest.approx(6, rel=1e-13)


def test_x_is_left_as_it_was_even_when_f_raises():
    x = np.array([0.1, 0.2, 1 / 3])
    before = x.copy()
    numerical_gradient(lambda x: float(x.sum()), x)
    np.testing.assert_array_equal(x, before)
    with pytest.raises(ZeroDivisionError):
        numerical_gradient(lambda x: 1 / 0, x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([3, 4], [3, 4], 0),
        ([3, 4], [-3, -4], 1),  # 10 / (5 + 5)
        ([3, 4], [0, 0], 1),
        ([3, 4], [6, 8], 1 / 3),  # 5 / (5 + 10)
        ([0, 0], [0, 0], 0),
        (2.0, 1.0, 1 / 3),
        ([[3], [4]], [[6], [8]], 1 / 3),
    ],
)
def test_relative_error_by_hand(a, b, expected):
    assert relative_error(a, b) == pytest.approx(expected, abs=1e-15)


def test_relative_error_wants_one_shape():
    message = re.escape("relative_error expected two arrays of one shape, got (2,) and (2, 1)")
    with pytest.raises(ValueError, match=message):
        relative_error(np.ones(2), np.ones((2, 1)))


@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
@settings(deadline=None, max_examples=50)
def test_relative_error_is_symmetric_and_free_of_scale(seed, scale):
    a, b = np.random.default_rng(seed).standard_normal((2, 5))
    assert relative_error(a, b) == relative_error(b, a)
    assert relative_error(scale * a, scale * b) == pytest.approx(relative_error(a, b), rel=1e-9)
    assert 0 <= relative_error(a, b) <= 1


# ------------------------------------------------------------------------------------------- whole networks


CLASSES, BINARY, REAL = np.array([0, 2, 1, 1]), np.eye(4)[:, :3], np.arange(12.0).reshape(4, 3) / 7
TASKS = [
    (softmax_cross_entropy, CLASSES),
    (softmax_cross_entropy, np.eye(3)[CLASSES]),
    (binary_cross_entropy_with_logits, BINARY),
    (mean_squared_error, REAL),
    (mean_absolute_error, REAL),
    (huber, REAL),
    (None, None),
]
ACTIVATIONS = [ReLU, LeakyReLU, ELU, Sigmoid, Tanh, SiLU, GELU, partial(GELU, "tanh"), Softmax]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda make: repr(make()))
@pytest.mark.parametrize(("loss", "targets"), TASKS)
def test_every_activation_under_every_loss(activation, loss, targets):
    network = MLP([2, 5, 4, 3], activation=activation, rng=np.random.default_rng(3))
    X = np.random.default_rng(4).standard_normal((4, 2))
    errors = check_gradients(network, X, targets, loss=loss)
    assert list(errors) == ["X", "0.W", "0.b", "2.W", "2.b", "4.W", "4.b"]
    assert max(errors.values()) < 1e-7


def test_a_check_changes_neither_the_network_nor_x():
    network = MLP([2, 5, 3], activation=Tanh, rng=np.random.default_rng(0))
    X = np.random.default_rng(1).standard_normal((4, 2))
    before = [p.value.copy() for p in network.parameters()], X.copy()
    check_gradients(network, X, CLASSES, loss=softmax_cross_entropy)
    np.testing.assert_array_equal(X, before[1])
    for p, value in zip(network.parameters(), before[0], strict=True):
        np.testing.assert_array_equal(p.value, value)


class TransposedWeights(Linear):
    def _backward(self, dY, X, Y):
        super()._backward(dY, X, Y)
        return dY @ self.W.value


class BiasAveraged(Linear):
    def _backward(self, dY, X, Y):
        dX = super()._backward(dY, X, Y)
        self.b.grad = dY.mean(axis=0)
        return dX


class BatchAveragedTwice(Linear):
    def _backward(self, dY, X, Y):
        dX = super()._backward(dY, X, Y)
        self.W.grad /= len(dY)
        return dX


class SignFlipped(Linear):
    def _backward(self, dY, X, Y):
        dX = super()._backward(dY, X, Y)
        self.W.grad *= -1
        return dX


class SlopeForgotten(Tanh):
    def _backward(self, dY, X, Y):
        return dY


class SigmoidSlope(Tanh):
    def _backward(self, dY, X, Y):
        return dY * Y * (1 - Y)


class OneEntryOff(Linear):
    def _backward(self, dY, X, Y):
        dX = super()._backward(dY, X, Y)
        self.W.grad[1, 2] *= 1.001
        return dX


@pytest.mark.parametrize(
    ("first", "activation", "wrong"),
    [
        (TransposedWeights, Tanh, {"X"}),
        (BiasAveraged, Tanh, {"0.b"}),
        (BatchAveragedTwice, Tanh, {"0.W"}),
        (SignFlipped, Tanh, {"0.W"}),
        (OneEntryOff, Tanh, {"0.W"}),
        (Linear, SlopeForgotten, {"X", "0.W", "0.b"}),
        (Linear, SigmoidSlope, {"X", "0.W", "0.b"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.parametrize("loss", [None, softmax_cross_entropy])
def test_planted_mistakes_are_found_where_they_are(first, activation, wrong, loss):
    rng = np.random.default_rng(0)
    network = Sequential(first(3, 3, rng=rng), activation(), Linear(3, 3, rng=rng))
    errors = check_gradients(network, rng.standard_normal((4, 3)), CLASSES, loss=loss)
    assert {name for name, error in errors.items() if error > 1e-5} == wrong
    assert max(error for name, error in errors.items() if name not in wrong) < 1e-7


def test_a_wrong_loss_gradient_is_found():
    def summed(scores, y):
        value, gradient = softmax_cross_entropy(scores, y)
        return value, gradient * len(y)

    network = MLP([2, 3], activation=Tanh, rng=np.random.default_rng(0))
    errors = check_gradients(network, np.ones((4, 2)) * [[1], [2], [3], [4]], CLASSES, loss=summed)
    assert min(errors.values()) == pytest.approx(3 / 5, rel=1e-6)  # |4g − g| / (|4g| + |g|)


# ------------------------------------------------------------------------------------------- modes and state


def network_with_state(seed=0):
    rng = np.random.default_rng(seed)
    network = Sequential(
        Linear(3, 4, rng=rng),
        BatchNorm(4),
        Tanh(),
        Dropout(0.4, rng=rng),
        Residual(Linear(4, 4, rng=rng), Tanh()),
    )
    network.forward(rng.standard_normal((9, 3)))
    return network


@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_and_dropout_in_both_modes(training):
    network = network_with_state().train(training)
    errors = check_gradients(network, np.random.default_rng(1).standard_normal((6, 3)))
    assert list(errors) == ["X", "0.W", "0.b", "1.gamma", "1.beta", "4.branch.0.W", "4.branch.0.b"]
    if training:
        assert np.abs(network.layers[0].b.grad).max() < 1e-14  # batch norm takes a bias away again
        del errors["0.b"]
    assert max(errors.values()) < 1e-7


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937])
def test_buffers_generators_and_mode_end_up_as_they_were(training, bits):
    network = network_with_state()
    network.layers[3].rng = np.random.Generator(bits(5))
    network.layers[1].train(not training)
    network.layers[3].train(training)
    modes = [layer.training for _, layer in network.named_layers()]
    before = network.state_dict()
    draws = np.random.Generator(bits(5)).random(1000)
    check_gradients(network, np.random.default_rng(1).standard_normal((6, 3)))
    assert [layer.training for _, layer in network.named_layers()] == modes
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    np.testing.assert_array_equal(network.layers[3].rng.random(1000), draws)


def test_the_state_is_restored_even_when_the_loss_raises():
    network = network_with_state()
    before, state = network.state_dict(), network.layers[3].rng.bit_generator.state
    with pytest.raises(ValueError, match="expected targets"):
        check_gradients(network, np.ones((6, 3)), CLASSES[:2], loss=softmax_cross_entropy)
    assert network.layers[3].rng.bit_generator.state == state
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


class MaskForgotten(Dropout):
    def _backward(self, dY, X, Y):
        return dY


class StatisticsTakenAsConstants(BatchNorm):
    def _backward(self, dY, X, Y):
        super()._backward(dY, X, Y)
        _, std, _ = self._memory
        return dY * self.gamma.value / std


@pytest.mark.parametrize(
    ("layer", "found_in"),
    [
        (lambda: MaskForgotten(0.5, rng=np.random.default_rng(0)), [True]),
        (lambda: StatisticsTakenAsConstants(3), [True]),  # right in evaluation mode
    ],
)
def test_a_mistake_of_one_mode_is_found_in_that_mode(layer, found_in):
    X = np.random.default_rng(1).standard_normal((5, 3))
    wrong = [mode for mode in (True, False) if check_gradients(layer().train(mode), X)["X"] > 1e-3]
    assert wrong == found_in


def test_tokens_have_no_gradient():
    network = Sequential(Embedding(5, 3, rng=np.random.default_rng(0)), Tanh(), Linear(3, 2))
    X = np.array([[1, 4], [1, 0]])
    before = X.copy()
    errors = check_gradients(network, X)
    assert list(errors) == ["0.W", "2.W", "2.b"]
    assert max(errors.values()) < 1e-7
    np.testing.assert_array_equal(X, before)


def test_parameters_of_a_single_layer_by_name():
    assert list(check_gradients(Linear(2, 3), np.ones((1, 2)))) == ["X", "W", "b"]


# ------------------------------------------------------------------------------------------- refusals


def test_integers_are_for_tokens_alone():
    with pytest.raises(
        TypeError, match="check_gradients expected X as a float64 array, got an array of int64"
    ):
        check_gradients(Linear(2, 3), np.array([[1, 2]]))


def test_float32_is_refused_with_the_reason():
    reason = "a difference of two float32 values keeps about three digits"
    with pytest.raises(TypeError, match=f"numerical_gradient expected x as a float64 array.*{reason}"):
        numerical_gradient(lambda x: float(x.sum()), np.ones(2, np.float32))
    single = MLP([2, 2], activation=ReLU, dtype=np.float32)
    with pytest.raises(TypeError, match=f"check_gradients expected X as a float64 array.*{reason}"):
        check_gradients(single, np.ones((1, 2), np.float32))
    with pytest.raises(TypeError, match=f"check_gradients expected parameters as a float64 array.*{reason}"):
        check_gradients(single, np.ones((1, 2)))


@pytest.mark.parametrize(
    ("x", "eps", "error", "message"),
    [
        ([1.0, 2.0], 1e-6, TypeError, "expected x as a float64 array, got list"),
        (np.array([1, 2]), 1e-6, TypeError, "expected x as a float64 array, got an array of int64"),
        (np.array([1, np.nan]), 1e-6, NonFiniteError, "expected finite x, got nan at [1]"),
        (np.ones(2), 0, ValueError, "expected eps > 0, got 0"),
        (np.ones(2), -1e-6, ValueError, "expected eps > 0, got -1e-06"),
        (np.ones(2), "small", TypeError, "expected eps as a number"),
    ],
)
def test_what_numerical_gradient_refuses(x, eps, error, message):
    with pytest.raises(error, match="^numerical_gradient " + re.escape(message)):
        numerical_gradient(lambda x: float(x.sum()), x, eps)


def test_a_wrong_shape_is_named_before_anything_is_changed():
    network = MLP([2, 3], activation=Tanh)
    with pytest.raises(ValueError, match=re.escape("Linear expected X of shape (m, 2), got (4, 3)")):
        check_gradients(network, np.ones((4, 3)))
    with pytest.raises(ValueError, match=re.escape("expected targets of shape (4,), got (2,)")):
        check_gradients(network, np.ones((4, 2)), CLASSES[:2], loss=softmax_cross_entropy)
    assert all(p.grad is None for p in network.parameters())
