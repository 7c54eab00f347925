"""Linear, Sequential and MLP: values worked by hand, gradients, invariants, refusals."""

import re
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import (
    MLP,
    Layer,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    check_gradients,
)
from nnlab._check import NonFiniteError
from nnlab.initializers import normal, zeros

sizes = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)


def linear(n_in, n_out, seed=0, **settings):
    return Linear(n_in, n_out, rng=np.random.default_rng(seed), **settings)


def worked_example():
    """A layer with W = [[1, 2], [3, 4]] and b = [10, 20]."""
    layer = Linear(2, 2)
    layer.W.value[...] = [[1, 2], [3, 4]]
    layer.b.value[...] = [10, 20]
    return layer


# ------------------------------------------------------------------------------------------- Linear by hand


def test_linear_forward_by_hand():
    # first row: 1·1 + 1·3 + 10 = 14, 1·2 + 1·4 + 20 = 26; second: 2·1 + 0·3 + 10 = 12, 2·2 + 0·4 + 20 = 24
    Y = worked_example().forward(np.array([[1.0, 1], [2, 0]]))
    np.testing.assert_array_equal(Y, [[14, 26], [12, 24]])


def test_linear_backward_by_hand():
    # X = [[1, 1], [2, 0]], dY = [[1, 0], [0, 1]]:
    # dW = Xᵀ dY = [[1, 2], [1, 0]], db = column sums = [1, 1], dX = dY Wᵀ = [[1, 3], [2, 4]]
    layer = worked_example()
    layer.forward(np.array([[1.0, 1], [2, 0]]))
    dX = layer.backward(np.array([[1.0, 0], [0, 1]]))
    np.testing.assert_array_equal(layer.W.grad, [[1, 2], [1, 0]])
    np.testing.assert_array_equal(layer.b.grad, [1, 1])
    np.testing.assert_array_equal(dX, [[1, 3], [2, 4]])


def test_linear_without_bias():
    layer = linear(2, 3, bias=False)
    assert layer.b is None
    assert layer.parameters() == [layer.W]
    assert not layer.forward(np.zeros((1, 2))).any()
    assert repr(layer) == "Linear(2, 3, bias=False)"


def test_a_new_layer():
    layer = linear(3, 2)
    assert layer.parameters() == [layer.W, layer.b]
    assert layer.W.value.shape == (3, 2)
    assert not layer.b.value.any()
    assert layer.W.grad is None
    assert layer.W.value.dtype == layer.b.value.dtype == np.float64
    assert repr(layer) == "Linear(3, 2)"
    np.testing.assert_array_equal(layer.W.value, linear(3, 2).W.value)  # same seed, same weights
    assert not np.array_equal(layer.W.value, linear(3, 2, seed=1).W.value)


def test_a_parameter_has_a_value_and_a_gradient_and_nothing_else():
    p = Parameter(np.zeros((3, 2), np.float32))
    assert p.grad is None
    assert repr(p) == "Parameter(shape=(3, 2), dtype=float32)"
    with pytest.raises(AttributeError):
        p.velocity = 0


def test_lists_and_integers_are_taken_as_floats():
    layer = worked_example()
    np.testing.assert_array_equal(layer.forward([[1, 1], [2, 0]]), [[14, 26], [12, 24]])
    np.testing.assert_array_equal(layer.backward([[1, 0], [0, 1]]), [[1, 3], [2, 4]])
    single = Linear(1, 1, dtype=np.float32)
    assert single.forward([[1]]).dtype == single.backward([[1]]).dtype == single.W.grad.dtype == np.float32


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("m", "n_in", "n_out"), [(1, 1, 1), (5, 3, 2), (2, 1, 4), (4, 6, 1)])
def test_linear_gradients(m, n_in, n_out, bias):
    X = np.random.default_rng(1).standard_normal((m, n_in))
    errors = check_gradients(linear(n_in, n_out, bias=bias), X)
    assert set(errors) == {"X", "W", *(["b"] if bias else [])}
    assert max(errors.values()) < 1e-7


