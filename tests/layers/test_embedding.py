"""Embedding: rows looked up and gradients added up, the padding row, tokens that are refused."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import Linear, Sequential, check_gradients
from nnlab.initializers import zeros
from nnlab.layers import Embedding


def embedding(n_tokens, n, seed=0, **settings):
    return Embedding(n_tokens, n, rng=np.random.default_rng(seed), **settings)


def test_embedding_by_hand():
    layer = Embedding(3, 2)
    layer.W.value[...] = [[1, 2], [3, 4], [5, 6]]
    X = np.array([[2, 0], [2, 2]])
    np.testing.assert_array_equal(layer.forward(X), [[[5, 6], [1, 2]], [[5, 6], [5, 6]]])
    # token 2 stands in three places: 1 + 100 + 1000 and 2 + 200 + 2000; token 1 in none
    dX = layer.backward(np.array([[[1.0, 2], [10, 20]], [[100, 200], [1000, 2000]]]))
    assert dX is None
    np.testing.assert_array_equal(layer.W.grad, [[10, 20], [0, 0], [1101, 2202]])


def test_gradients_are_assigned_not_added():
    layer, X = embedding(3, 2), np.array([[1]])
    for _ in range(2):
        layer.forward(X)
        layer.backward(np.ones((1, 1, 2)))
        np.testing.assert_array_equal(layer.W.grad, [[0, 0], [1, 1], [0, 0]])


def test_the_padding_row_is_zeros_and_has_no_gradient():
    layer = embedding(4, 3, padding_idx=1)
    assert not layer.W.value[1].any()
    assert layer.W.value[[0, 2, 3]].all()
    X = np.array([[0, 1, 1], [3, 3, 1]])
    assert not layer.forward(X)[X == 1].any()
    layer.backward(np.ones((2, 3, 3)))
    np.testing.assert_array_equal(layer.W.grad[:, 0], [1, 0, 0, 2])


@pytest.mark.parametrize("padding_idx", [None, 0, 5])
@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4)])
def test_as_torch(padding_idx, shape):
    torch = pytest.importorskip("torch")
    layer = embedding(6, 3, padding_idx=padding_idx)
    twin = torch.nn.Embedding(6, 3, padding_idx=padding_idx, dtype=torch.float64)
    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(layer.W.value))
    rng = np.random.default_rng(1)
    X, dY = rng.integers(0, 6, shape), rng.standard_normal((*shape, 3))
    expected = twin(torch.from_numpy(X))
    expected.backward(torch.from_numpy(dY))
    np.testing.assert_array_equal(layer.forward(X), expected.detach().numpy())
    layer.backward(dY)
    np.testing.assert_allclose(layer.W.grad, twin.weight.grad.numpy(), atol=1e-10)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=50)
def test_the_same_as_one_hot_vectors_times_w(shape, n_tokens, n, seed):
    rng = np.random.default_rng(seed)
    layer = embedding(n_tokens, n, seed)
    X, dY = rng.integers(0, n_tokens, shape), rng.standard_normal((*shape, n))
    before = X.copy(), dY.copy()
    one_hot, rows = np.eye(n_tokens)[X], dY.reshape(-1, n)
    np.testing.assert_allclose(layer.forward(X), one_hot @ layer.W.value, atol=1e-12)
    layer.backward(dY)
    np.testing.assert_allclose(layer.W.grad, one_hot.reshape(-1, n_tokens).T @ rows, atol=1e-12)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(dY, before[1])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64])
def test_any_integers_are_allowed(dtype):
    layer = embedding(120, 3)
    X = np.array([[0, 119], [7, 7]], dtype)
    np.testing.assert_array_equal(layer.forward(X), layer.forward(X.tolist()))
    layer.forward(X)
    layer.backward(np.ones((2, 2, 3)))
    np.testing.assert_array_equal(layer.W.grad[[0, 7, 119], 0], [1, 2, 1])
    assert layer.W.grad.sum() == 12


def test_gradients_in_strided_memory():
    layer, X = embedding(5, 3), np.array([[0, 4], [4, 1]])
    dY = np.arange(24.0).reshape(2, 2, 6)[:, :, ::2].swapaxes(0, 1)
    layer.forward(X)
    layer.backward(dY)
    np.testing.assert_array_equal(layer.W.grad[4], dY[0, 1] + dY[1, 0])


@pytest.mark.parametrize("training", [True, False])
def test_check_gradients_in_a_network(training):
    rng = np.random.default_rng(0)
    network = Sequential(Embedding(5, 3, padding_idx=0, rng=rng), Linear(3, 2, rng=rng)).train(training)
    network.layers[0].W.value[0] = 0
    errors = check_gradients(network, np.array([[1, 2, 2], [4, 1, 3]]))
    assert list(errors) == ["0.W", "1.W", "1.b"]
    assert max(errors.values()) < 1e-7


def test_a_network_that_begins_with_an_embedding_returns_no_gradient():
    network = Sequential(embedding(5, 3), Linear(3, 2))
    Y = network.forward(np.array([[1, 2]]))
    assert network.backward(Y) is None
    W_grad = network.layers[0].W.grad
    network.backward_parameters(Y)
    np.testing.assert_array_equal(network.layers[0].W.grad, W_grad)


def test_weights_are_standard_normal_unless_told_otherwise():
    W = embedding(1000, 50).W.value
    assert W.mean() == pytest.approx(0, abs=0.03)  # 50,000 draws: standard deviation 0.0045
    assert W.std() == pytest.approx(1, abs=0.02)
    np.testing.assert_array_equal(W, embedding(1000, 50).W.value)
    assert not np.array_equal(W, embedding(1000, 50, seed=1).W.value)
    assert not Embedding(3, 2, weight_init=zeros).W.value.any()


def test_float32_is_kept():
    layer = embedding(4, 2, dtype=np.float32)
    Y = layer.forward(np.array([[1, 3]]))
    layer.backward(Y)
    assert layer.W.value.dtype == Y.dtype == layer.W.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (
            np.array([[1.0, 2]]),
            TypeError,
            "expected X as integer tokens, got an array of float64, shape (1, 2)",
        ),
        (
            [[1.0]],
            TypeError,
            "expected X as integer tokens, got an array of float64, shape (1, 1); convert them",
        ),
        (np.array([[True]]), TypeError, "expected X as integer tokens, got an array of bool"),
        (np.array([["a"]]), TypeError, "expected X as integer tokens"),
        (np.array([[0, 1], [2, 4]]), ValueError, "expected X as tokens in 0 … 3, got 4 at [1, 1]"),
        (np.array([[0, -1], [9, 0]]), ValueError, "expected X as tokens in 0 … 3, got -1 at [0, 1]"),
        (
            np.array([[2**64 - 1]], np.uint64),
            ValueError,
            "expected X as tokens in 0 … 3, got 18446744073709551615",
        ),
        (np.zeros((0, 3), int), ValueError, "expected X of shape (m, …), got (0, 3); it is empty"),
        (np.array(1), ValueError, "expected X of shape (m,), got ()"),
        ([[1, 2], [3]], ValueError, "expected X as an array, got rows of different lengths"),
        (np.ma.masked_array([[1]]), TypeError, "expected X as a plain array, got a masked array"),
    ],
)
def test_what_it_refuses(X, error, message):
    with pytest.raises(error, match="^Embedding " + re.escape(message)):
        embedding(4, 2).forward(X)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n_tokens": 0}, ValueError, "expected n_tokens >= 1, got 0"),
        ({"n": 1.5}, TypeError, "expected n as an integer"),
        ({"padding_idx": -1}, ValueError, "expected padding_idx >= 0, got -1"),
        ({"padding_idx": 4}, ValueError, "expected padding_idx <= 3, got 4"),
        ({"padding_idx": True}, TypeError, "expected padding_idx as an integer, got bool True"),
        ({"weight_init": 3}, TypeError, "expected weight_init as a function"),
        ({"rng": 3}, TypeError, "expected rng as a np.random.Generator"),
        ({"dtype": np.int32}, TypeError, "expected dtype float32 or float64"),
    ],
)
def test_bad_settings(settings, error, message):
    with pytest.raises(error, match="^Embedding " + re.escape(message)):
        Embedding(**{"n_tokens": 4, "n": 2, **settings})


def test_backward_wants_a_gradient_like_y():
    layer = embedding(4, 2)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        layer.backward(np.ones((1, 2)))
    layer.forward(np.array([1]))
    with pytest.raises(
        ValueError, match=re.escape("Embedding.backward expected dY of shape (1, 2), got (1, 3)")
    ):
        layer.backward(np.ones((1, 3)))
