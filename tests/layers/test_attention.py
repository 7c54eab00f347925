"""Attention, positions and the transformer block: values by hand, torch as referee, invariants, refusals."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import Linear, Sequential, check_gradients
from nnlab.initializers import zeros
from nnlab.layers import Dropout, Embedding, MultiHeadAttention, PositionalEncoding, TransformerBlock


def randomized(layer, seed=0):
    """The layer with random biases, scales and shifts too."""
    rng = np.random.default_rng(seed)
    for p in layer.parameters():
        p.value[...] = rng.standard_normal(p.value.shape) / 2
    return layer


def attention(n, n_heads, **settings):
    return randomized(MultiHeadAttention(n, n_heads, **settings))


def block(n=6, n_heads=2, n_hidden=5, **settings):
    return randomized(TransformerBlock(n, n_heads, n_hidden, **settings))


def one_head(causal=False):
    """One head of one feature: q = x · ln 2, k = x, v = x, and Y = A V."""
    layer = MultiHeadAttention(1, 1, causal=causal, weight_init=zeros)
    layer.in_proj.W.value[...] = [[math.log(2), 1, 1]]
    layer.out_proj.W.value[...] = 1
    return layer


# ------------------------------------------------------------------------------------------- by hand


def test_attention_by_hand():
    # x = (0, 1): scores q kᵀ = [[0, 0], [0, ln 2]], weights [[1/2, 1/2], [1/3, 2/3]], values (0, 1)
    Y = one_head().forward(np.array([[[0.0], [1]]]))
    np.testing.assert_allclose(Y, [[[1 / 2], [2 / 3]]], rtol=1e-15)


def test_causal_attention_by_hand():
    # the first position has only itself: value 0
    Y = one_head(causal=True).forward(np.array([[[0.0], [1]]]))
    np.testing.assert_allclose(Y, [[[0], [2 / 3]]], rtol=1e-15)


def test_attention_backward_by_hand():
    # dY = (0, 1), so only the second row of weights, (1/3, 2/3), counts: dV = (1/3, 2/3), dA = dY V = (0, 1),
    # dS = A ⊙ (dA − 2/3) = (−2/9, 2/9), dq = dS · k = 2/9, dk = dS · q = (−2/9, 2/9) ln 2
    layer = one_head()
    layer.forward(np.array([[[0.0], [1]]]))
    dX = layer.backward(np.array([[[0.0], [1]]]))
    ln2 = math.log(2)
    np.testing.assert_allclose(layer.in_proj.W.grad, [[2 / 9, 2 / 9 * ln2, 2 / 3]])
    np.testing.assert_allclose(layer.in_proj.b.grad, [2 / 9, 0, 1], atol=1e-15)
    np.testing.assert_allclose(dX, [[[1 / 3 - 2 / 9 * ln2], [2 / 3 + 2 / 9 * ln2 + 2 / 9 * ln2]]])


@pytest.mark.parametrize(("causal", "first"), [(False, [1 / 2, 1 / 2]), (True, [1, 0])])
def test_attention_weights_are_those_of_the_last_forward_pass(causal, first):
    layer = one_head(causal=causal)
    with pytest.raises(RuntimeError, match="MultiHeadAttention has no attention_weights before forward"):
        _ = layer.attention_weights
    layer.forward(np.ones((2, 5, 1)))
    layer.forward(np.array([[[0.0], [1]]]))
    np.testing.assert_allclose(layer.attention_weights, [[[first, [1 / 3, 2 / 3]]]], rtol=1e-15)
    layer.forget()
    with pytest.raises(RuntimeError, match="call forward first"):
        _ = layer.attention_weights


def test_heads_attend_by_themselves():
    # two heads of one feature each are two layers of one head, side by side
    X = np.random.default_rng(0).standard_normal((2, 3, 2))
    both = MultiHeadAttention(2, 2, weight_init=zeros)
    both.in_proj.W.value[...] = np.tile(np.eye(2), 3)
    both.out_proj.W.value[...] = np.eye(2)
    one = MultiHeadAttention(1, 1, weight_init=zeros)
    one.in_proj.W.value[...] = one.out_proj.W.value[...] = 1
    expected = np.concatenate([one.forward(X[:, :, [0]]), one.forward(X[:, :, [1]])], axis=2)
    np.testing.assert_allclose(both.forward(X), expected, rtol=1e-14)


# ------------------------------------------------------------------------------------------- attention


@pytest.mark.parametrize(("m", "T", "n", "n_heads"), [(3, 5, 6, 2), (1, 1, 4, 4), (2, 4, 3, 1), (4, 2, 6, 6)])
@pytest.mark.parametrize("causal", [False, True])
def test_attention_as_torch_and_gradients(m, T, n, n_heads, causal):
    torch = pytest.importorskip("torch")
    layer = attention(n, n_heads, causal=causal)
    twin = torch.nn.MultiheadAttention(n, n_heads, batch_first=True, dtype=torch.float64)
    names = {"in_proj_weight": "in_proj.W", "in_proj_bias": "in_proj.b"}
    names |= {"out_proj.weight": "out_proj.W", "out_proj.bias": "out_proj.b"}
    state = layer.state_dict()
    twin.load_state_dict({theirs: torch.tensor(state[ours].T) for theirs, ours in names.items()})
    X, dY = np.random.default_rng(1).standard_normal((2, m, T, n))
    inputs = torch.tensor(X, requires_grad=True)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64) if causal else None
    expected, _ = twin(inputs, inputs, inputs, attn_mask=mask, need_weights=False)
    expected.backward(torch.tensor(dY))
    np.testing.assert_allclose(layer.forward(X), expected.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(layer.backward(dY), inputs.grad.numpy(), atol=1e-10)
    gradients = {name: p.grad for name, p in layer.named_parameters()}
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(gradients[names[name]].T, parameter.grad.numpy(), atol=1e-10)
    check_all(layer, X)


def check_all(layer, X):
    """The gradient check at 1e-7. A bias of the keys adds the same to all scores of a row: gradient 0."""
    assert max(check_gradients(layer, X).values()) < 1e-7
    (in_proj,) = (p for name, p in layer.named_parameters() if name.endswith("in_proj.b"))
    assert np.abs(np.split(in_proj.grad, 3)[1]).max() < 1e-13


@pytest.mark.parametrize("causal", [False, True])
@given(T=st.integers(1, 6), n_heads=st.integers(1, 3), d=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_order_matters_only_where_it_is_causal(causal, T, n_heads, d, seed):
    rng = np.random.default_rng(seed)
    layer = attention(n_heads * d, n_heads, causal=causal)
    X = rng.standard_normal((3, T, n_heads * d))
    before = X.copy()
    Y = layer.forward(X)
    assert Y.shape == X.shape
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(layer.forward(X[:1]), Y[:1], atol=1e-12)  # each sample alone
    if causal:
        t = rng.integers(T)
        np.testing.assert_allclose(layer.forward(X[:, : t + 1]), Y[:, : t + 1], atol=1e-12)  # no look ahead
    else:
        order = rng.permutation(T)
        np.testing.assert_allclose(layer.forward(X[:, order]), Y[:, order], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("causal", [False, True])
def test_scores_of_a_thousand_do_not_overflow(dtype, causal):
    layer = MultiHeadAttention(2, 1, causal=causal, weight_init=zeros, dtype=dtype)
    layer.in_proj.W.value[...] = np.tile(np.eye(2), 3)
    layer.out_proj.W.value[...] = np.eye(2)
    X = np.array([[[1000, 0], [-1000, 0], [0, 1000]]], dtype)
    # every position but the first has its own score far above all others
    Y = layer.forward(X)
    np.testing.assert_array_equal(Y, X)
    assert np.isfinite(layer.backward(np.ones_like(X))).all()


def test_the_attention_weights_are_dropped_in_training_only():
    layer = attention(4, 2, dropout=0.5, rng=np.random.default_rng(0))
    X = np.random.default_rng(1).standard_normal((2, 5, 4))
    assert not np.array_equal(layer.forward(X), layer.forward(X))
    plain = attention(4, 2)
    np.testing.assert_array_equal(layer.eval().forward(X), plain.forward(X))
    assert [name for name, _ in layer.named_generators()] == ["dropout.rng"]
    assert not list(plain.named_generators())


def test_names_and_first_weights():
    layer = MultiHeadAttention(64, 4, rng=np.random.default_rng(0))
    assert [name for name, _ in layer.named_parameters()] == [
        "in_proj.W",
        "in_proj.b",
        "out_proj.W",
        "out_proj.b",
    ]
    # as torch: uniform within ±√(6 / (n + 3n)); the output projection within ±√(6 / 2n)
    assert np.abs(layer.in_proj.W.value).max() == pytest.approx(math.sqrt(6 / 256), rel=0.01)
    assert np.abs(layer.out_proj.W.value).max() == pytest.approx(math.sqrt(6 / 128), rel=0.01)
    assert not layer.in_proj.b.value.any()
    assert not layer.out_proj.b.value.any()
    assert repr(layer) == "MultiHeadAttention(n=64, n_heads=4, causal=False)"


# ------------------------------------------------------------------------------------------- positions


def test_positional_encoding_by_hand():
    # n = 4: sin t, cos t, then sin and cos of t / 10000^(2/4) = t / 100
    layer = PositionalEncoding(4, 3)
    rows = [[math.sin(t), math.cos(t), math.sin(t / 100), math.cos(t / 100)] for t in range(3)]
    np.testing.assert_allclose(layer.table, rows, rtol=1e-15)
    X = np.random.default_rng(0).standard_normal((2, 3, 4))
    np.testing.assert_allclose(layer.forward(X), X + rows)
    np.testing.assert_array_equal(layer.backward(X), X)
    np.testing.assert_allclose(layer.forward(X[:, :2]), X[:, :2] + rows[:2])


@given(st.integers(1, 9), st.integers(2, 40))
@settings(deadline=None, max_examples=30)
def test_no_two_positions_are_alike_and_none_is_large(n, max_length):
    table = PositionalEncoding(n, max_length).table
    assert table.shape == (max_length, n)
    assert np.abs(table).max() <= 1
    assert len(np.unique(table.round(9), axis=0)) == max_length


def test_positions_are_not_parameters_and_take_both_dtypes():
    layer = PositionalEncoding(3, 5)
    assert not layer.state_dict()
    for dtype in (np.float32, np.float64):
        X = np.ones((1, 5, 3), dtype)
        assert layer.forward(X).dtype == layer.backward(X).dtype == dtype
    assert max(check_gradients(layer, X).values()) < 1e-7
    assert repr(layer) == "PositionalEncoding(n=3, max_length=5)"


def test_a_sequence_that_is_too_long():
    message = (
        "PositionalEncoding expected sequences of at most 5 steps, got X of shape (2, 6, 3); make it with"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        PositionalEncoding(3, 5).forward(np.ones((2, 6, 3)))


# ------------------------------------------------------------------------------------------- block


TORCH_NAMES = {
    "norm1.weight": "attention.0.gamma",
    "norm1.bias": "attention.0.beta",
    "self_attn.in_proj_weight": "attention.1.in_proj.W",
    "self_attn.in_proj_bias": "attention.1.in_proj.b",
    "self_attn.out_proj.weight": "attention.1.out_proj.W",
    "self_attn.out_proj.bias": "attention.1.out_proj.b",
    "norm2.weight": "feed_forward.0.gamma",
    "norm2.bias": "feed_forward.0.beta",
    "linear1.weight": "feed_forward.1.W",
    "linear1.bias": "feed_forward.1.b",
    "linear2.weight": "feed_forward.4.W",
    "linear2.bias": "feed_forward.4.b",
}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_block_as_torch_and_gradients(causal, training):
    torch = pytest.importorskip("torch")
    layer = block(causal=causal).train(training)
    twin = torch.nn.TransformerEncoderLayer(
        6, 2, 5, dropout=0.0, batch_first=True, norm_first=True, dtype=torch.float64
    ).train(training)
    state = layer.state_dict()
    assert list(state) == list(TORCH_NAMES.values())
    twin.load_state_dict({theirs: torch.tensor(state[ours].T) for theirs, ours in TORCH_NAMES.items()})
    X, dY = np.random.default_rng(1).standard_normal((2, 3, 4, 6))
    inputs = torch.tensor(X, requires_grad=True)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64) if causal else None
    expected = twin(inputs, src_mask=mask, is_causal=causal)
    expected.backward(torch.tensor(dY))
    np.testing.assert_allclose(layer.forward(X), expected.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(layer.backward(dY), inputs.grad.numpy(), atol=1e-10)
    gradients = {name: p.grad for name, p in layer.named_parameters()}
    for name, parameter in twin.named_parameters():
        np.testing.assert_allclose(gradients[TORCH_NAMES[name]].T, parameter.grad.numpy(), atol=1e-10)
    check_all(layer, X)


def test_block_with_dropout_where_torch_has_it():
    layer = block(dropout=0.3, rng=np.random.default_rng(0))
    X = np.random.default_rng(1).standard_normal((3, 4, 6))
    assert [name for name, _ in layer.named_generators()] == [
        "attention.1.dropout.rng",
        "attention.2.rng",
        "feed_forward.3.rng",
        "feed_forward.5.rng",
    ]
    assert {inner.p for _, inner in layer.named_layers() if isinstance(inner, Dropout)} == {0.3}
    check_all(layer, X)
    np.testing.assert_array_equal(layer.eval().forward(X), block().forward(X))


def test_a_small_transformer():
    rng = np.random.default_rng(0)
    network = Sequential(
        Embedding(7, 4, padding_idx=0, rng=rng),
        PositionalEncoding(4, 9),
        TransformerBlock(4, 2, 6, causal=True, dropout=0.1, rng=rng),
        Linear(4, 7, rng=rng),
    )
    X = np.array([[1, 2, 3], [6, 5, 5]])
    errors = check_gradients(network, X)
    assert "X" not in errors
    assert max(errors.values()) < 1e-7
    network.eval()
    later = X.copy()
    later[:, 2] = 4
    np.testing.assert_array_equal(network.forward(X)[:, :2], network.forward(later)[:, :2])


@pytest.mark.parametrize("make", [attention, block])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("causal", [False, True])
def test_dtype_is_kept_and_arguments_are_not_touched(make, dtype, causal):
    rng = np.random.default_rng(0)
    layer = make(6, 2, dropout=0.2, rng=rng, dtype=dtype, causal=causal)
    X, dY = rng.standard_normal((2, 2, 4, 6)).astype(dtype)
    before = X.copy(), dY.copy()
    results = [layer.forward(X), layer.backward(dY), *(p.grad for p in layer.parameters())]
    for _, inner in layer.named_layers():
        results += inner._kept
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(dY, before[1])


@pytest.mark.parametrize("make", [attention, block])
def test_the_readers_errstate_does_not_matter(make):
    with np.errstate(all="raise"):
        layer = make(6, 2, causal=True)
        layer.backward(layer.forward(np.random.default_rng(0).standard_normal((2, 4, 6)) * 100))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultiHeadAttention(6, 4), "MultiHeadAttention expected n_heads to divide n = 6, got 4"),
        (lambda: MultiHeadAttention(6, 0), "MultiHeadAttention expected n_heads >= 1, got 0"),
        (lambda: MultiHeadAttention(6, 2, dropout=1), "Dropout expected p < 1, got 1"),
        (lambda: TransformerBlock(6, 4, 5), "MultiHeadAttention expected n_heads to divide n = 6, got 4"),
        (lambda: TransformerBlock(6, 2, 0), "TransformerBlock expected n_hidden >= 1, got 0"),
        (lambda: PositionalEncoding(4, 0), "PositionalEncoding expected max_length >= 1, got 0"),
        (
            lambda: attention(6, 2).forward(np.ones((4, 6))),
            "MultiHeadAttention expected X of shape (m, T, 6), got",
        ),
        (
            lambda: block().forward(np.ones((2, 3, 4))),
            "TransformerBlock expected X of shape (m, T, 6), got (2, 3, 4)",
        ),
        (
            lambda: PositionalEncoding(4, 3).forward(np.ones((2, 3, 5))),
            "expected X of shape (m, T, 4), got (2, 3, 5)",
        ),
    ],
)
def test_bad_values(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize("make", [attention, block])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"causal": "no"}, "MultiHeadAttention expected causal as True or False, got str 'no'"),
        ({"dropout": 0.1}, "Dropout expected rng as a np.random.Generator, got None"),
        ({"dtype": int}, "expected dtype float32 or float64"),
    ],
)
def test_bad_types(make, settings, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        make(6, 2, **settings)