@pytest.mark.parametrize("widths", [[2, 3], [3, 5, 2], [1, 4, 4, 1], [4, 3, 3, 3, 3, 2]], ids=str)
@pytest.mark.parametrize("activation", [Tanh, Sigmoid])
def test_network_gradients(widths, activation):
    network = MLP(widths, activation=activation, rng=np.random.default_rng(0))
    X = np.random.default_rng(1).standard_normal((4, widths[0]))
    errors = check_gradients(network, X)
    assert len(errors) == 1 + 2 * (len(widths) - 1)
    assert max(errors.values()) < 1e-7


def test_gradients_through_nested_networks():
    network = Sequential(Sequential(linear(2, 3), Tanh()), Sequential(linear(3, 2, seed=1)))
    errors = check_gradients(network, np.random.default_rng(1).standard_normal((4, 2)))
    assert max(errors.values()) < 1e-7
    assert len(errors) == 5


# ------------------------------------------------------------------------------------------- Sequential, MLP


def test_sequential_runs_forward_then_back_by_hand():
    # X = 2; first w = 3: 6; relu: 6; second w = −1: −6. Back with dY = 1: dw₂ = 6, then −1; dw₁ = −2; dX = −3
    first, second = linear(1, 1, bias=False), linear(1, 1, bias=False)
    first.W.value[...], second.W.value[...] = 3, -1
    network = Sequential(first, ReLU(), second)
    assert network.forward(np.array([[2.0]])) == [[-6]]
    assert network.backward(np.array([[1.0]])) == [[-3]]
    assert (first.W.grad, second.W.grad) == ([[-2]], [[6]])
    assert network.parameters() == [first.W, second.W]
    assert repr(network) == "Sequential(Linear(1, 1, bias=False), ReLU(), Linear(1, 1, bias=False))"


def test_backward_parameters_assigns_what_backward_assigns():
    rng = np.random.default_rng(0)
    X, dY = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    network = Sequential(MLP([3, 5, 4], activation=Tanh, rng=rng), Sigmoid(), linear(4, 2))
    network.forward(X)
    network.backward(dY)
    expected = [p.grad for p in network.parameters()]
    assert network.backward_parameters(dY) is None
    for p, grad in zip(network.parameters(), expected, strict=True):
        assert p.grad is not grad
        np.testing.assert_array_equal(p.grad, grad)


def test_an_mlp_has_its_activation_between_linear_layers_only():
    network = MLP([4, 3, 2], activation=Tanh, rng=np.random.default_rng(0), dtype=np.float32)
    assert repr(network) == "MLP(Linear(4, 3), Tanh(), Linear(3, 2))"
    assert repr(MLP((4, 2), activation=ReLU)) == "MLP(Linear(4, 2))"
    assert {p.value.dtype for p in network.parameters()} == {np.dtype(np.float32)}


def test_an_mlp_draws_layer_by_layer_from_one_generator():
    network = MLP([4, 3, 2], activation=ReLU, weight_init=normal(0.01), rng=np.random.default_rng(3))
    rng = np.random.default_rng(3)
    np.testing.assert_array_equal(network.layers[0].W.value, 0.01 * rng.standard_normal((4, 3)))
    np.testing.assert_array_equal(network.layers[2].W.value, 0.01 * rng.standard_normal((3, 2)))


def test_equal_weights_make_equal_hidden_units_forever():
    network = MLP([2, 3, 1], activation=Tanh, weight_init=lambda shape, *_: np.ones(shape))
    network.forward(np.random.default_rng(0).standard_normal((5, 2)))
    network.backward(np.ones((5, 1)))
    grad = network.layers[0].W.grad
    np.testing.assert_allclose(grad, grad[:, :1] * np.ones(3), rtol=1e-15)
    assert not MLP([2, 3, 1], activation=Tanh, weight_init=zeros).forward(np.ones((1, 2))).any()


def test_a_layer_of_your_own_needs_two_formulas_only():
    class Double(Layer):
        def _forward(self, X):
            return 2 * X

        def _backward(self, dY, X, Y):
            return 2 * dY

    assert max(check_gradients(Sequential(Double(), linear(2, 2), Double()), np.ones((3, 2))).values()) < 1e-7
    network = Sequential(Double(), linear(2, 2))
    network.forward(np.ones((3, 2)))
    network.backward_parameters(np.ones((3, 2)))
    np.testing.assert_array_equal(network.parameters()[0].grad, np.full((2, 2), 6.0))  # Σ over 3 rows of 2·1


def test_the_base_class_says_what_a_layer_must_define():
    class Nothing(Layer):
        pass

    assert Nothing().parameters() == []
    with pytest.raises(NotImplementedError, match=r"Nothing must define _forward\(X\)"):
        Nothing().forward(np.ones((1, 1)))

    class Half(Layer):
        def _forward(self, X):
            return X

    half = Half()
    half.forward(np.ones((1, 1)))
    with pytest.raises(NotImplementedError, match=r"Half must define _backward\(dY, X, Y\)"):
        half.backward(np.ones((1, 1)))


# ------------------------------------------------------------------------------------------- invariants


@given(sizes, sizes, sizes, seeds, st.sampled_from([np.float32, np.float64]))
@settings(deadline=None, max_examples=50)
def test_shapes_dtypes_and_untouched_arguments(m, n_in, n_out, seed, dtype):
    rng = np.random.default_rng(seed)
    layer = Linear(n_in, n_out, rng=rng, dtype=dtype)
    X, dY = rng.standard_normal((m, n_in)).astype(dtype), rng.standard_normal((m, n_out)).astype(dtype)
    X_before, dY_before = X.copy(), dY.copy()
    X.flags.writeable = dY.flags.writeable = False  # a change would raise here, and show below
    Y, dX = layer.forward(X), layer.backward(dY)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(dY, dY_before)
    assert Y.shape == dY.shape
    assert dX.shape == X.shape
    assert layer.W.grad.shape == layer.W.value.shape
    assert layer.b.grad.shape == layer.b.value.shape
    assert {a.dtype for a in (Y, dX, layer.W.grad, layer.b.grad)} == {np.dtype(dtype)}


@given(sizes, sizes, seeds, st.floats(-10, 10))
@settings(deadline=None, max_examples=50)
def test_linear_is_linear_in_x_and_its_backward_is_linear_in_dy(m, n, seed, c):
    rng = np.random.default_rng(seed)
    layer = linear(n, 3, seed=seed, bias=False)
    A, B = rng.standard_normal((2, m, n))
    np.testing.assert_allclose(
        layer.forward(A + c * B), layer.forward(A) + c * layer.forward(B), rtol=1e-9, atol=1e-12
    )
    dA, dB = rng.standard_normal((2, m, 3))
    np.testing.assert_allclose(
        layer.backward(dA + c * dB), layer.backward(dA) + c * layer.backward(dB), rtol=1e-9, atol=1e-12
    )


@given(st.integers(2, 6), seeds)
@settings(deadline=None, max_examples=25)
def test_rows_are_samples_each_on_its_own(m, seed):
    rng = np.random.default_rng(seed)
    network = MLP([3, 4, 2], activation=Tanh, rng=rng)
    X, dY = rng.standard_normal((m, 3)), rng.standard_normal((m, 2))
    Y, dX = network.forward(X), network.backward(dY)
    whole = [p.grad for p in network.parameters()]
    summed = [np.zeros_like(grad) for grad in whole]
    for i in range(m):  # sample by sample: the same rows, and gradients that add up to the batch's
        np.testing.assert_allclose(network.forward(X[i : i + 1]), Y[i : i + 1], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(network.backward(dY[i : i + 1]), dX[i : i + 1], rtol=1e-12, atol=1e-14)
        for total, p in zip(summed, network.parameters(), strict=True):
            total += p.grad
    for total, grad in zip(summed, whole, strict=True):
        np.testing.assert_allclose(total, grad, rtol=1e-10, atol=1e-12)


def test_backward_assigns_so_twice_is_the_same_as_once():
    network = MLP([3, 4, 2], activation=Tanh, rng=np.random.default_rng(0))
    network.forward(np.ones((2, 3)))
    first = network.backward(np.ones((2, 2)))
    grads = [p.grad.copy() for p in network.parameters()]
    np.testing.assert_array_equal(network.backward(np.ones((2, 2))), first)
    for p, grad in zip(network.parameters(), grads, strict=True):
        np.testing.assert_array_equal(p.grad, grad)


@pytest.mark.parametrize("order", ["C", "F"])
def test_views_and_column_order_are_all_right(order):
    X = np.asarray(np.random.default_rng(0).standard_normal((8, 6)), order=order)[::2, 1:4]
    assert max(check_gradients(linear(3, 2), X).values()) < 1e-7


# ------------------------------------------------------------------------------------------- refusals


def after_one_pass():
    """Return a network that has gone forward and back once, and a function that tells whether it changed."""
    network = MLP([2, 3, 2], activation=Tanh, rng=np.random.default_rng(0))
    network.forward(np.array([[1.0, 2], [3, 4]]))
    network.backward(np.ones((2, 2)))
    grads = [p.grad for p in network.parameters()]
    expected = [grad.copy() for grad in grads]
    values = [p.value.copy() for p in network.parameters()]

    def assert_unchanged():
        for p, grad, copy, value in zip(network.parameters(), grads, expected, values, strict=True):
            assert p.grad is grad
            np.testing.assert_array_equal(p.grad, copy)
            np.testing.assert_array_equal(p.value, value)
        network.backward(np.ones((2, 2)))  # and it still remembers the good batch
        for p, copy in zip(network.parameters(), expected, strict=True):
            np.testing.assert_array_equal(p.grad, copy)

    return network, assert_unchanged


BAD_ARRAYS = [
    (np.ones((4, 3)), ValueError, "of shape ({m}, 2), got (4, 3)"),
    (np.ones(2), ValueError, "of shape ({m}, 2), got (2,)"),
    (np.ones((0, 2)), ValueError, "of shape ({m}, 2), got (0, 2); it is empty"),
    ([[1, 2], [3]], ValueError, "got rows of different lengths"),
    (np.ma.masked_equal([[1.0, 2], [3, 9999]], 9999), TypeError, "as a plain array, got a masked array"),
    (np.matrix([[1.0, 2], [3, 4]]), TypeError, "as a plain array, got an np.matrix"),
    (
        np.ones((2, 2), np.float32),
        TypeError,
        "of dtype float64, got float32; convert it with .astype(np.float64)",
    ),
    (np.ones((2, 2), complex), TypeError, "as an array of float32 or float64, got an array of complex128"),
    ([["a", "b"]], TypeError, "as an array of float32 or float64, got list [['a', 'b']]"),
    (None, TypeError, "as an array of float32 or float64, got NoneType None"),
]


@pytest.mark.parametrize(("X", "error", "message"), BAD_ARRAYS)
def test_forward_refuses_and_changes_nothing(X, error, message):
    network, assert_unchanged = after_one_pass()
    with pytest.raises(error, match="^Linear expected .*" + re.escape(message.format(m="m", name="X"))):
        network.forward(X)
    assert_unchanged()


@pytest.mark.parametrize(("dY", "error", "message"), BAD_ARRAYS)
def test_backward_refuses_and_changes_nothing(dY, error, message):
    network, assert_unchanged = after_one_pass()
    pattern = "^Linear.backward expected .*" + re.escape(message.format(m=2, name="dY"))
    for backward in (network.backward, network.backward_parameters):
        with pytest.raises(error, match=pattern):
            backward(dY)
    assert_unchanged()


def test_backward_wants_as_many_rows_as_forward_had():
    layer = linear(2, 3)
    layer.forward(np.ones((5, 2)))
    with pytest.raises(
        ValueError, match=re.escape("Linear.backward expected dY of shape (5, 3), got (4, 3)")
    ):
        layer.backward(np.ones((4, 3)))
    assert layer.W.grad is None


@pytest.mark.parametrize(
    "make",
    [partial(linear, 2, 2), lambda: MLP([2, 3, 2], activation=ReLU), lambda: Sequential(linear(2, 2))],
    ids=["Linear", "MLP", "Sequential"],
)
def test_backward_before_forward(make):
    network = make()
    for backward in (network.backward, network.backward_parameters):
        with pytest.raises(RuntimeError, match=r"\.backward was called before forward; call forward first"):
            backward(np.ones((1, 2)))
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308])
def test_what_is_not_finite_passes_through_in_silence(bad):
    layer = linear(2, 2)
    layer.W.value[...] = 10
    with np.errstate(all="raise"):
        Y = layer.forward(np.full((1, 2), bad))
        dX = layer.backward(np.full((1, 2), bad))
    assert not np.isfinite(Y).any()
    assert not np.isfinite(dX).any()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_in": 0}, ValueError, "Linear expected n_in >= 1, got 0"),
        ({"n_out": -2}, ValueError, "Linear expected n_out >= 1, got -2"),
        ({"n_in": 2.5}, TypeError, "Linear expected n_in as an integer, got float 2.5"),
        ({"rng": 42}, TypeError, "Linear expected rng as a np.random.Generator, got int 42"),
        ({"dtype": np.int64}, TypeError, "Linear expected dtype float32 or float64"),
        ({"weight_init": "he"}, TypeError, "Linear expected weight_init as a function such as he_normal"),
        (
            {"weight_init": lambda *_: np.ones((3, 2))},
            ValueError,
            "initial weights of shape (2, 3), got (3, 2)",
        ),
        (
            {"weight_init": lambda *_: np.full((2, 3), np.nan)},
            NonFiniteError,
            "expected finite initial weights",
        ),
        (
            {"weight_init": normal(0.1), "dtype": "float16"},
            TypeError,
            "dtype float32 or float64, got 'float16'",
        ),
    ],
)
def test_bad_linear_settings(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Linear(**{"n_in": 2, "n_out": 3, **arguments})


def test_an_initializer_of_the_other_dtype_is_refused():
    with pytest.raises(TypeError, match="Linear expected initial weights of dtype float32, got float64"):
        Linear(2, 3, weight_init=lambda *_: np.ones((2, 3)), dtype=np.float32)


def test_sequential_takes_layers():
    with pytest.raises(
        TypeError, match=r"Sequential expected layers, got list .*write Sequential\(\*layers\)"
    ):
        Sequential([linear(2, 2)])
    with pytest.raises(TypeError, match="Sequential expected layers, got type"):
        Sequential(linear(2, 2), ReLU)
    with pytest.raises(ValueError, match="Sequential expected at least one layer, got none"):
        Sequential()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sizes": 5}, TypeError, "MLP expected sizes as a list [n_in, …, n_out], got int 5"),
        ({"sizes": [5]}, ValueError, "MLP expected at least two sizes [n_in, …, n_out], got [5]"),
        ({"sizes": [5, 0, 2]}, ValueError, "expected n_out >= 1, got 0"),
        ({"sizes": [5, 2.0]}, TypeError, "expected n_out as an integer, got float 2.0"),
        ({"activation": ReLU()}, TypeError, "MLP expected activation as a function such as the class ReLU"),
        ({"activation": "relu"}, TypeError, "MLP expected activation as a function such as the class ReLU"),
        ({"activation": dict}, TypeError, "expected layers, got dict {}"),
        ({"rng": 0}, TypeError, "MLP expected rng as a np.random.Generator"),
    ],
)
def test_bad_mlp_settings(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        MLP(**{"sizes": [2, 3, 2], "activation": ReLU, **arguments})


def test_mixed_dtypes_within_a_network_are_named_at_the_layer():
    network = Sequential(linear(2, 3, dtype=np.float32), ReLU(), linear(3, 2))
    with pytest.raises(TypeError, match="Linear expected X of dtype float64, got float32"):
        network.forward(np.ones((1, 2), np.float32))
